import { KMS_SUITE, type JobReply, type Recording, type SealedJobHeader } from "@caladrius/wire";
import type { Decision } from "@caladrius/policies";
import { analyse } from "../analyse/index.ts";
import { authorize, spend } from "../authorize/authorize.ts";
import { ensureEvidence, type Enclave } from "../boot/boot.ts";
import type { TimeInterval } from "../boot/clock.ts";
import { dataKeyJobKeys, hpkeJobKeys, type JobKeys } from "../open/job-keys.ts";
import { unwrapDataKey } from "../open/open-kms-job.ts";
import { openJob, readRecording, type OpenedJob, type UnopenedReason } from "../open/open-job.ts";
import { analysisDisclosures, denialDisclosures, type Disclosures } from "./disclosures.ts";
import { attestCannotOpen, attestResult } from "./result.ts";

/** A reply, or the reason for which the job was not opened. */
export type Answer = { kind: "reply"; reply: JobReply } | { kind: "unopened"; reason: UnopenedReason };

/**
 * One job from sealed bytes to sealed replies: open, authorize, analyse, attest. Synchronous; of jobs before, it knows the
 * uses of grants and the numbers of devices alone. Once opened, whatever happens the host sees an answer of the same shape and size.
 *
 * @param dataKey for a job under a KMS data key: what KMS gave for it
 * @throws DependencyError time-unknown; InvariantError for bugs
 */
export function answerJob(enclave: Enclave, sealed: Uint8Array, dataKey: Uint8Array | null = null): Answer {
  const interval = enclave.clock.now();
  const findKeys = (header: SealedJobHeader): JobKeys | null => keysFor(enclave, header, interval, dataKey);
  const outcome = openJob(sealed, findKeys, enclave.constitutionDigest, interval.fromMs);
  if (outcome.kind === "unopened") return outcome;
  if (outcome.kind === "cannot-open") return { kind: "reply", reply: attestCannotOpen(enclave, outcome.jobDigest, interval) };
  return { kind: "reply", reply: answerOpened(enclave, outcome.job) };
}

/**
 * One job under a KMS data key, which lives as long as this call.
 * @throws as answerJob; Refused overloaded, KmsError; DependencyError nsm-*
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
    return answerJob(enclave, sealed, unwrapped.dataKey);
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

function answerOpened(enclave: Enclave, job: OpenedJob): JobReply {
  const recording = readRecording(job);
  const decision = authorize(enclave, job, recording, enclave.clock.now());
  const disclosures = disclosuresOf(enclave, job, recording, decision);
  const flags = decision.allowed ? decision : { statusStale: false, breakGlass: false };
  return attestResult(enclave, job, disclosures, enclave.clock.now(), flags);
}

/**
 * A denied job is analysed and disclosed like any other and all of it dropped: a host that could tell denials by how soon
 * they come would learn what the answer hides. A bug that some recording brings out is a denial too, not an error of another
 * shape. Only a job with an analysis spends what it was allowed.
 */
function disclosuresOf(enclave: Enclave, job: OpenedJob, recording: Recording | null, decision: Decision): Disclosures {
  if (recording === null) return denialDisclosures(job, decision.allowed ? "denied-recording" : decision.code);
  try {
    const detectors = (decision.allowed ? decision.detectors : enclave.bundle.detectors).map((rule) => rule.id);
    const applying = !decision.allowed || job.request.detectors.length === 0; // all that apply, of those the policy allows
    const analysis = analyse(recording, { detectors, applying, parameters: enclave.detectorParameters });
    const disclosures = analysisDisclosures(job, analysis, decision.allowed ? decision : { grant: null, device: null });
    if (!decision.allowed) return denialDisclosures(job, decision.code);
    spend(enclave, job, decision);
    return disclosures;
  } catch {
    return denialDisclosures(job, decision.allowed ? "failed-analysis" : decision.code);
  }
}
