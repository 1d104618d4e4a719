import type { KeyObject } from "node:crypto";
import {
  decodeJobContent,
  decodeRecording,
  decodeSealedJob,
  decodeSignedRequest,
  decodeStatement,
  equalBytes,
  type DisclosureLevel,
  type Recording,
  type Request,
  type SealedJobHeader,
} from "@caladrius/wire";
import type { CurrentIdentity } from "../boot/identity.ts";
import { sha256, verifySignature } from "../crypto.ts";
import type { HpkePublicKey } from "./hpke.ts";
import type { JobKeys } from "./job-keys.ts";
import { recipientKey } from "./recipient-key.ts";

/** An opened job. `verified` says whether the submitter's statement held; without it nothing more may be told. */
export interface OpenedJob {
  header: SealedJobHeader;
  /** SHA-256 of the sealed job as received */
  jobDigest: Uint8Array;
  /** behind salts and decoys */
  disclosureSeed: KeyObject;
  /** whose keys opened it: the result names this one */
  identity: CurrentIdentity;
  request: Request;
  /** who gets a reply, with keys that can be sealed to */
  recipients: readonly { key: HpkePublicKey; level: DisclosureLevel }[];
  /** SHA-256 of the submitter's raw public key */
  submitterThumbprint: Uint8Array;
  verified: boolean;
  /** the device's statement as it came, null for none */
  deviceBatch: Uint8Array | null;
  recordingDigest: Uint8Array;
  recordingBytes: Uint8Array;
}

/** Why a job was not opened: the host may know these, they depend on nothing inside. */
export type UnopenedReason = "malformed-message" | "unknown-key" | "job-expired" | "no-kms";

/** Not opened, opened, or opened to something that is no job (then nobody is there to answer to). */
export type OpenOutcome =
  | { kind: "unopened"; reason: UnopenedReason }
  | { kind: "cannot-open"; jobDigest: Uint8Array }
  | { kind: "opened"; job: OpenedJob };

/**
 * Opens a sealed job. Everything here is chosen by an attacker until the submitter's signature has been checked.
 * @param nowFromMs the earliest that now can be: a job that may still be valid is opened
 */
export function openJob(
  sealed: Uint8Array,
  findKeys: (header: SealedJobHeader) => JobKeys | null,
  constitutionDigest: Uint8Array,
  nowFromMs: number,
): OpenOutcome {
  let job;
  try {
    job = decodeSealedJob(sealed);
  } catch {
    return { kind: "unopened", reason: "malformed-message" };
  }
  const keys = findKeys(job.header);
  if (keys === null) return { kind: "unopened", reason: "unknown-key" };
  if (job.header.notAfter * 1000 < nowFromMs) return { kind: "unopened", reason: "job-expired" };

  const jobDigest = sha256(sealed);
  try {
    const content = decodeJobContent(keys.open(job));
    const { alg, payload, toBeSigned, signature } = decodeStatement(content.request, "request");
    const signed = decodeSignedRequest(payload);
    const { request } = signed;
    const recordingDigest = sha256(content.recording);
    // Proof of possession, bound to this envelope, these keys, this constitution and this recording: an opened job
    // cannot be sealed again elsewhere, nor a request put over another recording.
    const verified =
      alg === request.submitter.alg &&
      equalBytes(signed.headerBytes, job.headerBytes) &&
      equalBytes(signed.keySetDigest, keys.keyId) &&
      equalBytes(signed.constitutionDigest, constitutionDigest) &&
      equalBytes(signed.recordingDigest, recordingDigest) &&
      verifySignature(request.submitter, toBeSigned, signature);
    return {
      kind: "opened",
      job: {
        header: job.header,
        jobDigest,
        disclosureSeed: keys.disclosureSeed,
        identity: keys.identity,
        request,
        recipients: request.recipients.map(({ key, level }) => ({ key: recipientKey(key), level })),
        submitterThumbprint: sha256(request.submitter.key),
        verified,
        deviceBatch: content.deviceBatch,
        recordingDigest,
        recordingBytes: content.recording,
      },
    };
  } catch {
    // One answer for a wrong key, a broken ciphertext and content that is no job.
    return { kind: "cannot-open", jobDigest };
  }
}

/** The recording of an opened job, of whatever subject, or null when it is none. */
export function readRecording(job: OpenedJob): Recording | null {
  try {
    return decodeRecording(job.recordingBytes);
  } catch {
    return null;
  }
}
