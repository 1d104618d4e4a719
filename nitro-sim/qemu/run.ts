import { resolve } from "node:path";
import { memoryNeeded, readEif } from "@caladrius/image";
import { ConfigurationError, DependencyError } from "@caladrius/wire";
import type { EnclaveExit, EnclaveProcess } from "../launcher/process.ts";
import { startProcess } from "../launcher/process.ts";
import type { Qemu } from "./find.ts";
import { answerHeartbeat, type HeartbeatListener } from "./heartbeat.ts";

/** What it takes to boot an image in QEMU. */
export interface QemuOptions {
  qemu: Qemu;
  /** Path of the image. */
  eif: string;
  /** The vhost-user socket on which a vsock device (such as vhost-device-vsock) waits for QEMU. */
  vsock: string;
  /** That device's hybrid vsock: the host connects here, connections of the guest to port N arrive at `${uds}_N`. */
  uds: string;
  /** Of the enclave, in MiB. */
  memoryMiB: number;
  /** Told each line of console and QEMU; bytes are as they came, so escape before showing. */
  onLine?: (line: string) => void;
  /** Until the heartbeat; default 90 s, as nitro-cli waits at the least. */
  timeoutMs?: number;
  /** Gives up before the heartbeat, and ends QEMU. */
  signal?: AbortSignal;
}

/** An image that has booted in QEMU: its init sent the heartbeat. */
export interface RunningQemu {
  pid: number;
  /** When QEMU has ended, by itself (the enclave ended, since a reboot ends QEMU) or stopped. */
  exited: Promise<EnclaveExit>;
  stop(): Promise<void>;
}

/**
 * MiB that an image needs in QEMU, see `memoryNeeded` of the image.
 * @throws ImageError `eif-…`
 */
export function memoryNeededMiB(eif: Uint8Array): number {
  return Math.ceil(memoryNeeded(eif.length, readEif(eif).ramdisks).qemuBytes / 2 ** 20);
}

/**
 * Boots an image in QEMU's `nitro-enclave` machine and answers its heartbeat. QEMU's attestation documents carry no
 * signature: what this shows is that the image boots, and to every verifier it proves nothing.
 *
 * @throws ConfigurationError socket-path, socket-listen; DependencyError qemu-exited, qemu-heartbeat; the signal's reason.
 *   Nothing runs then.
 */
export async function runQemu(options: QemuOptions): Promise<RunningQemu> {
  const heartbeat = await answerHeartbeat(`${options.uds}_${HEARTBEAT_PORT}`);
  let last = "";
  const onLine = (raw: string): void => {
    const line = raw.replace(/\r$/, ""); // a serial line ends with both
    if (line.trim() !== "" && !LAST_WORDS.test(line)) last = line.trim();
    options.onLine?.(line);
  };
  let program: EnclaveProcess;
  try {
    program = startProcess([options.qemu.path, ...qemuArguments(options)], {}, (_, line) => onLine(line));
  } catch (error) {
    await heartbeat.close();
    throw error;
  }
  const exited = program.exited.then(async (exit) => {
    await heartbeat.close();
    return exit;
  });
  exited.catch(() => undefined); // told to whoever waits for it
  const stop = async (): Promise<void> => {
    program.kill();
    await exited;
  };
  try {
    await untilHeartbeat(heartbeat, program.exited, options, () => last);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: program.pid, exited, stop };
}

/** How QEMU is called; a comma in a path is doubled, as its option parser wants it. */
export function qemuArguments({ eif, vsock, memoryMiB }: Pick<QemuOptions, "eif" | "vsock" | "memoryMiB">): string[] {
  const kind = "nitro-enclave,vsock=vsock,id=caladrius";
  const chardev = `socket,id=vsock,path=${resolve(vsock).replaceAll(",", ",,")}`;
  const options = `-m ${memoryMiB}M -smp 2 -cpu max -accel kvm -accel tcg -nodefaults -display none -monitor none -serial stdio`;
  // with -no-reboot a reboot, which ends an enclave, ends QEMU
  return ["-M", kind, "-chardev", chardev, "-kernel", resolve(eif), ...options.split(" "), "-no-reboot"];
}

async function untilHeartbeat(
  heartbeat: HeartbeatListener,
  exited: Promise<EnclaveExit>,
  { timeoutMs = HEARTBEAT_MS, signal }: QemuOptions,
  last: () => string,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  const late = new Promise<"late">((expire, stop) => {
    timer = setTimeout(() => expire("late"), timeoutMs);
    onAbort = (): void => stop(signal?.reason);
  });
  late.catch(() => undefined); // after the race nobody asks
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted === true) onAbort();
  try {
    const first = await Promise.race([heartbeat.beaten.then(() => null), exited, late]);
    if (first === null) return;
    const wrong = heartbeat.wrong() === null ? "" : `; the byte 0x${heartbeat.wrong()} came instead`;
    if (first === "late")
      throw new DependencyError(
        "qemu-heartbeat",
        `no heartbeat within ${timeoutMs / 1000} s${wrong}; the last line was ${quoted(last())}`,
        0,
      );
    const how = first.signal ?? `exit code ${first.code}`;
    throw new DependencyError("qemu-exited", `QEMU ended before the heartbeat (${how})${wrong}; the last line was ${quoted(last())}`, 0);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function quoted(line: string): string {
  return JSON.stringify(line.slice(0, 200));
}

/** @throws ConfigurationError qemu-memory */
export function demandMemory(memoryMiB: number, neededMiB: number): void {
  if (memoryMiB < neededMiB) throw new ConfigurationError("qemu-memory", `the image needs ${neededMiB} MiB, not ${memoryMiB}`);
}

/** What init and the kernel say whatever the reason was. */
const LAST_WORDS = /^(?:\[ *[\d.]+\] )?reboot: |^caladrius init: [^:]*: the enclave ends$/;
const HEARTBEAT_PORT = 9000;
const HEARTBEAT_MS = 90_000;
