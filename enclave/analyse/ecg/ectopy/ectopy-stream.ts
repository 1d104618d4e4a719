import { BeatStream } from "../beat-stream.ts";
import { cutBeat, type CutLayout } from "./beat-cut.ts";
import { BeatFeatures, type Cutter } from "./beat-features.ts";
import { VentricularModel } from "./model.ts";
import { RecentSamples } from "./recent-samples.ts";

/** Gets every beat, in order: its raw sample from the first that was pushed, and how likely it is of ventricular origin. */
export type TellBeat = (at: number, permille: number) => void;

/**
 * How likely each beat of one or two leads that come live is of ventricular origin: finds the beats itself. A beat of
 * the usual shape is told with the next one, another with the next usual one or nine beats later, the first 32 together; memory is bounded (half a minute of each lead, 34 cuts, 8 shapes),
 * and however pushes are cut, the answers are the same. They are those of the detector ecg-ectopy, but that stretches in
 * which the detectors of beats turn out to disagree are not taken out, and no further lead stands in there: that is known
 * 15 s later.
 */
export class EctopyStream {
  readonly #rate: number;
  readonly #microvolts: readonly [number, number];
  readonly #features: BeatFeatures;
  readonly #reach: number;
  readonly #leads: readonly [RecentSamples, RecentSamples];
  /** where the second lead was pushed, [from, to) */
  readonly #paired: { from: number; to: number }[] = [];
  /** beats that were found and not yet cut, and those that were cut and not yet told */
  readonly #found: number[] = [];
  readonly #cut: number[] = [];
  #stream: { beats: BeatStream; from: number } | null = null;
  #pushed = 0;
  #stretchFrom = 0;

  /**
   * @param rate samples per second of both leads, 100 to 1000
   * @param microvolts per raw step, of the first and, where there is one, of the second lead
   */
  constructor(rate: number, microvolts: readonly number[], tell: TellBeat) {
    this.#rate = rate;
    this.#microvolts = [microvolts[0] ?? 0, microvolts[1] ?? 0];
    const model = new VentricularModel();
    this.#features = new BeatFeatures(rate, microvolts.length > 1 ? 2 : 1, (row) => tell(this.#cut.shift() ?? 0, model.permille(row)));
    const { length, group } = this.#features.layout;
    this.#reach = length * group;
    const kept = Math.ceil(KEPT_SECONDS * rate) + 2 * this.#reach;
    this.#leads = [new RecentSamples(kept), new RecentSamples(kept)];
  }

  /** Takes the samples [from, to) of each lead, null where it cannot be judged: what follows is then another stretch. */
  push(first: Int16Array | Int32Array | null, second: Int16Array | Int32Array | null, from: number, to: number): void {
    for (let at = from; at < to; at += BLOCK) this.#pushBlock(first, second, at, Math.min(to, at + BLOCK));
  }

  /** Nothing follows. */
  end(): void {
    this.#endStretch();
  }

  #pushBlock(first: Int16Array | Int32Array | null, second: Int16Array | Int32Array | null, from: number, to: number): void {
    if (first === null) this.#endStretch();
    else if (this.#stream === null) this.#begin();
    this.#leads[0].push(first, from, to);
    this.#leads[1].push(second, from, to);
    this.#pair(second !== null, to - from);
    this.#pushed += to - from;
    if (first === null) return;
    this.#stream?.beats.push(first, second, from, to);
    this.#settle(this.#pushed - this.#reach);
  }

  #begin(): void {
    const from = this.#pushed;
    this.#stretchFrom = from;
    const beats = new BeatStream(this.#rate, this.#microvolts, ({ at, isBeat }) => {
      if (isBeat) this.#found.push(from + at);
    });
    this.#stream = { beats, from };
  }

  #endStretch(): void {
    if (this.#stream === null) return;
    this.#stream.beats.end();
    this.#stream = null;
    this.#settle(Number.POSITIVE_INFINITY);
    this.#features.pause();
  }

  #pair(isThere: boolean, samples: number): void {
    const last = this.#paired.at(-1);
    if (!isThere) return;
    if (last?.to === this.#pushed) last.to += samples;
    else this.#paired.push({ from: this.#pushed, to: this.#pushed + samples });
    while ((this.#paired[0]?.to ?? Number.POSITIVE_INFINITY) < this.#pushed - this.#leads[1].kept) this.#paired.shift();
  }

  /** Beats up to here have all samples behind them that are asked for. */
  #settle(ready: number): void {
    for (let at = this.#found[0]; at !== undefined && at <= ready; at = this.#found[0]) {
      this.#found.shift();
      this.#cut.push(at);
      this.#features.beat(at, this.#cutter);
    }
  }

  readonly #cutter: Cutter = (at: number, layout: CutLayout, cuts: readonly Float64Array[]): number => {
    this.#cutLead(0, { from: this.#stretchFrom, to: this.#pushed }, at, layout, cuts);
    const isWhole = cuts.length > 1 && this.#paired.some(({ from, to }) => at - this.#reach >= from && at + this.#reach <= to);
    if (!isWhole) return 1;
    this.#cutLead(1, { from: 0, to: this.#pushed }, at, layout, cuts);
    return 3;
  };

  #cutLead(lead: 0 | 1, { from, to }: { from: number; to: number }, at: number, layout: CutLayout, cuts: readonly Float64Array[]): void {
    const { samples, first } = this.#leads[lead];
    const held = { samples, rate: this.#rate, microvolts: this.#microvolts[lead] };
    cutBeat({ lead: held }, { from: Math.max(0, from - first), to: to - first }, at - first, layout, cuts[lead] as Float64Array);
  }
}

/** Samples that are taken at once; the answers do not depend on it. */
const BLOCK = 512;
/** Longer than any beat takes to be found. */
const KEPT_SECONDS = 30;
