import { concatBytes, decodeConstitution, decodeStatement, equalBytes, toHex, type Constitution } from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import { StatusError } from "./code.ts";

/** A constitution and the digest that PCR16 measures. */
export interface PinnedConstitution {
  readonly constitution: Constitution;
  /** SHA-384 of its statement */
  readonly constitutionDigest: Uint8Array;
}

/**
 * Reads the constitution that a relying party pins: its bytes must be those that one of the PCR16 values measures. That
 * makes it the right one; who signed it adds nothing.
 * @param statement attacker-controlled
 * @param pcr16 values of PCR16 that are trusted, such as those of a trust file's sets
 * @throws StatusError constitution-pcr16; WireError, LimitError
 */
export function readPinnedConstitution(statement: Uint8Array, pcr16: readonly Uint8Array[]): PinnedConstitution {
  const constitutionDigest = sha384(statement);
  const extended = sha384(concatBytes(new Uint8Array(PCR_BYTES), constitutionDigest));
  if (!pcr16.some((value) => equalBytes(value, extended)))
    throw new StatusError("constitution-pcr16", { expected: pcr16.map(toHex).join(" or ") || "a trusted PCR16", actual: toHex(extended) });
  return { constitution: decodeConstitution(decodeStatement(statement, "constitution").payload), constitutionDigest };
}

const PCR_BYTES = 48;
