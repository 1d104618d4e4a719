import { countMissing, findSigners } from "@caladrius/attestation-verifier/governance";
import {
  equalBytes,
  type Approver,
  type BreakGlassRule,
  type Emergency,
  type EmergencyState,
  type RoleThreshold,
  type SigningPublicKey,
} from "@caladrius/wire";
import type { TimeInterval } from "../boot/clock.ts";

/** An approver's word about an emergency. */
export interface Answered {
  readonly approver: Approver;
  readonly granted: boolean;
  /** the earliest that it can have come, Unix ms */
  readonly fromMs: number;
}

/** Of a kept emergency, what its standing follows from. */
export interface Answerable {
  readonly emergency: Emergency;
  readonly answers: readonly Answered[];
  /** the earliest that its quorum can have been reached, Unix ms; null before */
  readonly grantedFromMs: number | null;
  /** so many refused that no quorum could be reached any more */
  readonly refused: boolean;
}

/** Who decides on emergencies, as bundle, constitution and status list say now. */
export interface Deciders {
  readonly rule: BreakGlassRule;
  readonly approvers: readonly Approver[];
  isRevoked(key: SigningPublicKey): boolean;
}

/**
 * How an emergency stands now. Of the clock's interval the end counts that grants less: an emergency ends as soon as it may
 * have ended, and the second roles are asked when the first have surely been silent for long enough. Keys that were revoked
 * do not count, whenever they answered.
 */
export function standingOf(kept: Answerable, deciders: Deciders, now: TimeInterval): Omit<EmergencyState, "emergency"> {
  const { rule } = deciders;
  const { emergency, answers, grantedFromMs, refused } = kept;
  const escalated = isEscalated(kept, rule, now);
  const endsMs = (grantedFromMs ?? emergency.openedAtMs) + emergency.validSeconds * 1000;
  const state = refused ? "refused" : now.toMs >= endsMs ? "expired" : isReached(kept, deciders, escalated) ? "granted" : "waiting";
  return {
    state,
    escalated,
    answers: answers.slice(0, MOST_TOLD).map(({ approver: { person, role }, granted }) => ({ person, role, granted })),
    asked: askedRoles(rule, escalated),
    expiresAtMs: grantedFromMs === null ? null : endsMs,
  };
}

/** Nobody of the first roles answered, for or against, before their time was over. */
export function isEscalated({ emergency, answers }: Answerable, rule: BreakGlassRule, now: TimeInterval): boolean {
  const endMs = emergency.openedAtMs + rule.escalateSeconds * 1000;
  const isFirst = ({ role }: Approver): boolean => rule.first.some((one) => one.role === role);
  return rule.second.length > 0 && now.fromMs >= endMs && answers.every(({ approver, fromMs }) => !isFirst(approver) || fromMs >= endMs);
}

/** Whether the answers that grant fill the first roles, or once they are asked the second. */
export function isReached({ answers }: Answerable, deciders: Deciders, escalated: boolean): boolean {
  const granting = answers.filter(({ granted }) => granted).map(({ approver }) => approver);
  return fills(granting, deciders, escalated);
}

/** Whether everybody who has not refused could still fill them. */
export function isReachable({ emergency, answers }: Answerable, deciders: Deciders, escalated: boolean): boolean {
  const refusing = new Set(answers.filter(({ granted }) => !granted).map(({ approver }) => approver.person));
  const open = deciders.approvers.filter((approver) => !refusing.has(approver.person) && mayDecide(approver, emergency, deciders));
  return fills(open, deciders, escalated);
}

/** Whoever asks for an emergency does not decide on it, under whatever other role, key or name: as far as keys of the constitution tell. */
export function mayDecide({ person }: Approver, { requester }: Emergency, { approvers }: Pick<Deciders, "approvers">): boolean {
  const asking = approvers.find(({ key: { alg, key } }) => alg === requester.alg && equalBytes(key, requester.key));
  if (asking === undefined) return true;
  const signerOf = findSigners(approvers);
  return signerOf(asking.person) !== signerOf(person);
}

function fills(given: readonly Approver[], { rule, approvers, isRevoked }: Deciders, escalated: boolean): boolean {
  const counting = given.filter(({ key }) => !isRevoked(key));
  const full = (thresholds: readonly RoleThreshold[]): boolean => countMissing(thresholds, counting, approvers).length === 0;
  return full(rule.first) || (escalated && full(rule.second));
}

function askedRoles({ first, second }: BreakGlassRule, escalated: boolean): RoleThreshold[] {
  return (escalated ? [...first, ...second] : [...first]).slice(0, MOST_ASKED);
}

/** As many as the formats hold. */
const MOST_TOLD = 64;
const MOST_ASKED = 16;
