import { decodeRecording, encodeRecording, utf8Encode } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesFor, missingOf, samplesIn, unpack, type WfdbFormat } from "./wfdb-formats.ts";
import { collectWfdb, readWfdb, type WfdbFiles } from "./wfdb.ts";
import { Collector, type ReadResult } from "./collect.ts";

const HEADER =
  "r1 2 360 3 08:00:00 01/01/2026\nr1.dat 212 200(1024)/mV 12 1024 1 6 0 MLII\nr1.dat 212 200 12 1024 -1 -2051 0 V1\n# remark\n";
// samples by signal: 1 2 3 and -1 -2048 -2, in turn 1 -1 | 2 -2048 | 3 -2
const DATA = Uint8Array.of(0x01, 0xf0, 0xff, 0x02, 0x80, 0x00, 0x03, 0xf0, 0xfe);

function read(header: string = HEADER, data: Uint8Array = DATA): ReadResult {
  return readWfdb(utf8Encode(header), new Map([["r1.dat", data]]), { file: "r1.hea" });
}

describe("WFDB", () => {
  it("reads format 212 with gain, baseline, base time and missing samples", () => {
    const { recordings, problems } = read();
    expect(problems).toEqual([]);
    const { recording, notUsed } = recordings[0]!;
    expect(recording).toMatchObject({ subject: "r1", device: "unspecified" });
    expect(recording.channels).toMatchObject([
      {
        code: "mdc:131330",
        unit: "mV",
        startMs: Date.UTC(2026, 0, 1, 8),
        scale: { numerator: 1, offset: -1024, denominator: 200 },
        timing: { kind: "rate", numerator: 360, denominator: 1 },
      },
      { code: "mdc:131331", unit: "mV" },
    ]);
    expect(recording.channels.map((channel) => [...channel.samples])).toEqual([
      [1, 2, 3],
      [-1, -32768, -2],
    ]);
    expect(notUsed).toEqual([{ reason: "outside-limits", count: 1 }]);
  });

  it("reads format 16 with an offset, units of other signals and no number of samples", () => {
    const header = "r1 3 0.0166666666667/125\nr1.dat 16+2 10/bpm 16 0 0 0 0 HR\nr1.dat 16+2 10/pm 16 0 0 0 0 RESP\nr1.dat 16+2 1/V\n";
    const { recordings, problems } = read(
      header.replaceAll(" 0 0 0 0 ", " 0 150 150 0 ").replace("150 150 0 RESP", "-5 -5 0 RESP"),
      Uint8Array.of(9, 9, 150, 0, 0xfb, 0xff, 2, 0, 7),
    );
    expect(problems).toEqual([]);
    expect(recordings[0]?.recording.channels).toMatchObject([
      {
        code: "loinc:8867-4",
        unit: "/min",
        startMs: 0,
        timing: { numerator: 1, denominator: 60 },
        samples: Int16Array.of(150),
        scale: { numerator: 1, offset: 0, denominator: 10 },
      },
      { code: "loinc:9279-1", unit: "/min", samples: Int16Array.of(-5) },

      { code: "mdc:131328", unit: "mV", samples: Int16Array.of(2), scale: { numerator: 1000, offset: 0, denominator: 1 } },
    ]);
  });

  it.each<[string, string, string, string]>([
    ["another format", HEADER.replace("212", "508"), "wfdb-unsupported", "line 2"],
    ["more samples than the file holds", HEADER.replace("212", "212x2"), "wfdb-truncated", "r1.dat"],
    ["no samples in a frame", HEADER.replace("212", "212x0"), "wfdb-header", "line 2"],
    ["a negative skew", HEADER.replace("212", "212:-3"), "wfdb-unsupported", "line 2"],
    ["signal lines that are no segments", HEADER.replace("r1 2", "r1/2 2"), "wfdb-header", "line 2"],
    ["a thousand million signals", HEADER.replace("r1 2", "r1 1000000000"), "wfdb-header", "line 1"],
    ["a thousand million segments", HEADER.replace("r1 2", "r1/999999999 2"), "wfdb-header", "line 1"],
    ["negative signals", HEADER.replace("r1 2", "r1 -2"), "wfdb-header", "line 1"],
    ["a negative number of samples", HEADER.replace("360 3", "360 -3"), "wfdb-header", "line 1"],
    ["a counter frequency that is none", HEADER.replace("360", "360/x"), "wfdb-header", "line 1"],
    ["a counter that is none", HEADER.replace("360", "360/125(x)"), "wfdb-header", "line 1"],
    ["an offset behind the end", HEADER.replaceAll("212", "212+9999999999"), "wfdb-truncated", "r1.dat"],
    ["a wrong first sample without a checksum", HEADER.replace("1024 1 6 0 MLII", "1024 7"), "wfdb-initial-value", "r1.dat, signal 0"],
    ["another base date", HEADER.replace("01/01/2026", "2026-01-01"), "wfdb-header", "line 1"],
    ["a path out of the folder", HEADER.replace("r1.dat", "../r1.dat"), "wfdb-header", "line 2"],
    ["an absolute path", HEADER.replace("r1.dat", "/etc/passwd"), "wfdb-header", "line 2"],
    ["a file without a name in the folder", HEADER.replace("r1.dat", ".."), "wfdb-header", "line 2"],
    ["a missing signal line", HEADER.replace("r1 2", "r1 3"), "wfdb-header", "line 1"],
    ["a signal line too many", HEADER.replace("r1 2", "r1 1"), "wfdb-header", "line 3"],
    ["no signals", "r1 0 360\n", "wfdb-header", "line 1"],
    ["nothing", "# only a remark\n", "wfdb-header", "line 1"],
    ["a frequency of zero", HEADER.replace("360", "0"), "wfdb-header", "line 1"],
    ["a gain that is none", HEADER.replace("200(1024)", "x"), "wfdb-header", "line 2"],
    ["an impossible day", HEADER.replace("01/01", "31/02"), "wfdb-header", "line 1"],
    ["an impossible hour", HEADER.replace("08:00", "25:00"), "wfdb-header", "line 1"],
    ["a wrong checksum", HEADER.replace(" 6 0", " 7 0"), "wfdb-checksum", "r1.dat, signal 0"],
    ["two formats in one file", HEADER.replace("r1.dat 212 200 ", "r1.dat 16 200 "), "wfdb-unsupported", "r1.dat"],
    ["a file that is not given", HEADER.replaceAll("r1.dat", "r2.dat"), "file-missing", "r2.dat"],
    ["more samples than a recording holds", HEADER.replace("360 3", "360 999999999"), "recording-limit", "r1.dat"],
    ["a baseline beyond measure", HEADER.replace("200(1024)", "0.001(999999999)"), "value-range", 'signal "MLII"'],
  ])("refuses %s", (_name, header, code, where) => {
    expect(read(header).problems).toMatchObject([{ file: "r1.hea", code, where }]);
  });

  it("says how many bytes a cut file lacks", () => {
    const { recordings, problems } = read(HEADER, DATA.slice(0, 7));
    expect(recordings).toEqual([]);
    expect(problems).toMatchObject([{ code: "wfdb-truncated", expected: "9 bytes", actual: "7: 2 bytes are missing" }]);
  });

  it("reads or names the fault of any cut or changed header", () => {
    const bytes = utf8Encode(HEADER);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const result = readWfdb(cut ? bytes.slice(0, at) : bytes.with(at, byte), new Map([["r1.dat", DATA]]), { file: "r1.hea" });
        for (const { recording } of result.recordings) expect(decodeRecording(encodeRecording(recording))).toEqual(recording);
        if (result.recordings.length === 0) expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  });
});

/** Samples packed as signal(5) says, written apart from the reader: one string of bits a pack. */
function pack(format: WfdbFormat, values: readonly number[]): Uint8Array {
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

const FORMATS: readonly WfdbFormat[] = [16, 80, 212, 310, 311];
const sum16 = (values: readonly number[]): number => (values.reduce((sum, value) => (sum + value) | 0, 0) << 16) >> 16;
const readAll = (header: string, files: Record<string, Uint8Array | string>): ReadResult => {
  const bytes = Object.entries(files).map(
    ([name, content]) => [name, typeof content === "string" ? utf8Encode(content) : content] as const,
  );
  return readWfdb(utf8Encode(header), new Map(bytes), { file: "r.hea" });
};
const columnsOf = (result: ReadResult): [string, number, number[]][] => {
  expect(result.problems).toEqual([]);
  return result.recordings[0]!.recording.channels.map(({ code, startMs, samples }) => [code, startMs, [...samples]]);
};

describe("signal lines", () => {
  it("of any length are read in time, with what is left as the description", () => {
    const spaces = " ".repeat(100_000);
    const line = `r1.dat 16${spaces}200 12 0 1 6 0 ECG${spaces}II\u2028x`;
    const { recordings, problems } = read(`r1 1 360 3\n${line}\n`, Uint8Array.of(1, 0, 2, 0, 3, 0));
    expect(problems).toEqual([]);
    expect(recordings[0]?.recording.channels).toMatchObject([{ code: "mdc:131328", samples: Int16Array.of(1, 2, 3) }]);
  });
});

describe("records of which nothing is used", () => {
  it("are told", () => {
    const { recordings, problems, notUsed } = read("r1 1 360 3\nr1.dat 16 200/Hz\n");
    expect(recordings).toEqual([]);
    expect(problems).toMatchObject([{ code: "file-empty", file: "r1.hea" }]);
    expect(notUsed).toEqual([{ reason: "code-not-read", count: 3 }]);
  });
});

describe("formats", () => {
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

  it("tells a wrong initial value and uses what the checksum shows to be right", () => {
    const { recordings, problems } = read(HEADER.replace("1024 1 6", "1024 2 6"));
    expect(problems).toMatchObject([{ code: "wfdb-initial-value", expected: "first sample 2", actual: "1" }]);
    expect(recordings[0]?.recording.channels).toHaveLength(2);
  });
});

describe("long records", () => {
  it("are read block by block, with progress, whatever their signals say", () => {
    const frames = 700_000;
    const reads: number[] = [];
    const progress: number[] = [];
    const header = utf8Encode(`r 2 360 ${frames}\nr.dat 212 10/bpm 12 0 0 0 0 HR\nr.dat 212 200 12 0 0 0 0 V1\n`);
    const ones = new Uint8Array(2_000_000).fill(0xff); // -1: -0.1 beats a minute
    const files: WfdbFiles = {
      header: () => header,
      size: () => 3 * frames,
      open: () => ({ read: (_offset, length) => (reads.push(length), ones.subarray(0, length)), close: () => undefined }),
    };
    const collector = new Collector();
    const text = new TextDecoder()
      .decode(header)
      .replace("0 0 0 0 HR", `0 -1 ${sum16([-frames])} 0 HR`)
      .replace("0 0 0 0 V1", `0 -1 ${sum16([-frames])} 0 V1`);
    collectWfdb(utf8Encode(text), files, "r.hea", collector, (done, total) => progress.push(done / total));
    const { recordings, problems, warnings } = collector.finish();
    expect(problems).toEqual([]);
    expect(recordings[0]?.recording.channels.map(({ samples }) => samples.length)).toEqual([frames, frames]);
    expect(warnings).toMatchObject([{ code: "value-implausible", count: frames, where: 'signal "HR", sample 0' }]);
    expect(Math.max(...reads)).toBeLessThan(2_000_000);
    expect(reads.length).toBeGreaterThan(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
  });
});

describe("MATLAB level 4 files", () => {
  const mat = (type = 30, rows = 1, columns = 3, imaginary = 0, name = "val\0"): Uint8Array => {
    const head = new Uint8Array(new Int32Array([type, rows, columns, imaginary, name.length]).buffer);
    return Uint8Array.from([...head, ...utf8Encode(name), ...pack(16, [10, 20, -30])]);
  };
  const header = "r 1 250 3\nr.mat 16+24 100/mV 16 0 10 0 0 II\n";

  it("reads one behind its own header", () => {
    expect(columnsOf(readAll(header, { "r.mat": mat() }))).toEqual([["mdc:131330", 0, [10, 20, -30]]]);
  });

  it.each<[string, Uint8Array, string]>([
    ["doubles", mat(0), "type 0"],
    ["big-endian numbers", mat(1030), "type 1030"],
    ["complex numbers", mat(30, 1, 3, 1), "complex ones"],
    ["more rows than signals", mat(30, 3), "3"],
    ["another number of samples", mat(30, 1, 4), "4"],
    ["another name", mat(30, 1, 3, 0, "abc\0"), '"abc"'],
    ["a longer name", mat(30, 1, 3, 0, "value\0"), "6"],
    ["MATLAB's later level", utf8Encode(`MATLAB 5.0 MAT-file${" ".repeat(120)}`), 'one of level "5.0"'],
  ])("refuses %s", (_name, bytes, actual) => {
    expect(readAll(header, { "r.mat": bytes }).problems).toMatchObject([{ code: "wfdb-mat", where: "r.mat", actual }]);
  });
});

describe("several segments", () => {
  const segment = (name: string, values: readonly number[], lead = "II", gain = "100"): Record<string, Uint8Array | string> => ({
    [`${name}.hea`]: `${name} 1 10 ${values.length}\n${name}.dat 16 ${gain} 0 0 ${values[0] ?? 0} ${sum16(values)} 0 ${lead}\n`,
    [`${name}.dat`]: pack(16, values),
  });
  const LAYOUT = { "l.hea": "l 2 10 0\n~ 0 100 0 0 0 0 0 II\n~ 0 100 0 0 0 0 0 V1\n" };

  it("joins segments of a fixed layout, with a gap where nothing was recorded", () => {
    const result = readAll("r/3 1 10 7 08:00:00 01/01/2026\na 3\n~ 2\nb 2\n", { ...segment("a", [1, 2, 3]), ...segment("b", [4, 5]) });
    expect(columnsOf(result)).toEqual([["mdc:131330", Date.UTC(2026, 0, 1, 8), [1, 2, 3, -32768, -32768, 4, 5]]]);
    expect(result.recordings[0]).toMatchObject({ relativeTime: false, sources: ["r.hea"] });
  });

  it("follows a variable layout: leads come and go, and an empty segment of years costs nothing", () => {
    const files = { ...LAYOUT, ...segment("a", [1, 2]), ...segment("b", [5, 6], "V1"), ...segment("c", [3, 4]) };
    expect(columnsOf(readAll("r/5 2 10 6000000006\nl 0\na 2\nb 2\n~ 6000000000\nc 2\n", files))).toEqual([
      ["mdc:131330", 0, [1, 2]],
      ["mdc:131330", 600_000_000_400, [3, 4]],
      ["mdc:131331", 200, [5, 6]],
    ]);
  });

  it("reads a header once that a thousand segments name", () => {
    const files = new Map(
      Object.entries(segment("a", [1, 2])).map(([name, value]) => [name, typeof value === "string" ? utf8Encode(value) : value]),
    );
    const asked: string[] = [];
    const get = (name: string): Uint8Array => files.get(name) ?? new Uint8Array();
    const counting: WfdbFiles = {
      header: (name) => (asked.push(name), get(name)),
      size: (name) => get(name).length,
      open: (name) => ({ read: (offset, length) => get(name).subarray(offset, offset + length), close: () => undefined }),
    };
    const collector = new Collector();
    collectWfdb(utf8Encode(`r/1000 1 10\n${"a 2\n".repeat(1000)}`), counting, "r.hea", collector);
    expect(collector.finish().recordings[0]?.recording.channels[0]?.samples).toHaveLength(2000);
    expect(asked).toEqual(["a.hea"]);
  });

  it("counts the gaps that it joins into the limit of samples", () => {
    const files = { ...segment("a", [1, 2]), ...segment("b", [3, 4]) };
    const bytes = new Map(Object.entries(files).map(([name, value]) => [name, typeof value === "string" ? utf8Encode(value) : value]));
    const master = utf8Encode("r/3 1 10 7\na 2\n~ 3\nb 2\n");
    expect(readWfdb(master, bytes, { file: "r.hea", limits: { maxSamples: 7 } }).problems).toEqual([]);
    expect(readWfdb(master, bytes, { file: "r.hea", limits: { maxSamples: 6 } }).problems).toMatchObject([{ code: "recording-limit" }]);
  });

  it("keeps segments of another gain in channels of their own", () => {
    const files = { ...segment("a", [1, 2]), ...segment("b", [3, 4], "II", "200") };
    expect(readAll("r/2 1 10 4\na 2\nb 2\n", files).recordings[0]?.recording.channels.map(({ scale }) => scale.denominator)).toEqual([
      100, 200,
    ]);
  });

  it.each<[string, string, Record<string, Uint8Array | string>, string, string]>([
    ["a segment that is not there", "r/1 1 10 3\na 3\n", {}, "file-missing", "a.hea"],
    ["a path out of the folder", "r/1 1 10 3\n../a 3\n", {}, "wfdb-header", "line 2"],
    ["a sum that is another", "r/1 1 10 4\na 3\n", segment("a", [1, 2, 3]), "wfdb-header", "line 1"],
    ["another length", "r/1 1 10 4\na 4\n", segment("a", [1, 2, 3]), "wfdb-header", "line 2"],
    ["another frequency", "r/1 1 20 3\na 3\n", segment("a", [1, 2, 3]), "wfdb-header", "line 2"],
    ["segments of segments", "r/1 1 10 3\nr 3\n", { "r.hea": "r/1 1 10 3\nr 3\n" }, "wfdb-header", "line 2"],
    ["another number of signals", "r/1 2 10 3\na 3\n", segment("a", [1, 2, 3]), "wfdb-header", "line 2"],
    ["a lead outside the layout", "r/2 2 10 3\nl 0\na 3\n", { ...LAYOUT, ...segment("a", [1, 2, 3], "V5") }, "wfdb-header", "line 3"],
    ["nothing but gaps", "r/1 1 10 3\n~ 3\n", {}, "file-empty", "segments"],
    ["a segment that is cut", "r/1 1 10 3\na 3\n", { ...segment("a", [1, 2, 3]), "a.dat": pack(16, [1]) }, "wfdb-truncated", "a.dat"],
  ])("refuses %s", (_name, header, files, code, where) => {
    const { recordings, problems } = readAll(header, files);
    expect(recordings).toEqual([]);
    expect(problems).toMatchObject([{ code, where }]);
  });

  it("reads or names the fault of any cut or changed header", () => {
    const header = utf8Encode("r/4 2 10 9 08:00:00 01/01/2026\nl 0\na 3\n~ 3\nb 3\n");
    const files = { ...LAYOUT, ...segment("a", [1, 2, 3]), ...segment("b", [4, 5, 6], "V1") };
    const bytes = new Map(
      Object.entries(files).map(([name, content]) => [name, typeof content === "string" ? utf8Encode(content) : content]),
    );
    fc.assert(
      fc.property(fc.constantFrom("", ...bytes.keys()), fc.nat(200), fc.nat(255), fc.boolean(), (name, place, byte, cut) => {
        const whole = bytes.get(name) ?? header;
        const at = place % whole.length;
        const changed = cut ? whole.slice(0, at) : whole.with(at, byte);
        const result = readWfdb(name === "" ? changed : header, name === "" ? bytes : new Map(bytes).set(name, changed), { file: "r.hea" });
        for (const { recording } of result.recordings) expect(decodeRecording(encodeRecording(recording))).toEqual(recording);
        if (result.recordings.length === 0) expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  });
});
