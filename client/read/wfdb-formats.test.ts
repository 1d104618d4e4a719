import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesFor, missingOf, samplesIn, unpack, type WfdbFormat } from "./wfdb-formats.ts";
import { columnsOf, pack, readAll, sum16 } from "./wfdb.fixture.ts";

const FORMATS: readonly WfdbFormat[] = [16, 80, 212, 310, 311];

describe("formats", () => {
  it.each([8, 24, 32, 61, 160, 508, 516, 524])("says of format %i that it is not read", (format) => {
    const { recordings, problems } = readAll(`r 1 250 1\nr.dat ${format} 200\n`, { "r.dat": new Uint8Array(8) });
    expect(recordings).toEqual([]);
    expect(problems).toMatchObject([{ code: "wfdb-unsupported", expected: "format 16, 80, 212, 310 or 311", actual: `"${format}"` }]);
  });

  it("unpacks the bytes that signal(5) describes", () => {
    const read = (format: WfdbFormat, ...bytes: number[]): number[] => {
      const out = new Int16Array(samplesIn(format, bytes.length));
      unpack(format, Uint8Array.from(bytes), out, out.length);
      return [...out];
    };
    expect(read(80, 0, 127, 128, 255)).toEqual([-128, -1, 0, 127]);
    // 310: 1 in bits 1 to 10 of the first word, -2 in those of the second, 33 in bits 11 to 15 of both, the low five first
    expect(read(310, 0x02, 0x08, 0xfc, 0x0f)).toEqual([1, -2, 33]);
    expect(read(311, 0x01, 0xf8, 0x1f, 0x02)).toEqual([1, -2, 33]);
  });

  it("unpacks what was packed, at every length, and knows how many bytes that takes", () => {
    fc.assert(
      fc.property(fc.constantFrom(...FORMATS), fc.array(fc.integer({ min: -128, max: 127 }), { maxLength: 40 }), (format, values) => {
        const bytes = pack(format, values);
        expect(bytesFor(format, values.length)).toBe(bytes.length);
        expect(samplesIn(format, bytes.length)).toBeGreaterThanOrEqual(values.length);
        const out = new Int16Array(values.length);
        unpack(format, bytes, out, values.length);
        expect([...out]).toEqual(values);
      }),
    );
  });

  it.each(FORMATS)("reads a record of format %i with its own mark for no sample", (format) => {
    const [a, b] = [
      [1, missingOf(format), -3, 4, 5],
      [-1, -2, 3, 100, missingOf(format)],
    ];
    const header = `r 2 250 5\nr.dat ${format} 100 0 0 1 ${sum16(a)} 0 II\nr.dat ${format} 100 0 0 -1 ${sum16(b)} 0 V\n`;
    const result = readAll(header, {
      "r.dat": pack(
        format,
        a.flatMap((value, i) => [value, b[i] ?? 0]),
      ),
    });
    expect(columnsOf(result).map(([, , samples]) => samples)).toEqual([
      [1, -32768, -3, 4, 5],
      [-1, -2, 3, 100, -32768],
    ]);
    expect(result.recordings[0]).toMatchObject({ relativeTime: true, notUsed: [{ reason: "outside-limits", count: 2 }] });
  });

  it("keeps two leads of one name apart, several samples a frame and the skew of a signal", () => {
    const header = "r 3 100 3\nr.dat 16x2 1 0 0 1 0 0 ECG\nr.dat 16:1 1 0 0 7 0 0 ECG\nb.dat 80 1 0 0 5 18 0 ECG II\n"
      .replace("1 0 0 ECG", "1 21 0 ECG")
      .replace("7 0 0", "7 24 0");
    const frames = [1, 2, 7, 3, 4, 8, 5, 6, 9];
    const result = readAll(header, { "r.dat": pack(16, frames), "b.dat": pack(80, [5, 6, 7]) });
    expect(columnsOf(result)).toEqual([
      ["mdc:131328", 0, [1, 2, 3, 4, 5, 6]],
      ["mdc:131328", 0, [8, 9, -32768]],
      ["mdc:131330", 0, [5, 6, 7]],
    ]);
    expect(result.recordings[0]?.recording.channels[0]?.timing).toEqual({ kind: "rate", numerator: 200, denominator: 1 });
  });
});
