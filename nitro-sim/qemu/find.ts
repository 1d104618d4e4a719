import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ConfigurationError } from "@caladrius/wire";

/** A QEMU that has the machine. */
export interface Qemu {
  path: string;
  /** as it says itself, such as "10.0.2" */
  version: string;
}

/**
 * Asks a QEMU for its version and its machines: `nitro-enclave` came with 9.2, and only builds with libcbor and gnutls have it.
 * @throws ConfigurationError qemu-missing, qemu-version, qemu-machine
 */
export async function findQemu(path: string): Promise<Qemu> {
  const first = await ask(path, "--version");
  const [, version = "", major = "", minor = ""] = /^QEMU emulator version ((\d{1,4})\.(\d{1,4})(?:\.\d{1,4})*)/.exec(first) ?? [];
  if (version === "") throw new ConfigurationError("qemu-missing", `${path}: does not answer --version as QEMU does`);
  if (Number(major) < LEAST.major || (Number(major) === LEAST.major && Number(minor) < LEAST.minor))
    throw new ConfigurationError("qemu-version", `${path}: version ${version}, needed is ${LEAST.major}.${LEAST.minor} or newer`);
  if (!/^nitro-enclave(\s|$)/m.test(await ask(path, "-machine", "help")))
    throw new ConfigurationError(
      "qemu-machine",
      `${path}: version ${version} without the machine nitro-enclave: it must be an x86_64 QEMU that was built with libcbor and gnutls`,
    );
  return { path, version };
}

async function ask(path: string, ...words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(path, words, { timeout: ANSWER_MS, maxBuffer: 1 << 20, killSignal: "SIGKILL" })).stdout;
  } catch (error) {
    throw new ConfigurationError("qemu-missing", `${path} ${words.join(" ")}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const LEAST = { major: 9, minor: 2 };
const ANSWER_MS = 20_000;
