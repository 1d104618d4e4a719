import { decodeDisclosure, decodeResultFile, encodeResultFile, LEVEL_NAMES, type DisclosureName } from "@caladrius/wire";

/** What can be disclosed, by name: everything that the widest level discloses. */
export const DISCLOSURE_NAMES: readonly DisclosureName[] = LEVEL_NAMES.full;

/** A result file with fewer disclosures. */
export interface Redaction {
  readonly file: Uint8Array;
  /** names that remain, and that were taken out, with how many of each */
  readonly remaining: ReadonlyMap<DisclosureName, number>;
  readonly removed: ReadonlyMap<DisclosureName, number>;
}

/**
 * Takes disclosures out of a result file, by name. The result itself, its signature and everything that it is verified with
 * stay as they are, so that what remains verifies as before; a verifier tells how many were withheld at most. Nothing is
 * verified here. What a level never disclosed to this holder cannot be told from what was taken out.
 * @param file attacker-controlled
 * @param keeps whether disclosures of a name stay
 * @throws WireError, LimitError for a file outside the format
 */
export function redactResultFile(file: Uint8Array, keeps: (name: DisclosureName) => boolean): Redaction {
  const decoded = decodeResultFile(file);
  const [remaining, removed] = [new Map<DisclosureName, number>(), new Map<DisclosureName, number>()];
  const disclosures = decoded.disclosures.filter((bytes) => {
    const { name } = decodeDisclosure(bytes);
    const kept = keeps(name);
    const counted = kept ? remaining : removed;
    counted.set(name, (counted.get(name) ?? 0) + 1);
    return kept;
  });
  return { file: encodeResultFile({ ...decoded, disclosures }), remaining, removed };
}
