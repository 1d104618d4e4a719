import { toHex } from "@caladrius/wire";
import { CODE, type Code } from "./code.ts";
import type { EvidenceClaims } from "./evidence-claims.ts";
import type { Verdict } from "./verdict.ts";
import type { ResultFileClaims } from "./verify-result-file.ts";

/** One line of the list that shows a person how a verdict came about. */
export interface Check {
  readonly stage: string;
  readonly title: string;
  /**
   * passed; reservation = passed, and the reason that keeps the verdict from affirming; failed = where verification ended;
   * not checked = nothing was there to check with; not reached = it ended before
   */
  readonly state: "passed" | "reservation" | "failed" | "not checked" | "not reached";
  readonly expected: string | null;
  readonly found: string | null;
  /** standard and section */
  readonly spec: string;
}

/**
 * Every check that a verdict stands on, in the order in which they are made, with what was expected and what was found.
 * A refusal leaves out what may have passed with a reservation, as it does not say whether it did.
 * @param kind what was verified: a refusal's verdict does not say
 */
export function listChecks(
  verdict: Verdict<EvidenceClaims> | Verdict<ResultFileClaims>,
  kind: "attestation document" | "result file",
): readonly Check[] {
  const steps = STEPS.filter((step) => kind === "result file" || !RESULT_STAGES.has(step.stage));
  const open: ReadonlySet<string | undefined> = new Set(verdict.notChecked);
  if (verdict.status === "contraindicated") {
    const ended = steps.findIndex((step) => holds(step, verdict.code));
    return steps.flatMap((step, i): Check[] => {
      // Whether it passed with a reservation, such as a simulator, is what a refusal does not say.
      if (i < ended && ACCEPTED.some((code) => holds(step, code))) return [];
      const before = open.has(step.open) ? "not checked" : "passed";
      return [
        {
          stage: step.stage,
          title: step.title,
          state: i < ended ? before : i > ended ? "not reached" : "failed",
          expected: i === ended ? verdict.expected : null,
          found: i === ended ? (verdict.actual ?? verdict.sentence) : null,
          spec: i === ended ? verdict.spec : step.spec,
        },
      ];
    });
  }
  const { claims, reasons } = verdict;
  const result = "evidence" in claims ? claims : null;
  const evidence = "evidence" in claims ? claims.evidence : claims;
  return steps.flatMap((step): Check[] => {
    const reason = reasons.find((code) => holds(step, code));
    const { stage, title, spec, open: topic, show } = step;
    const state = reason !== undefined ? "reservation" : open.has(topic) ? "not checked" : "passed";
    const shown = show?.({ evidence, result, atMs: verdict.atMs as number }) ?? [];
    const found = reason === undefined ? null : CODE[reason].meaning;
    if (shown.length === 0) return [{ stage, title, state, expected: null, found, spec }];
    return shown.map((one) => ({ stage, title: one.title ?? title, state, expected: one.expected, found: one.found, spec }));
  });
}

interface Shown {
  title?: string;
  expected: string | null;
  found: string;
}
interface Step {
  readonly stage: string;
  readonly title: string;
  readonly spec: string;
  /** codes, or beginnings of codes, that speak about this step */
  readonly codes: readonly string[];
  /** the entry of a verdict's `notChecked` that is about this step */
  readonly open?: string;
  readonly show?: (verified: { evidence: EvidenceClaims; result: ResultFileClaims | null; atMs: number }) => readonly Shown[];
}

function holds({ codes }: Step, code: Code): boolean {
  return codes.some((one) => (one.endsWith("-") ? code.startsWith(one) : code === one));
}

const same = (value: string): readonly Shown[] => [{ expected: value, found: value }];
const iso = (ms: number): string => new Date(ms).toISOString();

const STEPS: readonly Step[] = [
  // that a trust file names no measurements is seen before anything is read
  {
    stage: "trust",
    title: "The trust file can be read, agrees with itself and names measurements",
    spec: "trust file",
    codes: ["trust-", "reference-values-missing"],
  },
  { stage: "result-file", title: "The file is a result file", spec: "result.cddl", codes: ["result-file-"] },
  {
    stage: "envelope",
    title: "The attestation document is a COSE_Sign1 under ES384, and nothing else",
    spec: "RFC 9052 §4.2",
    codes: ["envelope-"],
  },
  {
    stage: "payload",
    title: "Its fields have the types and limits of the profile",
    spec: "AWS attestation_process.md §3.2",
    codes: ["payload-"],
  },
  {
    stage: "chain",
    title: "Its certificates begin at a pinned root",
    spec: "AWS attestation_process.md §3.2.3",
    codes: ["bundle-"],
    show: ({ evidence }) => same(`${evidence.root.commonName}, SHA-256 ${evidence.root.sha256}`),
  },
  {
    stage: "certificate",
    title: "Each certificate keeps the profile and names the one above as its issuer",
    spec: "RFC 5280 §6.1",
    codes: ["certificate-", "chain-name", "chain-key-identifier"],
  },
  {
    stage: "freshness",
    title: "The document's time and nonce fit what was asked",
    spec: "ARCHITECTURE §5",
    codes: ["timestamp-", "nonce-", "freshness-required"],
    show: ({ evidence }) => [{ expected: null, found: iso(evidence.timestampMs) }],
  },
  {
    stage: "chain",
    title: "Every certificate was valid at the time of verification",
    spec: "RFC 5280 §6.1.3 (a)(2)",
    codes: ["chain-not-yet-valid", "chain-expired"],
    show: ({ evidence: { certificate }, atMs }) => [
      { expected: iso(atMs), found: `${iso(certificate.notBeforeMs)} to ${iso(certificate.notAfterMs)}` },
    ],
  },
  {
    stage: "chain",
    title: "Each certificate was signed with the key of the one above",
    spec: "RFC 5280 §6.1.3 (a)(1)",
    codes: ["chain-signature"],
  },
  {
    stage: "envelope",
    title: "The document was signed with the key of its certificate",
    spec: "RFC 9052 §4.4",
    codes: ["document-signature"],
    show: ({ evidence }) => [{ expected: null, found: `certificate ${toHex(evidence.certificate.serial)}` }],
  },
  {
    stage: "revocation",
    title: "No certificate was revoked",
    spec: "RFC 5280 §6.3",
    codes: ["crl-", "chain-revoked"],
    open: "revocation",
  },
  {
    stage: "consistency",
    title: "Module id, PCR4 and certificates say the same",
    spec: "AWS document profile",
    codes: ["module-id-", "inconsistent"],
    show: ({ evidence }) => [
      { expected: evidence.moduleId, found: evidence.contradictions.length === 0 ? evidence.moduleId : evidence.contradictions.join(", ") },
    ],
  },
  {
    stage: "appraise",
    title: "Nitro hardware made it, not the simulator",
    spec: "ARCHITECTURE §5",
    codes: ["simulator-refused", "simulator"],
  },
  {
    stage: "appraise",
    title: "The enclave did not run in debug mode",
    spec: "AWS attestation_process.md §3.2",
    codes: ["debug-refused", "debug"],
  },
  {
    stage: "appraise",
    title: "It ran in an allowed region, where the trust file names any",
    spec: "ARCHITECTURE §5",
    codes: ["region-refused"],
    show: ({ evidence }) => [{ expected: null, found: evidence.region ?? "unknown" }],
  },
  {
    stage: "appraise",
    title: "The measurements are those of one trusted set",
    spec: "RFC 9334 §8.3",
    codes: ["measurement-mismatch"],
    show: ({ evidence }) =>
      evidence.matchedPcrs.map((index) => {
        const value = toHex(evidence.pcrs.get(index) as Uint8Array);
        return { title: `PCR${index} is the trusted one`, expected: value, found: value };
      }),
  },
  {
    stage: "identity",
    title: "The evidence was made for this identity",
    spec: "ARCHITECTURE §5",
    codes: ["identity-form", "identity-version", "identity-commitment", "identity-public-key"],
    show: ({ result }) => (result === null ? [] : same(toHex(result.result.identityDigest))),
  },
  {
    stage: "identity",
    title: "PCR16 measures its constitution",
    spec: "ARCHITECTURE §5",
    codes: ["identity-constitution"],
    show: ({ result }) => (result === null ? [] : same(toHex(result.result.constitutionDigest))),
  },
  {
    stage: "identity",
    title: "PCR17 measures its policy bundle",
    spec: "ARCHITECTURE §5",
    codes: ["identity-policy"],
    show: ({ result }) => (result === null ? [] : same(toHex(result.result.policy.digest))),
  },
  {
    stage: "result",
    title: "The result was signed with the key of this identity",
    spec: "RFC 9864 §2.2",
    codes: ["result-statement", "result-kind", "result-signature"],
  },
  {
    stage: "result",
    title: "It names this identity, constitution and policy",
    spec: "ARCHITECTURE §5",
    codes: ["result-claims", "result-identity", "result-constitution", "result-policy"],
  },
  {
    stage: "result",
    title: "It was issued after the evidence, within its hour and its certificate",
    spec: "ARCHITECTURE §5",
    codes: ["result-interval", "result-before-evidence", "result-after-evidence", "result-after-certificate", "result-future"],
    show: ({ result }) => {
      if (result === null) return [];
      const { fromMs, toMs } = result.result.interval;
      return [{ expected: `after ${iso(result.evidence.timestampMs)}`, found: `${iso(fromMs)} to ${iso(toMs)}` }];
    },
  },
  {
    stage: "result",
    title: "It is the one that was asked for, where that was named",
    spec: "ARCHITECTURE §5",
    codes: ["result-job", "result-nonce", "result-policy-floor"],
    show: ({ result }) => (result === null ? [] : [{ expected: null, found: `job ${toHex(result.result.jobDigest)}` }]),
  },
  {
    stage: "disclosures",
    title: "Every disclosure is one that the result was signed over",
    spec: "ARCHITECTURE §5",
    codes: ["disclosure-"],
    show: ({ result }) => (result === null ? [] : [{ expected: null, found: `at most ${result.withheldAtMost} withheld` }]),
  },
  { stage: "result", title: "The job was answered, not denied", spec: "ARCHITECTURE §5", codes: ["denied"] },
  { stage: "result", title: "The alarm summary is there", spec: "ARCHITECTURE §5", codes: ["alarm-summary-withheld"] },
  { stage: "result", title: "The enclave had a status list in force", spec: "ARCHITECTURE §5", codes: ["status-stale"] },
  { stage: "result", title: "Access was taken in the ordinary way", spec: "ARCHITECTURE §5", codes: ["break-glass"] },
  {
    stage: "time",
    title: "The time is proved by more than the document itself",
    spec: "RFC 3161 §2.4.2",
    codes: ["time-evidence-", "time-late", "time-not-proved"],
    open: "time",
  },
];

/** Codes of what was accepted with a reservation. */
const ACCEPTED: readonly Code[] = (Object.keys(CODE) as Code[]).filter((code) => CODE[code].status === "accepted");

/** Stages that a bare attestation document does not come to. */
const RESULT_STAGES: ReadonlySet<string> = new Set(["result-file", "identity", "result", "disclosures"]);
