import {
  verifyResultFile,
  type ResultFileClaims,
  type SignatureBackend,
  type TrustSettings,
  type Verdict,
} from "@caladrius/attestation-verifier";
import {
  AEAD_TAG_BYTES,
  decodeReplyContent,
  decodeSealedReply,
  encodeResultFile,
  replyInfo,
  replyPaddedBytes,
  SUITES,
  type ReplyContent,
  type SealedReply,
} from "@caladrius/wire";
import { SubmitError } from "./errors.ts";
import type { SubmitterKey } from "./keys.ts";
import type { SealedSubmission } from "./seal.ts";

/** Of a sealed job, what its reply is bound to. */
export type AnsweredJob = Pick<SealedSubmission, "digest" | "nonce" | "paddedBytes" | "level">;

const RESULT_FILE_VERSION = 1;
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Opens the sealed reply to a job and makes the result file of it: what was disclosed to this recipient. Nothing about
 * it is verified yet.
 *
 * @param sealedReply attacker-controlled
 * @throws SubmitError reply-form, reply-open
 */
export async function openReply(sealedReply: Uint8Array, job: AnsweredJob, key: SubmitterKey): Promise<Uint8Array> {
  const { enc, ciphertext } = readSealedReply(sealedReply);
  const expectedBytes = replyPaddedBytes(job.level, job.paddedBytes) + AEAD_TAG_BYTES;
  if (enc.length !== SUITES[key.sealing.suite].encBytes || ciphertext.length !== expectedBytes)
    throw new SubmitError("reply-form", `${ciphertext.length} bytes, expected ${expectedBytes}`);
  let padded: Uint8Array;
  try {
    padded = await key.open({ enc, info: replyInfo(job.digest), aad: NOTHING, ciphertext });
  } catch {
    throw new SubmitError("reply-open");
  }
  const { result, disclosures, identity, evidence } = readContent(padded);
  return encodeResultFile({ version: RESULT_FILE_VERSION, result, disclosures, identity, evidence });
}

/**
 * Verifies the result file of a job that we sealed: every step of the verifier, and that it answers this job with our
 * nonce. These prove that it is fresh, so the evidence may be as old as a result's may be, whatever the trust file says
 * of evidence that is asked for live.
 */
export function verifyAnswer(
  file: Uint8Array,
  job: AnsweredJob,
  options: { trust: TrustSettings; nowMs: number; signatures: SignatureBackend },
): Promise<Verdict<ResultFileClaims>> {
  const { trust, nowMs, signatures } = options;
  return verifyResultFile(
    file,
    trust,
    { mode: { kind: "live", nowMs, nonce: null, maxAgeMs: MAX_EVIDENCE_AGE_MS }, jobDigest: job.digest, nonce: job.nonce },
    signatures,
  );
}

function readSealedReply(bytes: Uint8Array): SealedReply {
  try {
    return decodeSealedReply(bytes);
  } catch {
    throw new SubmitError("reply-form");
  }
}

/** Checks the padding too: a sender could hide something in it. */
function readContent(padded: Uint8Array): ReplyContent {
  try {
    return decodeReplyContent(padded);
  } catch {
    throw new SubmitError("reply-form");
  }
}

/** A result ends at most an hour after its evidence; another hour for the host to hand it over. */
const MAX_EVIDENCE_AGE_MS = 2 * 3_600_000;
