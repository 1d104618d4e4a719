import { KMS_SUITE, type JobReply, type NoticeEvent, type Recording, type SealedJobHeader } from "@caladrius/wire";
import type { GivenApproval } from "@caladrius/attestation-verifier/governance";
import type { Decision, DenialCode } from "@caladrius/policies";
import { analyse } from "../analyse/index.ts";
import { authorize, spend } from "../authorize/authorize.ts";
import { ensureEvidence, type Enclave } from "../boot/boot.ts";
import type { TimeInterval } from "../boot/clock.ts";
import { countUse, mayUse, takeStep, verifyAnswer } from "../emergency/steps.ts";
import { dataKeyJobKeys, hpkeJobKeys, type JobKeys } from "../open/job-keys.ts";
import { unwrapDataKey } from "../open/open-kms-job.ts";
import { openJob, readRecording, type OpenedJob, type OpenOutcome, type UnopenedReason } from "../open/open-job.ts";
import { analysisDisclosures, denialDisclosures, emergencyDisclosures, type Disclosures } from "./disclosures.ts";
import { attestCannotOpen, attestResult } from "./result.ts";

/** A reply, or the reason for which the job was not opened. */
export type Answer = { kind: "reply"; reply: JobReply } | { kind: "unopened"; reason: UnopenedReason };

/**
 * One job from sealed bytes to sealed replies: open, authorize, analyse, attest. Of jobs before, it knows the uses of grants,
 * the numbers of devices and the emergencies alone. Once opened, whatever happens the host sees an answer of the same shape
 * and size. All but the check of an approval is one synchronous call.
 *
 * @param dataKey for a job under a KMS data key: what KMS gave for it
 * @throws DependencyError time-unknown; InvariantError for bugs
 */
export async function answerSealedJob(enclave: Enclave, sealed: Uint8Array, dataKey: Uint8Array | null = null): Promise<Answer> {
  const outcome = open(enclave, sealed, dataKey);
  if (outcome.kind !== "opened") return withoutJob(enclave, outcome);
  const given = await verifyAnswer(enclave, outcome.job);
  return { kind: "reply", reply: answerOpened(enclave, outcome.job, given) };
}

/**
 * The same at once, for jobs that carry no approval: one that does counts for nothing here.
 * @throws as answerSealedJob
 */
export function answerJob(enclave: Enclave, sealed: Uint8Array, dataKey: Uint8Array | null = null): Answer {
  const outcome = open(enclave, sealed, dataKey);
  if (outcome.kind !== "opened") return withoutJob(enclave, outcome);
  return { kind: "reply", reply: answerOpened(enclave, outcome.job, null) };
}

function open(enclave: Enclave, sealed: Uint8Array, dataKey: Uint8Array | null): OpenOutcome {
  const interval = enclave.clock.now();
  const findKeys = (header: SealedJobHeader): JobKeys | null => keysFor(enclave, header, interval, dataKey);
  return openJob(sealed, findKeys, enclave.constitutionDigest, interval.fromMs);
}

function withoutJob(enclave: Enclave, outcome: Exclude<OpenOutcome, { kind: "opened" }>): Answer {
  if (outcome.kind === "unopened") return outcome;
  return { kind: "reply", reply: attestCannotOpen(enclave, outcome.jobDigest, enclave.clock.now()) };
}

/**
 * One job under a KMS data key, which lives as long as this call.
 * @throws as answerSealedJob; Refused overloaded, KmsError; DependencyError nsm-*
 */
export function answerDataKeyJob(enclave: Enclave, sealed: Uint8Array): Promise<Answer> {
  return enclave.turns.dataKeys.take(() => answerUnwrapped(enclave, sealed));
}

async function answerUnwrapped(enclave: Enclave, sealed: Uint8Array): Promise<Answer> {
  const unwrapped = await unwrapDataKey(enclave, sealed);
  if (unwrapped.kind === "unopened") return unwrapped;
  if (unwrapped.kind === "cannot-open")
    return { kind: "reply", reply: attestCannotOpen(enclave, unwrapped.jobDigest, enclave.clock.now()) };
  try {
    await ensureEvidence(enclave);
    return await answerSealedJob(enclave, sealed, unwrapped.dataKey);
  } finally {
    unwrapped.dataKey.fill(0);
  }
}

/** The keys that a header names, among those that are live now. */
function keysFor(enclave: Enclave, header: SealedJobHeader, now: TimeInterval, dataKey: Uint8Array | null): JobKeys | null {
  const { constitutionDigest, identity } = enclave;
  if (header.suite === KMS_SUITE) return dataKey === null ? null : dataKeyJobKeys(dataKey, header, identity, constitutionDigest);
  const boot = enclave.keys.find(header.keyId);
  if (boot !== null) return hpkeJobKeys(boot, header, identity, constitutionDigest);
  const epoch = enclave.epochs.find(header.keyId, now);
  return epoch === null ? null : hpkeJobKeys(epoch.keys, header, epoch.identity, constitutionDigest);
}

function answerOpened(enclave: Enclave, job: OpenedJob, given: GivenApproval | null): JobReply {
  const recording = readRecording(job);
  const ofSubject = recording !== null && recording.subject === job.request.subject;
  const now = enclave.clock.now();
  const decision = decided(enclave, job, ofSubject ? recording : null, now);
  const { disclosures, event, allowed } = disclosuresOf(enclave, job, { recording, decision, given, now });
  const flags = { statusStale: decision.allowed && decision.statusStale, breakGlass: allowed && decision.allowed && decision.breakGlass };
  return attestResult(enclave, job, disclosures, enclave.clock.now(), { ...flags, event });
}

/** A bug that some request brings out is a denial: an error of another shape would tell the host something of it. */
function decided(enclave: Enclave, job: OpenedJob, recording: Recording | null, now: TimeInterval): Decision {
  try {
    return authorize(enclave, job, recording, now);
  } catch {
    return { allowed: false, code: job.verified ? "failed-decision" : "denied" };
  }
}

/** What an opened job leads to. */
interface Outcome {
  disclosures: Disclosures;
  /** whether it was not denied after all */
  allowed: boolean;
  /** what happened to an emergency with it */
  event: NoticeEvent | null;
}

/**
 * A denied job is analysed by the detectors that it asks for, and disclosed, like any other, and all of it dropped; and so
 * is one that only asks about emergencies: a host that could tell them by how soon they come would learn what the answer
 * hides. A bug that some recording brings out is a denial too, not an error of another shape. Only a job with an analysis
 * spends what it was allowed.
 */
function disclosuresOf(
  enclave: Enclave,
  job: OpenedJob,
  { recording, decision, given, now }: { recording: Recording | null; decision: Decision; given: GivenApproval | null; now: TimeInterval },
): Outcome {
  const denied = (code: DenialCode): Outcome => ({ disclosures: denialDisclosures(job, code), allowed: false, event: null });
  if (recording === null) return denied(decision.allowed ? "denied-recording" : decision.code);
  try {
    const { detectors: named, emergency } = job.request;
    const all = enclave.bundle.detectors;
    const asked = decision.allowed ? decision.detectors : all.filter(({ id }) => named.includes(id));
    const detectors = (asked.length === 0 ? all : asked).map(({ id }) => id);
    const applying = named.length === 0; // all that apply, of those the policy allows
    const analysis = analyse(recording, { detectors, applying, parameters: enclave.detectorParameters });
    const disclosures = analysisDisclosures(job, analysis, decision.allowed ? decision : { grant: null, device: null });
    if (!decision.allowed) return denied(decision.code);
    if (emergency !== undefined && emergency.step !== "use") {
      const outcome = takeStep(enclave, job, given, now);
      if (outcome.denied !== null) return denied(outcome.denied);
      return { disclosures: emergencyDisclosures(job, outcome.states), allowed: true, event: outcome.event };
    }
    if (emergency !== undefined && !mayUse(enclave, job)) return denied("denied-emergency-memory");
    spend(enclave, job, decision);
    return { disclosures, allowed: true, event: emergency === undefined ? null : countUse(enclave, job, now) };
  } catch {
    return denied(decision.allowed ? "failed-analysis" : decision.code);
  }
}
