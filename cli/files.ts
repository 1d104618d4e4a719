import { constants, createReadStream, type Stats } from "node:fs";
import { access, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LimitError } from "@caladrius/wire";
import { about, UnreachableError, UsageError } from "./exit.ts";

/** Reads a whole file that somebody else may have made, up to a limit. @throws FileProblem around LimitError file-size or an error of the system */
export function readLimited(path: string, maxBytes: number): Promise<Uint8Array> {
  return about(path, async () => {
    const stats = await stat(path);
    if (stats.size > maxBytes) throw new LimitError("file-size", `${stats.size} bytes, at most ${maxBytes} are read`);
    const bytes = stats.isFile() || stats.isDirectory() ? await readFile(path) : await readEndless(path, maxBytes);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  });
}

/** Pipes and devices have no length, and some no end. */
async function readEndless(path: string, maxBytes: number): Promise<Buffer> {
  const blocks: Buffer[] = [];
  let total = 0;
  for await (const block of createReadStream(path) as AsyncIterable<Buffer>) {
    total += block.length;
    if (total > maxBytes) throw new LimitError("file-size", `it goes on after ${maxBytes} bytes, at most as many are read`);
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

/** Reads a whole file as `readLimited` does; null when there is none. */
export async function readIfThere(path: string, maxBytes: number): Promise<Uint8Array | null> {
  return (await about(path, () => statIfThere(path))) === null ? null : readLimited(path, maxBytes);
}

/** Reads a text file. @throws as readLimited; UsageError for bytes that are not UTF-8 */
export async function readText(path: string, maxBytes: number): Promise<string> {
  const bytes = await readLimited(path, maxBytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${path} is not a text in UTF-8`);
  }
}

/**
 * Makes a folder and those above it. Not by mkdir's own recursion: that never ends where a folder that exists has no room
 * for others, as in /proc.
 * @throws UnreachableError when a file is in the way; errors of the system
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const there = await statIfThere(path);
  if (there?.isDirectory() === true) return;
  if (there !== null) throw new UnreachableError(`${path} is a file, and a folder is needed there`);
  if (dirname(path) !== path) await makeFolder(dirname(path), mode);
  try {
    await mkdir(path, mode);
  } catch (error) {
    if ((await statIfThere(path))?.isDirectory() !== true) throw notWritten(path, error); // else somebody made it at the same time
  }
}

function notWritten(path: string, error: unknown): UnreachableError {
  const reason = error instanceof Error && "code" in error ? String(error.code) : "unknown";
  const advice = NO_ROOM.has(reason)
    ? "there is no room: make some, or choose another place"
    : "choose another place, or allow this user to write there";
  return new UnreachableError(`${path} cannot be written (${reason}): ${advice}`);
}

async function statIfThere(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/**
 * Writes a file whole or not at all; its folder is made. An existing one is kept unless `force`.
 * @throws UnreachableError when it exists or cannot be written
 */
export async function writeWhole(path: string, content: Uint8Array | string, options: { force: boolean; mode?: number }): Promise<void> {
  if (!options.force) await refuseExisting(path);
  await makeFolder(dirname(path));
  const draft = `${path}.${process.pid}.part`;
  try {
    await writeFile(draft, content, { mode: options.mode ?? 0o644, flag: "wx", flush: true });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw notWritten(path, error);
  }
}

/** @throws UnreachableError when there is something at the path */
export async function refuseExisting(path: string): Promise<void> {
  const exists = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (exists) throw new UnreachableError(`${path} exists already; --force overwrites it`);
}

const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
