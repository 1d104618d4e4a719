import { concatBytes } from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import type { GovernedTrust } from "../trust/governed-trust-file.ts";
import { readPinnedConstitution, type PinnedConstitution } from "./pinned-constitution.ts";

/**
 * The constitution that a relying party judges by: the one that its trust file names. A statement given beside it must be
 * that very one; where the trust file names none, it must be the one that PCR16 of a trusted set measures.
 *
 * @param statement a constitution's statement, attacker-controlled; null where none was given
 * @returns null where there is neither
 * @throws StatusError constitution-pcr16; WireError, LimitError
 */
export function pinConstitution(
  { constitution, pcrSets }: Pick<GovernedTrust, "constitution" | "pcrSets">,
  statement: Uint8Array | null,
): PinnedConstitution | null {
  if (statement === null) return constitution;
  const trusted =
    constitution === null
      ? pcrSets.map((set) => set.get(16)).filter((value) => value !== undefined)
      : [sha384(concatBytes(new Uint8Array(48), constitution.constitutionDigest))];
  return readPinnedConstitution(statement, trusted);
}
