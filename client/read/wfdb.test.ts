import { decodeRecording, encodeRecording, utf8Encode } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readWfdb } from "./wfdb.ts";
import type { ReadResult } from "./collect.ts";

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
      header.replaceAll(" 0 0 0 0 ", " 0 0 150 0 ").replace("150 0 RESP", "-5 0 RESP"),
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
    ["another format", HEADER.replace("212", "80"), "wfdb-unsupported", "line 2"],
    ["several samples a frame", HEADER.replace("212", "212x2"), "wfdb-unsupported", "line 2"],
    ["skew", HEADER.replace("212", "212:3"), "wfdb-unsupported", "line 2"],
    ["segments", HEADER.replace("r1 2", "r1/3 2"), "wfdb-unsupported", "line 1"],
    ["a path out of the folder", HEADER.replace("r1.dat", "../r1.dat"), "wfdb-header", "line 2"],
    ["an absolute path", HEADER.replace("r1.dat", "/etc/passwd"), "wfdb-header", "line 2"],
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
    ["more samples than a recording holds", HEADER.replace("360 3", "360 99999999"), "recording-limit", "r1.dat"],
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
