import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { ImageError } from "../errors.ts";

/**
 * What a layer or archive is when it is not compressed, told apart by its first bytes: gzip, zstd, else as it is.
 * @throws ImageError `source-limit` above `maxBytes`, `source-digest` for a damaged stream
 */
export async function expand(bytes: Uint8Array, maxBytes: number, what: string): Promise<Uint8Array> {
  const inflate = startsWith(bytes, GZIP) ? promisify(gunzip) : startsWith(bytes, ZSTD) ? promisify(zstdDecompress) : null;
  if (bytes.length > maxBytes) throw new ImageError("source-limit", `${what}: more than ${maxBytes} bytes`);
  if (inflate === null) return bytes;
  try {
    const whole = await inflate(bytes, { maxOutputLength: maxBytes, chunkSize: CHUNK_BYTES });
    return new Uint8Array(whole.buffer, whole.byteOffset, whole.byteLength);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE")
      throw new ImageError("source-limit", `${what}: more than ${maxBytes} bytes`);
    throw new ImageError("source-digest", `${what} cannot be decompressed`);
  }
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

const GZIP = [0x1f, 0x8b, 0x08];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
// Node's own 16 KiB take a third longer.
const CHUNK_BYTES = 2 ** 20;
