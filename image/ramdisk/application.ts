import { ImageError } from "../errors.ts";
import type { CpioEntry } from "./entry.ts";
import { directory, file, isText, parentOf } from "./entry.ts";
import { writeCpio } from "./write.ts";

/** What PCR2 measures: the file system of the program, the command it is started with, and its environment. */
export interface ApplicationParts {
  /** Paths below the program's root, without a leading slash: `app/enclave.mjs`. Missing parents are added. */
  rootfs: readonly CpioEntry[];
  /** The program's argument vector. */
  cmd: readonly string[];
  /** `NAME=value` each; nothing else is in the environment. */
  env: readonly string[];
}

/**
 * The application ramdisk in nitro-cli's shape: `rootfs/…`, the empty folders that init mounts over, `cmd`, `env`.
 * @throws ImageError `argument-newline`, `cpio-…`
 */
export function applicationRamdisk(parts: ApplicationParts): Uint8Array {
  const entries = new Map<string, CpioEntry>([["rootfs", directory("rootfs")]]);
  for (const name of MOUNT_POINTS) entries.set(`rootfs/${name}`, directory(`rootfs/${name}`));
  for (const entry of parts.rootfs) {
    const path = `rootfs/${entry.path}`;
    for (let parent = parentOf(path); parent !== null; parent = parentOf(parent)) {
      if (!entries.has(parent)) entries.set(parent, directory(parent));
    }
    if (entries.has(path) && entry.kind !== "directory")
      throw new ImageError("cpio-duplicate", `${path} is a ${entry.kind}, and has to be a folder that init mounts over or others lie in`);
    entries.set(path, { ...entry, path });
  }
  return writeCpio([...entries.values(), file("cmd", lines(parts.cmd)), file("env", lines(parts.env))]);
}

/** Read back a `cmd` or `env` file. */
export function parseLines(data: Uint8Array): string[] {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  if (text !== "" && !text.endsWith("\n")) throw new ImageError("argument-newline", "the last line has no end");
  return text.split("\n").slice(0, -1);
}

function lines(values: readonly string[]): Uint8Array {
  for (const value of values) {
    if (value === "" || value.includes("\n") || !isText(value)) throw new ImageError("argument-newline", JSON.stringify(value));
  }
  return new TextEncoder().encode(values.map((value) => `${value}\n`).join(""));
}

// init mounts over these; `run` holds the sockets.
const MOUNT_POINTS = ["dev", "proc", "run", "sys", "tmp", "var"];
