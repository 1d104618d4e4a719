import type { ReadLimits } from "./limits.ts";
import { ReadError } from "./problems.ts";

/** Decodes a text file: size first, then strict UTF-8; a byte order mark is taken off. @throws ReadError file-size, text-utf8 */
export function decodeText(bytes: Uint8Array, limits: ReadLimits): string {
  if (bytes.length > limits.maxTextBytes)
    throw new ReadError("file-size", "file", `at most ${limits.maxTextBytes} bytes`, `${bytes.length} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw new ReadError("text-utf8", "file", "UTF-8", isUtf16 ? "UTF-16: save the file as UTF-8" : "other bytes");
  }
}

/** Unpacks gzip (RFC 1952) up to a limit, in Node and browsers alike. @throws ReadError file-gzip, file-size */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>, limits: ReadLimits): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    for await (const part of stream) {
      length += part.length;
      if (length > limits.maxTextBytes) break;
      parts.push(part);
    }
  } catch {
    throw new ReadError("file-gzip", "file", "a complete gzip file", `${bytes.length} other bytes`);
  }
  if (length > limits.maxTextBytes) throw new ReadError("file-size", "unpacked file", `at most ${limits.maxTextBytes} bytes`, "more");
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
