import {
  decodeResultClaims,
  decodeStatement,
  equalBytes,
  toHex,
  WireError,
  type DecodedStatement,
  type ResultClaims,
} from "@caladrius/wire";
import type { SignatureBackend } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import { openDisclosures, type Disclosed } from "./open-disclosures.ts";
import type { VerifiedIdentity } from "./verify-identity.ts";

declare const verified: unique symbol;

/** A result that an enclave the policy trusts has signed. Only `verifyResult` makes one. */
export interface VerifiedResult {
  readonly [verified]: true;
  readonly claims: ResultClaims;
  readonly disclosed: Disclosed;
  /** disclosures and decoys that this file does not hold: at most so many were withheld */
  readonly withheldAtMost: number;
  readonly by: VerifiedIdentity;
}

/** The signed result and what this holder discloses of it; attacker-controlled. */
export interface ResultInput {
  readonly result: Uint8Array;
  readonly disclosures: readonly Uint8Array[];
}

/** What the caller knows from elsewhere; null = nothing is known, and nothing is checked. */
export interface ResultExpectations {
  /** SHA-256 of the sealed job */
  readonly jobDigest: Uint8Array | null;
  /** the nonce in the request */
  readonly nonce: Uint8Array | null;
  /** lowest policy version */
  readonly policyVersion: number | null;
}

/**
 * Third step: signature by the identity's result key, then the claims: identity, constitution and policy agree with the
 * identity; evidence time <= interval start, interval end <= evidence time + 1 h and inside the certificate's validity;
 * iat is the end rounded up; every disclosure stands in the signed array once; job, nonce and policy floor as expected.
 *
 * @throws Refusal result-*, disclosure-*
 */
export async function verifyResult(
  by: VerifiedIdentity,
  input: ResultInput,
  expected: ResultExpectations,
  signatures: SignatureBackend,
): Promise<VerifiedResult> {
  const { identity } = by;
  const statement = readStatement(new Uint8Array(input.result));
  if (statement.alg !== "Ed25519") throw new Refusal("result-kind", { expected: "Ed25519", actual: statement.alg });
  if ((await signatures.verifyEd25519(identity.resultKey, statement.toBeSigned, statement.signature)) !== true)
    throw new Refusal("result-signature");
  const claims = readClaims(statement.payload);
  if (!equalBytes(claims.identityDigest, by.digest))
    throw new Refusal("result-identity", { expected: toHex(by.digest), actual: toHex(claims.identityDigest) });
  if (!equalBytes(claims.constitutionDigest, identity.constitutionDigest))
    throw new Refusal("result-constitution", { expected: toHex(identity.constitutionDigest), actual: toHex(claims.constitutionDigest) });
  if (!equalBytes(claims.policy.digest, identity.policyDigest))
    throw new Refusal("result-policy", { expected: toHex(identity.policyDigest), actual: toHex(claims.policy.digest) });
  verifyInterval(claims, by);
  verifyExpectations(claims, expected);
  const disclosed = openDisclosures(claims.disclosureDigests, input.disclosures);
  return { claims, disclosed, withheldAtMost: claims.disclosureDigests.length - input.disclosures.length, by } as VerifiedResult;
}

function verifyInterval({ interval: { fromMs, toMs }, iat }: ResultClaims, { appraised: { evidence } }: VerifiedIdentity): void {
  const { timestampMs } = evidence;
  if (fromMs > toMs || iat !== Math.ceil(toMs / 1000))
    throw new Refusal("result-interval", { actual: `${fromMs} to ${toMs} ms, iat ${iat} s` });
  if (fromMs < timestampMs)
    throw new Refusal("result-before-evidence", { expected: `not before ${iso(timestampMs)}`, actual: iso(fromMs) });
  if (toMs > timestampMs + MAX_AFTER_EVIDENCE_MS)
    throw new Refusal("result-after-evidence", { expected: `not after ${iso(timestampMs + MAX_AFTER_EVIDENCE_MS)}`, actual: iso(toMs) });
  const { notAfterMs } = evidence.chain.leaf;
  if (toMs > notAfterMs) throw new Refusal("result-after-certificate", { expected: `not after ${iso(notAfterMs)}`, actual: iso(toMs) });
}

function verifyExpectations(claims: ResultClaims, { jobDigest, nonce, policyVersion }: ResultExpectations): void {
  if (jobDigest !== null && !equalBytes(claims.jobDigest, jobDigest))
    throw new Refusal("result-job", { expected: toHex(jobDigest), actual: toHex(claims.jobDigest) });
  if (nonce !== null && !equalBytes(claims.nonce, nonce))
    throw new Refusal("result-nonce", { expected: `${nonce.length} bytes submitted`, actual: `${claims.nonce.length} other bytes` });
  if (policyVersion !== null && !(claims.policy.version >= policyVersion))
    throw new Refusal("result-policy-floor", { expected: `at least ${policyVersion}`, actual: `${claims.policy.version}` });
}

function readStatement(bytes: Uint8Array): DecodedStatement {
  try {
    return decodeStatement(bytes, "result");
  } catch (error) {
    const other = error instanceof WireError && (error.code === "statement-kind" || error.code === "statement-algorithm");
    throw new Refusal(other ? "result-kind" : "result-statement", { actual: (error as Error).message });
  }
}

function readClaims(payload: Uint8Array): ResultClaims {
  try {
    return decodeResultClaims(payload);
  } catch (error) {
    throw new Refusal("result-claims", { actual: (error as Error).message });
  }
}

/** Times here passed the format's bound of 2^48 ms, so they are dates. */
function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Evidence is renewed every 10 minutes; an hour allows for an NSM that is out of reach for a while. */
const MAX_AFTER_EVIDENCE_MS = 3_600_000;
