import { concatBytes, decodeIdentity, equalBytes, identityCommitment, toHex, WireError, type Identity } from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import type { AppraisedEvidence } from "../appraise/appraise.ts";
import { PCR_BYTES } from "../evidence/pcr.ts";
import { Refusal } from "../verdict/refusal.ts";

declare const verified: unique symbol;

/** The identity of an enclave that the policy trusts. Only `verifyIdentity` makes one. */
export interface VerifiedIdentity {
  readonly [verified]: true;
  readonly identity: Identity;
  /** SHA-384 of the identity's bytes */
  readonly digest: Uint8Array;
  readonly appraised: AppraisedEvidence;
}

/**
 * Binds an identity to appraised evidence: user_data is its commitment, no public key stands beside it, and PCR16 and
 * PCR17 are what its constitution and policy digests extend to. The policy must have pinned PCR16.
 *
 * @param identityBytes attacker-controlled; copied
 * @throws Refusal trust-pcr16-missing, identity-*
 */
export function verifyIdentity(appraised: AppraisedEvidence, identityBytes: Uint8Array): VerifiedIdentity {
  const { evidence, pcrSet } = appraised;
  if (!pcrSet.has(CONSTITUTION_PCR)) throw new Refusal("trust-pcr16-missing", { expected: "PCR16" });
  const bytes = new Uint8Array(identityBytes);
  if (evidence.publicKey !== null) throw new Refusal("identity-public-key", { actual: `${evidence.publicKey.length} bytes` });
  const commitment = sha384(identityCommitment(bytes));
  if (evidence.userData === null || !equalBytes(evidence.userData, commitment))
    throw new Refusal("identity-commitment", {
      expected: toHex(commitment),
      actual: evidence.userData === null ? "none" : `${evidence.userData.length} other bytes`,
    });
  const identity = readIdentity(bytes);
  verifyExtended(appraised, CONSTITUTION_PCR, identity.constitutionDigest);
  verifyExtended(appraised, POLICY_PCR, identity.policyDigest);
  return { identity, digest: sha384(bytes), appraised } as VerifiedIdentity;
}

/** PCRn = SHA384(48 zero bytes || digest): extended once, with the digest and not with the bytes behind it. */
function verifyExtended({ evidence }: AppraisedEvidence, index: typeof CONSTITUTION_PCR | typeof POLICY_PCR, digest: Uint8Array): void {
  const expected = sha384(concatBytes(new Uint8Array(PCR_BYTES), digest));
  const actual = evidence.pcrs.get(index);
  if (actual === undefined || !equalBytes(actual, expected))
    throw new Refusal(index === CONSTITUTION_PCR ? "identity-constitution" : "identity-policy", {
      subject: `PCR${index}`,
      expected: toHex(expected),
      actual: actual === undefined ? "none" : toHex(actual),
    });
}

function readIdentity(bytes: Uint8Array): Identity {
  try {
    return decodeIdentity(bytes);
  } catch (error) {
    const code = error instanceof WireError && error.code === "schema-version" ? "identity-version" : "identity-form";
    throw new Refusal(code, { actual: (error as Error).message });
  }
}

const CONSTITUTION_PCR = 16;
const POLICY_PCR = 17;
