import { createHash } from "node:crypto";
import { parseTrustFile, verifyResultFile } from "@caladrius/attestation-verifier";
import { makeChain } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { makeResultFile, trustText, type NamedValue } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { analyse } from "@caladrius/enclave/analyse";
import { encodeRecording, toHex, type Channel, type Coverage, type Finding, type Recording } from "@caladrius/wire";
import type { ReportInput } from "../model.ts";

export const START_MS: number = Date.UTC(2026, 2, 1, 8);
export const ECG_RATE = 250;

/** A channel of whole numbers, one a second unless said otherwise. */
export function numeric(code: string, unit: string, values: readonly number[], secondsPerSample = 1): Channel {
  return {
    code,
    unit,
    startMs: START_MS,
    timing: { kind: "rate", numerator: 1, denominator: secondsPerSample },
    samples: Int16Array.from(values),
    scale: { numerator: 1, offset: 0, denominator: 1 },
    missing: -1,
  };
}

/** Lead II in microvolts: R waves of 1 mV at the given seconds on a flat line, nothing measured in `gap`. */
export function ecg(seconds: number, beats: readonly number[], gap: readonly [number, number] = [0, 0]): Channel {
  const samples = new Int16Array(seconds * ECG_RATE);
  for (const beat of beats) samples[Math.round(beat * ECG_RATE)] = 1000;
  samples.fill(-32_768, gap[0] * ECG_RATE, gap[1] * ECG_RATE);
  return {
    code: "mdc:131330",
    unit: "uV",
    startMs: START_MS,
    timing: { kind: "rate", numerator: ECG_RATE, denominator: 1 },
    samples,
    scale: { numerator: 1, offset: 0, denominator: 1 },
    missing: -32_768,
  };
}

export function recordingOf(...channels: Channel[]): Recording {
  return { subject: "pseudonym-1", device: "monitor-1", channels, events: [] };
}

export function finding(change: Partial<Finding> = {}): Finding {
  return {
    code: "asystole",
    detector: "ecg-beats",
    channel: "mdc:131330",
    onsetMs: START_MS + 10_000,
    endMs: START_MS + 16_000,
    priority: "high",
    technical: false,
    confidencePermille: 985,
    evidence: [{ name: "pause", value: 6000, decimals: 0, unit: "ms" }],
    ...change,
  };
}

export function coverageOf(seconds: number, change: Partial<Coverage> = {}): Coverage {
  const toMs = START_MS + seconds * 1000;
  return { fromMs: START_MS, toMs, samplesReceived: 100, rejected: [], gaps: 0, notAssessedMs: 0, unassessed: [], ...change };
}

/** The detectors of this build with their defaults, as a result names them. */
export function detectorsOf(ids: readonly string[]): NamedValue {
  const run = analyse(recordingOf(numeric("loinc:8867-4", "/min", [70])), { detectors: ids });
  return ["detectors", run.detectors.map(({ id, version, parameters }) => ({ id, version, parametersDigest: sha256(parameters) }))];
}

/** A recording and a verified result that discloses these values. */
export async function inputOf(
  recording: Recording,
  values: readonly NamedValue[],
  change: Partial<ReportInput> = {},
  simulated = false,
): Promise<ReportInput> {
  const made = simulated ? makeResultFile({ chain: makeChain(undefined, "SIMULATED.nitro-enclaves"), values }) : makeResultFile({ values });
  const trust = simulated ? trustText(made.root, { allowSimulator: true }) : made.trust;
  const verdict = await verifyResultFile(made.bytes, parseTrustFile(trust), {}, signatures);
  if (verdict.status === "contraindicated") throw new Error(verdict.sentence);
  return {
    verdict,
    recording,
    match: "same",
    recordingSha256: toHex(sha256(encodeRecording(recording))),
    result: { name: "patient-1.attested", sha256: toHex(sha256(made.bytes)) },
    trust: { name: "trust.json", sha256: "00".repeat(32) },
    isRelative: false,
    sources: ["patient-1.csv"],
    ...change,
  };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
