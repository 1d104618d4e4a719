import type { Measurement } from "@caladrius/wire";
import { plain, type AlarmListener } from "./alarm.ts";
import { groupOf, type LeadRing } from "./lead-ring.ts";

/** One look at the last seconds of all leads. */
interface Look {
  /** raw samples: [from, to) */
  from: number;
  to: number;
  leakage: number;
  /** of the waves, per second */
  frequency: number;
}

/**
 * Ventricular fibrillation and flutter: a waveform that oscillates for 4 s, without the patient's usual beats in it.
 * Measured by the VF filter (Kuo and Dillman 1978): the signal is added to itself half a mean period later; of an
 * oscillation nearly nothing is left, of separate QRS complexes most. Leads with a mean amplitude below 50 uV are not
 * asked, and the leakage is the mean of the others'.
 */
export class Fibrillation {
  readonly #rate: number;
  readonly #group: number;
  readonly #listener: AlarmListener;
  readonly #usual: number[] = [];
  readonly #looks: Look[] = [];
  readonly #window: number;
  readonly #step: number;
  /** of each lead the smoothed pairs of the last look, and from where on they are */
  readonly #waves: { wave: Float64Array; from: number }[] = [];
  #next: number;
  #open: { from: number; to: number; looks: number; leakage: number; least: number; frequency: number } | null = null;

  /** @param leastMs how long the waveform must last (PhysioNet/CinC challenge 2015: 4 s) */
  constructor(rate: number, leastMs: number, listener: AlarmListener) {
    this.#rate = rate;
    this.#group = groupOf(rate);
    this.#listener = listener;
    this.#window = Math.round((leastMs * rate) / 1000 / this.#group / 2);
    this.#step = Math.round(rate / this.#group / 2);
    this.#next = 2 * this.#window;
  }

  /** Looks at what the rings have got. */
  look(rings: readonly LeadRing[]): void {
    const to = Math.min(...rings.map((ring) => ring.to));
    for (; this.#next <= to; this.#next += 2 * this.#step) {
      const look = this.#lookAt(rings, this.#next);
      if (look !== null) this.#looks.push(look);
    }
  }

  /** A beat of the patient's usual shape. */
  usualBeat(at: number): void {
    this.#usual.push(at);
  }

  /** All beats before `to` have been given. */
  decided(to: number): void {
    while (this.#looks.length > 0 && (this.#looks[0] as Look).to <= to) this.#decide(this.#looks.shift() as Look);
  }

  /** Nothing follows. */
  end(): void {
    this.decided(Number.POSITIVE_INFINITY);
    this.#close();
  }

  #decide(look: Look): void {
    while (this.#usual.length > 0 && (this.#usual[0] ?? 0) < look.from) this.#usual.shift();
    const usual = this.#usual.filter((at) => at < look.to).length;
    const isOscillation = look.leakage <= MOST_LEAKAGE && look.frequency >= LEAST_FREQUENCY && look.frequency <= MOST_FREQUENCY;
    if (!isOscillation || usual >= USUAL_BEATS) {
      if (this.#open !== null && look.from > this.#open.to) this.#close();
      return;
    }
    if (this.#open === null || look.from > this.#open.to) {
      this.#close();
      this.#listener.rise("ventricular-fibrillation", look.from);
      this.#open = { from: look.from, to: look.to, looks: 0, leakage: 0, least: 1, frequency: 0 };
    }
    const open = this.#open;
    open.to = look.to;
    open.looks++;
    open.leakage += look.leakage;
    open.least = Math.min(open.least, look.leakage);
    open.frequency += look.frequency;
  }

  /** Pairs of working samples in [2 * (end/2 - window), end), smoothed, lead by lead. */
  #lookAt(rings: readonly LeadRing[], end: number): Look | null {
    const from = end - 2 * this.#window;
    let [leakage, frequency, leads] = [0, 0, 0];
    for (let lead = 0; lead < rings.length; lead++) {
      const ring = rings[lead] as LeadRing;
      if (!ring.holds(from - 2, end)) continue;
      const measured = this.#measure(this.#waveOf(ring, lead, from));
      if (measured === null) continue;
      leakage += measured.leakage;
      frequency += measured.frequency;
      leads++;
    }
    if (leads === 0) return null;
    return { from: from * this.#group, to: end * this.#group, leakage: leakage / leads, frequency: frequency / leads };
  }

  /** Most of a look was in the one before. */
  #waveOf(ring: LeadRing, lead: number, from: number): Float64Array {
    const kept = (this.#waves[lead] ??= { wave: new Float64Array(this.#window), from: Number.NEGATIVE_INFINITY });
    const { wave } = kept;
    const isNext = kept.from + 2 * this.#step === from && this.#step < this.#window;
    if (isNext) wave.copyWithin(0, this.#step);
    for (let k = isNext ? this.#window - this.#step : 0; k < this.#window; k++) {
      const i = from + 2 * k;
      wave[k] = (ring.at(i - 2) + 3 * ring.at(i - 1) + 3 * ring.at(i) + ring.at(i + 1)) / 8;
    }
    kept.from = from;
    return wave;
  }

  #measure(wave: Float64Array): { leakage: number; frequency: number } | null {
    const count = wave.length;
    let [area, steps, least] = [0, 0, Number.POSITIVE_INFINITY];
    let before = wave[0] ?? 0;
    for (let quarter = 1, k = 0; quarter <= 4; quarter++) {
      let part = 0;
      for (; 4 * k < quarter * count; k++) {
        const value = wave[k] ?? 0;
        area += Math.abs(value);
        part += Math.abs(value);
        steps += Math.abs(value - before);
        before = value;
      }
      if (part < least) least = part;
    }
    if (area < LEAST_MICROVOLTS * count || steps === 0) return null;
    if (least < LEAST_QUARTER * area) return null; // a short run is no waveform of four seconds
    const half = Math.max(1, Math.floor((PI * area) / steps + 0.5)); // half a mean period, were it a sine
    let [left, all] = [0, 0];
    for (let k = half; k < count; k++) {
      const now = wave[k] ?? 0;
      const before = wave[k - half] ?? 0;
      left += Math.abs(now + before);
      all += Math.abs(now) + Math.abs(before);
    }
    return all === 0 ? null : { leakage: left / all, frequency: this.#rate / this.#group / 4 / half };
  }

  #close(): void {
    if (this.#open === null) return;
    const { from, to, looks, leakage, least, frequency } = this.#open;
    this.#open = null;
    const evidence: Measurement[] = [
      { name: "mean-leakage", value: Math.round((1000 * leakage) / looks), decimals: 3, unit: "1" },
      { name: "least-leakage", value: Math.round(1000 * least), decimals: 3, unit: "1" },
      { name: "wave-frequency", value: Math.round((10 * frequency) / looks), decimals: 1, unit: "Hz" },
      plain("looks", looks),
    ];
    const confidencePermille = Math.round(1000 * (1 - leakage / looks));
    this.#listener.tell({ code: "ventricular-fibrillation", from, to, confidencePermille, evidence });
  }
}

/** Near enough for a length in whole samples. */
const PI = 355 / 113;
/** Kuo and Dillman's threshold is 0.406; the shortest flutter of MIT-BIH DS1 reaches 0.43. */
const MOST_LEAKAGE = 0.45;
/** Waves per second. */
const LEAST_FREQUENCY = 2.4;
const MOST_FREQUENCY = 8;
const LEAST_MICROVOLTS = 50;
/** Of the area in four seconds, each of them has at least this. */
const LEAST_QUARTER = 0.1;
/** So many of the patient's usual beats in the window, and it is no fibrillation. */
const USUAL_BEATS = 3;
