import { decide, grantReader, recordingFacts, type Allowed, type Decision, type DecisionTools } from "@caladrius/policies";
import { rememberCedar, type CedarEngine } from "@caladrius/policies/cedar";
import type { Bundle, Recording } from "@caladrius/wire";
import type { Enclave } from "../boot/boot.ts";
import type { TimeInterval } from "../boot/clock.ts";
import { sha256, verifySignature } from "../crypto.ts";
import { emergencyStanding } from "../emergency/steps.ts";
import type { OpenedJob } from "../open/open-job.ts";
import { AnsweredJobs } from "./memory.ts";

/** What decisions of one boot are made with, and what it remembers of jobs. */
export interface Authority extends DecisionTools {
  memory: AnsweredJobs;
}

/**
 * Tools for the decisions under one bundle.
 * @param remembered how many grants and how many decisions of Cedar's are known again
 */
export function makeAuthority(bundle: Bundle, cedar: CedarEngine, remembered = 512): Authority {
  const crypto = { sha256, verify: verifySignature };
  return {
    crypto,
    readGrant: grantReader(bundle.grantIssuers, crypto, remembered),
    cedar: rememberCedar(cedar, remembered),
    memory: new AnsweredJobs(),
  };
}

/**
 * Decides on an opened job. A request that did not verify learns nothing but that it was denied, and is judged all the same:
 * how long an answer takes does not tell why it is one.
 * @param recording null where the job's bytes are none, or of another subject
 */
export function authorize(enclave: Enclave, job: OpenedJob, recording: Recording | null, interval: TimeInterval): Decision {
  const decision = decide(
    {
      bundle: enclave.bundle,
      constitution: enclave.constitution,
      status: enclave.status,
      pcr0: enclave.imagePcr0,
      submitterThumbprint: job.submitterThumbprint,
      request: job.request,
      jobDigest: job.jobDigest,
      recording: recording === null ? null : recordingFacts(recording),
      recordingDigest: job.recordingDigest,
      deviceBatch: job.deviceBatch,
      emergency: emergencyStanding(enclave, job, interval),
      interval,
    },
    enclave.authority,
  );
  return job.verified ? decision : { allowed: false, code: "denied" };
}

/**
 * Spends what an allowed job uses up, once there is an analysis to answer with. Nothing comes between the decision and
 * this: a job is one synchronous call.
 */
export function spend({ authority }: Pick<Enclave, "authority">, job: OpenedJob, allowed: Allowed): void {
  authority.memory.answered(job.jobDigest, allowed);
}
