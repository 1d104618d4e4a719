import { decodeRecording, encodeRecording, toHex, type Channel, type Recording } from "@caladrius/wire";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readCsv, readFhir, readWfdb, type ReadResult } from "../read/index.ts";
import { makeSampleFiles, makeSampleRecordings, sampleBeatTimes, sampleEpisodes, SAMPLES_START_MS } from "./index.ts";

const recordings = makeSampleRecordings();
const files = makeSampleFiles();
const of = (subject: string): Recording => recordings.find((recording) => recording.subject === subject)!;
const channel = (recording: Recording, code: string): Channel => recording.channels.find((one) => one.code === code)!;
const bytes = (name: string): Uint8Array => files.get(name)!;

function only(result: ReadResult): Recording {
  expect(result.problems).toEqual([]);
  return result.recordings[0]!.recording;
}

/** A channel at 1 Hz as it is when charted more rarely. */
function thinned(one: Channel, seconds: number): Channel {
  return { ...one, timing: { kind: "rate", numerator: 1, denominator: seconds }, samples: one.samples.filter((_, i) => i % seconds === 0) };
}

const sorted = (channels: readonly Channel[]): Channel[] => channels.toSorted((a, b) => (a.code < b.code ? -1 : 1));

function digest(seed?: number): string {
  const hash = createHash("sha256");
  for (const recording of makeSampleRecordings(seed)) hash.update(encodeRecording(recording));
  return toHex(hash.digest());
}

describe("sample recordings", () => {
  it("are the same for a seed, and others for another", () => {
    expect(digest()).toBe("714e496d4b848e4ab8739ee556022878e564a9151b153afb73247e2159e26a44");
    expect(digest(2)).not.toBe(digest());
  });

  it("hold three subjects with numerics and two with ECG, and survive the wire", () => {
    expect(recordings.map(({ channels }) => channels.map(({ samples }) => samples.length))).toEqual([
      ...Array.from({ length: 3 }, () => Array.from({ length: 6 }, () => 3600)),
      [216_000, 216_000],
      [75_000, 75_000],
    ]);
    for (const recording of recordings) expect(decodeRecording(encodeRecording(recording))).toEqual(recording);
  });

  it("deteriorate to where NEWS2 is far above 7", () => {
    const patient = of("sample-deterioration");
    const last = (code: string): number => channel(patient, code).samples.at(-1)! / channel(patient, code).scale.denominator;
    expect(last("loinc:9279-1")).toBeGreaterThanOrEqual(25); // 3
    expect(last("loinc:8480-6")).toBeLessThanOrEqual(100); // 2
    expect(last("loinc:8867-4")).toBeGreaterThanOrEqual(111); // 2
    expect(last("loinc:8310-5")).toBeGreaterThanOrEqual(39.1); // 2
    expect(patient.events.at(-1)).toEqual({ atMs: SAMPLES_START_MS + 3_000_000, kind: "consciousness", value: "C" });
  });

  it("do in each scripted episode what its kind says", () => {
    const beats = sampleBeatTimes();
    for (const { subject, kind, channel: code, fromMs, toMs } of sampleEpisodes()) {
      const inside = (beats.get(subject) ?? []).filter((atMs) => atMs > fromMs && atMs < toMs);
      const recording = of(subject);
      const one = code === null ? recording.channels[0]! : channel(recording, code);
      const rate = one.timing.kind === "rate" ? one.timing.numerator / one.timing.denominator : 1;
      const samples = one.samples.slice(((fromMs - SAMPLES_START_MS) / 1000) * rate, ((toMs - SAMPLES_START_MS) / 1000) * rate);
      if (kind === "asystole") expect(inside).toEqual([]);
      if (kind === "tachycardia") expect(inside.length / ((toMs - fromMs) / 60_000)).toBeGreaterThan(160);
      if (kind === "dropout") expect(new Set(samples)).toEqual(new Set([one.missing]));
      if (kind === "desaturation") expect(Math.min(...samples)).toBeLessThan(88);
    }
  });
});

describe("sample files", () => {
  it("CSV gives the recording back", () => {
    const source = of("sample-desaturation");
    expect(only(readCsv(bytes("sample-desaturation.csv"), { file: "f.csv" }))).toEqual({ ...source, channels: sorted(source.channels) });
  });

  it("WFDB gives the recording back, but for its device", () => {
    const signalFiles = new Map([["sample-ecg-pause.dat", bytes("sample-ecg-pause.dat")]]);
    const recording = only(readWfdb(bytes("sample-ecg-pause.hea"), signalFiles, { file: "f.hea" }));
    expect(recording).toEqual({ ...of("sample-ecg-pause"), device: "unspecified" });
  });

  it("FHIR SampledData gives the recording back", () => {
    expect(only(readFhir(bytes("sample-ecg-ectopy.json"), { file: "f.json" }))).toEqual(of("sample-ecg-ectopy"));
  });

  it.each([
    ["sample-deterioration", "json", 60],
    ["sample-stable", "ndjson", 10],
  ])("FHIR Observations of %s give the recording as charted", (subject, ending, seconds) => {
    const source = of(subject);
    const recording = only(readFhir(bytes(`${subject}.${ending}`), { file: "f", lines: ending === "ndjson" }));
    expect(recording).toEqual({ ...source, channels: sorted(source.channels).map((one) => thinned(one, seconds)) });
  });
});
