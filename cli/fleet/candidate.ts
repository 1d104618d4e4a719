import { createHash } from "node:crypto";
import {
  appraise,
  requireConstitution,
  verifyEvidence,
  type AppraisedEvidence,
  type SignatureBackend,
  type TrustSettings,
} from "@caladrius/attestation-verifier";
import { extendZero } from "@caladrius/image";
import {
  decodeFleetBirthReply,
  decodeFleetCandidate,
  decodeKeySet,
  equalBytes,
  fleetCommitment,
  toHex,
  type FleetCandidate,
} from "@caladrius/wire";
import { FleetError } from "./errors.ts";

declare const verified: unique symbol;

/** Keys for an epoch that a trusted enclave made. Only `verifyCandidate` makes one. */
export interface VerifiedCandidate {
  readonly [verified]: true;
  readonly candidate: FleetCandidate;
  /** the bytes that the evidence commits to */
  readonly bytes: Uint8Array;
  /** SHA-256 of the key set: the key id of jobs */
  readonly keyId: Uint8Array;
  readonly appraised: AppraisedEvidence;
}

/**
 * Verifies a candidate file: evidence of an enclave that the trust file accepts, with a constitution pinned, which commits to
 * exactly this candidate and measured the constitution that it names. Evidence is judged as of its own time: approvers
 * look at it hours or days after it was made, and a candidate is tied to its epoch, not to a moment.
 *
 * @param file attacker-controlled
 * @throws ConfigurationError trust-pcr16-missing, reference-values-missing; Refusal of evidence and appraisal; FleetError
 * fleet-commitment, fleet-constitution, fleet-key-set; WireError, LimitError
 */
export async function verifyCandidate(file: Uint8Array, trust: TrustSettings, signatures: SignatureBackend): Promise<VerifiedCandidate> {
  requireConstitution(trust);
  const reply = decodeFleetBirthReply(file);
  const bytes = new Uint8Array(reply.candidate);
  const evidence = await verifyEvidence(reply.evidence, {
    anchors: trust.anchors,
    mode: { kind: "archived", atMs: null, nonce: null },
    signatures,
  });
  const appraised = appraise(evidence, trust);
  const commitment = createHash("sha384").update(fleetCommitment(bytes)).digest();
  if (evidence.publicKey !== null || evidence.userData === null || !equalBytes(evidence.userData, commitment))
    throw new FleetError("fleet-commitment", `expected user_data ${toHex(commitment)}`);
  const candidate = decodeFleetCandidate(bytes);
  const measured = evidence.pcrs.get(CONSTITUTION_PCR);
  if (measured === undefined || !equalBytes(measured, extendZero(candidate.constitutionDigest)))
    throw new FleetError("fleet-constitution", "the candidate names another constitution than PCR16 measures");
  if (keySetFleet(candidate) !== candidate.fleet) throw new FleetError("fleet-key-set", `expected fleet ${candidate.fleet}`);
  const keyId = new Uint8Array(createHash("sha256").update(candidate.keySet).digest());
  return { candidate, bytes, keyId, appraised } as VerifiedCandidate;
}

function keySetFleet({ keySet }: FleetCandidate): string | null {
  try {
    return decodeKeySet(keySet).fleet;
  } catch {
    return null;
  }
}

/** Largest file of a candidate that is read. */
export const MAX_CANDIDATE_BYTES: number = 96 * 1024;

const CONSTITUTION_PCR = 16;
