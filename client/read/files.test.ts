import { encodeRecording, type Recording } from "@caladrius/wire";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeSampleRecordings, writeSampleFiles } from "../samples/index.ts";
import { READ_CODE, readInputs } from "./index.ts";

const shared = fileURLToPath(new URL("../../../shared/vitals/", import.meta.url));
const present = existsSync(shared);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "read-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("inputs", () => {
  it("reads a folder of every format into one recording per subject", async () => {
    const samples = join(folder, "samples");
    await writeSampleFiles(samples);
    await mkdir(join(samples, "inner.csv"));
    await writeFile(join(samples, "readme.txt"), "not read");
    await writeFile(join(samples, "bad.json"), "{");
    await writeFile(join(samples, "events.json"), '{"note":"not FHIR"}');
    const seen: string[] = [];
    const { recordings, problems, notUsed } = await readInputs([samples], { onProgress: ({ file }) => seen.push(file) });
    expect(seen).toEqual(seen.toSorted());
    expect(notUsed).toContainEqual({ reason: "file-not-fhir", count: 1 });
    expect((await readInputs([join(samples, "events.json")])).problems).toMatchObject([{ code: "fhir-resource" }]);
    expect(problems.map(({ file, code }) => [file, code])).toEqual([
      [join(samples, "bad.json"), "json-syntax"],
      [join(samples, "inner.csv"), "file-missing"],
    ]);
    expect(recordings.map(({ recording }) => recording.subject).toSorted()).toEqual(
      makeSampleRecordings()
        .map(({ subject }) => subject)
        .toSorted(),
    );
  });

  it("joins what several files say about one subject", async () => {
    const [a, b] = [join(folder, "a.csv"), join(folder, "b.csv")];
    await writeFile(a, "time [ms],subject,hr\n0,s,60\n");
    await writeFile(b, "time [ms],subject,hr,rr\n1000,s,61,14\n");
    const { recordings } = await readInputs([b, a, b]);
    expect(recordings).toHaveLength(1);
    expect(recordings[0]?.sources).toEqual([b, a]);
    expect(recordings[0]?.recording.channels.map(({ samples }) => [...samples])).toEqual([[60, 61], [14]]);
  });

  it("unpacks gzip up to a limit and names what is not whole", async () => {
    const line =
      '{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/g"},"effectiveDateTime":"2026-01-01T08:00:00Z","valueQuantity":{"value":70,"system":"http://unitsofmeasure.org","code":"/min"}}\n';
    const [whole, cut, bomb] = [join(folder, "whole.ndjson.gz"), join(folder, "cut.ndjson.gz"), join(folder, "bomb.ndjson.gz")];
    await writeFile(whole, gzipSync(line));
    await writeFile(cut, gzipSync(line).subarray(0, 60));
    await writeFile(bomb, gzipSync(new Uint8Array(3_000_000)));
    const { recordings, problems } = await readInputs([whole, cut, bomb], { limits: { maxTextBytes: 1_000_000 } });
    expect(recordings.map(({ recording }) => recording.subject)).toEqual(["g"]);
    expect(problems.map(({ code }) => code)).toEqual(["file-gzip", "file-size"]);
  });

  it("does not follow links out of a folder, unless their reader names them", async () => {
    const [inner, outer] = [join(folder, "links"), join(folder, "outside")];
    await mkdir(inner);
    await mkdir(outer);
    await writeFile(join(outer, "p.csv"), "time [ms],hr\n0,60\n");
    await writeFile(join(outer, "p.dat"), Uint8Array.of(1, 0, 2, 0));
    await writeFile(join(inner, "p.hea"), "p 1 250 2\np.dat 16 200 12 0 1 3 0 II\n");
    await symlink(join(outer, "p.csv"), join(inner, "p.csv"));
    await symlink(join(outer, "p.dat"), join(inner, "p.dat"));
    const { recordings, problems } = await readInputs([inner]);
    expect(recordings).toEqual([]);
    expect(problems.map(({ file, code, where }) => [file, code, where])).toEqual([
      [join(inner, "p.csv"), "file-outside", "p.csv"],
      [join(inner, "p.hea"), "file-outside", "p.dat"],
    ]);
    expect((await readInputs([join(inner, "p.csv")])).problems).toEqual([]);
    await rm(join(inner, "p.dat"));
    await mkdir(join(inner, "p.dat"));
    expect((await readInputs([join(inner, "p.hea")])).problems).toMatchObject([{ code: "file-missing", where: "p.dat" }]);
  });

  it("reads the segments of a record with it, and not as subjects of their own", async () => {
    const record = join(folder, "segments");
    await mkdir(record);
    await writeFile(join(record, "a.hea"), "a/2 1 250 4\nb 2\nc 2\n");
    for (const name of ["b", "c"]) {
      await writeFile(join(record, `${name}.hea`), `${name} 1 250 2\n${name}.dat 16 200 12 0 1 3 0 II\n`);
      await writeFile(join(record, `${name}.dat`), Uint8Array.of(1, 0, 2, 0));
    }
    const { recordings, problems } = await readInputs([record]);
    expect(problems).toEqual([]);
    expect(recordings.map(({ recording }) => [recording.subject, ...recording.channels.map(({ samples }) => [...samples])])).toEqual([
      ["a", [1, 2, 1, 2]],
    ]);
  });

  it("names files that are missing, too large or of no known kind", async () => {
    await writeFile(join(folder, "x.txt"), "x");
    await writeFile(join(folder, "x.hea"), "x 1 250 10\nx.dat 16\n");
    const { recordings, problems } = await readInputs(
      [join(folder, "none.csv"), join(folder, "x.txt"), join(folder, "x.hea"), join(folder, "a.csv")],
      { limits: { maxTextBytes: 22 } },
    );
    expect(recordings).toEqual([]);
    expect(problems.map(({ code, where }) => [code, where])).toEqual([
      ["file-missing", "file"],
      ["file-type", "file name"],
      ["file-missing", "x.dat"],
      ["file-size", "file"],
    ]);
  });

  it("states each code with its rule", () => {
    for (const { spec, meaning } of Object.values(READ_CODE)) expect(spec.length * meaning.length).toBeGreaterThan(0);
  });
});

describe("shared recordings", () => {
  it.skipIf(!present)("mitdb-ds1: 22 records of 30 minutes, every checksum right", async () => {
    const { recordings, problems } = await readInputs([join(shared, "mitdb-ds1")]);
    expect(problems).toEqual([]); // events.json holds no observations
    expect(recordings).toHaveLength(22);
    for (const { recording } of recordings) {
      expect(recording.channels.map(({ samples }) => samples.length)).toEqual([650_000, 650_000]);
      expect(recording.channels.some(({ code }) => code === "mdc:131330")).toBe(true);
    }
  });

  it.skipIf(!present)("fhir: strips equal the WFDB samples they were made from, charted stays are whole", async () => {
    const { recordings, problems } = await readInputs([join(shared, "fhir"), join(shared, "mitdb-ds1/106.hea")]);
    expect(problems).toEqual([]);
    const of = (subject: string): Recording => recordings.find(({ recording }) => recording.subject === subject)!.recording;
    const [strip, record] = [of("mitdb-106").channels.find(({ code }) => code === "mdc:131330")!, of("106").channels[0]!];
    expect(strip.timing).toEqual({ kind: "rate", numerator: 360, denominator: 1 });
    expect(strip.scale).toEqual(record.scale);
    expect([...strip.samples]).toEqual([...record.samples.subarray(300 * 360, 300 * 360 + 3600)]);
    expect(of("10076").channels.map(({ code }) => code)).toContain("loinc:9269-2");
    for (const { recording } of recordings) encodeRecording(recording);
  });

  it.skipIf(!present)("cinc2015: a MATLAB file and format 212, of relative time", async () => {
    const { recordings, problems } = await readInputs([join(shared, "cinc2015")]);
    expect(problems).toEqual([]);
    expect(recordings.map(({ recording, relativeTime, notUsed }) => [recording.subject, relativeTime, notUsed])).toEqual([
      ["a103l", true, []],
      ["v102s", true, [{ reason: "outside-limits", count: 23 }]],
    ]);
    expect(recordings[0]?.recording.channels.map(({ code, samples }) => [code, samples.length, samples[0]])).toEqual([
      ["mdc:131330", 82_500, -171],
      ["mdc:131328", 82_500, 9127],
      ["mdc:150452", 82_500, 6042],
    ]);
  });

  it.skipIf(!present)("a truncated .dat says how much is missing", async () => {
    const record = join(folder, "cut");
    await mkdir(record);
    await writeFile(join(record, "101.hea"), await readFile(join(shared, "mitdb-ds1/101.hea")));
    await writeFile(join(record, "101.dat"), (await readFile(join(shared, "mitdb-ds1/101.dat"))).subarray(0, 1000));
    expect((await readInputs([record])).problems).toMatchObject([{ code: "wfdb-truncated", actual: "1000: 1949000 bytes are missing" }]);
  });
});
