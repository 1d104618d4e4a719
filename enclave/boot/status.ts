import { verifyApprovals } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import {
  ConfigurationError,
  decodeApproved,
  decodeStatusList,
  equalBytes,
  MAX_STATUS_LIST_SECONDS,
  type StatusList,
} from "@caladrius/wire";
import type { Enclave } from "./boot.ts";
import { signedByOneOf } from "./deployment.ts";

/** The status list in force. */
export interface Status {
  list: StatusList;
  /** it repeats the nonce of this boot, so it was made after it */
  fresh: boolean;
}

/** What a status list is judged against. */
export type StatusContext = Pick<Enclave, "constitution" | "constitutionDigest" | "clock" | "bootNonce"> & { status: Status | null };

/**
 * Reads a status list: signed by a status key, under this constitution, good for at most 24 hours, not newer than now,
 * not older than the one in force. One that takes back what the one in force says needs the quorum.
 *
 * @param file the statement with its approvals
 * @throws WireError, ConfigurationError status-list-*
 */
export async function checkStatusList(file: Uint8Array, context: StatusContext): Promise<Status> {
  const { statement, approvals } = decodeApproved(file);
  const { constitution, constitutionDigest } = context;
  const list = decodeStatusList(signedByOneOf(statement, "status-list", constitution.statusKeys));
  if (!equalBytes(list.constitutionDigest, constitutionDigest))
    throw new ConfigurationError("status-list-constitution", "the status list stands under another constitution");
  const validSeconds = list.expiresAt - list.issuedAt;
  if (validSeconds <= 0 || validSeconds > MAX_STATUS_LIST_SECONDS)
    throw new ConfigurationError("status-list-window", `valid for ${validSeconds} s, at most ${MAX_STATUS_LIST_SECONDS}`);
  const { toMs } = context.clock.now();
  if (list.issuedAt * 1000 > toMs + MAX_SKEW_MS)
    throw new ConfigurationError("status-list-window", "the status list was issued in the future");
  const before = context.status?.list;
  if (before !== undefined) {
    if (list.number < before.number) throw new ConfigurationError("status-list-older", "an older status list than the one in force");
    if (takesBack(before, list)) {
      const quorum = await verifyApprovals({ kind: "status-list", statement, constitution, constitutionDigest, approvals }, signatures);
      if (!quorum.ok) throw new ConfigurationError("status-list-quorum", "the status list takes something back without the quorum");
    }
  }
  return { list, fresh: list.bootNonce !== null && equalBytes(list.bootNonce, context.bootNonce) };
}

/** Whether anything that `before` forbids is allowed by `after`, or forbidden from later on. */
export function takesBack(before: StatusList, after: StatusList): boolean {
  return (
    after.lowestPolicyVersion < before.lowestPolicyVersion ||
    before.revocations.some(
      (one) => !after.revocations.some((other) => other.what === one.what && equalBytes(other.id, one.id) && other.since <= one.since),
    ) ||
    before.releases.some(
      (one) =>
        one.lifecycle === "revoked" &&
        !after.releases.some(
          (other) =>
            other.lifecycle === "revoked" &&
            equalBytes(other.digest, one.digest) &&
            one.images.every((image) => other.images.some((listed) => equalBytes(listed, image))),
        ),
    )
  );
}

/**
 * Nothing starts under a list that forbids the bundle, or that has expired longer ago than purposes of care are given.
 * A list that comes later is taken, and what it forbids is denied.
 *
 * @throws ConfigurationError status-list-policy, status-list-expired
 */
export function refuseToBoot({ list }: Status, { bundle, clock }: Pick<Enclave, "bundle" | "clock">): void {
  if (list.lowestPolicyVersion > bundle.policyVersion)
    throw new ConfigurationError("status-list-policy", "the status list forbids the policy bundle in force");
  const graceSeconds = bundle.purposes.some((purpose) => purpose.care) ? bundle.careGraceSeconds : 0;
  if (clock.now().toMs > (list.expiresAt + graceSeconds) * 1000)
    throw new ConfigurationError("status-list-expired", "the status list has expired, and so has the grace for care");
}

/** Clocks of whoever signs a list and of NSM may differ by this much. */
const MAX_SKEW_MS = 120_000;
