import { groupOf, type LeadRing } from "./lead-ring.ts";
import { WaveBefore } from "./wave-before.ts";
import { correlation, energyAt, energyOf, multiply, TINY } from "./wave-products.ts";

/** What the shape of one beat says. */
export interface Shape {
  /** likelihood that the beat is ventricular; 0 while the patient's usual beat is not known */
  ventricularPermille: number;
  /** 1 - correlation with the usual beat, of all leads */
  distance: number;
  /** width beside the usual beat */
  widthRatio: number;
}

/** A shape that was met before: of each lead the waveform, its energy, and how far beats usually are from it. */
interface Known {
  waves: Float64Array[];
  energies: number[];
  distances: number[];
  width: number;
  /** weight of the beats of this shape among the last few hundred */
  share: number;
  beats: number;
}

interface Cut {
  waves: Float64Array[];
  energies: number[];
}

/**
 * Knows the shapes of a patient's beats and says how likely the next one is ventricular: by its distance from the usual
 * beat, its width beside it, how early it comes, and whether it has another known shape. The usual beat is the narrowest
 * of the shapes that are at least 15 % of the last few hundred beats, so that long runs of wide beats do not become usual.
 * The weights are those of a logistic regression on the reference labels of MIT-BIH DS1, used as a straight line.
 */
export class BeatShapes {
  readonly #rate: number;
  readonly #group: number;
  readonly #half: number;
  readonly #shift: number;
  readonly #known: Known[] = [];
  /** the last intervals between beats, in order of time and of length */
  readonly #intervals: number[] = [];
  readonly #sorted: number[] = [];
  /** what stands around the beat that is judged, by lead, and by shift the energy of what a shape is laid over there */
  readonly #stretches: Float64Array[] = [];
  readonly #energies: Float64Array[] = [];
  /** what a shape has in common with what it is laid over, and how well it fits, by shift */
  readonly #products: Float64Array;
  readonly #fits: Float64Array;
  readonly #cutOut: Cut = { waves: [], energies: [] };
  readonly #before: WaveBefore;
  #last = -1;

  /** @param rate raw samples per second */
  constructor(rate: number) {
    this.#rate = rate;
    this.#group = groupOf(rate);
    this.#before = new WaveBefore(rate / this.#group);
    this.#half = Math.round((HALF_SECONDS * rate) / this.#group);
    this.#shift = Math.round((SHIFT_SECONDS * rate) / this.#group);
    this.#products = new Float64Array(2 * this.#shift + 1);
    this.#fits = new Float64Array(2 * this.#shift + 1);
  }

  /** Raw samples that must have been pushed behind a beat before it can be judged. */
  get lookAhead(): number {
    return this.#rate * (HALF_SECONDS + SHIFT_SECONDS + BASELINE_MARGIN_SECONDS);
  }

  /** Whether the patient's usual beat is known. */
  get isLearned(): boolean {
    return this.#usual() !== null;
  }

  /** A stretch begins: the next interval is not one between beats. */
  begin(): void {
    this.#last = -1;
  }

  /** Judges the beat at a raw sample and learns from it; `rings` hold the leads from the first sample of the stretch. */
  judge(rings: readonly LeadRing[], at: number): Shape {
    const early = this.#earliness(at);
    const centre = Math.floor(at / this.#group);
    const reach = this.#half + this.#shift;
    const leads = rings.map(
      (ring) => ring.holds(centre - reach, centre + reach + 1) && !ring.isStepped(centre - reach, centre + reach + 1),
    );
    if (!leads.some((isThere) => isThere)) return UNKNOWN;
    rings.forEach((ring, lead) => {
      if (leads[lead] !== true) return;
      const stretch = (this.#stretches[lead] ??= new Float64Array(2 * reach + 1));
      for (let k = 0; k <= 2 * reach; k++) stretch[k] = ring.at(centre - reach + k);
      const energies = (this.#energies[lead] ??= new Float64Array(2 * this.#shift + 1));
      for (let shift = 0; shift < energies.length; shift++) energies[shift] = energyAt(stretch, shift, 2 * this.#half + 1);
    });
    const usual = this.#usual();
    const own = usual === null ? null : this.#align(usual, leads);
    let [best, bestKnown, shift] = [own?.likeness ?? -2, own === null ? null : usual, own?.shift ?? this.#shift];
    // What is very like the usual beat is one: the other shapes are not asked.
    if (best < SURE) {
      for (const known of this.#known) {
        if (known === usual) continue;
        const aligned = this.#align(known, leads);
        if (aligned.likeness > best) [best, bestKnown, shift] = [aligned.likeness, known, aligned.shift];
      }
    }
    const isKnown = best > SAME;
    const cut = this.#cut(isKnown ? shift : this.#shift, leads);
    const width = widthOf(cut, leads);
    const shape = usual === null || own === null ? UNKNOWN : rate(own.likeness, width / usual.width, early, best, bestKnown === usual);
    if (isKnown && bestKnown === usual) this.#before.learn(rings, centre);
    this.#learn(isKnown ? bestKnown : null, cut, width, leads);
    return shape;
  }

  /** Whether what stands at working sample `centre` has the shape of the usual beat on any one lead, and cannot be its P wave. */
  usualAt(rings: readonly LeadRing[], centre: number): boolean {
    const usual = this.#usual();
    if (usual === null) return false;
    return rings.some((ring, lead) => {
      const wave = usual.waves[lead];
      if (wave === undefined || !ring.holds(centre - this.#half, centre + this.#half + 1)) return false;
      if ((usual.distances[lead] ?? 1) > CLEAR_DISTANCE) return false;
      let [product, energy, mean] = [0, 0, 0];
      for (let k = 0; k < wave.length; k++) mean += ring.at(centre - this.#half + k);
      mean /= wave.length;
      for (let k = 0; k < wave.length; k++) {
        const value = ring.at(centre - this.#half + k) - mean;
        product += value * (wave[k] ?? 0);
        energy += value * value;
      }
      const known = usual.energies[lead] ?? 0;
      const isAlike = product > 0 && product * product >= WEAK_LIKENESS * WEAK_LIKENESS * energy * known;
      return isAlike && energy >= LEAST_ENERGY * wave.length && !this.#before.mayBe(ring, lead, centre);
    });
  }

  /** 1 - interval / median of the last intervals, within ±0.6. */
  #earliness(at: number): number {
    const interval = at - this.#last;
    const isFirst = this.#last < 0;
    this.#last = at;
    if (isFirst) return 0;
    this.#intervals.push(interval);
    insert(this.#sorted, interval);
    if (this.#intervals.length > INTERVALS) this.#sorted.splice(this.#sorted.indexOf(this.#intervals.shift() ?? 0), 1);
    const early = 1 - interval / (this.#sorted[this.#sorted.length >> 1] ?? interval);
    return Math.max(-0.6, Math.min(0.6, early));
  }

  /** Where a known shape fits the stretch best, and how well: correlation over the leads, each weighted by how well beats usually fit there. */
  #align(known: Known, leads: readonly boolean[]): { likeness: number; shift: number } {
    const products = this.#products;
    const fits = this.#fits.fill(0);
    let weights = 0;
    for (let lead = 0; lead < leads.length; lead++) {
      const wave = known.waves[lead];
      if (leads[lead] !== true || wave === undefined) continue;
      const weight = 1 / ((known.distances[lead] ?? 0) + 0.03);
      const energy = known.energies[lead] ?? 0;
      const stretch = this.#stretches[lead] as Float64Array;
      const energies = this.#energies[lead] as Float64Array;
      multiply(stretch, wave, products);
      for (let shift = 0; shift < fits.length; shift++) {
        const likeness = (products[shift] ?? 0) / Math.sqrt((energies[shift] ?? 0) * energy + TINY);
        fits[shift] = (fits[shift] ?? 0) + weight * likeness;
      }
      weights += weight;
    }
    let [likeness, best] = [-2, this.#shift];
    if (weights > 0)
      for (let shift = 0; shift < fits.length; shift++) {
        const mean = (fits[shift] ?? 0) / weights;
        if (mean > likeness) [likeness, best] = [mean, shift];
      }
    return { likeness, shift: best };
  }

  /** Cuts the beat out of the stretch; the cut is overwritten by the next. */
  #cut(shift: number, leads: readonly boolean[]): Cut {
    const cut = this.#cutOut;
    for (let lead = 0; lead < leads.length; lead++) {
      const wave = (cut.waves[lead] ??= new Float64Array(2 * this.#half + 1));
      if (leads[lead] === true) {
        const stretch = this.#stretches[lead] as Float64Array;
        let mean = 0;
        for (let k = 0; k < wave.length; k++) mean += stretch[shift + k] ?? 0;
        mean /= wave.length;
        for (let k = 0; k < wave.length; k++) wave[k] = (stretch[shift + k] ?? 0) - mean;
      } else wave.fill(0);
      cut.energies[lead] = energyOf(wave);
    }
    return cut;
  }

  #usual(): Known | null {
    let total = 0;
    for (const { share } of this.#known) total += share;
    let usual: Known | null = null;
    for (const known of this.#known) {
      if (known.share < LEAST_SHARE * total || known.beats < LEAST_BEATS) continue;
      if (usual === null || known.width < usual.width) usual = known;
    }
    return usual;
  }

  #learn(known: Known | null, cut: Cut, width: number, leads: readonly boolean[]): void {
    for (const one of this.#known) one.share *= 1 - 1 / SHARE_BEATS;
    if (known === null) {
      const waves = cut.waves.map((wave) => wave.slice());
      const fresh = { waves, energies: [...cut.energies], distances: leads.map(() => 0.05), width, share: 1, beats: 1 };
      if (this.#known.length < MOST_SHAPES) this.#known.push(fresh);
      else this.#known[this.#rarest()] = fresh;
      return;
    }
    known.share++;
    known.beats++;
    known.width += (width - known.width) / 16;
    for (let lead = 0; lead < leads.length; lead++) {
      if (leads[lead] !== true) continue;
      const distance = 1 - correlation(cut.waves[lead] as Float64Array, known.waves[lead] as Float64Array, known.energies[lead] ?? 0);
      known.distances[lead] = (known.distances[lead] ?? 0) + (distance - (known.distances[lead] ?? 0)) / 16;
      const wave = known.waves[lead] as Float64Array;
      const seen = cut.waves[lead] as Float64Array;
      for (let k = 0; k < wave.length; k++) wave[k] = (wave[k] ?? 0) + ((seen[k] ?? 0) - (wave[k] ?? 0)) / 16;
      known.energies[lead] = energyOf(wave);
    }
  }

  #rarest(): number {
    let rarest = 0;
    this.#known.forEach(({ share }, i) => {
      if (share < (this.#known[rarest]?.share ?? 0)) rarest = i;
    });
    return rarest;
  }
}

function rate(own: number, widthRatio: number, early: number, best: number, isUsual: boolean): Shape {
  const distance = 1 - own;
  const wider = Math.max(-1, Math.min(1.5, widthRatio - 1));
  const other = isUsual ? 0 : Math.min(0.5, best - own);
  const stray = best < STRAY ? 1 : 0;
  const score = -6.26 + 3.51 * Math.min(1, distance) + 5.48 * wider + 6.98 * early + 7.85 * other + 1.57 * stray;
  const ventricularPermille = Math.round(Math.max(0, Math.min(1000, 500 + 250 * score)));
  return { ventricularPermille, distance, widthRatio: Math.min(widthRatio, 2.5) };
}

/** Area over the steepest slope: a length of time, whatever the amplitude. */
function widthOf({ waves }: Cut, leads: readonly boolean[]): number {
  let areas = 0;
  let slopes = 0;
  waves.forEach((wave, lead) => {
    if (leads[lead] !== true) return;
    let steepest = 0;
    for (let k = 1; k < wave.length; k++) {
      areas += Math.abs(wave[k] ?? 0);
      steepest = Math.max(steepest, Math.abs((wave[k] ?? 0) - (wave[k - 1] ?? 0)));
    }
    slopes += steepest;
  });
  return areas / (slopes + 1);
}

function insert(sorted: number[], value: number): void {
  let i = sorted.length;
  while (i > 0 && (sorted[i - 1] ?? 0) > value) i--;
  sorted.splice(i, 0, value);
}

const UNKNOWN: Shape = { ventricularPermille: 0, distance: 0, widthRatio: 1 };
const HALF_SECONDS = 0.15;
const SHIFT_SECONDS = 0.034;
/** Half the baseline of a ring, and a few samples. */
const BASELINE_MARGIN_SECONDS = 0.35;
/** Correlation from which on two beats have one shape, and below which a beat is like no other. */
const SAME = 0.9;
const SURE = 0.96;
const STRAY = 0.8;
const MOST_SHAPES = 6;
const LEAST_SHARE = 0.15;
const LEAST_BEATS = 5;
const SHARE_BEATS = 200;
const INTERVALS = 64;
/** A weak beat: correlation, and mean square in square microvolts. */
const WEAK_LIKENESS = 0.85;
const LEAST_ENERGY = 64;
/** A lead on which usual beats differ more than this tells nothing about weak ones. */
const CLEAR_DISTANCE = 0.15;
