import { quote, ReadError } from "./problems.ts";

/** Bytes of a MATLAB level 4 header in front of its variable's name. */
export const MAT_HEADER_BYTES = 20;

/**
 * Compares a MATLAB level 4 file (as the PhysioNet challenges ship them: one matrix `val` of int16, one row a signal) with
 * the header that names it as a format 16 file with an offset. Its matrix is stored by columns, which are frames.
 * @param start the first bytes, up to the header's byte offset, at least 20
 * @throws ReadError wfdb-mat
 */
export function checkMatHeader(file: string, start: Uint8Array, rows: number, frames: number | null): void {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const [type, mrows, ncols, imaginary, nameLength] = [0, 4, 8, 12, 16].map((at) => view.getInt32(at, true));
  const fault = (expected: string, actual: string): ReadError => new ReadError("wfdb-mat", file, expected, actual);
  const text = String.fromCharCode(...start.subarray(0, 10));
  if (text.startsWith("MATLAB ")) throw fault("a MATLAB level 4 file, as save -v4 writes it", `one of level ${quote(text.slice(7))}`);
  if (type !== INT16_LITTLE_ENDIAN) throw fault("a MATLAB level 4 matrix of little-endian int16 (type 30)", `type ${type}`);
  if (imaginary !== 0) throw fault("real numbers", "complex ones");
  if (nameLength !== start.length - MAT_HEADER_BYTES)
    throw fault(`a name of ${start.length - MAT_HEADER_BYTES} bytes, as the header's byte offset says`, String(nameLength));
  const name = String.fromCharCode(...start.subarray(MAT_HEADER_BYTES)).replace(/\0$/, "");
  if (name !== "val") throw fault('a matrix named "val"', quote(name));
  if (mrows !== rows) throw fault(`${rows} rows, one a signal`, String(mrows));
  if (frames !== null && ncols !== frames) throw fault(`${frames} columns, one a sample`, String(ncols));
}

/** MOPT 0030: IEEE little-endian, int16, full matrix. */
const INT16_LITTLE_ENDIAN = 30;
