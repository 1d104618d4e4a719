import type { Segment } from "../energy.ts";
import { claimedBeats } from "../claimed.ts";
import type { EcgGroup, GroupLead } from "../groups.ts";
import { cutBeat, type CutLayout } from "./beat-cut.ts";
import { BeatFeatures, type Cutter } from "./beat-features.ts";
import { VentricularModel } from "./model.ts";

/** Likelihood from which on a beat is called ventricular: chosen on MIT-BIH DS1, cross-validated, before the scores of a shape were asked. */
export const VENTRICULAR_PERMILLE = 380;

/** For each beat of a group 1 where it is of ventricular origin, else 0 (also where it is not claimed): found once for all detectors. */
export function ventricularBeats(group: EcgGroup): Uint8Array {
  let labels = LABELS.get(group);
  if (labels === undefined) {
    labels = Uint8Array.from(ventricularLikelihoods(group), (permille) => (permille >= VENTRICULAR_PERMILLE ? 1 : 0));
    LABELS.set(group, labels);
  }
  return labels;
}

/** For each beat of a group how likely it is of ventricular origin, in permille: found once for all detectors. */
export function ventricularLikelihoods(group: EcgGroup): Uint16Array {
  let likelihoods = LIKELIHOODS.get(group);
  if (likelihoods === undefined) {
    likelihoods = new Uint16Array(group.beats.length);
    const found = likelihoods;
    const model = new VentricularModel();
    describeBeats(group, (row, beat) => {
      found[beat] = model.permille(row);
    });
    LIKELIHOODS.set(group, likelihoods);
  }
  return likelihoods;
}

/** Gives the features of every claimed beat of a group, by its index, from the group's first two leads; the row is used again. */
export function describeBeats(
  group: Pick<EcgGroup, keyof GroupLead | "others" | "beats" | "uncertain">,
  tell: (row: Int32Array, beat: number) => void,
): void {
  const { lead, usable, beats } = group;
  const second = group.others[0];
  const claimed = claimedBeats(group);
  let told = 0;
  const features = new BeatFeatures(lead.rate, second === undefined ? 1 : 2, (row) => {
    while (claimed[told] === 0) told++;
    tell(row, told++);
  });
  const cutter = new LeadCutter(group, second);
  let next = 0;
  for (const segment of usable) {
    cutter.segment = segment;
    for (; next < beats.length && (beats[next] ?? 0) < segment.to; next++) {
      if (claimed[next] === 1) features.beat(beats[next] ?? 0, cutter.cut);
      else features.pause();
    }
    features.pause();
  }
}

/** Cuts the first lead inside its stretch, and the second where all of the cut can be judged. */
class LeadCutter {
  segment: Segment = { from: 0, to: 0 };
  readonly #first: GroupLead;
  readonly #second: GroupLead | undefined;
  #place = 0;

  constructor(first: GroupLead, second: GroupLead | undefined) {
    this.#first = first;
    this.#second = second;
  }

  readonly cut: Cutter = (at: number, layout: CutLayout, cuts: readonly Float64Array[]): number => {
    cutBeat(this.#first, this.segment, at, layout, cuts[0] as Float64Array);
    if (this.#second === undefined) return 1;
    const { usable } = this.#second;
    while ((usable[this.#place]?.to ?? Number.POSITIVE_INFINITY) <= at) this.#place++;
    const there = usable[this.#place];
    const reach = layout.length * layout.group;
    if (there === undefined || at - reach < there.from || at + reach > there.to) return 1;
    cutBeat(this.#second, there, at, layout, cuts[1] as Float64Array);
    return 3;
  };
}

const LABELS = new WeakMap<EcgGroup, Uint8Array>();
const LIKELIHOODS = new WeakMap<EcgGroup, Uint16Array>();
