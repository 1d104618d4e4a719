import { concatBytes, InvariantError, utf8Encode } from "@caladrius/wire";

/** Joins the contents under one tag with the shortest length (X.690 §10.1). At most 65535 bytes of content. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...contents);
  if (body.length > 0xffff) throw new InvariantError("der-length", `${body.length} bytes`);
  if (body.length < 0x80) return concatBytes(Uint8Array.of(tag, body.length), body);
  if (body.length < 0x100) return concatBytes(Uint8Array.of(tag, 0x81, body.length), body);
  return concatBytes(Uint8Array.of(tag, 0x82, body.length >> 8, body.length & 255), body);
}

/** SEQUENCE. */
export function sequence(...items: readonly Uint8Array[]): Uint8Array {
  return der(0x30, ...items);
}

/** SET of one element, so that no order needs to be kept. */
export function setOfOne(item: Uint8Array): Uint8Array {
  return der(0x31, item);
}

/** INTEGER from an unsigned big-endian magnitude (X.690 §8.3): no padding, a zero byte where the top bit is set. */
export function unsignedInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const body = magnitude.subarray(start);
  return (body[0] ?? 0) >= 0x80 ? der(0x02, Uint8Array.of(0), body) : der(0x02, body);
}

/** OBJECT IDENTIFIER from dotted decimal; arcs below 2^28. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const body: number[] = [];
  for (const arc of [40 * first + second, ...rest]) {
    for (let shift = 21; shift > 0; shift -= 7) if (arc >> shift > 0) body.push(((arc >> shift) & 0x7f) | 0x80);
    body.push(arc & 0x7f);
  }
  return der(0x06, Uint8Array.from(body));
}

/** BOOLEAN TRUE (X.690 §11.1). */
export const TRUE: Uint8Array = Uint8Array.of(0x01, 0x01, 0xff);

/** OCTET STRING. */
export function octetString(bytes: Uint8Array): Uint8Array {
  return der(0x04, bytes);
}

/** BIT STRING; `unusedBits` of the last byte do not count (X.690 §8.6.2). */
export function bitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  return der(0x03, Uint8Array.of(unusedBits), bytes);
}

/** UTF8String. */
export function utf8String(text: string): Uint8Array {
  return der(0x0c, utf8Encode(text));
}

/** PrintableString; the caller gives letters, digits and spaces only. */
export function printableString(text: string): Uint8Array {
  return der(0x13, utf8Encode(text));
}

/** UTCTime in whole seconds (RFC 5280 §4.1.2.5.1). @throws InvariantError der-time outside 1950 to 2049 */
export function utcTime(unixMs: number): Uint8Array {
  const date = new Date(unixMs);
  const year = date.getUTCFullYear();
  if (!(year >= 1950 && year <= 2049)) throw new InvariantError("der-time", `a UTCTime cannot say the year ${year}`);
  const iso = date.toISOString(); // 2026-11-21T10:42:08.123Z
  return der(0x17, utf8Encode(`${iso.slice(2, 19).replaceAll(/[-:T]/g, "")}Z`));
}
