/** Formats of signal(5) that are read. */
export type WfdbFormat = 16 | 80 | 212 | 310 | 311;

interface Format {
  /** the lowest value, which means "no sample" */
  missing: number;
  /** samples that are packed together, and the bytes they take */
  samples: number;
  bytes: number;
  /** bytes of an unfinished last pack, by its number of samples */
  rest: readonly number[];
  unpack: (bytes: Uint8Array, out: Int16Array, count: number) => void;
}

const FORMATS: Readonly<Record<WfdbFormat, Format>> = {
  16: { missing: -32_768, samples: 1, bytes: 2, rest: [0], unpack: unpack16 },
  80: { missing: -128, samples: 1, bytes: 1, rest: [0], unpack: unpack80 },
  212: { missing: -2048, samples: 2, bytes: 3, rest: [0, 2], unpack: unpack212 },
  310: { missing: -512, samples: 3, bytes: 4, rest: [0, 2, 4], unpack: unpack310 },
  311: { missing: -512, samples: 3, bytes: 4, rest: [0, 2, 3], unpack: unpack311 },
};

/** "16, 80, 212, 310 or 311", for messages. */
export const FORMAT_NAMES: string = Object.keys(FORMATS)
  .join(", ")
  .replace(/, (\d+)$/, " or $1");

/** The format of a number in a header, or null where it is not read. */
export function wfdbFormat(text: string): WfdbFormat | null {
  return Object.hasOwn(FORMATS, text) ? (Number(text) as WfdbFormat) : null;
}

/** The raw value that means "no sample" in a format. */
export function missingOf(format: WfdbFormat): number {
  return FORMATS[format].missing;
}

/** Bytes that `count` samples take in a file. */
export function bytesFor(format: WfdbFormat, count: number): number {
  const { samples, bytes, rest } = FORMATS[format];
  return Math.floor(count / samples) * bytes + (rest[count % samples] ?? 0);
}

/** Samples that lie in `available` bytes of a file. */
export function samplesIn(format: WfdbFormat, available: number): number {
  const { samples, bytes, rest } = FORMATS[format];
  const over = available % bytes;
  return Math.floor(available / bytes) * samples + rest.reduce((most: number, needed, count) => (needed <= over ? count : most), 0);
}

/**
 * Unpacks `count` samples from the start of `bytes`, which holds at least as many (signal(5)).
 * @param out at least `count` long
 */
export function unpack(format: WfdbFormat, bytes: Uint8Array, out: Int16Array, count: number): void {
  FORMATS[format].unpack(bytes, out, count);
}

/** Two's complement, the low byte first. */
function unpack16(bytes: Uint8Array, out: Int16Array, count: number): void {
  for (let i = 0, at = 0; i < count; i++, at += 2) out[i] = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** Offset binary: 128 is zero. */
function unpack80(bytes: Uint8Array, out: Int16Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = (bytes[i] ?? 0) - 128;
}

/** Two samples of 12 bits in three bytes: the middle byte has the high bits, the first sample's in its low half. */
function unpack212(bytes: Uint8Array, out: Int16Array, count: number): void {
  for (let i = 0, at = 0; i < count; i += 2, at += 3) {
    const middle = bytes[at + 1] ?? 0;
    out[i] = (((bytes[at] ?? 0) | (middle << 8)) << 20) >> 20;
    if (i + 1 < count) out[i + 1] = (((bytes[at + 2] ?? 0) | ((middle & 0xf0) << 4)) << 20) >> 20;
  }
}

/** Three samples of 10 bits in two words of 16: bits 1 to 10 of each word, and bits 11 to 15 of both, the first word's lower. */
function unpack310(bytes: Uint8Array, out: Int16Array, count: number): void {
  for (let i = 0, at = 0; i < count; i += 3, at += 4) {
    const first = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    const second = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8);
    out[i] = signed10(first >> 1);
    if (i + 1 < count) out[i + 1] = signed10(second >> 1);
    if (i + 2 < count) out[i + 2] = signed10((first >> 11) | ((second >> 11) << 5));
  }
}

/** Three samples of 10 bits in the low 30 bits of a word of 32, the first in the lowest. */
function unpack311(bytes: Uint8Array, out: Int16Array, count: number): void {
  for (let i = 0, at = 0; i < count; i += 3, at += 4) {
    const word = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
    out[i] = signed10(word);
    if (i + 1 < count) out[i + 1] = signed10(word >> 10);
    if (i + 2 < count) out[i + 2] = signed10(word >> 20);
  }
}

function signed10(low: number): number {
  return (low << 22) >> 22;
}
