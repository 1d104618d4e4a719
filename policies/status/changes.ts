import { indexRevocations, takesBack } from "@caladrius/attestation-verifier/governance";
import { toHex, type Revocation, type StatusList } from "@caladrius/wire";
import { iso } from "../authoring/words.ts";

/** One thing that a status list says otherwise than the one before. */
export interface StatusDifference {
  effect: "adds" | "moves" | "takes back" | "policy";
  words: string;
}

/** What differs between two status lists, and whether enclaves want the quorum's approvals of the second. */
export function diffStatusLists(before: StatusList, after: StatusList): { differences: readonly StatusDifference[]; takesBack: boolean } {
  const [old, now] = [indexRevocations(before), indexRevocations(after)];
  const differences: StatusDifference[] = [];
  for (const one of after.revocations) {
    const since = old.since(one.what, one.id);
    if (since === null) differences.push({ effect: "adds", words: revokedWords(one) });
    else if (since !== one.since)
      differences.push({ effect: "moves", words: `${revokedWords(one)}, from ${iso(since)} to ${iso(one.since)}` });
  }
  for (const one of before.revocations)
    if (now.since(one.what, one.id) === null) differences.push({ effect: "takes back", words: revokedWords(one) });
  for (const image of old.images.keys())
    if (!now.images.has(image)) differences.push({ effect: "takes back", words: `the revocation of the image with PCR0 ${image}` });
  if (before.lowestPolicyVersion !== after.lowestPolicyVersion)
    differences.push({ effect: "policy", words: `from version ${before.lowestPolicyVersion} to ${after.lowestPolicyVersion}` });
  return { differences, takesBack: takesBack(before, after) };
}

/** How a list's entries are shown. */
export function revokedWords({ what, id }: Pick<Revocation, "what" | "id">): string {
  return `${what} ${toHex(id)}`;
}
