import { createHash, randomBytes } from "node:crypto";
import { encodeSealedJob, encodeSealedJobHeader, KMS_SUITE, sizeBucket, SUITES } from "@caladrius/wire";

/** A sealed job as far as a host can tell: a true clear header, random bytes where the ciphertext is. */
export interface OpaqueJob {
  id: string;
  sealed: Uint8Array;
  digest: Uint8Array;
}

/** Makes one of at least `bytes`, rounded up to a size bucket. */
export function makeOpaqueJob(
  options: { bytes?: number; keyId?: Uint8Array; jobId?: Uint8Array; notAfter?: number; suite?: "X25519" | typeof KMS_SUITE } = {},
): OpaqueJob {
  const { bytes = 4096, keyId = new Uint8Array(32), jobId = randomBytes(16), notAfter = 4_000_000_000, suite = "X25519" } = options;
  const paddedBytes = sizeBucket(bytes);
  const headerBytes = encodeSealedJobHeader({ version: 1, suite, keyId, jobId, notAfter, paddedBytes });
  const sealed = encodeSealedJob({ headerBytes, enc: randomBytes(SUITES.X25519.encBytes), ciphertext: randomBytes(paddedBytes + 16) });
  return { id: Buffer.from(jobId).toString("hex"), sealed, digest: createHash("sha256").update(sealed).digest() };
}
