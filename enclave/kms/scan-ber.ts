/**
 * Whether bytes are one whole BER element (X.690 §8.1) that a recursive reader can be given: lengths add up, every
 * indefinite length is closed, nothing follows, and neither depth nor count exceeds the limits. Reads no content, does
 * not recurse, looks at each byte at most once.
 */
export function isBoundedBer(bytes: Uint8Array, limits: { depth: number; elements: number }): boolean {
  const ends: number[] = []; // of the open constructed elements; INDEFINITE for one that end-of-contents closes
  let at = 0;
  for (let elements = 0; elements <= limits.elements; elements++) {
    while (ends.at(-1) === at) ends.pop(); // one that was overrun is never closed, and so refused in the end
    if (elements > 0 && ends.length === 0) return at === bytes.length;
    const tag = bytes[at];
    const header = readLength(bytes, at + 1);
    if (tag === undefined || header === null || (tag & HIGH_TAG) === HIGH_TAG) return false;
    const constructed = (tag & CONSTRUCTED) !== 0;
    const end = header.length === INDEFINITE ? INDEFINITE : header.next + header.length;
    if (tag === END_OF_CONTENTS) {
      if (header.length !== 0 || ends.pop() !== INDEFINITE) return false;
    } else if (constructed) {
      if (ends.push(end) > limits.depth) return false;
    } else if (end === INDEFINITE) return false;
    at = constructed ? header.next : end;
  }
  return false;
}

/** A definite length in its shortest form, of at most two bytes; INDEFINITE; null for any other. */
function readLength(bytes: Uint8Array, at: number): { length: number; next: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  if (first < 0x80) return { length: first, next: at + 1 };
  if (first === 0x80) return { length: INDEFINITE, next: at + 1 };
  const second = bytes[at + 1] ?? 0;
  if (first === 0x81) return second < 0x80 ? null : { length: second, next: at + 2 };
  if (first === 0x82) return second === 0 ? null : { length: second * 256 + (bytes[at + 2] ?? 0), next: at + 3 };
  return null;
}

const INDEFINITE = -1;
const END_OF_CONTENTS = 0x00;
const CONSTRUCTED = 0x20;
const HIGH_TAG = 0x1f;
