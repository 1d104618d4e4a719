import { encodeCbor } from "@caladrius/wire";

/** Bytes that must not appear, and the name of the form they are in. */
export interface Needle {
  name: string;
  bytes: Buffer;
}

/** Something to search. */
export interface Haystack {
  name: string;
  bytes: Uint8Array;
}

/** A secret in one of its plain representations: at least 16 bytes. */
export interface Canary {
  name: string;
  bytes: Uint8Array;
  /** how much of it is searched at either end: more than 16 bytes for layouts that are mostly zeros */
  endBytes?: number;
}

const LEAST_BYTES = 16;

/** A text as UTF-8 and as UTF-16 of both byte orders. Text in CBOR is its head and the UTF-8, so that is covered too. */
export function textCanary(name: string, text: string): Canary[] {
  const utf16 = Buffer.from(text, "utf16le");
  return [
    { name: `${name} utf-8`, bytes: Buffer.from(text) },
    { name: `${name} utf-16le`, bytes: utf16 },
    { name: `${name} utf-16be`, bytes: Buffer.from(utf16).swap16() },
  ];
}

/** A run of numbers in every layout that a program may write it in: columns of both byte orders, floats, CBOR integers, decimals. */
export function runCanary(name: string, run: readonly number[]): Canary[] {
  const fits16 = run.every((value) => value >= -32768 && value <= 32767);
  const fits32 = run.every((value) => value >= -(2 ** 31) && value < 2 ** 32);
  const columns: [string, Buffer, number][] = [
    ["float64", Buffer.from(Float64Array.from(run).buffer), 8],
    ["float32", Buffer.from(Float32Array.from(run).buffer), 4],
    ["int64", Buffer.from(BigInt64Array.from(run, BigInt).buffer), 8],
  ];
  if (fits32) columns.push(["int32", Buffer.from(Uint32Array.from(run).buffer), 4]);
  if (fits16) columns.push(["int16", Buffer.from(Int16Array.from(run).buffer), 2]);
  const layouts = columns.flatMap(([layout, little, width]): Canary[] => [
    { name: `${name} ${layout} little-endian`, bytes: little, endBytes: 8 * width },
    { name: `${name} ${layout} big-endian`, bytes: swapped(little, width), endBytes: 8 * width },
  ]);
  const cbor = Buffer.concat(run.map((value) => Buffer.from(encodeCbor(value))));
  const decimals = [",", ", ", " ", "\n"].map((between) => ({
    name: `${name} decimal by ${JSON.stringify(between)}`,
    bytes: Buffer.from(run.join(between)),
  }));
  return [...layouts, { name: `${name} cbor integers`, bytes: cbor }, ...decimals];
}

/** Bytes as they are and as the array of numbers that JSON makes of them. */
export function bytesCanary(name: string, bytes: Uint8Array): Canary[] {
  return [
    { name, bytes },
    { name: `${name} as JSON numbers`, bytes: Buffer.from([...bytes].join(",")) },
  ];
}

/**
 * What to search for: both ends of each canary (16 bytes, or `endBytes`), as they are, in hex of both cases, and in base64 and
 * base64url at each of the three alignments. Two halves, so that one is whole wherever a frame, page or chunk ends.
 */
export function needles(canaries: readonly Canary[]): Needle[] {
  return canaries.flatMap(({ name, bytes, endBytes = LEAST_BYTES }) => {
    if (bytes.length < LEAST_BYTES) throw new Error(`${name}: ${bytes.length} bytes are too few for a canary`);
    const ends: [string, Uint8Array][] = [
      ["head", bytes.subarray(0, endBytes)],
      ["tail", bytes.subarray(-endBytes)],
    ];
    return ends.flatMap(([end, part]) => forms(part).map((form) => ({ name: `${name}, ${end}, ${form.name}`, bytes: form.bytes })));
  });
}

/** The encodings of some bytes wherever they stand in a longer message. */
export function forms(bytes: Uint8Array): Needle[] {
  const whole = Buffer.from(bytes);
  const hex = whole.toString("hex");
  const found: Needle[] = [
    { name: "plain", bytes: whole },
    { name: "hex", bytes: Buffer.from(hex) },
    { name: "HEX", bytes: Buffer.from(hex.toUpperCase()) },
  ];
  for (const before of [0, 1, 2]) {
    // The characters that neighbours have a part in are left out: what remains is the same in any message.
    const bits = 8 * before;
    const padded = Buffer.concat([Buffer.alloc(before), whole]);
    const from = Math.ceil(bits / 6);
    const to = Math.floor((8 * padded.length) / 6);
    for (const encoding of ["base64", "base64url"] as const) {
      found.push({ name: `${encoding} at ${before}`, bytes: Buffer.from(padded.toString(encoding).slice(from, to)) });
    }
  }
  return found;
}

/** Every needle that is found, with where. One pass over each haystack, whatever the number of needles. */
export function search(haystacks: readonly Haystack[], searched: readonly Needle[]): string[] {
  const maybe = new Uint8Array(2 ** 24); // by the first three bytes
  const byStart = new Map<number, Needle[]>();
  for (const needle of searched) {
    maybe[needle.bytes.readUIntBE(0, 3)] = 1;
    const start = needle.bytes.readUInt32BE(0);
    byStart.set(start, [...(byStart.get(start) ?? []), needle]);
  }
  const found = new Set<string>();
  for (const haystack of haystacks) {
    const bytes = Buffer.from(haystack.bytes.buffer, haystack.bytes.byteOffset, haystack.bytes.byteLength);
    let last = 0;
    for (let at = 0; at < bytes.length; at++) {
      last = ((last << 8) | (bytes[at] ?? 0)) & 0xffffff;
      if (maybe[last] !== 1 || at < 2 || at + 1 >= bytes.length) continue;
      for (const needle of byStart.get(bytes.readUInt32BE(at - 2)) ?? []) {
        const end = at - 2 + needle.bytes.length;
        if (end <= bytes.length && bytes.compare(needle.bytes, 0, undefined, at - 2, end) === 0)
          found.add(`${needle.name} in ${haystack.name}`);
      }
    }
  }
  return [...found];
}

function swapped(little: Buffer, width: number): Buffer {
  const copy = Buffer.from(little);
  if (width === 2) return copy.swap16();
  return width === 4 ? copy.swap32() : copy.swap64();
}
