import type { KeyObject } from "node:crypto";
import { encodeApproved, encodeStatusList, type StatusList } from "@caladrius/wire";
import { ADA, signStatement } from "./test-approvals.ts";
import { NOW_MS } from "./test-pki.ts";

export const NOW_S: number = NOW_MS / 1000;

/** A status list of a constitution, in force since NOW_MS for a day; without changes it revokes nothing. */
export function makeStatusList(
  constitutionDigest: Uint8Array,
  change: Partial<StatusList> = {},
  { key = ADA, approve = () => [] }: { key?: KeyObject; approve?: (statement: Uint8Array) => Uint8Array[] } = {},
): Uint8Array {
  const payload = encodeStatusList({
    version: 1,
    number: 1,
    constitutionDigest,
    issuedAt: NOW_S,
    expiresAt: NOW_S + 24 * 3600,
    bootNonce: null,
    lowestPolicyVersion: 0,
    revocations: [],
    releases: [],
    ...change,
  });
  const statement = signStatement("status-list", payload, key);
  return encodeApproved({ statement, approvals: approve(statement) });
}
