import { createHash, randomBytes } from "node:crypto";
import {
  encodeJobContent,
  encodeRecording,
  encodeSealedJob,
  encodeSealedJobHeader,
  encodeSignedRequest,
  encodeStatement,
  jobPaddedBytes,
  LimitError,
  MAX_SEALED_JOB_BYTES,
  sealedJobInfo,
  type DisclosureLevel,
  type Recipient,
  type Recording,
  type Request,
  type SealedJobHeader,
} from "@caladrius/wire";
import type { SubmitterKey } from "./keys.ts";
import { CIPHER_SUITES } from "./suites.ts";
import type { SealingTarget } from "./trust.ts";

/** What a submitter asks for. */
export interface JobRequest {
  /** what the submitter's own reply discloses */
  readonly level: DisclosureLevel;
  /** HL7 v3 PurposeOfUse code */
  readonly purpose: string;
  /** detector ids; empty = all that apply */
  readonly detectors: readonly string[];
  /** 8 to 64 bytes that the result repeats; the same when a job is sealed again */
  readonly nonce: Uint8Array;
  /** Unix seconds after which no enclave opens the job */
  readonly notAfter: number;
  readonly ward?: string | null;
  /** further recipients of replies of their own */
  readonly recipients?: readonly Recipient[];
  readonly floors?: Request["floors"];
  readonly grants?: Request["grants"];
}

/** A sealed job and what its result must repeat. */
export interface SealedSubmission {
  /** the bytes that travel */
  readonly sealed: Uint8Array;
  /** SHA-256 of `sealed` */
  readonly digest: Uint8Array;
  readonly jobId: Uint8Array;
  readonly notAfter: number;
  readonly paddedBytes: number;
  readonly nonce: Uint8Array;
  readonly level: DisclosureLevel;
}

const HEADER_VERSION = 1;
const JOB_ID_BYTES = 16;
const SIGNATURE_BYTES = 64;

/**
 * Seals a recording and a signed request to a verified enclave, under a fresh random job id. The host sees suite, key id,
 * job id, end and padded size.
 * @throws LimitError job-too-large when it does not fit a sealed job of 32 MiB; WireError for a recording or request
 * outside the format
 */
export async function sealJob(target: SealingTarget, recording: Recording, job: JobRequest, key: SubmitterKey): Promise<SealedSubmission> {
  refuseLong(recording);
  const recordingBytes = encodeRecording(recording);
  const recordingDigest = sha256(recordingBytes);
  const request = requestOf(recording, job, key);
  const unsized: Omit<SealedJobHeader, "paddedBytes"> = {
    version: HEADER_VERSION,
    suite: target.recipient.suite,
    keyId: target.keyId,
    jobId: new Uint8Array(randomBytes(JOB_ID_BYTES)),
    notAfter: job.notAfter,
  };
  const state = (headerBytes: Uint8Array, sign: SubmitterKey["sign"]): Uint8Array =>
    encodeStatement(
      "request",
      "Ed25519",
      encodeSignedRequest({
        headerBytes,
        keySetDigest: target.keyId,
        constitutionDigest: target.constitutionDigest,
        request,
        recordingDigest,
      }),
      sign,
    );

  // The statement signs the header, which states the size of what holds the statement: measure it with the longest header.
  const longest = state(encodeSealedJobHeader({ ...unsized, paddedBytes: MAX_SEALED_JOB_BYTES }), () => new Uint8Array(SIGNATURE_BYTES));
  const paddedBytes = jobPaddedBytes({ request: longest.length, recording: recordingBytes.length, deviceBatch: 0 });

  const headerBytes = encodeSealedJobHeader({ ...unsized, paddedBytes });
  const content = encodeJobContent({ request: state(headerBytes, key.sign), recording: recordingBytes, deviceBatch: null }, paddedBytes);
  const suite = CIPHER_SUITES[target.recipient.suite];
  const recipientKey = await suite.DeserializePublicKey(target.recipient.publicKey);
  const { encapsulatedSecret, ciphertext } = await suite.Seal(recipientKey, content, {
    aad: headerBytes,
    info: sealedJobInfo(target.keyId, target.constitutionDigest),
  });
  content.fill(0);
  const sealed = encodeSealedJob({ headerBytes, enc: encapsulatedSecret, ciphertext });
  return { sealed, digest: sha256(sealed), jobId: unsized.jobId, notAfter: job.notAfter, paddedBytes, nonce: job.nonce, level: job.level };
}

/** Said before anything is encoded. Longer recordings will travel as streams. */
function refuseLong({ channels }: Recording): void {
  const sampleBytes = channels.reduce(
    (sum, { samples, timing }) => sum + samples.byteLength + (timing.kind === "offsets" ? timing.offsetsMs.byteLength : 0),
    0,
  );
  if (sampleBytes > MAX_SEALED_JOB_BYTES)
    throw new LimitError(
      "job-too-large",
      `a recording of ${sampleBytes} bytes does not fit a sealed job of ${MAX_SEALED_JOB_BYTES}: split it`,
    );
}

function requestOf(recording: Recording, job: JobRequest, key: SubmitterKey): Request {
  return {
    submitter: key.signing,
    recipients: [{ key: key.sealing, level: job.level }, ...(job.recipients ?? [])],
    subject: recording.subject,
    ward: job.ward ?? null,
    purpose: job.purpose,
    detectors: [...job.detectors],
    nonce: job.nonce,
    floors: job.floors ?? { policyVersion: 0, statusVersion: 0 },
    grants: [...(job.grants ?? [])],
  };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
