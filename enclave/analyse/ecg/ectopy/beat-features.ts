import { layoutOf, type CutLayout } from "./beat-cut.ts";
import { COLUMN, FEATURES } from "./features.ts";
import { Intervals } from "./intervals.ts";
import { correlation, KnownShapes, SAME_SHAPE, type Known } from "./known-shapes.ts";
import { measure, noMeasures } from "./measures.ts";
import { UnusualRuns } from "./unusual-runs.ts";

/** Fills the cuts of the leads around a raw sample; gives the leads that could be cut, as bits. */
export type Cutter = (at: number, layout: CutLayout, cuts: readonly Float64Array[]) => number;

/** Gets the features of each beat, in order; the row is used again. */
export type TellRow = (row: Int32Array) => void;

interface Beat {
  at: number;
  leads: number;
  cuts: Float64Array[];
}

/**
 * Describes every beat of one stretch of leads by its intervals and by its shape beside the patient's own shapes. Beats are
 * pushed as they come; the row of a beat of the usual shape follows with the next beat, that of another with the next usual
 * one or nine beats later, the first ones after 32 beats, from which the shapes are learned before any of them is described.
 * Memory is bounded.
 */
export class BeatFeatures {
  readonly layout: CutLayout;
  readonly #rate: number;
  readonly #runs: UnusualRuns;
  readonly #shapes: KnownShapes;
  readonly #intervals: Intervals;
  readonly #spare: Beat[];
  /** beats that wait until the shapes are learned; null once they are */
  #held: Beat[] | null = [];
  #learned = 0;
  #last: Beat | null = null;
  #lastKnown: Known | null = null;
  /** the row of the last beat, to be told with the next, and that of the next */
  #row: Int32Array = new Int32Array(FEATURES.length);
  #nextRow: Int32Array = new Int32Array(FEATURES.length);
  #isTold = true;
  #odd = 0;
  readonly #own = noMeasures();
  readonly #their = noMeasures();

  /**
   * @param rate raw samples per second
   * @param leads how many leads there are
   */
  constructor(rate: number, leads: number, tell: TellRow) {
    this.#rate = rate;
    this.#runs = new UnusualRuns(tell);
    this.layout = layoutOf(rate);
    this.#shapes = new KnownShapes(this.layout);
    this.#intervals = new Intervals();
    const { length } = this.layout;
    this.#spare = Array.from({ length: LEARNING + 2 }, () => ({
      at: 0,
      leads: 0,
      cuts: Array.from({ length: leads }, () => new Float64Array(length)),
    }));
  }

  /** The next beat at raw sample `at`; `cutter` is called at once and needs the samples up to 0.5 s behind it. */
  beat(at: number, cutter: Cutter): void {
    const beat = this.#spare.pop() as Beat;
    beat.at = at;
    beat.leads = cutter(at, this.layout, beat.cuts);
    if (this.#held === null) return this.#describe(beat);
    this.#held.push(beat);
    if (this.#held.length === LEARNING) this.#learn();
  }

  /** A break: the next interval is not one between beats. Told rows are those of all beats so far. */
  pause(): void {
    if (this.#held !== null) this.#learn();
    this.#finishRow(0, this.#row[COLUMN.likeness] ?? 0);
    this.#runs.end();
    this.#odd = 0;
    if (this.#last !== null) this.#spare.push(this.#last);
    this.#last = null;
    this.#lastKnown = null;
    if (this.#learned < LEARNING) this.#held = [];
  }

  #learn(): void {
    const held = this.#held ?? [];
    this.#held = null;
    this.#learned += held.length;
    for (const beat of held) this.#take(beat, false);
    this.#last = null;
    this.#lastKnown = null;
    for (const beat of held) this.#describe(beat);
  }

  #describe(beat: Beat): void {
    const last = this.#last;
    this.#take(beat, true);
    if (last !== null) this.#spare.push(last);
  }

  #take(beat: Beat, isTold: boolean): void {
    const last = this.#last;
    const interval = last === null ? 0 : ((beat.at - last.at) * 1000) / this.#rate;
    const intervals = this.#intervals;
    intervals.push(interval);
    const row = this.#nextRow;
    row.fill(0);
    row[COLUMN.shape] = -1;
    this.#readIntervals(row, interval);
    const known = this.#readShape(row, beat, last);
    const likeness = row[COLUMN.likeness] ?? 0;
    this.#odd = likeness < ODD ? Math.min(this.#odd + 1, MOST_ODD) : 0;
    row[COLUMN.odd] = this.#odd;
    const lastLikeness = this.#row[COLUMN.likeness] ?? 0;
    row[COLUMN["likeness-of-last"]] = last === null ? likeness : lastLikeness;
    this.#finishRow(interval, likeness);
    if (known !== null && interval > 0) known.before += (intervals.ofUsual(interval) - known.before) / Math.min(known.beats, MEAN_BEATS);
    if (last !== null && likeness >= USUAL && lastLikeness >= USUAL) intervals.pushUsual();
    this.#nextRow = this.#row;
    this.#row = row;
    this.#isTold = !isTold;
    this.#lastKnown = known;
    this.#last = beat;
  }

  /** What comes behind the last beat is known: the interval, 0 for none, and the next beat's likeness. */
  #finishRow(interval: number, likeness: number): void {
    if (this.#last === null) return;
    const row = this.#row;
    const after = interval > 0 ? this.#intervals.ofUsual(interval) : 1;
    row[COLUMN["after-to-usual"]] = permille(after);
    row[COLUMN["after-to-before"]] = permille(interval > 0 && row[COLUMN.before] !== 0 ? interval / (row[COLUMN.before] ?? 1) : 1);
    row[COLUMN["likeness-of-next"]] = likeness;
    if (!this.#isTold) this.#runs.push(row);
    this.#isTold = true;
    const known = this.#lastKnown;
    if (known !== null && interval > 0) known.after += (after - known.after) / Math.min(known.beats, MEAN_BEATS);
  }

  #readIntervals(row: Int32Array, interval: number): void {
    const intervals = this.#intervals;
    row[COLUMN["before-to-usual"]] = permille(interval > 0 ? intervals.ofUsual(interval) : 1);
    row[COLUMN["before-to-mean"]] = permille(interval > 0 ? interval / intervals.mean : 1);
    row[COLUMN["before-to-previous"]] = permille(interval > 0 && intervals.previous > 0 ? interval / intervals.previous : 1);
    row[COLUMN.before] = Math.round(Math.min(interval, 10_000));
    row[COLUMN.irregularity] = permille(intervals.irregularity);
  }

  /** Describes the shape and learns it; null where no lead could be cut. */
  #readShape(row: Int32Array, beat: Beat, last: Beat | null): Known | null {
    const { cuts, leads } = beat;
    if (leads === 0) return null;
    const shapes = this.#shapes;
    const usual = shapes.usual();
    let own = usual === null ? { likeness: -1, shift: 0 } : shapes.fit(usual, cuts, leads);
    const likeness = own.likeness;
    let best = usual;
    // What is very like the usual beat is one: the other shapes are not asked.
    if (likeness < SURE) {
      for (const known of shapes.all) {
        if (known === usual) continue;
        const fit = shapes.fit(known, cuts, leads);
        if (fit.likeness > own.likeness) [own, best] = [fit, known];
      }
    }
    const isKnown = best !== null && own.likeness >= SAME_SHAPE;
    const shift = isKnown ? own.shift : 0;
    const width = this.#readMeasures(row, beat, usual, shift);
    if (usual !== null) this.#readLikeness(row, beat, usual, likeness, best === usual ? own.shift : shift);
    row[COLUMN.other] = permille(own.likeness - likeness);
    row[COLUMN["is-usual"]] = isKnown && best === usual ? 1 : 0;
    if (last !== null) row[COLUMN["likeness-to-last"]] = this.#likenessTo(last, beat);
    const shape = shapes.learn(isKnown ? best : null, cuts, leads, { shift, width });
    let total = 0;
    for (const { share } of shapes.all) total += share;
    row[COLUMN.share] = permille(shape.share / total);
    row[COLUMN["shape-width"]] = permille(shape.width / ((usual ?? shape).width + TINY));
    row[COLUMN["shape-before"]] = permille(shape.before);
    row[COLUMN["shape-after"]] = permille(shape.after);
    row[COLUMN.shape] = shape.id;
    return shape;
  }

  #readLikeness(row: Int32Array, { cuts, leads }: Beat, usual: Known, likeness: number, shift: number): void {
    const { half, tail, centre, shift: most } = this.layout;
    const shapes = this.#shapes;
    let least = 1;
    let greatest = -1;
    let leastWithT = 1;
    let withT = 0;
    let early = 0;
    let distance = 0;
    let weights = 0;
    for (let lead = 0; lead < cuts.length; lead++) {
      if ((leads & (1 << lead)) === 0) continue;
      const one = shapes.correlate(usual, cuts, lead, shift, -half, half);
      const wide = shapes.correlate(usual, cuts, lead, shift, -half, tail);
      const weight = 1 / ((usual.distances[lead] ?? 0) + 0.03);
      withT += weight * wide;
      early += weight * shapes.correlate(usual, cuts, lead, shift, most - centre, -(half >> 1));
      weights += weight;
      distance += usual.distances[lead] ?? 0;
      if (one < least) least = one;
      if (one > greatest) greatest = one;
      if (wide < leastWithT) leastWithT = wide;
    }
    const count = leads === 3 ? 2 : 1;
    row[COLUMN.likeness] = permille(likeness);
    row[COLUMN["likeness-least"]] = permille(least);
    row[COLUMN["likeness-most"]] = permille(greatest);
    row[COLUMN["likeness-with-t"]] = permille(withT / weights);
    row[COLUMN["likeness-with-t-least"]] = permille(leastWithT);
    row[COLUMN["likeness-before"]] = permille(early / weights);
    row[COLUMN.strangeness] = permille((1 - likeness) / (distance / count + 0.02));
  }

  /** Gives the width, mean of leads. */
  #readMeasures(row: Int32Array, { cuts, leads }: Beat, usual: Known | null, shift: number): number {
    const { centre, shift: most } = this.layout;
    const [own, their] = [this.#own, this.#their];
    let count = 0;
    let height = 0;
    let area = 0;
    let slope = 0;
    let width = 0;
    let steep = 0;
    let heightMost = 0;
    let areaMost = 0;
    let slopeLeast = MOST;
    let widthMost = 0;
    let polarity = 0;
    let absoluteWidth = 0;
    let absoluteSteep = 0;
    for (let lead = 0; lead < cuts.length; lead++) {
      if ((leads & (1 << lead)) === 0) continue;
      count++;
      measure(cuts[lead] as Float64Array, centre + shift, this.layout, own);
      absoluteWidth += own.width;
      absoluteSteep += own.steep;
      if (usual === null) continue;
      measure(usual.waves[lead] as Float64Array, centre - most, this.layout, their);
      const higher = own.height / (their.height + 1);
      const larger = own.area / (their.area + 0.01);
      const steeper = own.slope / (their.slope + 1);
      const wider = own.width / (their.width + TINY);
      height += higher;
      area += larger;
      slope += steeper;
      width += wider;
      steep += own.steep / (their.steep + TINY);
      heightMost = Math.max(heightMost, higher);
      areaMost = Math.max(areaMost, larger);
      slopeLeast = Math.min(slopeLeast, steeper);
      widthMost = Math.max(widthMost, wider);
      polarity = Math.max(polarity, Math.abs(own.polarity - their.polarity));
    }
    row[COLUMN.height] = permille(height / count);
    row[COLUMN["height-most"]] = permille(heightMost);
    row[COLUMN.area] = permille(area / count);
    row[COLUMN["area-most"]] = permille(areaMost);
    row[COLUMN.slope] = permille(slope / count);
    row[COLUMN["slope-least"]] = permille(slopeLeast);
    row[COLUMN.width] = permille(width / count);
    row[COLUMN["width-most"]] = permille(widthMost);
    row[COLUMN["width-absolute"]] = permille(absoluteWidth / count);
    row[COLUMN.steep] = permille(steep / count);
    row[COLUMN["steep-absolute"]] = permille(absoluteSteep / count);
    row[COLUMN.polarity] = permille(polarity);
    return absoluteWidth / count;
  }

  #likenessTo(last: Beat, beat: Beat): number {
    const { centre, half } = this.layout;
    const both = last.leads & beat.leads;
    let sum = 0;
    let count = 0;
    for (let lead = 0; lead < beat.cuts.length; lead++) {
      if ((both & (1 << lead)) === 0) continue;
      sum += correlation(last.cuts[lead] as Float64Array, centre - half, beat.cuts[lead] as Float64Array, centre - half, 2 * half + 1);
      count++;
    }
    return count === 0 ? 0 : permille(sum / count);
  }
}

/** A ratio in permille, within what any beat needs. */
function permille(value: number): number {
  return Math.round(1000 * Math.max(-MOST, Math.min(MOST, value)));
}

/** Beats from which the shapes are learned before the first is described. */
const LEARNING = 32;
/** Likeness from which on no other shape is asked. */
const SURE = 0.95;
/** Likeness, in permille, up to which a beat is odd, and from which on it is usual. */
const ODD = 800;
const USUAL = 900;
const MOST_ODD = 16;
const MEAN_BEATS = 16;
const MOST = 30;
const TINY = 1e-6;
