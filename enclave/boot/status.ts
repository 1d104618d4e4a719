import { verifyStatusList, type VerifiedStatusList } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { ConfigurationError, equalBytes } from "@caladrius/wire";
import type { Enclave } from "./boot.ts";

/** The status list in force, held for the enclave's life: only what `takeStatusList` takes replaces it. */
export interface Status extends VerifiedStatusList {
  /** it repeats the nonce of this boot, so it was made after it */
  readonly fresh: boolean;
}

/** What a status list is judged against. */
export type StatusContext = Pick<Enclave, "constitution" | "constitutionDigest" | "clock" | "bootNonce"> & { status: Status | null };

/**
 * Verifies a status list against the one in force, as relying parties do (`verifyStatusList`).
 *
 * @param file the statement with its approvals; hostile
 * @throws StatusError status-list-*; WireError, LimitError; DependencyError time-unknown
 */
export async function checkStatusList(file: Uint8Array, context: StatusContext): Promise<Status> {
  const { constitution, constitutionDigest, clock, bootNonce, status: before } = context;
  const verified = await verifyStatusList(file, { constitution, constitutionDigest, nowMs: clock.now().toMs, before }, signatures);
  const { bootNonce: repeated } = verified.list;
  return { ...verified, fresh: repeated !== null && equalBytes(repeated, bootNonce) };
}

/**
 * Puts a status list in force. One after the other: of two that came at once, on two connections, the older one must not
 * be judged against what the newer replaced.
 *
 * @throws as checkStatusList; Refused overloaded
 */
export function takeStatusList(enclave: Enclave, file: Uint8Array): Promise<void> {
  return enclave.turns.status.take(async () => {
    enclave.status = await checkStatusList(file, enclave);
  });
}

/**
 * Nothing starts under a list that forbids the bundle or this image, or that has expired longer ago than purposes of care
 * are given. A list that comes later is taken, and what it forbids is denied.
 *
 * @throws ConfigurationError status-list-policy, status-list-release, status-list-stale
 */
export function refuseToBoot(
  { list, revocations }: Pick<Status, "list" | "revocations">,
  { bundle, clock, imagePcr0 }: Pick<Enclave, "bundle" | "clock" | "imagePcr0">,
): void {
  const { toMs } = clock.now();
  if (list.lowestPolicyVersion > bundle.policyVersion)
    throw new ConfigurationError("status-list-policy", "the status list forbids the policy bundle in force");
  if (revocations.isImageRevoked(imagePcr0, toMs))
    throw new ConfigurationError("status-list-release", "the status list revokes the release that this image is of");
  const graceSeconds = bundle.purposes.some((purpose) => purpose.care) ? bundle.careGraceSeconds : 0;
  if (toMs > (list.expiresAt + graceSeconds) * 1000)
    throw new ConfigurationError("status-list-stale", "the status list has expired, and so has the grace for care");
}
