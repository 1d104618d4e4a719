import {
  compareBytes,
  equalBytes,
  toHex,
  MAX_STATUS_LIST_SECONDS,
  type ReleaseStatus,
  type Revocation,
  type StatusList,
} from "@caladrius/wire";

/** What the next list says otherwise than the last one. */
export interface StatusChange {
  revoke?: readonly Revocation[];
  /** revocations that are left out */
  restore?: readonly Pick<Revocation, "what" | "id">[];
  /** a release's lifecycle and images, in place of what the last list says of it */
  releases?: readonly ReleaseStatus[];
  lowestPolicyVersion?: number;
  /** of the enclave for which the list is to be fresh */
  bootNonce?: Uint8Array | null;
}

/** The first list of a deployment: it revokes nothing. @param nowSeconds Unix seconds; good for a day from then */
export function firstStatusList(constitutionDigest: Uint8Array, nowSeconds: number): StatusList {
  return {
    version: 1,
    number: 1,
    constitutionDigest,
    issuedAt: nowSeconds,
    expiresAt: nowSeconds + MAX_STATUS_LIST_SECONDS,
    bootNonce: null,
    lowestPolicyVersion: 0,
    revocations: [],
    releases: [],
  };
}

/**
 * The list that follows one: the next number, a day from now, and what changes. Of two times since which something is
 * revoked the earlier one stands, so that revoking again takes nothing back.
 */
export function nextStatusList(last: StatusList, nowSeconds: number, change: StatusChange = {}): StatusList {
  const { revoke = [], restore = [], releases = [], lowestPolicyVersion = last.lowestPolicyVersion, bootNonce = null } = change;
  const revocations = last.revocations.filter((one) => !restore.some((other) => sameThing(one, other)));
  for (const one of revoke) {
    const at = revocations.findIndex((other) => sameThing(one, other));
    const known = revocations[at];
    if (known === undefined) revocations.push(one);
    else if (one.since < known.since) revocations[at] = one;
  }
  const kept = last.releases.filter(({ digest }) => !releases.some((one) => equalBytes(one.digest, digest)));
  return {
    ...last,
    number: last.number + 1,
    issuedAt: nowSeconds,
    expiresAt: nowSeconds + MAX_STATUS_LIST_SECONDS,
    bootNonce,
    lowestPolicyVersion,
    revocations,
    releases: [...kept, ...releases],
  };
}

/** Whether two lists forbid the same and say the same of releases, whenever they were made and for whichever boot. */
export function saysTheSame(a: StatusList, b: StatusList): boolean {
  return a.lowestPolicyVersion === b.lowestPolicyVersion && summary(a) === summary(b);
}

function summary({ revocations, releases }: StatusList): string {
  return JSON.stringify([
    revocations.map(({ what, id, since }) => `${what} ${toHex(id)} ${since}`).toSorted(),
    releases
      .map(({ digest, lifecycle, images }) => `${toHex(digest)} ${lifecycle} ${images.toSorted(compareBytes).map(toHex).join()}`)
      .toSorted(),
  ]);
}

function sameThing(a: Pick<Revocation, "what" | "id">, b: Pick<Revocation, "what" | "id">): boolean {
  return a.what === b.what && equalBytes(a.id, b.id);
}
