import { createCipheriv, createHash, randomBytes } from "node:crypto";
import {
  encodeJobContent,
  encodeRecording,
  encodeSealedJob,
  encodeSealedJobHeader,
  encodeSignedRequest,
  encodeStatement,
  jobPaddedBytes,
  KMS_SUITE,
  kmsJobAad,
  kmsJobContext,
  LimitError,
  MAX_SEALED_JOB_BYTES,
  sealedJobInfo,
  sizeBucket,
  toHex,
  utf8Encode,
  type DisclosureLevel,
  type EmergencyStep,
  type Recipient,
  type Recording,
  type Request,
  type SealedJobHeader,
} from "@caladrius/wire";
import type { DataKeys } from "./data-keys.ts";
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
  /** what is asked about an emergency; none in ordinary jobs */
  readonly emergency?: EmergencyStep;
  /** padded size that the job has at least: for jobs that are not to be told apart by theirs */
  readonly leastPaddedBytes?: number;
  /** what the device signed about this recording */
  readonly deviceBatch?: Uint8Array | null;
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
const NONCE: Uint8Array = new Uint8Array(12);

/**
 * Seals a recording and a signed request to a verified enclave, under a fresh random job id; with `dataKeys` under a fresh
 * data key of KMS, which any enclave opens that the KMS key's policy and the target's constitution allow. The host sees
 * suite, key id, job id, end and padded size.
 * @throws LimitError job-too-large when it does not fit a sealed job of 32 MiB; WireError for a recording or request
 * outside the format; SubmitError kms-data-key
 */
export async function sealJob(
  target: SealingTarget,
  recording: Recording,
  job: JobRequest,
  key: SubmitterKey,
  dataKeys: DataKeys | null = null,
): Promise<SealedSubmission> {
  refuseLong(recording);
  const recordingBytes = encodeRecording(recording);
  const recordingDigest = sha256(recordingBytes);
  const request = requestOf(recording, job, key);
  const { deviceBatch = null } = job;
  const { suite, keyId, seal } = dataKeys === null ? toEnclave(target) : underDataKey(target, dataKeys);
  const unsized: Omit<SealedJobHeader, "paddedBytes"> = {
    version: HEADER_VERSION,
    suite,
    keyId,
    jobId: new Uint8Array(randomBytes(JOB_ID_BYTES)),
    notAfter: job.notAfter,
  };
  const state = (headerBytes: Uint8Array, sign: SubmitterKey["sign"]): Uint8Array =>
    encodeStatement(
      "request",
      key.signing.alg,
      encodeSignedRequest({
        headerBytes,
        keySetDigest: keyId,
        constitutionDigest: target.constitutionDigest,
        request,
        recordingDigest,
      }),
      sign,
    );

  // The statement signs the header, which states the size of what holds the statement: measure it with the longest header.
  const longest = state(encodeSealedJobHeader({ ...unsized, paddedBytes: MAX_SEALED_JOB_BYTES }), () => new Uint8Array(SIGNATURE_BYTES));
  const paddedBytes = Math.max(
    sizeBucket(job.leastPaddedBytes ?? 0),
    jobPaddedBytes({ request: longest.length, recording: recordingBytes.length, deviceBatch: deviceBatch?.length ?? 0 }),
  );

  const headerBytes = encodeSealedJobHeader({ ...unsized, paddedBytes });
  const content = encodeJobContent({ request: state(headerBytes, key.sign), recording: recordingBytes, deviceBatch }, paddedBytes);
  const { enc, ciphertext } = await seal(content, headerBytes, unsized.jobId).finally(() => content.fill(0));
  const sealed = encodeSealedJob({ headerBytes, enc, ciphertext });
  return { sealed, digest: sha256(sealed), jobId: unsized.jobId, notAfter: job.notAfter, paddedBytes, nonce: job.nonce, level: job.level };
}

/** How a job's content is sealed, and what its header says of that. */
interface Sealing {
  suite: SealedJobHeader["suite"];
  keyId: Uint8Array;
  seal(content: Uint8Array, headerBytes: Uint8Array, jobId: Uint8Array): Promise<{ enc: Uint8Array; ciphertext: Uint8Array }>;
}

/** HPKE to the enclave's keys, or its fleet's. */
function toEnclave({ recipient, keyId, constitutionDigest }: SealingTarget): Sealing {
  const suite = CIPHER_SUITES[recipient.suite];
  return {
    suite: recipient.suite,
    keyId,
    async seal(content, headerBytes) {
      const info = sealedJobInfo(keyId, constitutionDigest);
      const recipientKey = await suite.DeserializePublicKey(recipient.publicKey);
      const { encapsulatedSecret, ciphertext } = await suite.Seal(recipientKey, content, { aad: headerBytes, info });
      return { enc: encapsulatedSecret, ciphertext };
    },
  };
}

/** AES-256-GCM under a data key made for this one job, so that the nonce may be constant. */
function underDataKey({ constitutionDigest }: SealingTarget, dataKeys: DataKeys): Sealing {
  return {
    suite: KMS_SUITE,
    keyId: sha256(utf8Encode(dataKeys.arn)),
    async seal(content, headerBytes, jobId) {
      const { plaintext, blob } = await dataKeys.generate(kmsJobContext(toHex(constitutionDigest), toHex(jobId)));
      const cipher = createCipheriv("aes-256-gcm", plaintext, NONCE).setAAD(kmsJobAad(constitutionDigest, headerBytes));
      plaintext.fill(0);
      const ciphertext = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
      return { enc: blob, ciphertext };
    },
  };
}

/** Bytes of a recording's samples and their offsets, which are nearly all of it. */
export function sampleBytesOf({ channels }: Recording): number {
  return channels.reduce(
    (sum, { samples, timing }) => sum + samples.byteLength + (timing.kind === "offsets" ? timing.offsetsMs.byteLength : 0),
    0,
  );
}

/** Said before anything is encoded. Longer recordings will travel as streams. */
function refuseLong(recording: Recording): void {
  const sampleBytes = sampleBytesOf(recording);
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
    ...(job.emergency === undefined ? {} : { emergency: job.emergency }),
  };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
