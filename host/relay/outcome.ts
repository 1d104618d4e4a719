import { createHash } from "node:crypto";
import { decodeJobReply, decodeOuterStatus, decodeStatement, equalBytes, type EnclaveErrorName } from "@caladrius/wire";
import { Refusal } from "../errors.ts";
import type { ClaimedJob, Outcome } from "../queue.ts";

/**
 * Reads the enclave's answer to a job. The host cannot open the replies; it sees to it that status and replies belong to
 * this job, so that a mix-up is found here and not by the submitter. The status' signature is for the verifier.
 * @throws WireError, LimitError; Refusal enclave-refused when it is not the answer to this job
 */
export function readOutcome(job: ClaimedJob, body: Uint8Array): Outcome {
  const { status, replies, notices } = decodeJobReply(body);
  const { jobDigest, replyDigests, state } = decodeOuterStatus(decodeStatement(status, "status").payload);
  if (!equalBytes(jobDigest, job.digest)) throw new Refusal("enclave-refused", "the status of another job");
  const digestsAgree = replies.every((reply, index) =>
    equalBytes(createHash("sha256").update(reply).digest(), replyDigests[index] ?? NOTHING),
  );
  if (replies.length !== replyDigests.length || !digestsAgree)
    throw new Refusal("enclave-refused", "replies that the status does not name");
  if (state === "answered" && replies.length === 0) throw new Refusal("enclave-refused", "answered without a reply");
  return state === "answered" ? { state: "answered", status, replies, notices } : { state: "cannot-open", status, notices };
}

/**
 * What a refusal means for the job: it has ended, it is tried again, or it waits for KMS and is tried when something changes.
 * @param isFleetKey whether the job's key is that of an epoch which this host keeps handing over
 */
export function outcomeOfRefusal(reason: EnclaveErrorName, isFleetKey: boolean): Outcome | "retry" | "wait" {
  switch (reason) {
    case "unknown-key": // a fleet's key comes back; of a boot's there is no copy once its enclave is gone
      return isFleetKey ? "wait" : { state: "reseal" };
    case "fleet-epoch-ended":
      return { state: "reseal" };
    case "kms-credentials":
    case "kms-unreachable":
    case "kms-denied":
    case "kms-throttled":
    case "kms-answer-refused":
    case "no-fleet":
      return "wait";
    case "job-expired":
      return { state: "expired" };
    case "malformed-message": // the same bytes would be refused again
      return { state: "cannot-open", status: null };
    default:
      return "retry";
  }
}

const NOTHING = new Uint8Array(0);
