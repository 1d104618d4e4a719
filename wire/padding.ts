import { WireError } from "./errors.ts";

const LENGTH_BYTES = 4;

/** u32 big-endian length, the content, zeros up to `paddedBytes`. */
export function pad(content: Uint8Array, paddedBytes: number): Uint8Array {
  if (LENGTH_BYTES + content.length > paddedBytes)
    throw new WireError("sealed-job-padding", `${content.length} bytes do not fit ${paddedBytes}`);
  const padded = new Uint8Array(paddedBytes);
  new DataView(padded.buffer).setUint32(0, content.length);
  padded.set(content, LENGTH_BYTES);
  return padded;
}

/** The content of padded bytes, as a view; every byte behind it must be zero. @throws WireError sealed-job-padding */
export function unpad(padded: Uint8Array): Uint8Array {
  if (padded.length < LENGTH_BYTES) throw new WireError("sealed-job-padding", `${padded.length} bytes`);
  const length = new DataView(padded.buffer, padded.byteOffset, LENGTH_BYTES).getUint32(0);
  if (length > padded.length - LENGTH_BYTES) throw new WireError("sealed-job-padding", "the length is larger than what is there");
  const end = LENGTH_BYTES + length;
  let any = 0;
  for (let i = end; i < padded.length; i++) any |= padded[i] as number;
  if (any !== 0) throw new WireError("sealed-job-padding", "padding that is not zero");
  return padded.subarray(LENGTH_BYTES, end);
}

/** Size of content that fits into `paddedBytes`. */
export function paddingRoom(paddedBytes: number): number {
  return paddedBytes - LENGTH_BYTES;
}
