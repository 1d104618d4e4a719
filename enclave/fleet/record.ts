import { verifyApprovals } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import {
  decodeFleetCandidate,
  decodeFleetRecord,
  equalBytes,
  MAX_EPOCH_SECONDS,
  type FleetCandidate,
  type FleetEpoch,
  type FleetRecord,
} from "@caladrius/wire";
import type { Enclave } from "../boot/boot.ts";
import { signedByOneOf } from "../boot/deployment.ts";
import { sha256 } from "../crypto.ts";
import { Refused } from "../refused.ts";
import { hasEnded } from "./epochs.ts";

/** What an epoch consists of once its record has been verified: which key set it must be and from which blobs it comes. */
export interface VerifiedEpoch {
  candidate: FleetCandidate;
  record: FleetRecord;
}

/**
 * Verifies a record before KMS hears of anything in it: signed by an approver, approved by the quorum that the
 * constitution demands for fleets (keys that the status list revokes do not count), under this constitution, in force now and not for too long; and that the candidate is
 * the one it names, blob by blob, under exactly the constitution's KMS keys. Only the boot id of a candidate may be any:
 * who made the keys is for those who approve.
 *
 * @param epoch hostile
 * @throws Refused fleet-record-refused, fleet-epoch-ended; DependencyError time-unknown
 */
export async function verifyFleetEpoch(enclave: Enclave, epoch: FleetEpoch): Promise<VerifiedEpoch> {
  const record = readRecord(enclave, epoch);
  const { constitution, constitutionDigest, status } = enclave;
  const { record: statement, approvals } = epoch;
  const now = enclave.clock.now();
  const revokedKeys = status.revocations.keysAt(now.toMs);
  const quorum = await verifyApprovals(
    { kind: "fleet-record", statement, constitution, constitutionDigest, approvals, revokedKeys },
    signatures,
  );
  if (!quorum.ok) throw new Refused("fleet-record-refused");
  if (hasEnded(record, now)) throw new Refused("fleet-epoch-ended");
  const tooLong = record.notAfter - record.notBefore > MAX_EPOCH_SECONDS;
  const candidate = readCandidate(epoch.candidate);
  if (tooLong || record.notBefore * 1000 > now.fromMs || !isNamedBy(candidate, record, enclave)) throw new Refused("fleet-record-refused");
  return { candidate, record };
}

function readRecord({ constitution }: Enclave, { record }: FleetEpoch): FleetRecord {
  try {
    const approverKeys = constitution.approvers.map((approver) => approver.key);
    return decodeFleetRecord(signedByOneOf(record, "fleet-record", approverKeys));
  } catch {
    throw new Refused("fleet-record-refused");
  }
}

function readCandidate(bytes: Uint8Array): FleetCandidate {
  try {
    return decodeFleetCandidate(bytes);
  } catch {
    throw new Refused("fleet-record-refused");
  }
}

function isNamedBy(candidate: FleetCandidate, record: FleetRecord, { constitution, constitutionDigest }: Enclave): boolean {
  const keyArns = constitution.kms?.keys ?? [];
  const sameCount = [candidate.wrapped, record.wrapped].every((wrapped) => wrapped.length === keyArns.length);
  return (
    keyArns.length > 0 &&
    sameCount &&
    equalBytes(record.constitutionDigest, constitutionDigest) &&
    equalBytes(candidate.constitutionDigest, constitutionDigest) &&
    candidate.fleet === record.fleet &&
    candidate.epoch === record.epoch &&
    equalBytes(sha256(candidate.keySet), record.keySetDigest) &&
    keyArns.every((keyArn, i) => {
      const [offered, named] = [candidate.wrapped[i], record.wrapped[i]];
      return offered?.keyArn === keyArn && named?.keyArn === keyArn && equalBytes(sha256(offered.blob), named.digest);
    })
  );
}
