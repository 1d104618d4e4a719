import { equalBytes, type DisclosureLevel, type Request } from "@caladrius/wire";
import type { RecordingFacts } from "./facts.ts";
import type { DenialCode } from "./denial.ts";
import type { DecisionMemory } from "./memory.ts";
import type { VerifiedGrant } from "./read-grant.ts";
import type { Revocations } from "./revocations.ts";

/** What of a job a grant must cover. */
export interface GrantedJob {
  request: Request;
  recording: RecordingFacts | null;
  /** that may run */
  detectors: readonly string[];
  jobDigest: Uint8Array;
  /** now lies within, Unix ms */
  interval: { fromMs: number; toMs: number };
  revocations: Revocations;
  memory: DecisionMemory;
}

/** What of a grant does not cover a job. */
export type Uncovered = Extract<DenialCode, `denied-grant-${string}`>;

/**
 * The first thing of a job that one genuine grant of its submitter does not cover, null when it covers all. Every use is
 * held to all of them again: nothing here is remembered.
 */
export function firstUncovered({ grant }: VerifiedGrant, use: number, job: GrantedJob): Uncovered | null {
  const { request, recording, detectors, interval, revocations, memory } = job;
  if (revocations.isRevoked("grant", grant.id, interval.toMs) || revocations.isRevoked("key", grant.issuer, interval.toMs))
    return "denied-grant-revoked";
  if (grant.subject !== request.subject) return "denied-grant-subject";
  if (!grant.purposes.includes(request.purpose)) return "denied-grant-purpose";
  if (grant.ward !== null && grant.ward !== request.ward) return "denied-grant-ward";
  if (!allIn(recording?.channels ?? [], grant.channels)) return "denied-grant-channel";
  if (!allIn(detectors, grant.detectors)) return "denied-grant-detector";
  if (WIDTH[widest(request)] > WIDTH[grant.level]) return "denied-grant-level";
  if (!within(grant, interval)) return "denied-grant-window";
  const span = recording?.span ?? null;
  if (grant.samples !== null && span !== null && (span.fromMs < grant.samples.fromMs || span.toMs > grant.samples.toMs))
    return "denied-grant-samples";
  if (use > grant.uses) return "denied-grant-use";
  const spent = memory.spentWith({ issuer: grant.issuer, id: grant.id, use, notAfter: grant.notAfter }, interval.fromMs);
  if (spent === "forgotten") return "denied-grant-window";
  if (spent === "full") return "denied-grant-memory";
  return spent === null || equalBytes(spent, job.jobDigest) ? null : "denied-grant-spent";
}

/** How far a job got with a grant: of several that do not cover it, the one that covers most tells why. */
export const UNCOVERED_ORDER: readonly Uncovered[] = [
  "denied-grant-revoked",
  "denied-grant-subject",
  "denied-grant-purpose",
  "denied-grant-ward",
  "denied-grant-channel",
  "denied-grant-detector",
  "denied-grant-level",
  "denied-grant-window",
  "denied-grant-samples",
  "denied-grant-use",
  "denied-grant-memory",
  "denied-grant-spent",
];

/** The order of disclosure levels. */
export const WIDTH: Readonly<Record<DisclosureLevel, number>> = { alarm: 0, findings: 1, full: 2 };

/** The widest level that any recipient asks for. */
export function widest({ recipients }: Pick<Request, "recipients">): DisclosureLevel {
  return recipients.reduce<DisclosureLevel>((most, { level }) => (WIDTH[level] > WIDTH[most] ? level : most), "alarm");
}

/** Both ends of the interval must lie inside: what may already be over is over. */
export function within(window: { notBefore: number; notAfter: number }, interval: { fromMs: number; toMs: number }): boolean {
  return window.notBefore * 1000 <= interval.fromMs && interval.toMs <= window.notAfter * 1000;
}

function allIn(asked: readonly string[], allowed: readonly string[] | null): boolean {
  return allowed === null || asked.every((one) => allowed.includes(one));
}
