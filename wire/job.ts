import { decodeCbor, encodeCbor, type CborValue } from "./cbor/index.ts";
import { LimitError, WireError } from "./errors.ts";
import { MAX_KMS_BLOB_BYTES } from "./fleet.ts";
import { pad, unpad } from "./padding.ts";
import { bytes, decodeWith, encodeWith, int, nullable, oneOf, refine, struct, tuple, version, type Schema } from "./schema/index.ts";
import { isSizeBucket, MAX_SEALED_JOB_BYTES, sizeBucket } from "./sizes.ts";
import { AEAD_TAG_BYTES, KMS_SUITE, SUITES, type JobSuiteId, type SuiteId } from "./suites.ts";

/** What stands in the clear on a sealed job, authenticated: the host routes by it. */
export interface SealedJobHeader {
  version: number;
  suite: JobSuiteId;
  /** SHA-256 of the key set, 32 bytes; of the KMS key's ARN in UTF-8 for KMS-A256GCM */
  keyId: Uint8Array;
  /** 16 random bytes */
  jobId: Uint8Array;
  /** Unix seconds after which no enclave opens it */
  notAfter: number;
  /** size of the padded content: 2^k or 1.5 x 2^k */
  paddedBytes: number;
}

/** A sealed job as it travels (COSE_Encrypt0 shape: protected header, enc, ciphertext). */
export interface SealedJob {
  header: SealedJobHeader;
  /** the protected header as received: AAD of the sealing */
  headerBytes: Uint8Array;
  enc: Uint8Array;
  ciphertext: Uint8Array;
}

/** What is inside: a request statement, the recording, and the device's statement over it when there is one. */
export interface JobContent {
  request: Uint8Array;
  recording: Uint8Array;
  deviceBatch: Uint8Array | null;
}

/** Schema of an HPKE suite's name. */
export const suiteSchema: Schema<SuiteId> = oneOf("MLKEM768-X25519", "X25519");

const jobSuiteSchema: Schema<JobSuiteId> = oneOf("MLKEM768-X25519", "X25519", KMS_SUITE);

const header: Schema<SealedJobHeader> = refine(
  struct<SealedJobHeader>({
    version: ["v", version(1)],
    suite: ["suite", jobSuiteSchema],
    keyId: ["kid", bytes(32)],
    jobId: ["job", bytes(16)],
    notAfter: ["exp", int(0, 2 ** 40)],
    paddedBytes: ["size", int(4096, MAX_SEALED_JOB_BYTES)],
  }),
  (value) => value,
  (value, path) => {
    if (!isSizeBucket(value.paddedBytes))
      throw new WireError("sealed-job-padding", `${path}.paddedBytes: ${value.paddedBytes} is no size bucket`);
    return value;
  },
);

const content: Schema<JobContent> = tuple<JobContent>([
  ["request", bytes(1, 64 * 1024)],
  ["recording", bytes(1, MAX_SEALED_JOB_BYTES)],
  ["deviceBatch", nullable(bytes(1, 64 * 1024))],
]);

const ENC_LABEL = -4; // COSE header parameter "ek" of the cose-hpke draft

/** Encodes the clear header. */
export function encodeSealedJobHeader(value: SealedJobHeader): Uint8Array {
  return encodeWith(header, value);
}

/** Joins header, encapsulated key and ciphertext into the bytes that travel. */
export function encodeSealedJob(job: { headerBytes: Uint8Array; enc: Uint8Array; ciphertext: Uint8Array }): Uint8Array {
  return encodeCbor([job.headerBytes, new Map([[ENC_LABEL, job.enc]]), job.ciphertext]);
}

/**
 * Reads a sealed job: lengths are checked against suite and padded size, nothing is opened.
 * @throws WireError cbor-*, schema-*, sealed-job-padding; LimitError limit-bytes
 */
export function decodeSealedJob(sealed: Uint8Array): SealedJob {
  const value = decodeCbor(sealed, { maxBytes: MAX_SEALED_JOB_BYTES + 8192, maxDepth: 2, maxItems: 8 });
  if (!Array.isArray(value) || value.length !== 3) throw new WireError("schema-type", "sealed job: expected an array of three");
  const [headerBytes, unprotected, ciphertext] = value as readonly CborValue[];
  if (!(headerBytes instanceof Uint8Array) || !(ciphertext instanceof Uint8Array))
    throw new WireError("schema-type", "sealed job: header and ciphertext must be bytes");
  const enc =
    unprotected instanceof Map && unprotected.size === 1
      ? (unprotected as ReadonlyMap<number | string, CborValue>).get(ENC_LABEL)
      : undefined;
  if (!(enc instanceof Uint8Array))
    throw new WireError("schema-type", "sealed job: expected exactly the encapsulated key beside header and ciphertext");
  const decoded = decodeWith(header, headerBytes, "sealed job header", { maxBytes: 512 });
  if (decoded.suite === KMS_SUITE ? enc.length < 1 || enc.length > MAX_KMS_BLOB_BYTES : enc.length !== SUITES[decoded.suite].encBytes)
    throw new WireError("schema-range", `sealed job: ${enc.length} bytes of encapsulated key for ${decoded.suite}`);
  if (ciphertext.length !== decoded.paddedBytes + AEAD_TAG_BYTES)
    throw new WireError(
      "sealed-job-padding",
      `sealed job: ${ciphertext.length} bytes of ciphertext for a padded size of ${decoded.paddedBytes}`,
    );
  return { header: decoded, headerBytes, enc, ciphertext };
}

/** All that a host may read of a sealed job. @throws as decodeSealedJob */
export function decodeSealedJobHeader(sealed: Uint8Array): SealedJobHeader {
  return decodeSealedJob(sealed).header;
}

/**
 * Encodes the content and pads it to the size that the clear header states.
 * @throws WireError sealed-job-padding when it does not fit
 */
export function encodeJobContent(value: JobContent, paddedBytes: number): Uint8Array {
  return pad(encodeWith(content, value), paddedBytes);
}

/**
 * The padded size for content of these lengths. The clear header states it and the request statement signs the
 * header, so it is settled before the statement exists: its length is known beforehand, its bytes are not.
 * @throws LimitError job-too-large above 32 MiB
 */
export function jobPaddedBytes(lengths: { request: number; recording: number; deviceBatch: number }): number {
  const size = sizeBucket(lengths.request + lengths.recording + lengths.deviceBatch + CONTENT_OVERHEAD_BYTES);
  if (size > MAX_SEALED_JOB_BYTES)
    throw new LimitError("job-too-large", `a recording of ${lengths.recording} bytes does not fit a sealed job of ${MAX_SEALED_JOB_BYTES}`);
  return size;
}

/** u32 length and the heads of an array and three byte strings. */
const CONTENT_OVERHEAD_BYTES = 4 + 1 + 3 * 5;

/** Reads opened content. @throws WireError sealed-job-padding, cbor-*, schema-* */
export function decodeJobContent(padded: Uint8Array): JobContent {
  return decodeWith(content, unpad(padded), "job", { maxBytes: MAX_SEALED_JOB_BYTES, maxDepth: 2, maxItems: 8 });
}

/** AAD of a job under a KMS data key: what HPKE's info binds otherwise. */
export function kmsJobAad(constitutionDigest: Uint8Array, headerBytes: Uint8Array): Uint8Array {
  return encodeCbor(["caladrius kms job", constitutionDigest, headerBytes]);
}

/** The encryption context of a job's data key; KMS authenticates it, so a wrapped key fits one job and one deployment. */
export function kmsJobContext(constitutionHex: string, jobIdHex: string): Readonly<Record<string, string>> {
  return { "caladrius-constitution": constitutionHex, "caladrius-job": jobIdHex };
}

/** HPKE info of a sealed job: binds it to one key set and one constitution. */
export function sealedJobInfo(keySetDigest: Uint8Array, constitutionDigest: Uint8Array): Uint8Array {
  return encodeCbor(["caladrius job", keySetDigest, constitutionDigest]);
}
