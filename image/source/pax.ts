import { ImageError } from "../errors.ts";

/** What a pax header says that this reader obeys. */
export interface PaxFields {
  path?: string;
  link?: string;
  /** Bytes. */
  size?: number;
}

/**
 * Parse the records of a pax header: `LENGTH KEY=VALUE\n`, the length counting all of the record.
 *
 * Times, owners and extended attributes are passed over: a ramdisk has none. A key twice, a sparse file or another
 * character set is refused.
 * @throws ImageError `tar-header`
 */
export function parsePax(data: Uint8Array, at: number): PaxFields {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const fields: PaxFields = {};
  const seen = new Set<string>();
  for (let begin = 0; begin < buffer.length;) {
    const digits = /^([1-9]\d{0,6}) /.exec(buffer.toString("latin1", begin, begin + 8))?.[1];
    if (digits === undefined) throw refused(at, "a pax record without its length");
    const end = begin + Number(digits);
    const equals = buffer.indexOf("=", begin);
    if (end > buffer.length || buffer[end - 1] !== NEWLINE || equals < 0 || equals >= end - 1)
      throw refused(at, "a pax record of another length");
    const key = buffer.toString("latin1", begin + digits.length + 1, equals);
    if (key === "" || seen.has(key)) throw refused(at, `the pax key ${JSON.stringify(key)} twice, or none`);
    seen.add(key);
    take(fields, key, buffer.subarray(equals + 1, end - 1), at);
    begin = end;
  }
  return fields;
}

function take(fields: PaxFields, key: string, value: Buffer, at: number): void {
  if (key === "path") fields.path = text(value, at);
  else if (key === "linkpath") fields.link = text(value, at);
  else if (key === "size") {
    const digits = value.toString("latin1");
    if (!/^(0|[1-9]\d{0,14})$/.test(digits)) throw refused(at, "a size that is no number");
    fields.size = Number(digits);
  } else if (key === "hdrcharset" || key.startsWith("GNU.sparse.")) throw refused(at, `pax ${key}`);
}

function text(value: Buffer, at: number): string {
  const decoded = value.toString("utf8");
  if (value.length === 0 || decoded.includes("\0") || !Buffer.from(decoded).equals(value)) throw refused(at, "a pax name that is no text");
  return decoded;
}

function refused(at: number, why: string): ImageError {
  return new ImageError("tar-header", `at ${at}: ${why}`);
}

const NEWLINE = 0x0a;
