import { createHash } from "node:crypto";
import type { SignatureBackend } from "@caladrius/attestation-verifier";
import {
  decodeConstitution,
  decodeStatement,
  MAX_CONSTITUTION_BYTES,
  type Constitution,
  type SigningPublicKey,
  type StatementKind,
} from "@caladrius/wire";
import { about } from "../exit.ts";
import { readLimited } from "../files.ts";
import { FleetError } from "./errors.ts";

/** A constitution and the digest that PCR16 measures. */
export interface Founded {
  constitution: Constitution;
  /** SHA-384 of the statement */
  digest: Uint8Array;
}

/** The same with the statement itself, as its file holds it. */
export interface FoundedFile extends Founded {
  statement: Uint8Array;
}

/** Reads a constitution and verifies that one of its own approvers signed it. What makes it the right one is its digest. */
export async function readConstitution(path: string, signatures: SignatureBackend): Promise<FoundedFile> {
  const statement = await readLimited(path, MAX_CONSTITUTION_BYTES);
  const read = async (): Promise<FoundedFile> => {
    const constitution = decodeConstitution(decodeStatement(statement, "constitution").payload);
    if ((await signedByApprover(statement, "constitution", constitution, signatures)) === null)
      throw new FleetError("fleet-constitution", "none of its own approvers signed it");
    return { constitution, digest: new Uint8Array(createHash("sha384").update(statement).digest()), statement };
  };
  return about(path, read, "constitution");
}

/** The key of an approver that signed a statement, null for none. */
export async function signedByApprover(
  statement: Uint8Array,
  kind: StatementKind,
  { approvers }: Constitution,
  signatures: SignatureBackend,
): Promise<SigningPublicKey | null> {
  const { alg, toBeSigned, signature } = decodeStatement(statement, kind);
  for (const { key } of approvers) {
    if (key.alg !== alg) continue;
    const genuine =
      alg === "Ed25519" ? signatures.verifyEd25519(key.key, toBeSigned, signature) : signatures.verifyEs256(key.key, toBeSigned, signature);
    if ((await genuine) === true) return key;
  }
  return null;
}
