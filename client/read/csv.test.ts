import { decodeRecording, encodeRecording, utf8Encode } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCsv } from "./csv.ts";
import type { ReadResult } from "./collect.ts";

const read = (text: string, file = "ward/p1.csv"): ReadResult => readCsv(utf8Encode(text), { file });

describe("CSV", () => {
  it("reads codes, names, units, subjects and events", () => {
    const { recordings, problems } = read(
      '\ufeff# exported by a monitor\r\n# device: m7\r\ntime,subject,8867-4 [/min],"SpO2 [%]",loinc:8310-5 [[degF]],NBPSys [mmHg],oxygen,consciousness\r\n' +
        "2026-01-01T08:00:00Z,a,80,97,98.6,120,off,A\r\n2026-01-01T09:00:01+01:00,a,81,,,NA,,\r\n\r\n1767254402000,a,82,96,98.6,NaN,on,\r\n1767254400000,b,60,99,98.6,118,,C\r\n",
    );
    expect(problems).toEqual([]);
    expect(recordings.map(({ recording }) => [recording.subject, recording.device])).toEqual([
      ["a", "m7"],
      ["b", "m7"],
    ]);
    const { recording, notUsed } = recordings[0]!;
    expect(notUsed).toEqual([{ reason: "value-absent", count: 4 }]);
    expect(recording.channels.map((channel) => [channel.code, channel.unit, ...channel.samples])).toEqual([
      ["loinc:2708-6", "%", 97, -32768, 96],
      ["loinc:8310-5", "Cel", 37, -32768, 37],
      ["loinc:8480-6", "mm[Hg]", 120, -32768, -32768],
      ["loinc:8867-4", "/min", 80, 81, 82],
    ]);
    expect(recording.events).toEqual([
      { atMs: 1767254400000, kind: "oxygen", value: "off" },
      { atMs: 1767254400000, kind: "consciousness", value: "A" },
      { atMs: 1767254402000, kind: "oxygen", value: "on" },
    ]);
  });

  it("reads evenly sampled columns whose rate falls on no whole milliseconds", () => {
    const { recordings, problems } = read("# subject: e1\n# start: 2026-01-01T08:00:00Z\n# rate: 360\nII,V1 [uV]\n0.5,250\n,-250\n");
    expect(problems).toEqual([]);
    expect(recordings[0]?.recording).toMatchObject({
      subject: "e1",
      channels: [
        {
          code: "mdc:131330",
          unit: "mV",
          startMs: 1767254400000,
          timing: { kind: "rate", numerator: 360, denominator: 1 },
          samples: Int16Array.of(1, -32768),
          scale: { denominator: 2 },
        },
        { code: "mdc:131331", samples: Int16Array.of(1, -1), scale: { denominator: 4 } },
      ],
    });
  });

  it("names the subject after the file where the file does not", () => {
    expect(read("time,hr\n0,60\n").recordings[0]?.recording.subject).toBe("p1");
  });

  it.each<[string, string, string, string]>([
    ["an empty file", "", "csv-header", "line 1"],
    ["a header alone", "time,hr\n", "file-empty", "file"],
    ["an unknown column", "time,mood\n0,1\n", "csv-header", "line 1"],
    ["an unknown unit", "time,hr [Hz]\n0,1\n", "csv-header", "line 1"],
    ["a code of the other system", "time,mdc:8867-4\n0,1\n", "csv-header", "line 1"],
    ["one signal twice", "time,hr,8867-4\n0,1,1\n", "csv-header", "line 1"],
    ["no time", "hr\n1\n", "csv-header", "line 1"],
    ["no signal", "time,oxygen\n0,on\n", "csv-header", "line 1"],
    ["a rate without a start", "# rate: 250\nII\n1\n", "csv-header", "line 1"],
    ["a setting twice", "# subject: a\n# subject: b\ntime,hr\n0,1\n", "csv-header", "line 2"],
    ["a time column beside a rate", "# rate: 1\n# start: 0\ntime,hr\n0,1\n", "csv-header", "line 3"],
    ["a short row", "# x\ntime,hr\n0,60\n1000\n", "csv-row", "line 4"],
    ["a long row", "time,hr\n0,60,1\n", "csv-row", "line 2"],
    ["an open quote", 'time,hr\n0,"60\n', "csv-row", "line 2"],
    ["a quote inside", 'time,hr\n0,6"0\n', "csv-row", "line 2"],
    ["a word", "time,hr\n0,sixty\n", "csv-value", "line 2, column 2"],
    ["a decimal comma", 'time,temp\n0,"36,6"\n', "csv-value", "line 2, column 2"],
    ["a local time", "time,hr\n2026-01-01T08:00:00,60\n", "csv-value", "line 2, column 1"],
    ["a broken millisecond", "time,hr\n2.5,60\n", "csv-value", "line 2, column 1"],
    ["an unknown state", "time,hr,consciousness\n0,60,X\n", "csv-value", "line 2, column 3"],
    ["no subject", "time,subject,hr\n0,,60\n", "csv-value", "line 2, column 2"],
    ["too many cells", `time,hr\n${",".repeat(600)}\n`, "csv-row", "line 2"],
  ])("refuses %s and names the line", (_name, text, code, where) => {
    const { recordings, problems } = read(text);
    expect(recordings).toEqual([]);
    expect(problems).toMatchObject([{ file: "ward/p1.csv", code, where }]);
  });

  it("reads or names the fault of any cut or changed file", () => {
    const bytes = utf8Encode(
      '# device: m\ntime,subject,hr,"SpO2 [%]",oxygen\n2026-01-01T08:00:00Z,a,80,97,off\n2026-01-01T08:00:01Z,a,81,96.5,on\n',
    );
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const result = readCsv(cut ? bytes.slice(0, at) : bytes.with(at, byte), { file: "p.csv" });
        for (const { recording } of result.recordings) expect(decodeRecording(encodeRecording(recording))).toEqual(recording);
        if (result.recordings.length === 0) expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 400 },
    );
  });
});
