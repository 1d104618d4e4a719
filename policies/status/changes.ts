import { indexRevocations, takesBack } from "@caladrius/attestation-verifier/governance";
import { equalBytes, fromHex, toHex, type Revocation, type StatusList } from "@caladrius/wire";
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
  const later = (what: string, from: number, to: number | null): void => {
    if (to === null) differences.push({ effect: "takes back", words: what });
    else if (to > from)
      differences.push({ effect: "takes back", words: `${what} until ${iso(to)}, which was revoked since ${sinceWords(from)}` });
  };
  for (const one of after.revocations) {
    const since = old.since(one.what, one.id);
    if (since === null) differences.push({ effect: "adds", words: revokedWords(one) });
    else if (one.since < since)
      differences.push({ effect: "moves", words: `${revokedWords(one)}, from ${iso(since)} to ${iso(one.since)}` });
  }
  for (const one of before.revocations) later(revokedWords(one), one.since, now.since(one.what, one.id));
  for (const [image, since] of old.images) later(`the revocation of the image with PCR0 ${image}`, since, now.imageSince(fromHex(image)));
  for (const { digest } of before.releases) {
    const since = old.since("release", digest) === null ? old.releaseSince(digest) : null; // entries are told above
    if (since !== null) later(`release ${toHex(digest)}`, since, now.releaseSince(digest));
  }
  for (const { digest, lifecycle } of after.releases) {
    const last = before.releases.find((one) => equalBytes(one.digest, digest))?.lifecycle;
    if (last === undefined) differences.push({ effect: "adds", words: `release ${toHex(digest)} as ${lifecycle}` });
    else if (last !== lifecycle) differences.push({ effect: "moves", words: `release ${toHex(digest)}, from ${last} to ${lifecycle}` });
  }
  if (before.lowestPolicyVersion !== after.lowestPolicyVersion)
    differences.push({ effect: "policy", words: `from version ${before.lowestPolicyVersion} to ${after.lowestPolicyVersion}` });
  return { differences, takesBack: takesBack(before, after) };
}

/** How a list's entries are shown. */
export function revokedWords({ what, id }: Pick<Revocation, "what" | "id">): string {
  return `${what} ${toHex(id)}`;
}

/** A lifecycle without a time revokes from ever. */
function sinceWords(since: number): string {
  return since === 0 ? "ever" : iso(since);
}
