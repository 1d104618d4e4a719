import type { Finding } from "@caladrius/wire";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { makeChain, NOW_MS, pcr } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { makeResultFile, trustText, VALUES, type NamedValue } from "@caladrius/attestation-verifier/generate/test-result.ts";

/** A file as playwright hands it to a page. */
export interface TestFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

export function file(name: string, content: Uint8Array | string): TestFile {
  return { name, mimeType: "application/octet-stream", buffer: Buffer.from(content) };
}

const FINDING: Finding = {
  code: "news2-high",
  detector: "news2",
  channel: null,
  onsetMs: NOW_MS - 1_800_000,
  endMs: NOW_MS - 600_000,
  priority: "high",
  technical: false,
  confidencePermille: 985,
  evidence: [
    { name: "score", value: 9, decimals: 0, unit: "{score}" },
    { name: "temperature", value: 391, decimals: 1, unit: "Cel" },
  ],
};

/** Everything that an ordinary result discloses: an hour with findings of two detectors and a span that was not assessed. */
export const ORDINARY: readonly NamedValue[] = [
  ["alarm-summary", { anyAlarm: true, highestPriority: "high", secondsNotAssessed: 120 }],
  ["level", "full"],
  ["subject", "pseudonym-1"],
  ["purpose", "TREAT"],
  ["input", { recordingDigest: new Uint8Array(32).fill(1), device: null, sequence: null }],
  ["finding", FINDING],
  ["finding", { ...FINDING, code: "heart-rate-high", detector: "thresholds", channel: "loinc:8867-4", priority: "medium" }],
  ["finding", { ...FINDING, code: "spo2-low", detector: "thresholds", channel: "loinc:59408-5", priority: "low", technical: true }],
  [
    "detectors",
    [
      { id: "news2", version: "1.0.0", parametersDigest: new Uint8Array(32).fill(2) },
      { id: "thresholds", version: "1.0.0", parametersDigest: new Uint8Array(32).fill(3) },
    ],
  ],
  [
    "coverage",
    {
      fromMs: NOW_MS - 3_600_000,
      toMs: NOW_MS,
      samplesReceived: 21_600,
      rejected: [{ reason: "out-of-range", samples: 12 }],
      gaps: 1,
      notAssessedMs: 120_000,
      unassessed: [
        { detector: "thresholds", channel: "loinc:8867-4", fromMs: NOW_MS - 3_000_000, toMs: NOW_MS - 2_880_000, reason: "no-value" },
      ],
    },
  ],
];

/** An ordinary result under the test root, and the trust file for it. */
export function ordinary(values: readonly NamedValue[] = ORDINARY): { result: TestFile; trust: TestFile } {
  const { bytes, trust } = makeResultFile({ values });
  return { result: file("patient-1.attested", bytes), trust: file("trust.json", trust) };
}

/** The same under a constitution, with its release and who approved it, and a trust file that takes what the quorum approved. */
export function approved(): { result: TestFile; unapproved: TestFile; trust: TestFile } {
  const made = makeGovernedResult({ values: ORDINARY });
  const { founded, source } = made;
  const [ada = new Uint8Array(0)] = source.approvals;
  return {
    result: file("approved.attested", made.bytes),
    unapproved: file(
      "vendor-alone.attested",
      makeGovernedResult({ founded, values: ORDINARY, source: { ...source, approvals: [ada] } }).bytes,
    ),
    trust: file("constitution.json", made.trust("approved")),
  };
}

/** The same from a simulator. */
export function simulated(): { result: TestFile; trust: TestFile } {
  const { bytes, root } = makeResultFile({ chain: makeChain(undefined, "SIMULATED.nitro-enclaves"), values: ORDINARY });
  return { result: file("simulated.attested", bytes), trust: file("trust-simulator.json", trustText(root, { allowSimulator: true })) };
}

/** The same with one bit of a disclosure changed. */
export function flipped(): TestFile {
  const { bytes, file: parts } = makeResultFile({ values: ORDINARY });
  const at = Buffer.from(bytes).indexOf(parts.disclosures[2] ?? new Uint8Array(0)) + 10;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return file("changed.attested", bytes);
}

export const DOCUMENT_NONCE = "5eed5eed5eed5eed";

/** A bare attestation document that answers a nonce. */
export function attestationDocument(): TestFile {
  return file("evidence.cose", makeResultFile({ fields: { nonce: Buffer.from(DOCUMENT_NONCE, "hex") } }).file.evidence);
}

/** Texts that would act if anything let them: markup, bidirectional and control characters, and what looks like a verdict. */
export const HOSTILE = "<img src=x onerror=alert(1)>\u202eexe.\u0007\u2066{{x}}";

/** A result whose enclave signed such texts wherever a text may stand. */
export function hostile(): TestFile {
  const [score] = FINDING.evidence;
  const short = HOSTILE.slice(0, 32);
  const { bytes } = makeResultFile({
    identity: { software: { name: HOSTILE, version: "</script>\u202e", commit: null } },
    values: [
      ["subject", HOSTILE],
      ["purpose", short],
      [
        "finding",
        {
          ...FINDING,
          code: HOSTILE,
          detector: HOSTILE,
          channel: short,
          evidence: [{ ...score, name: HOSTILE, value: 1, decimals: 0, unit: short }],
        },
      ],
      ["detectors", [{ id: HOSTILE, version: short, parametersDigest: new Uint8Array(32) }]],
      ["series", { detector: HOSTILE, channel: null, name: HOSTILE, unit: short, values: Int32Array.of(1) }],
      [
        "coverage",
        {
          fromMs: NOW_MS - 1000,
          toMs: NOW_MS,
          samplesReceived: 1,
          rejected: [{ reason: HOSTILE, samples: 1 }],
          gaps: 0,
          notAssessedMs: 0,
          unassessed: [{ detector: HOSTILE, channel: short, fromMs: NOW_MS - 1000, toMs: NOW_MS, reason: HOSTILE }],
        },
      ],
    ],
  });
  return file(`\u202egnp.${HOSTILE}.attested`, bytes);
}

export { NOW_MS, pcr, trustText, VALUES };
