import type { JobReply } from "@caladrius/wire";
import type { Decision } from "@caladrius/policies";
import { analyse } from "../analyse/index.ts";
import { authorize } from "../authorize/authorize.ts";
import type { Enclave } from "../boot/boot.ts";
import { openJob, readRecording, type OpenedJob, type UnopenedReason } from "../open/open-job.ts";
import { analysisDisclosures, denialDisclosures, type Disclosures } from "./disclosures.ts";
import { attestCannotOpen, attestResult } from "./result.ts";

/** A reply, or the reason for which the job was not opened. */
export type Answer = { kind: "reply"; reply: JobReply } | { kind: "unopened"; reason: UnopenedReason };

/**
 * One job from sealed bytes to sealed replies: open, authorize, analyse, attest. Synchronous, with no memory of other
 * jobs. Once opened, whatever happens the host sees an answer of the same shape and size.
 *
 * @throws DependencyError time-unknown; InvariantError for bugs
 */
export function answerJob(enclave: Enclave, sealed: Uint8Array): Answer {
  const interval = enclave.clock.now();
  const outcome = openJob(sealed, (keyId) => enclave.keys.find(keyId), enclave.constitutionDigest, interval.fromMs);
  if (outcome.kind === "unopened") return outcome;
  if (outcome.kind === "cannot-open") return { kind: "reply", reply: attestCannotOpen(enclave, outcome.jobDigest, interval) };
  return { kind: "reply", reply: answerOpened(enclave, outcome.job) };
}

function answerOpened(enclave: Enclave, job: OpenedJob): JobReply {
  const decision = authorize(enclave, job, enclave.clock.now());
  if (!decision.allowed) return attestResult(enclave, job, denialDisclosures(job, decision.code), enclave.clock.now(), false);
  return attestResult(enclave, job, disclosuresOf(enclave, job, decision), enclave.clock.now(), decision.statusStale);
}

/** A bug that some recording brings out must not show as an error of another shape: it is a denial like any other. */
function disclosuresOf(enclave: Enclave, job: OpenedJob, decision: Allowed): Disclosures {
  try {
    const recording = readRecording(job);
    if (recording === null) return denialDisclosures(job, "denied-recording");
    const detectors = decision.detectors.map((rule) => rule.id);
    const applying = job.request.detectors.length === 0; // all that apply, of those the policy allows
    return analysisDisclosures(job, analyse(recording, { detectors, applying, parameters: enclave.detectorParameters }));
  } catch {
    return denialDisclosures(job, "failed-analysis");
  }
}

type Allowed = Extract<Decision, { allowed: true }>;
