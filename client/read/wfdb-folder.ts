import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { ReadError } from "./problems.ts";
import type { SignalBytes } from "./wfdb-decode.ts";
import type { WfdbFiles } from "./wfdb.ts";

/**
 * The files beside a header on disk. A name leads to a regular file whose real place is in the header's own folder: links
 * out of it are refused (file-outside), since a folder may come from somebody else.
 */
export function wfdbFolder(headerFile: string, maxHeaderBytes: number): WfdbFiles {
  const folder = dirname(headerFile);
  return {
    header: (name) =>
      withFile(folder, name, (descriptor, size) => {
        if (size > maxHeaderBytes) throw new ReadError("file-size", name, `at most ${maxHeaderBytes} bytes`, `${size} bytes`);
        return readFileSync(descriptor);
      }),
    size: (name) => withFile(folder, name, (_descriptor, size) => size),
    open: (name) => open(folder, name),
  };
}

/** The real path of a file that lies in a folder. @throws ReadError file-outside; errors of the system */
export function insideOf(folder: string, name: string): string {
  const home = realpathSync(folder === "" ? "." : folder);
  const real = realpathSync(join(folder, name));
  if (!real.startsWith(home.endsWith(sep) ? home : `${home}${sep}`))
    throw new ReadError("file-outside", name, "a file in the folder itself", "a link out of it");
  return real;
}

/** What a system's error says, without its path. */
export function fileError(where: string, error: unknown): ReadError {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "an error";
  return new ReadError("file-missing", where, "a file that can be read", code);
}

function withFile<T>(folder: string, name: string, use: (descriptor: number, size: number) => T): T {
  let descriptor = -1;
  try {
    descriptor = openSync(insideOf(folder, name), READ_WITHOUT_WAITING);
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new ReadError("file-missing", name, "a regular file", "another kind");
    return use(descriptor, status.size);
  } catch (error) {
    throw error instanceof ReadError ? error : fileError(name, error);
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}

function open(folder: string, name: string): SignalBytes {
  let descriptor: number;
  try {
    descriptor = openSync(insideOf(folder, name), READ_WITHOUT_WAITING);
  } catch (error) {
    throw error instanceof ReadError ? error : fileError(name, error);
  }
  let block = new Uint8Array(0);
  return {
    read: (offset, length) => {
      if (block.length < length) block = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const count = readSync(descriptor, block, done, length - done, offset + done);
        // Its size was asked before: somebody cut it meanwhile.
        if (count === 0) throw new ReadError("wfdb-truncated", name, `${offset + length} bytes`, String(offset + done));
        done += count;
      }
      return block.subarray(0, length);
    },
    close: () => closeSync(descriptor),
  };
}

/** A named pipe must not hold the reader up before it is refused. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | constants.O_NONBLOCK;
