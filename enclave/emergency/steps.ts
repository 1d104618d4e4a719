import { randomBytes } from "node:crypto";
import { verifyApproval, type GivenApproval } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { widest, WIDTH, type DenialCode, type EmergencyStanding } from "@caladrius/policies";
import {
  approvedBytes,
  encodeEmergency,
  encodeStatement,
  equalBytes,
  toHex,
  type Approver,
  type Emergency,
  type EmergencyState,
  type NoticeEvent,
  type SigningPublicKey,
} from "@caladrius/wire";
import type { Enclave } from "../boot/boot.ts";
import type { TimeInterval } from "../boot/clock.ts";
import { sha256, sha384 } from "../crypto.ts";
import type { OpenedJob } from "../open/open-job.ts";
import type { KeptEmergency } from "./emergencies.ts";
import { standingOf, type Deciders } from "./standing.ts";

/** What a job did about an emergency, or why nothing. */
export type StepOutcome = { denied: DenialCode } | { denied: null; states: EmergencyState[]; event: NoticeEvent | null };

/** What an emergency allows a job before anything is decided about it; null where there is none to speak of. */
export function emergencyStanding(enclave: Enclave, { request }: OpenedJob, now: TimeInterval): EmergencyStanding | null {
  const { breakGlass: rule } = enclave.bundle;
  const { emergency: step } = request;
  if (step === undefined || rule === null) return null;
  if (step.step !== "use") return { granted: false, level: rule.level, purposes: rule.purposes };
  const kept = step.id === null ? null : enclave.emergencies.find(step.id);
  if (kept === null) return null;
  const { requester, subject, ward, level, purpose } = kept.emergency;
  const granted =
    sameKey(requester, request.submitter) &&
    subject === request.subject &&
    ward === request.ward &&
    standingOf(kept, decidersOf(enclave, now), now).state === "granted";
  return { granted, level, purposes: [purpose] };
}

/**
 * Who gave the approval that a job carries, null for none that counts. Verified apart from all else, as the verifier's
 * checks may take their time; whether it changes anything is decided with the job.
 */
export async function verifyAnswer(enclave: Enclave, { request, verified }: OpenedJob): Promise<GivenApproval | null> {
  const { step, id, approval } = request.emergency ?? { step: null, id: null, approval: null };
  if (!verified || step !== "answer" || id === null || approval === null) return null;
  const kept = enclave.emergencies.find(id);
  if (kept === null) return null;
  const digest = sha384(approvedBytes("emergency", enclave.constitutionDigest, kept.statement));
  return verifyApproval(approval, { kind: "emergency", digest }, enclave.constitution, signatures);
}

/**
 * Does what an allowed job asks about emergencies; for steps `open`, `list` and `answer`.
 * @param given who gave the approval that it carries
 */
export function takeStep(enclave: Enclave, job: OpenedJob, given: GivenApproval | null, now: TimeInterval): StepOutcome {
  switch (job.request.emergency?.step) {
    case "open":
      return open(enclave, job, now);
    case "answer":
      return answer(enclave, job, given, now);
    case "list":
      return { denied: null, states: list(enclave, job.request.submitter, now), event: null };
    default:
      return { denied: "denied-emergency" };
  }
}

/** Whether a job under an emergency can be counted: asked before it is answered. */
export function mayUse(enclave: Enclave, job: OpenedJob): boolean {
  const kept = usedBy(enclave, job);
  return kept !== null && enclave.emergencies.mayUse(kept, job.jobDigest);
}

/** Counts a job that was answered under an emergency; null when it had been counted. */
export function countUse(enclave: Enclave, job: OpenedJob, now: TimeInterval): NoticeEvent | null {
  const kept = usedBy(enclave, job);
  if (kept === null || !enclave.emergencies.use(kept, job.jobDigest)) return null;
  return eventOf(enclave, "used", kept, job, now);
}

function open(enclave: Enclave, job: OpenedJob, now: TimeInterval): StepOutcome {
  const { bundle, emergencies, bootId, constitutionDigest } = enclave;
  const { request, jobDigest } = job;
  const rule = bundle.breakGlass;
  const reason = request.emergency?.reason ?? null;
  if (rule === null || reason === null) return { denied: "denied-emergency" };
  const before = emergencies.openedWith(jobDigest);
  if (before !== null) return { denied: null, states: [stateOf(enclave, before, now)], event: null };
  if (emergencies.wasOpenedWith(jobDigest)) return { denied: "denied-emergency" };
  const level = widest(request);
  if (!rule.purposes.includes(request.purpose)) return { denied: "denied-emergency-purpose" };
  if (WIDTH[level] > WIDTH[rule.level]) return { denied: "denied-emergency-level" };
  if (!emergencies.hasRoom(request.submitter, decidersOf(enclave, now), now)) return { denied: "denied-emergency-memory" };
  const emergency: Emergency = {
    version: 1,
    id: new Uint8Array(randomBytes(16)),
    bootId,
    constitutionDigest,
    requester: { alg: request.submitter.alg, key: new Uint8Array(request.submitter.key) }, // a view would keep the whole job in memory
    subject: request.subject,
    ward: request.ward,
    purpose: request.purpose,
    level,
    reason,
    openedAtMs: now.toMs,
    validSeconds: rule.validSeconds,
  };
  const statement = encodeStatement("emergency", "Ed25519", encodeEmergency(emergency), enclave.resultKey.sign);
  if (statement.length > MOST_STATEMENT_BYTES) return { denied: "denied-emergency" };
  const kept = emergencies.open(emergency, statement, jobDigest);
  return { denied: null, states: [stateOf(enclave, kept, now)], event: eventOf(enclave, "opened", kept, job, now) };
}

function answer(enclave: Enclave, job: OpenedJob, given: GivenApproval | null, now: TimeInterval): StepOutcome {
  const { id = null, approval = null } = job.request.emergency ?? {};
  const kept = id === null ? null : enclave.emergencies.find(id);
  if (kept === null) return { denied: "denied-emergency" };
  const deciders = decidersOf(enclave, now);
  const by = approval === null ? approversWith(enclave, job.request.submitter) : given === null ? [] : [given.approver];
  const came = enclave.emergencies.answer(kept, { granted: approval !== null, by }, deciders, now);
  if (came === null) return { denied: "denied-emergency-answer" };
  return {
    denied: null,
    states: [stateOf(enclave, kept, now)],
    event: came === "taken" ? null : eventOf(enclave, came, kept, job, now),
  };
}

/**
 * What waits for the roles that this key has in the constitution, and what it asked for itself; as many as a reply holds, the
 * newest first, and of each requester one before the next: nobody hides what others ask for behind much of their own.
 */
function list(enclave: Enclave, key: SigningPublicKey, now: TimeInterval): EmergencyState[] {
  const deciders = decidersOf(enclave, now);
  const roles = new Set(approversWith(enclave, key).flatMap(({ key: own, role }) => (deciders.isRevoked(own) ? [] : [role])));
  const states: EmergencyState[] = [];
  let room = LIST_BYTES;
  for (const kept of inTurns(enclave.emergencies.all.toReversed())) {
    const state = stateOf(enclave, kept, now);
    const forThem = state.state === "waiting" && state.asked.some(({ role }) => roles.has(role));
    room -= sizeOf(state);
    if ((forThem || sameKey(kept.emergency.requester, key)) && room >= 0) states.push(state);
    else room += sizeOf(state);
  }
  return states;
}

/** The first of each requester, then the second of each, and so on. */
function inTurns(all: readonly KeptEmergency[]): KeptEmergency[] {
  const before = new Map<string, number>();
  const turns = all.map((kept) => {
    const { key } = kept.emergency.requester;
    const turn = before.get(toHex(key)) ?? 0;
    before.set(toHex(key), turn + 1);
    return { kept, turn };
  });
  return turns.toSorted((a, b) => a.turn - b.turn).map(({ kept }) => kept);
}

function usedBy({ emergencies }: Enclave, { request: { emergency } }: OpenedJob): KeptEmergency | null {
  return emergency?.step === "use" && emergency.id !== null ? emergencies.find(emergency.id) : null;
}

/** Entries of the constitution that this key signs statements for; a passkey signs none. */
function approversWith({ constitution }: Enclave, key: SigningPublicKey): Approver[] {
  return constitution.approvers.filter((approver) => approver.passkey === null && sameKey(approver.key, key));
}

function decidersOf({ bundle, constitution, status }: Enclave, now: TimeInterval): Deciders {
  const { breakGlass: rule } = bundle;
  if (rule === null) throw new RangeError("an emergency where none is allowed");
  return {
    rule,
    approvers: constitution.approvers,
    isRevoked: ({ key }) => status.revocations.isRevoked("key", sha256(key), now.toMs),
  };
}

function stateOf(enclave: Enclave, kept: KeptEmergency, now: TimeInterval): EmergencyState {
  return { emergency: kept.statement, ...standingOf(kept, decidersOf(enclave, now), now) };
}

function eventOf(enclave: Enclave, what: NoticeEvent["what"], kept: KeptEmergency, job: OpenedJob, now: TimeInterval): NoticeEvent {
  const { answers } = standingOf(kept, decidersOf(enclave, now), now);
  return { what, emergency: kept.statement, answers, jobDigest: job.jobDigest, atMs: now.toMs, uses: enclave.emergencies.uses };
}

function sizeOf({ emergency, answers, asked }: EmergencyState): number {
  const named = [...answers, ...asked].reduce(
    (sum, one) => sum + 3 * (one.role.length + ("person" in one ? one.person.length : 0)) + NAMES_BYTES,
    0,
  );
  return emergency.length + named + STATE_BYTES;
}

function sameKey(a: SigningPublicKey, b: SigningPublicKey): boolean {
  return a.alg === b.alg && equalBytes(a.key, b.key);
}

/** So that a notice holds it with many answers. */
const MOST_STATEMENT_BYTES = 2048;
/** Of the smallest reply with disclosures, what is left besides result, identity and evidence. */
const LIST_BYTES = 8192;
/** What encoding adds: more than it takes. */
const NAMES_BYTES = 40;
const STATE_BYTES = 128;
