import { decodeGrant, decodeStatement, equalBytes, toHex, type Grant, type GrantIssuer, type SigningPublicKey } from "@caladrius/wire";

/** Cryptography that decisions need, given by whoever asks for one. */
export interface DecisionCrypto {
  sha256(bytes: Uint8Array): Uint8Array;
  /** Whether the key made this signature; false for keys that are none. */
  verify(key: SigningPublicKey, toBeSigned: Uint8Array, signature: Uint8Array): boolean;
}

/** A grant whose issuer the bundle names, with a genuine signature. Nothing about holder, time or revocation is said yet. */
export interface VerifiedGrant {
  /** SHA-256 of the statement */
  digest: Uint8Array;
  grant: Grant;
  issuer: GrantIssuer;
}

/** Reads grants, and knows those read lately. */
export type ReadGrant = (statement: Uint8Array) => VerifiedGrant | null;

/**
 * Makes a reader of grants by the issuers of one bundle. A genuine signature stays genuine, so what was verified is
 * remembered by its exact bytes.
 * @param most grants remembered, the oldest goes first; one takes about as much as its statement, at most 8 kB
 */
export function grantReader(issuers: readonly GrantIssuer[], { sha256, verify }: DecisionCrypto, most: number): ReadGrant {
  const byThumbprint = new Map(issuers.map((issuer) => [toHex(sha256(issuer.key.key)), issuer]));
  const known = new Map<string, VerifiedGrant>();
  return (statement) => {
    const digest = sha256(statement);
    const id = toHex(digest);
    const before = known.get(id);
    if (before !== undefined) return before;
    const read = readGrant(new Uint8Array(statement), digest); // a view would keep the whole job in memory
    const oldest = known.keys().next();
    if (read !== null && known.size >= most && oldest.done !== true) known.delete(oldest.value);
    if (read !== null) known.set(id, read);
    return read;
  };

  function readGrant(statement: Uint8Array, digest: Uint8Array): VerifiedGrant | null {
    try {
      const { alg, payload, toBeSigned, signature } = decodeStatement(statement, "grant");
      const grant = decodeGrant(payload);
      const issuer = byThumbprint.get(toHex(grant.issuer));
      const genuine = issuer !== undefined && issuer.key.alg === alg && verify(issuer.key, toBeSigned, signature);
      return genuine ? { digest, grant, issuer } : null;
    } catch {
      return null;
    }
  }
}

/** Whether two signing keys are one. */
export function sameKey(a: SigningPublicKey, b: SigningPublicKey): boolean {
  return a.alg === b.alg && equalBytes(a.key, b.key);
}
