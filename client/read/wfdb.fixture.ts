import { deepEqual } from "node:assert/strict";
import { utf8Encode } from "@caladrius/wire";
import type { ReadResult } from "./collect.ts";
import { readWfdb } from "./wfdb.ts";
import type { WfdbFormat } from "./wfdb-formats.ts";

/** Samples packed as signal(5) says, written apart from the reader: one string of bits a pack. */
export function pack(format: WfdbFormat, values: readonly number[]): Uint8Array {
  const bits = (value: number, width: number): string => ((value + 2 ** width) % 2 ** width).toString(2).padStart(width, "0");
  const word = (text: string): number[] => [Number.parseInt(text.slice(8), 2), Number.parseInt(text.slice(0, 8), 2)];
  const bytes: number[] = [];
  const step = format === 212 ? 2 : format === 310 || format === 311 ? 3 : 1;
  for (let i = 0; i < values.length; i += step) {
    const [a = 0, b = 0, c = 0] = values.slice(i, i + step);
    const count = Math.min(step, values.length - i);
    if (format === 16) bytes.push(...word(bits(a, 16)));
    else if (format === 80) bytes.push(a + 128);
    else if (format === 212) {
      const [first, second] = [bits(a, 12), bits(b, 12)];
      const whole = [first.slice(4), second.slice(0, 4) + first.slice(0, 4), second.slice(4)].map((text) => Number.parseInt(text, 2));
      bytes.push(...whole.slice(0, count === 2 ? 3 : 2));
    } else if (format === 310) {
      const third = bits(c, 10);
      const whole = [...word(`${third.slice(5)}${bits(a, 10)}0`), ...word(`${third.slice(0, 5)}${bits(b, 10)}0`)];
      bytes.push(...whole.slice(0, count === 1 ? 2 : 4));
    } else {
      const all = `00${bits(c, 10)}${bits(b, 10)}${bits(a, 10)}`;
      const whole = [...word(all.slice(16)), ...word(all.slice(0, 16))];
      bytes.push(...whole.slice(0, count === 1 ? 2 : count === 2 ? 3 : 4));
    }
  }
  return Uint8Array.from(bytes);
}

/** A checksum of header(5). */
export const sum16 = (values: readonly number[]): number => (values.reduce((sum, value) => (sum + value) | 0, 0) << 16) >> 16;

/** Reads the record "r" from its header and the files that it names. */
export const readAll = (header: string, files: Record<string, Uint8Array | string>): ReadResult => {
  const bytes = Object.entries(files).map(
    ([name, content]) => [name, typeof content === "string" ? utf8Encode(content) : content] as const,
  );
  return readWfdb(utf8Encode(header), new Map(bytes), { file: "r.hea" });
};

/** Code, start and raw samples of each channel; expects that nothing was wrong. */
export const columnsOf = (result: ReadResult): [string, number, number[]][] => {
  deepEqual(result.problems, []);
  return (result.recordings[0]?.recording.channels ?? []).map(({ code, startMs, samples }) => [code, startMs, [...samples]]);
};
