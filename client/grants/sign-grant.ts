import { createHash, randomBytes } from "node:crypto";
import { encodeGrant, encodeStatement, type Grant, type SigningPublicKey } from "@caladrius/wire";

/** Who signs grants. */
export interface GrantIssuerKey {
  readonly publicKey: SigningPublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/** What an issuer decides; id and issuer come with the signature. */
export type GrantTerms = Omit<Grant, "version" | "id" | "issuer">;

/** Makes a grant statement under a fresh id. @throws WireError for terms outside the format */
export function signGrant(terms: GrantTerms, issuer: GrantIssuerKey): { statement: Uint8Array; grant: Grant } {
  const grant: Grant = { ...terms, version: 1, id: new Uint8Array(randomBytes(16)), issuer: thumbprintOf(issuer.publicKey) };
  return { statement: encodeStatement("grant", issuer.publicKey.alg, encodeGrant(grant), (bytes) => issuer.sign(bytes)), grant };
}

/** SHA-256 of a raw public key: how grants, results and status lists name it. */
export function thumbprintOf({ key }: SigningPublicKey): Uint8Array {
  return new Uint8Array(createHash("sha256").update(key).digest());
}
