import { toHex, type ReleaseStatus, type Revocation, type StatusList } from "@caladrius/wire";

/** What a status list revokes, found in constant time. Something revoked since T is revoked at T and from then on. */
export interface Revocations {
  /** since when, Unix seconds; of several entries the earliest; null when the list does not name it */
  since(what: Revocation["what"], id: Uint8Array): number | null;
  /** since when the release with an image of this PCR0 is revoked, Unix seconds; 0 where the list gives no time, null if it is not */
  imageSince(pcr0: Uint8Array): number | null;
  /** the same of the release with this statement, whichever images the list names with it */
  releaseSince(digest: Uint8Array): number | null;
  /** @param atMs Unix ms, the latest that it may be */
  isRevoked(what: Revocation["what"], id: Uint8Array, atMs: number): boolean;
  /** as `isRevoked`, of the release with an image of this PCR0 */
  isImageRevoked(pcr0: Uint8Array, atMs: number): boolean;
  /** SHA-256 of the raw keys that are revoked at a time, in hex */
  keysAt(atMs: number): ReadonlySet<string>;
  /** every image of a revoked release, PCR0 in hex, with its time */
  readonly images: ReadonlyMap<string, number>;
}

/**
 * Indexes a status list. A release is revoked by an entry of that kind, from its `since` on, or by its lifecycle, from
 * ever where no entry says since when; its images are the ones that the list names with it.
 */
export function indexRevocations(list: Pick<StatusList, "revocations" | "releases">): Revocations {
  const earliest = new Map<string, number>();
  for (const { what, id, since } of list.revocations) put(earliest, nameOf(what, id), since);
  const images = new Map<string, number>();
  const releases = new Map<string, number>();
  for (const release of list.releases) {
    const since = sinceOf(release, earliest);
    if (since === null) continue;
    put(releases, toHex(release.digest), since);
    for (const image of release.images) put(images, toHex(image), since);
  }
  const since: Revocations["since"] = (what, id) => earliest.get(nameOf(what, id)) ?? null;
  const imageSince: Revocations["imageSince"] = (pcr0) => images.get(toHex(pcr0)) ?? null;
  return {
    images,
    since,
    imageSince,
    releaseSince: (digest) => releases.get(toHex(digest)) ?? since("release", digest),
    isRevoked: (what, id, atMs) => reached(since(what, id), atMs),
    isImageRevoked: (pcr0, atMs) => reached(imageSince(pcr0), atMs),
    keysAt: (atMs) =>
      new Set(list.revocations.filter(({ what, since: from }) => what === "key" && reached(from, atMs)).map(({ id }) => toHex(id))),
  };
}

function sinceOf({ digest, lifecycle }: ReleaseStatus, earliest: ReadonlyMap<string, number>): number | null {
  return earliest.get(nameOf("release", digest)) ?? (lifecycle === "revoked" ? 0 : null);
}

function put(map: Map<string, number>, name: string, since: number): void {
  map.set(name, Math.min(since, map.get(name) ?? since));
}

function reached(since: number | null, atMs: number): boolean {
  return since !== null && !(atMs < since * 1000); // a time that is none counts as reached
}

function nameOf(what: Revocation["what"], id: Uint8Array): string {
  return `${what} ${toHex(id)}`;
}
