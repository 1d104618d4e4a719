import type { EcgGroup } from "./groups.ts";

/** For each beat of a group 1 where it is claimed, 0 where it lies in an uncertain stretch. */
export function claimedBeats({ beats, uncertain }: Pick<EcgGroup, "beats" | "uncertain">): Uint8Array {
  const claimed = new Uint8Array(beats.length);
  let next = 0; // of the uncertain stretches, the first that does not lie behind
  for (let i = 0; i < beats.length; i++) {
    const at = beats[i] ?? 0;
    while (at >= (uncertain[next]?.to ?? Number.POSITIVE_INFINITY)) next++;
    claimed[i] = at < (uncertain[next]?.from ?? Number.POSITIVE_INFINITY) ? 1 : 0;
  }
  return claimed;
}
