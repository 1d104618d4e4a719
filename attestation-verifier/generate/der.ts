/** A DER writer for certificates that break rules on purpose. Used by tests alone. */
export function der(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = concat(...parts);
  return concat(Uint8Array.of(tag), derLength(content.length), content);
}

export function derLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  return length < 0x10000
    ? Uint8Array.of(0x82, length >> 8, length & 255)
    : Uint8Array.of(0x83, length >> 16, (length >> 8) & 255, length & 255);
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** A DER INTEGER above zero from its magnitude. */
export function positive(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const trimmed = magnitude.subarray(start);
  return der(0x02, (trimmed[0] ?? 0) > 0x7f ? Uint8Array.of(0) : new Uint8Array(0), trimmed);
}

/** [attribute type, value] pairs in order; the string type is UTF8String, or PrintableString for C. */
export function name(pairs: readonly (readonly [keyof typeof ATTRIBUTE, string])[], stringTag?: number): Uint8Array {
  return der(
    0x30,
    ...pairs.map(([type, value]) =>
      der(0x31, der(0x30, der(0x06, hex(ATTRIBUTE[type])), der(stringTag ?? (type === "C" ? 0x13 : 0x0c), ascii(value)))),
    ),
  );
}

export function utcTime(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\..*$/g, "");
  return der(0x17, ascii(`${digits.slice(2)}Z`));
}

export function extension(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return der(0x30, der(0x06, hex(oid)), critical ? hex("0101ff") : new Uint8Array(0), der(0x04, value));
}

const ATTRIBUTE = { CN: "550403", C: "550406", O: "55040a", OU: "55040b" } as const;
