import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeResultFile, type NamedValue } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { readInputs, splitRecording } from "@caladrius/client";
import { writeSampleFiles } from "@caladrius/client/samples";
import { analyse } from "@caladrius/enclave/analyse";
import { encodeRecording, MAX_CHANNEL_SAMPLES, toHex, type Analysis, type Recording } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

/** A result of what the detectors find in a recording; `level` decides what of it is in the file. */
function resultOf(name: string, recording: Recording, level: "findings" | "full"): Analysis {
  const analysis = analyse(recording, { detectors: [] });
  const { alarmSummary, coverage, detectors, findings, series } = analysis;
  const always: NamedValue[] = [
    ["alarm-summary", alarmSummary],
    ["level", level],
    ["coverage", coverage],
    ["detectors", detectors.map(({ id, version, parameters }) => ({ id, version, parametersDigest: sha256(parameters) }))],
    ...findings.map((one) => ["finding", one] as const),
  ];
  const full: NamedValue[] = [
    ["subject", recording.subject],
    ["input", { recordingDigest: sha256(encodeRecording(recording)), device: null, sequence: null }],
    ...series.map((one) => ["series", one] as const),
  ];
  const { bytes, trust } = makeResultFile({ values: level === "full" ? [...always, ...full] : always });
  writeFileSync(path(`${name}.attested`), bytes);
  writeFileSync(path("trust.json"), trust);
  return analysis;
}

let ecgFile = "";
let otherFile = "";
let analysis: Analysis;
beforeAll(async () => {
  const files = await writeSampleFiles(path("samples"));
  ecgFile = files.find((file) => file.endsWith("sample-ecg-pause.hea")) ?? "";
  otherFile = files.find((file) => file.endsWith("sample-stable.ndjson")) ?? "";
  const { recordings } = await readInputs([ecgFile]);
  const [read] = recordings;
  if (read === undefined) throw new Error("no sample");
  analysis = resultOf("full", read.recording, "full");
  resultOf("findings", read.recording, "findings");
});

const report = (name: string, recording: string, ...more: string[]): ReturnType<typeof call> =>
  call("report", path(`${name}.attested`), "--recording", recording, "--trust", path("trust.json"), ...more);

describe("report", () => {
  it("writes one page about a verified result and the recording that was analysed", async () => {
    const { code, stdout } = await report("full", ecgFile, "--out", path("full.html"), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: "warning", page: path("full.html"), recording: { match: "same" } });
    const html = readFileSync(path("full.html"), "utf8");
    for (const { code: found } of analysis.findings) expect(html).toContain(found);
    expect(analysis.findings.map((one) => one.code)).toContain("asystole");
    expect(html).toContain('class="beats"');
    expect(html.length).toBeLessThan(5_000_000);
  });

  it("finds the recording among others, and keeps a page that is there", async () => {
    writeFileSync(path("there.html"), "mine");
    const kept = await report("full", path("samples"), "--out", path("there.html"));
    expect(kept.code).toBe(3);
    expect(readFileSync(path("there.html"), "utf8")).toBe("mine");
    expect((await report("full", path("samples"), "--out", path("there.html"), "--force")).code).toBe(0);
    expect(readFileSync(path("there.html"), "utf8")).toContain("Report of a verified result");
  });

  it("refuses a recording that is not the one that was analysed", async () => {
    // The same samples at another gain: everything but the digest is alike.
    const changed = ecgFile.replace(/hea$/, "changed.hea");
    writeFileSync(
      changed,
      readFileSync(ecgFile, "utf8").replace(/(?<=\.dat \d+ )\d+/, (gain) => String(Number(gain) + 1)),
    );
    for (const [name, recording] of [
      ["full", changed],
      ["full", otherFile],
      ["findings", otherFile], // no digest is disclosed, but its times are others
    ] as const) {
      const { code, stdout } = await report(name, recording, "--out", path("no.html"));
      expect(code).toBe(10);
      expect(stdout).toContain("not the recording that was analysed");
      expect(existsSync(path("no.html"))).toBe(false);
    }
    rmSync(changed);
  });

  it("says what a result does not disclose: which recording it is about, and when its beats were", async () => {
    const { code, stdout } = await report("findings", ecgFile, "--out", path("findings.html"));
    expect(code).toBe(0);
    expect(stdout).toContain("does not disclose which one was analysed");
    const html = readFileSync(path("findings.html"), "utf8");
    expect(html).toContain("Whose recording?");
    expect(html).toContain("Beats are not marked, as the result does not disclose their times.");
  });

  it("finds the window of a recording that was cut, and refuses another one's result", async () => {
    // One sample more than a channel of a job holds: two windows. Format 80 is one byte a sample.
    const samples = MAX_CHANNEL_SAMPLES + 1;
    writeFileSync(path("long.hea"), `long 1 250 ${samples}\nlong.dat 80 100/mV 8 0 0 0 0 II\n`);
    writeFileSync(path("long.dat"), Buffer.alloc(samples, 128));
    const { recordings } = await readInputs([path("long.hea")]);
    const windows = recordings.flatMap(({ recording }) => splitRecording(recording));
    expect(windows.map(({ part }) => part?.number)).toEqual([1, 2]);
    const last = windows[1]?.recording;
    if (last === undefined) throw new Error("no second window");
    const input: NamedValue = ["input", { recordingDigest: sha256(encodeRecording(last)), device: null, sequence: null }];
    const { bytes } = makeResultFile({
      values: [["alarm-summary", { anyAlarm: false, highestPriority: "none", secondsNotAssessed: 0 }], input],
    });
    writeFileSync(path("long.attested"), bytes);
    const { code, stdout } = await report("long", path("long.hea"), "--out", path("long.html"));
    expect(code).toBe(0);
    expect(stdout).toContain("the one that was analysed");
    expect(readFileSync(path("long.html"), "utf8")).toMatch(/read from long\.hea, [^<]*window 2 of 2</);
    const other = await report("long", ecgFile, "--out", path("other.html"));
    expect(other.code).toBe(10);
    expect(existsSync(path("other.html"))).toBe(false);
  });

  it("reads times as submit did: with the zone that it was given", async () => {
    writeFileSync(path("local.csv"), "time,8867-4 [/min]\n2026-03-01 08:00,70\n2026-03-01 08:01,71\n");
    const { recordings } = await readInputs([path("local.csv")], { zone: "Europe/Berlin" });
    const [read] = recordings;
    if (read === undefined) throw new Error("not read");
    resultOf("local", read.recording, "full");
    expect((await report("local", path("local.csv"), "--zone", "Europe/Berlin", "--out", path("local.html"))).code).toBe(0);
    expect(readFileSync(path("local.html"), "utf8")).toContain("2026-03-01 07:00:00 UTC");
    const without = await report("local", path("local.csv"), "--out", path("without.html"));
    expect(without.code).not.toBe(0);
    expect(existsSync(path("without.html"))).toBe(false);
  });

  it("writes nothing about a result that does not verify", async () => {
    const bytes = readFileSync(path("full.attested"));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path("bad.attested"), bytes);
    const { code, stdout } = await report("bad", ecgFile, "--out", path("bad.html"));
    expect([10, 30]).toContain(code);
    expect(stdout).toMatch(/contraindicated[\s\S]*no page is written/);
    expect(existsSync(path("bad.html"))).toBe(false);
    const { code: strict } = await report("full", ecgFile, "--out", path("strict.html"), "--strict");
    expect(strict).toBe(10);
  });

  const record = fileURLToPath(new URL("../../shared/vitals/mitdb-ds1/203.hea", import.meta.url));
  it.skipIf(!existsSync(record))("takes half an hour of a real record", async () => {
    const { recordings } = await readInputs([record]);
    const [read] = recordings;
    if (read === undefined) throw new Error("no record");
    resultOf("203", read.recording, "full");
    const { code, stdout } = await report("203", record, "--out", path("203.html"));
    expect(code).toBe(0);
    expect(stdout).toContain("the one that was analysed");
    expect(readFileSync(path("203.html")).length).toBeLessThan(5_000_000);
  });
});

describe("show --fhir", () => {
  it("prints one bundle of a verified result, and its verdict beside it", async () => {
    const { code, stdout, stderr } = await call("show", path("full.attested"), "--fhir", "--trust", path("trust.json"));
    expect(code).toBe(0);
    const bundle = JSON.parse(stdout) as {
      resourceType: string;
      meta: unknown;
      identifier: unknown;
      entry: { resource: { resourceType: string } }[];
    };
    expect(bundle).toMatchObject({
      resourceType: "Bundle",
      meta: { tag: expect.arrayContaining([expect.objectContaining({ code: "warning" })]) as unknown },
      identifier: { value: toHex(sha256(readFileSync(path("full.attested")))) },
    });
    expect(bundle.entry.filter(({ resource }) => resource.resourceType === "DetectedIssue")).toHaveLength(analysis.findings.length);
    expect(stderr).toContain("warning");
    expect((await call("show", path("full.attested"), "--fhir", "--trust", path("trust.json"), "--json")).stdout).toBe(stdout);
  });

  it("says that nothing was verified without a trust file, and prints no bundle of what does not verify", async () => {
    const unverified = await call("show", path("findings.attested"), "--fhir");
    expect(JSON.parse(unverified.stdout)).toMatchObject({ meta: { tag: [{ code: "not-verified" }] } });
    expect(unverified.stderr).toContain("NOT VERIFIED");
    const bytes = readFileSync(path("full.attested"));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path("bad.attested"), bytes);
    const bad = await call("show", path("bad.attested"), "--fhir", "--trust", path("trust.json"));
    expect([10, 30]).toContain(bad.code);
    expect(bad.stdout).not.toContain("Bundle");
  });
});
