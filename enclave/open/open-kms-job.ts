import { decodeSealedJob, equalBytes, KMS_SUITE, kmsJobContext, toHex, utf8Encode, type SealedJob } from "@caladrius/wire";
import type { Enclave } from "../boot/boot.ts";
import { sha256 } from "../crypto.ts";
import { KmsError } from "../kms/port.ts";
import { DATA_KEY_BYTES } from "./job-keys.ts";
import type { UnopenedReason } from "./open-job.ts";

/** The data key of a job, to be wiped by whoever gets it; or why there is none. */
export type DataKeyOutcome =
  | { kind: "unopened"; reason: UnopenedReason }
  | { kind: "cannot-open"; jobDigest: Uint8Array }
  | { kind: "data-key"; dataKey: Uint8Array };

/** Whether a message is a job under a KMS data key: its answer waits for KMS. False for whatever is no job. */
export function isDataKeyJob(sealed: Uint8Array): boolean {
  return readJob(sealed)?.header.suite === KMS_SUITE;
}

/**
 * Has KMS decrypt a job's data key. Before KMS is asked: the job is one, its key id is that of a KMS key in the policy
 * bundle (else unknown-key), it has not expired, and there is a KMS (else no-kms). A blob that KMS says is not of this
 * key, job and constitution is a job that does not open.
 *
 * @throws KmsError when the host may try again
 */
export async function unwrapDataKey(enclave: Enclave, sealed: Uint8Array): Promise<DataKeyOutcome> {
  const job = readJob(sealed);
  if (job === null || job.header.suite !== KMS_SUITE) return { kind: "unopened", reason: "malformed-message" };
  const { keyId, jobId, notAfter } = job.header;
  const keyArn = enclave.bundle.dataKeys.find((arn) => equalBytes(sha256(utf8Encode(arn)), keyId));
  if (keyArn === undefined) return { kind: "unopened", reason: "unknown-key" };
  if (notAfter * 1000 < enclave.clock.now().fromMs) return { kind: "unopened", reason: "job-expired" };
  const { kms } = enclave;
  if (kms === null) return { kind: "unopened", reason: "no-kms" };
  try {
    const context = kmsJobContext(toHex(enclave.constitutionDigest), toHex(jobId));
    const dataKey = await kms.decrypt(keyArn, job.enc, context);
    if (dataKey.length === DATA_KEY_BYTES) return { kind: "data-key", dataKey };
    dataKey.fill(0);
  } catch (error) {
    if (!(error instanceof KmsError) || error.code !== "kms-blob") throw error;
  }
  return { kind: "cannot-open", jobDigest: sha256(sealed) };
}

function readJob(sealed: Uint8Array): SealedJob | null {
  try {
    return decodeSealedJob(sealed);
  } catch {
    return null;
  }
}
