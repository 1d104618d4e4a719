import { decodeRecording, encodeRecording, utf8Encode } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Collector, type ReadResult } from "./collect.ts";
import { columnsOf, pack, readAll, sum16 } from "./wfdb.fixture.ts";
import { collectWfdb, readWfdb, type WfdbFiles } from "./wfdb.ts";

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

  it("tells a wrong initial value and uses what the checksum shows to be right", () => {
    const { recordings, problems } = read(HEADER.replace("1024 1 6", "1024 2 6"));
    expect(problems).toMatchObject([{ code: "wfdb-initial-value", expected: "first sample 2", actual: "1" }]);
    expect(recordings[0]?.recording.channels).toHaveLength(2);
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

describe("signals in volts", () => {
  const read = (line: string): string[] => {
    const { recordings, notUsed } = readAll(`r 1 250 1\nr.dat ${line}\n`, { "r.dat": pack(16, [1]) });
    const reasons = [...notUsed, ...recordings.flatMap((one) => one.notUsed)].map(({ reason }) => reason);
    return [...recordings.flatMap(({ recording }) => recording.channels.map(({ code }) => code)), ...reasons];
  };

  it.each([
    "",
    "ECG",
    "Chest ECG",
    "CM5",
    "D3",
    "ECG1",
    "lead V",
    "A-I",
    "E-S",
    "mod.V1",
    "V2-V3",
    "CS12",
    "aVR+",
    "chan 1",
    "arrhythmia",
    "C",
    "E",
  ])("are an ECG where the name is %j", (name) => expect(read(`16 200/mV 16 0 1 1 0 ${name}`)).toEqual(["mdc:131328"]));

  it.each([
    "EEG (C4-A1)",
    "EMG",
    "EOG-L",
    "Resp (sum)",
    "RESP",
    "C3-A2",
    "F3-M2",
    "E1-M2",
    "Fpz-Cz",
    "Chin1-Chin2",
    "ABD",
    "PLETH",
    "HR",
    "BP",
    "CO2",
  ])("are none where it is %j, not even without a unit", (name) => {
    expect(read(`16 200/uV 16 0 1 1 0 ${name}`)).toEqual(["code-not-read"]);
    expect(read(`16 200 16 0 1 1 0 ${name}`)).toEqual(["code-not-read"]);
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
