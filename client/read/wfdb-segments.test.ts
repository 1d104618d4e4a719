import { decodeRecording, encodeRecording, utf8Encode } from "@caladrius/wire";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Collector } from "./collect.ts";
import { columnsOf, pack, readAll, sum16 } from "./wfdb.fixture.ts";
import { collectWfdb, readWfdb, type WfdbFiles } from "./wfdb.ts";

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
