import { createHash } from "node:crypto";
import { encodeApproved, encodeStatement, encodeStatusList, type StatusList } from "@caladrius/wire";

/** A status list for a deployment, with a signature that only a fake enclave takes. */
export function fakeStatusList(constitution: Uint8Array, change: Partial<StatusList> = {}): Uint8Array {
  const issuedAt = Math.floor(Date.now() / 1000);
  const payload = encodeStatusList({
    version: 1,
    number: 1,
    constitutionDigest: createHash("sha384").update(constitution).digest(),
    issuedAt,
    expiresAt: issuedAt + 3600,
    bootNonce: null,
    lowestPolicyVersion: 0,
    revocations: [],
    releases: [],
    ...change,
  });
  return encodeApproved({ statement: encodeStatement("status-list", "Ed25519", payload, () => new Uint8Array(64)), approvals: [] });
}
