import { createHash } from "node:crypto";
import { createSignatures } from "@caladrius/attestation-verifier/signatures";
import { decodeGrant, decodeStatement, equalBytes, type DecodedStatement, type Grant, type SigningPublicKey } from "@caladrius/wire";
import { GrantError } from "./errors.ts";
import { thumbprintOf } from "./sign-grant.ts";

/** A grant as its file says, with nothing verified. */
export interface DecodedGrant {
  readonly grant: Grant;
  /** SHA-256 of the statement: how results name it */
  readonly digest: Uint8Array;
  readonly statement: DecodedStatement;
}

/** Reads a grant file without any check of who signed it. @param bytes attacker-controlled @throws GrantError grant-form */
export function decodeGrantFile(bytes: Uint8Array): DecodedGrant {
  try {
    const statement = decodeStatement(bytes, "grant");
    return { grant: decodeGrant(statement.payload), digest: new Uint8Array(createHash("sha256").update(bytes).digest()), statement };
  } catch (error) {
    throw new GrantError("grant-form", { actual: error instanceof Error ? error.message : "unknown" });
  }
}

/**
 * Verifies that one of these issuers signed a grant, and that it may be used at a time. Revocation, uses that were spent
 * and what a job asks for are judged in the enclave.
 * @param atMs Unix ms
 * @param holder who must hold it; null for anybody
 * @throws GrantError grant-form, grant-signature, grant-window, grant-holder
 */
export async function verifyGrant(
  bytes: Uint8Array,
  issuers: readonly SigningPublicKey[],
  atMs: number,
  holder: SigningPublicKey | null = null,
): Promise<DecodedGrant> {
  const decoded = decodeGrantFile(bytes);
  const { grant, statement } = decoded;
  const issuer = issuers.find((key) => key.alg === statement.alg && equalBytes(thumbprintOf(key), grant.issuer));
  if (issuer === undefined) throw new GrantError("grant-signature", { expected: "one of the issuers named", actual: "another" });
  const backend = createSignatures();
  const { toBeSigned, signature } = statement;
  const genuine =
    issuer.alg === "Ed25519"
      ? await backend.verifyEd25519(issuer.key, toBeSigned, signature)
      : await backend.verifyEs256(issuer.key, toBeSigned, signature);
  if (genuine !== true) throw new GrantError("grant-signature", { actual: "not this issuer's signature" });
  if (atMs < grant.notBefore * 1000 || atMs > grant.notAfter * 1000)
    throw new GrantError("grant-window", {
      expected: `${new Date(grant.notBefore * 1000).toISOString()} to ${new Date(grant.notAfter * 1000).toISOString()}`,
      actual: new Date(atMs).toISOString(),
    });
  if (holder !== null && !(holder.alg === grant.holder.alg && equalBytes(holder.key, grant.holder.key)))
    throw new GrantError("grant-holder", { actual: "another key" });
  return decoded;
}
