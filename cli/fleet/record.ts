import { createHash } from "node:crypto";
import type { SignatureBackend } from "@caladrius/attestation-verifier";
import { verifyApprovals, type Quorum } from "@caladrius/attestation-verifier/governance";
import {
  decodeFleetCandidate,
  decodeFleetRecord,
  decodeStatement,
  encodeFleetRecord,
  encodeStatement,
  equalBytes,
  MAX_EPOCH_SECONDS,
  toHex,
  type FleetCandidate,
  type FleetEpoch,
  type FleetRecord,
} from "@caladrius/wire";
import type { ApproverKey } from "./approver-key.ts";
import type { VerifiedCandidate } from "./candidate.ts";
import { signedByApprover, type Founded } from "./deployment.ts";
import { FleetError } from "./errors.ts";

/** When an epoch is in force, Unix seconds. */
export interface Window {
  notBefore: number;
  notAfter: number;
}

/** @throws FleetError fleet-constitution, fleet-kms-keys unless the candidate is one of this deployment */
export function refuseForeign({ candidate }: Pick<VerifiedCandidate, "candidate">, { constitution, digest }: Founded): void {
  if (!equalBytes(candidate.constitutionDigest, digest))
    throw new FleetError(
      "fleet-constitution",
      `the constitution is ${toHex(digest)}, the candidate's is ${toHex(candidate.constitutionDigest)}`,
    );
  const expected = constitution.kms?.keys ?? [];
  const actual = candidate.wrapped.map(({ keyArn }) => keyArn);
  if (expected.length === 0 || actual.join("\n") !== expected.join("\n"))
    throw new FleetError("fleet-kms-keys", `expected ${expected.join(", ") || "none"}, found ${actual.join(", ")}`);
}

/** The record of a candidate, stated by its first approver: nobody has approved it yet. @throws FleetError fleet-window */
export function authorRecord(
  { candidate, bytes, keyId }: VerifiedCandidate,
  founded: Founded,
  window: Window,
  key: ApproverKey,
): FleetEpoch {
  refuseWindow(window, founded);
  const { fleet, epoch, constitutionDigest } = candidate;
  const wrapped = candidate.wrapped.map(({ keyArn, blob }) => ({ keyArn, digest: sha256(blob) }));
  const payload = encodeFleetRecord({ version: 1, fleet, epoch, constitutionDigest, keySetDigest: keyId, wrapped, ...window });
  return {
    candidate: bytes,
    record: encodeStatement("fleet-record", key.publicKey.alg, payload, (signed) => key.sign(signed)),
    approvals: [],
  };
}

/** What an epoch's file says, with its parts held against each other. @throws FleetError fleet-record; WireError, LimitError */
export function readRecord(epoch: FleetEpoch): { record: FleetRecord; candidate: FleetCandidate } {
  const record = decodeFleetRecord(decodeStatement(epoch.record, "fleet-record").payload);
  const candidate = decodeFleetCandidate(epoch.candidate);
  const agree =
    record.fleet === candidate.fleet &&
    record.epoch === candidate.epoch &&
    equalBytes(record.constitutionDigest, candidate.constitutionDigest) &&
    equalBytes(record.keySetDigest, sha256(candidate.keySet)) &&
    record.wrapped.length === candidate.wrapped.length &&
    record.wrapped.every(({ keyArn, digest }, i) => {
      const offered = candidate.wrapped[i];
      return offered?.keyArn === keyArn && equalBytes(sha256(offered.blob), digest);
    });
  if (!agree) throw new FleetError("fleet-record", "its digests are not the candidate's");
  return { record, candidate };
}

/**
 * Verifies an epoch's record as an enclave would, and counts its approvals.
 * @throws FleetError fleet-record, fleet-constitution, fleet-kms-keys, fleet-window; WireError, LimitError
 */
export async function verifyRecord(
  epoch: FleetEpoch,
  founded: Founded,
  signatures: SignatureBackend,
): Promise<{ record: FleetRecord; candidate: FleetCandidate; quorum: Quorum }> {
  const { record, candidate } = readRecord(epoch);
  refuseForeign({ candidate }, founded);
  const { constitution, digest: constitutionDigest } = founded;
  if ((await signedByApprover(epoch.record, "fleet-record", constitution, signatures)) === null)
    throw new FleetError("fleet-record", "no approver of the constitution signed it");
  refuseWindow(record, founded);
  const { record: statement, approvals } = epoch;
  const quorum = await verifyApprovals({ kind: "fleet-record", statement, constitution, constitutionDigest, approvals }, signatures);
  return { record, candidate, quorum };
}

function refuseWindow({ notBefore, notAfter }: Window, { constitution }: Founded): void {
  const wrong = (detail: string): FleetError => new FleetError("fleet-window", detail);
  if (notAfter <= notBefore) throw wrong("it ends before it begins");
  if (notAfter - notBefore > MAX_EPOCH_SECONDS) throw wrong(`${Math.ceil((notAfter - notBefore) / 86_400)} days`);
  if (notAfter > constitution.notAfter || notBefore < constitution.notBefore)
    throw wrong(`the constitution is in force from ${iso(constitution.notBefore)} to ${iso(constitution.notAfter)}`);
}

function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

/** What is still missing of a quorum, in words. */
export function missingWords({ missing }: Quorum): string {
  return missing.map(({ role, threshold, counted }) => `${threshold - counted} of role ${role}`).join(", ");
}

/** An epoch in words. */
export function nameOf({ fleet, epoch }: Pick<FleetRecord, "fleet" | "epoch">): string {
  return `epoch ${epoch} of fleet ${fleet}`;
}

/** A key id as people compare it. */
export function keyIdOf(keySetDigest: Uint8Array): string {
  return toHex(keySetDigest);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
