import { DerReader, TAG, type DerProfile } from "../evidence/der.ts";
import { atEnd } from "../evidence/extensions.ts";

/** Reads the one element that these bytes are. @throws Refusal time-evidence-form for bytes behind it, and what `read` throws */
export function readWhole<T>(bytes: Uint8Array, name: string, read: (reader: DerReader) => T): T {
  const reader = new DerReader(bytes, name, TIME_PROFILE);
  const value = read(reader);
  atEnd(reader, name);
  return value;
}

/** Reads what stands inside the next element, to its last byte. */
export function readInside<T>(reader: DerReader, tag: number, what: string, read: () => T): T {
  const outer = reader.enter(tag, what);
  const value = read();
  reader.leave(outer, what);
  return value;
}

/** Reads elements of one kind inside the next element, one at least. */
export function readEach<T>(reader: DerReader, tag: number, what: string, read: () => T): T[] {
  return readInside(reader, tag, what, () => {
    const all = [read()];
    while (reader.at < reader.end) all.push(read());
    return all;
  });
}

/** The next element, whatever it is, as a view. Its content is not looked at. */
export function readAny(reader: DerReader, what: string): Uint8Array {
  const tag = reader.at < reader.end ? (reader.bytes[reader.at] ?? 0) : 0;
  // X.690 §8.1.2.4: a tag whose low bits are all set goes on in the next byte
  if ((tag & 0x1f) === 0x1f) throw reader.refuse(what, "a tag of more than one byte");
  return reader.element(tag, what);
}

/** An INTEGER from 0 to 2^31 - 1 in its shortest form (X.690 §8.3). */
export function readNumber(reader: DerReader, tag: number, what: string): number {
  const content = reader.content(tag, what);
  const [first = 0x80, second = 0x80] = content;
  if (first > 0x7f || content.length > 4 || (first === 0 && content.length > 1 && second < 0x80))
    throw reader.refuse(what, "no small number");
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** The content of an INTEGER of any size in its shortest form. It is compared as these bytes. */
export function readInteger(reader: DerReader, what: string): Uint8Array {
  const content = reader.content(TAG.integer, what);
  const [first = 0, second = 0x80] = content;
  const padded = content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second > 0x7f));
  if (content.length === 0 || padded) throw reader.refuse(what, "an integer that is not in its shortest form");
  return content;
}

/** Everything malformed has one code; a token has at most 64 KiB. */
const TIME_PROFILE: DerProfile = {
  codes: {
    der: "time-evidence-form",
    algorithm: "time-evidence-unsupported",
    time: "time-evidence-form",
    signature: "time-evidence-signature",
  },
  lengthBytes: 2,
};
