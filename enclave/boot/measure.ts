import { equalBytes, InvariantError } from "@caladrius/wire";
import { sha384 } from "../crypto.ts";
import type { Nsm } from "../nsm/client.ts";

/** The PCR that holds the whole image. */
export const PCR_IMAGE = 0;
/** PCRs that hold what a deployment adds to the image. */
export const PCR_CONSTITUTION = 16;
export const PCR_POLICY = 17;

const PCR_BYTES = 48;

/**
 * Extends the digest of bytes into a PCR, locks it, and reads it back. Nothing of the bytes is looked at before.
 * The digest is extended, never the bytes: an NSM request holds 4096.
 *
 * @returns the SHA-384 of the bytes
 * @throws InvariantError pcr-mismatch when the PCR does not hold what it must, DependencyError nsm-*
 */
export async function measure(nsm: Nsm, index: number, bytes: Uint8Array): Promise<Uint8Array> {
  const digest = sha384(bytes);
  await nsm.call<"ExtendPCR">({ kind: "ExtendPCR", index, data: digest });
  await nsm.call<"LockPCR">({ kind: "LockPCR", index });
  const held = await nsm.call<"DescribePCR">({ kind: "DescribePCR", index });
  if (!held.lock || !equalBytes(held.data, extendedFromZero(digest)))
    throw new InvariantError("pcr-mismatch", `PCR${index} does not hold what was extended`);
  return digest;
}

/** What a PCR holds after one extend from zero. */
export function extendedFromZero(digest: Uint8Array): Uint8Array {
  const joined = new Uint8Array(PCR_BYTES + digest.length);
  joined.set(digest, PCR_BYTES);
  return sha384(joined);
}
