import { decodeRecording, encodeRecording, utf8Encode } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCsv } from "./csv.ts";
import type { ReadResult } from "./collect.ts";

const read = (text: string, file = "ward/p1.csv", zone?: string): ReadResult =>
  readCsv(utf8Encode(text), { file, ...(zone === undefined ? {} : { zone }) });

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
    expect(read("time [ms],hr\n0,60\n").recordings[0]?.recording.subject).toBe("p1");
  });

  it("says of times that count from the start that they are no dates", () => {
    const isRelative = (text: string): boolean | undefined => read(text).recordings[0]?.relativeTime;
    expect(isRelative("time [s],hr\n0,60\n60,61\n")).toBe(true);
    expect(isRelative("# start: 0\n# rate: 1\nhr\n60\n")).toBe(true);
    expect(isRelative("time [s],hr\n1767254400,60\n")).toBe(false);
    expect(isRelative("time,hr\n2026-01-01T08:00:00Z,60\n")).toBe(false);
  });

  it("takes no saturation of nought or a low one beside others for a fraction", () => {
    for (const cells of ["0", "97\n1000,0.5"]) expect(read(`time [ms],SpO2\n0,${cells}\n`).problems).toEqual([]);
  });

  it("reads cells over several lines, and says of UTF-16 what it is", () => {
    const { recordings, problems } = read('# x\n"time [ms]","subject",hr\n0,"a\nb",60\n1000,"a\nb",6x\n');
    expect(recordings).toEqual([]);
    expect(problems).toMatchObject([{ code: "csv-value", where: "line 5, column 3" }]);
    expect(read('time [ms],subject,hr\n0,"a\nb",60\n').recordings[0]?.recording.subject).toBe("a\nb");
    const wide = Uint8Array.of(0xff, 0xfe, ...[...utf8Encode("time")].flatMap((letter) => [letter, 0]));
    expect(readCsv(wide, { file: "p.csv" }).problems).toMatchObject([{ code: "text-utf8", actual: "UTF-16: save the file as UTF-8" }]);
  });

  it("reads semicolons and tabs, decimal commas, units in parentheses and plain names", () => {
    for (const separator of [";", "\t"]) {
      const header = ["time", "mdc:147842 (/min)", "Body Temperature (°C)", "Systolic BP", '"O2Sat [%]"'].join(separator);
      const rows = [["2026-01-01 08:00Z", "60", "36,6", "120", "97"], ['"2026-01-01T08:00:01.250Z"', "61", "36,75", "", "-"].with(4, "NA")];
      const { recordings, problems } = read(`${header}\r\n${rows.map((row) => row.join(separator)).join("\r\n")}\r\n`);
      expect(problems).toEqual([]);
      expect(recordings[0]?.recording.channels.map(({ code, samples, scale }) => [code, ...samples, scale.denominator])).toEqual([
        ["loinc:2708-6", 97, -32768, 1],
        ["loinc:8310-5", 732, 735, 20],
        ["loinc:8480-6", 120, -32768, 1],
        ["loinc:8867-4", 60, 61, 1],
      ]);
    }
  });

  it("reads seconds and milliseconds where the header says which", () => {
    const times = (text: string): number | undefined => read(text).recordings[0]?.recording.channels[0]?.startMs;
    expect(times("time [s],hr\n1767254400.5,60\n")).toBe(1767254400500);
    expect(times("time (ms),hr\n1767254400,60\n")).toBe(1767254400);
    expect(times("time,hr\n1767254400500,60\n")).toBe(1767254400500);
  });

  it("counts censored values and never makes numbers of them", () => {
    const { recordings, problems } = read("time [ms],hr\n0,<60\n1000,> 200\n2000,≥ 90\n3000,70\n4000,\n");
    expect(problems).toEqual([]);
    expect([...recordings[0]!.recording.channels[0]!.samples]).toEqual([-32768, -32768, -32768, 70, -32768]);
    expect(recordings[0]?.notUsed).toEqual([
      { reason: "comparator", count: 3 },
      { reason: "value-absent", count: 1 },
    ]);
  });

  it("reads local times of a zone that is named, and guesses none that its clock skips or repeats", () => {
    const time = (local: string, zone?: string): number | string | undefined => {
      const { recordings, problems } = read(`time [ms],hr\n${local},60\n`, "p.csv", zone);
      return problems[0]?.expected ?? recordings[0]?.recording.channels[0]?.startMs;
    };
    expect(time("2026-01-01 08:00:00")).toContain("--zone Europe/Berlin");
    expect(time("2026-01-01 08:00:00", "Europe/Berlin")).toBe(Date.UTC(2026, 0, 1, 7));
    expect(time("2026-07-01T08:00:00", "Europe/Berlin")).toBe(Date.UTC(2026, 6, 1, 6));
    expect(time("2026-07-01T08:00:00", "Asia/Kathmandu")).toBe(Date.UTC(2026, 6, 1, 2, 15));
    expect(time("2026-07-01T08:00:00", "-03:30")).toBe(Date.UTC(2026, 6, 1, 11, 30));
    expect(time("2026-07-01T08:00:00Z", "Europe/Berlin")).toBe(Date.UTC(2026, 6, 1, 8));
    expect(time("2026-03-29 02:30:00", "Europe/Berlin")).toContain("put forward");
    expect(time("2026-03-29 03:00:00", "Europe/Berlin")).toBe(Date.UTC(2026, 2, 29, 1));
    expect(time("2026-10-25 02:30:00", "Europe/Berlin")).toContain("twice");
    expect(time("2026-10-25 02:30:00+02:00", "Europe/Berlin")).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(time("2026-10-25 03:00:00", "Europe/Berlin")).toBe(Date.UTC(2026, 9, 25, 2));
    expect(time("2026-10-25 08:00:00", "Mars/Base")).toContain("a zone");
    expect(
      read("# zone: +01:00\n# start: 2026-01-01 08:00\n# rate: 1\nhr\n60\n", "p.csv", "UTC").recordings[0]?.recording.channels[0]?.startMs,
    ).toBe(Date.UTC(2026, 0, 1, 7));
  });

  it("gives the same for rows in any order, and counts rows that come twice", () => {
    const rows = Array.from({ length: 12 }, (_, i) => `${i * i * 1000},${i % 3 === 0 ? "" : 60 + i},${i % 2 === 0 ? "on" : "off"}`);
    const reference = read(`time [ms],hr,oxygen\n${rows.join("\n")}\n`);
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), fc.subarray(rows), (shuffled, twice) => {
        const { recordings, problems } = read(`time [ms],hr,oxygen\n${[...shuffled, ...twice].join("\n")}\n`);
        expect(problems).toEqual([]);
        expect(recordings[0]?.recording).toEqual(reference.recordings[0]?.recording);
        const duplicates = recordings[0]?.notUsed.find(({ reason }) => reason === "duplicate")?.count ?? 0;
        expect(duplicates).toBe(twice.length);
      }),
      { numRuns: 50 },
    );
  });

  it("never throws for any text", () => {
    const piece = fc.constantFrom(
      "time",
      "hr",
      ",",
      ";",
      "\t",
      "\n",
      '"',
      "#",
      "rate: 1",
      "<6",
      "0",
      "1,5",
      "2026-01-01T08:00:00Z",
      "é",
      "\u0000",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 40 }), (parts) => {
        const result = read(`time [ms],hr\n${parts.join("")}`);
        if (result.recordings.length === 0) expect(result.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  it.each<[string, string, string, string]>([
    ["an empty file", "", "csv-header", "line 1"],
    ["a header alone", "time [ms],hr\n", "file-empty", "file"],
    ["an unknown column", "time,mood\n0,1\n", "csv-header", "line 1"],
    ["an unknown unit", "time [ms],hr [Hz]\n0,1\n", "csv-header", "line 1"],
    ["a code of the other system", "time,mdc:8867-4\n0,1\n", "csv-header", "line 1"],
    ["one signal twice", "time [ms],hr,8867-4\n0,1,1\n", "csv-header", "line 1"],
    ["no time", "hr\n1\n", "csv-header", "line 1"],
    ["no signal", "time,oxygen\n0,on\n", "csv-header", "line 1"],
    ["a rate without a start", "# rate: 250\nII\n1\n", "csv-header", "line 1"],
    ["a setting twice", "# subject: a\n# subject: b\ntime [ms],hr\n0,1\n", "csv-header", "line 2"],
    ["a time column beside a rate", "# rate: 1\n# start: 0\ntime [ms],hr\n0,1\n", "csv-header", "line 3"],
    ["a short row", "# x\ntime [ms],hr\n0,60\n1000\n", "csv-row", "line 4"],
    ["a long row", "time [ms],hr\n0,60,1\n", "csv-row", "line 2"],
    ["an open quote", 'time [ms],hr\n0,"60\n', "csv-row", "line 2"],
    ["a quote inside", 'time [ms],hr\n0,6"0\n', "csv-row", "line 2"],
    ["a word", "time [ms],hr\n0,sixty\n", "csv-value", "line 2, column 2"],
    ["a decimal comma", 'time [ms],temp\n0,"36,6"\n', "csv-value", "line 2, column 2"],
    ["a local time", "time [ms],hr\n2026-01-01T08:00:00,60\n", "csv-time", "line 2, column 1"],
    ["a broken millisecond", "time [ms],hr\n2.5,60\n", "csv-time", "line 2, column 1"],
    ["a number that may be seconds", "time,hr\n1767254400,60\n", "csv-time", "line 2, column 1"],
    ["a number that may count seconds from the start", "time,hr\n0,60\n1,61\n", "csv-time", "line 3, column 1"],
    ["a day of a spreadsheet", "time,hr\n45352,60\n", "csv-time", "line 2, column 1"],
    ["a day and hour of a spreadsheet", "time,hr\n45352.333333,60\n", "csv-time", "line 2, column 1"],
    ["an hour of the afternoon", "time,hr\n2026-03-01 08:00 PM,60\n", "csv-time", "line 2, column 1"],
    ["saturations as fractions of one", "time [ms],SpO2 [%]\n0,0.97\n1000,\n2000,1\n", "csv-value", "column 2"],
    ["glucose without a unit", "time [ms],glucose\n0,5.5\n", "csv-header", "line 1"],
    ["glucose by its code for mmol/L without a unit", "time [ms],15074-8\n0,5.5\n", "csv-header", "line 1"],
    ["dashes for no value", "time [ms],hr\n0,--\n", "csv-value", "line 2, column 2"],
    ["thousands in quotes", 'time [ms],hr\n0,"1,234"\n', "csv-value", "line 2, column 2"],
    ["thousands with a space", "time [ms],hr\n0,1 234\n", "csv-value", "line 2, column 2"],
    ["a number without end", "time [ms],hr\n0,1e400\n", "csv-value", "line 2, column 2"],
    ["a minus of typesetters", "time [ms],temp\n0,\u221236\n", "csv-value", "line 2, column 2"],
    ["a saturation named twice", "time [ms],SpO2,59408-5\n0,97,97\n", "csv-header", "line 1"],
    ["a date alone", "time [ms],hr\n2026-01-01,60\n", "csv-time", "line 2, column 1"],
    ["a day that is none", "time [ms],hr\n2026-02-30T08:00:00Z,60\n", "csv-time", "line 2, column 1"],
    ["a day of another calendar order", "time [ms],hr\n01.02.2026 08:00,60\n", "csv-time", "line 2, column 1"],
    ["a zone that is none", "# zone: Mars/Base\ntime [ms],hr\n0,60\n", "csv-zone", "line 1"],
    ["two decimal marks in one file", "time [ms];temp;hr\n0;36,6;60\n1;36.7;60\n", "csv-value", "line 3, column 2"],
    ["thousands with both marks", "time [ms];temp\n0;1.036,6\n", "csv-value", "line 2, column 2"],
    ["a number beside which others lose their decimals", "time [ms],temp\n0,36.75\n1000,100001\n", "value-range", "line 3, column 2"],
    ["such a number of a wave", "# start: 0\n# rate: 1\nII,hr\n0.1,60\n1e30,60\n", "value-range", "line 5, column 1"],
    ["a lone comparator", "time [ms],hr\n0,<\n", "csv-value", "line 2, column 2"],
    ["two subjects without a column", "time [ms],hr\n0,60\n0,90\n", "csv-subject", "line 3, column 2"],
    ["a header in between", "time [ms],hr\n0,60\ntime [ms],hr\n1,61\n", "csv-time", "line 3, column 1"],
    ["an unknown state", "time [ms],hr,consciousness\n0,60,X\n", "csv-value", "line 2, column 3"],
    ["no subject", "time [ms],subject,hr\n0,,60\n", "csv-value", "line 2, column 2"],
    ["too many cells", `time [ms],hr\n${",".repeat(600)}\n`, "csv-row", "line 2"],
  ])("refuses %s and names the line", (_name, text, code, where) => {
    const { recordings, problems } = read(text);
    expect(recordings).toEqual([]);
    expect(problems).toMatchObject([{ file: "ward/p1.csv", code, where }]);
  });

  it("counts an empty line of an evenly sampled file as a sample that is missing", () => {
    const samples = (text: string): number[] => {
      const { recordings, problems } = read(`# start: 2026-01-01T08:00:00Z\n# rate: 2\n${text}`);
      expect(problems).toEqual([]);
      return [...(recordings[0]?.recording.channels[0]?.samples ?? [])];
    };
    expect(samples("\nhr\n60\n\n62\n")).toEqual([60, -32_768, 62]);
    expect(samples('hr\r\n60\r\n""\r\n62\r\n\r\n\r\n')).toEqual([60, -32_768, 62]);
    expect(read("# start: 2026-01-01T08:00:00Z\n# rate: 2\nhr,rr\n60,12\n\n62,12\n").problems).toMatchObject([
      { code: "csv-row", where: "line 5" },
    ]);
  });

  it("reads settings of any length in time, and takes none that is too long for no setting", () => {
    const spaces = " ".repeat(100_000);
    expect(read(`# subject:${spaces}x${spaces}\ntime [ms],hr\n0,60\n`).recordings.map(({ recording }) => recording.subject)).toEqual(["x"]);
    const long = `# subject:${spaces}${"x".repeat(300)}\ntime [ms],hr\n0,60\n`;
    expect(read(long)).toMatchObject({ recordings: [], problems: [{ code: "csv-header", where: "line 1" }] });
    expect(read(`#${spaces}: remark\n# zone of the ward: unknown\ntime [ms],hr\n0,60\n`).problems).toEqual([]);
  });

  it("reads every unit of a column, exactly", () => {
    const value = (name: string, cell: string): number | undefined => {
      const { recordings, problems } = read(`time;${name}\n2026-01-01T08:00:00Z;${cell}\n`);
      expect(problems).toEqual([]);
      const { samples, scale } = recordings[0]!.recording.channels[0]!;
      return ((samples[0] ?? 0) * scale.numerator + scale.offset) / scale.denominator;
    };
    expect(value("sbp [kPa]", "16")).toBeCloseTo(16 / 0.133322, 4);
    expect(value("abp [kPa]", "13.3322")).toBe(100);
    expect(value("temp [°F]", "98.6")).toBe(37);
    expect(value("glucose [mmol/L]", "5.5")).toBe(99.1001);
    for (const unit of ["uV", "µV", "μV"]) expect(value(`II [${unit}]`, "500")).toBe(0.5);
    expect(value("II [V]", "0,001")).toBe(1);
    expect(value("gcs [1]", "15")).toBe(15);
  });

  it("reads a value again that stood before, in each column's own unit", () => {
    const { recordings } = read("time [ms],temp [degF],hr\n0,98.6,98.6\n1000,98.6,98.6\n");
    expect(
      recordings[0]?.recording.channels.map(({ samples, scale }) =>
        Array.from(samples, (raw) => (raw * scale.numerator) / scale.denominator),
      ),
    ).toEqual([
      [37, 37],
      [98.6, 98.6],
    ]);
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
