import type { Peak } from "./energy.ts";

/** Where a detector's beats go: working samples, ascending. */
export type Beat = (at: number) => void;

/** How a detector by peaks decides. */
export interface PeakRules {
  /** levels of signal and noise: running means (Pan and Tompkins 1985), or medians of the last eight (Hamilton 2002) */
  levels: "means" | "medians";
  /** where the threshold lies between the level of noise and that of beats */
  threshold: number;
  /** mean RR intervals without a beat after which smaller peaks are looked at again */
  searchBack: number;
}

/**
 * Decides which peaks of an energy are beats, by the adaptive thresholds, the refractory period, the T wave rule and the
 * search back of the two papers. Differences: a peak that is smaller than the one that follows within 250 ms is taken for
 * its P wave; the levels begin with the maxima of the first 8 s; what was passed over is looked at again for 3 s, so that
 * every decision falls within a bounded time.
 */
export class PeakDetector {
  readonly #rules: PeakRules;
  readonly #beat: Beat;
  readonly #refractory: number;
  readonly #pWave: number;
  readonly #tWave: number;
  readonly #forget: number;
  readonly #learning: number;
  readonly #second: number;
  /** peaks that a larger one may still follow */
  #waiting: Peak[] = [];
  /** peaks that were passed over since the last beat */
  #passed: Peak[] = [];
  readonly #beatHeights = new LastEight();
  readonly #noiseHeights = new LastEight();
  readonly #intervals: number[] = [];
  readonly #maxima: number[] = [0, 0, 0, 0, 0, 0, 0, 0];
  #beatLevel = 0;
  #noiseLevel = 0;
  #learned = false;
  #last: Peak | null = null;
  #decidedTo = 0;

  constructor(rate: number, rules: PeakRules, beat: Beat) {
    this.#rules = rules;
    this.#beat = beat;
    const samples = (seconds: number): number => Math.round(rate * seconds);
    this.#refractory = samples(0.2);
    this.#pWave = samples(0.25);
    this.#tWave = samples(0.36);
    this.#forget = samples(3);
    this.#learning = samples(8);
    this.#second = samples(1);
  }

  /** Beats before this working sample will not be given any more. */
  get decidedTo(): number {
    return this.#decidedTo;
  }

  /** Takes the next peak. */
  take(peak: Peak): void {
    if (!this.#learned) {
      const second = Math.floor(peak.at / this.#second);
      if (second < 8) this.#maxima[second] = Math.max(this.#maxima[second] ?? 0, peak.height);
    }
    const before = this.#waiting.at(-1);
    if (before !== undefined && peak.at - before.at < this.#refractory) {
      if (peak.height > before.height) this.#waiting[this.#waiting.length - 1] = peak;
    } else this.#waiting.push(peak);
  }

  /** Everything before `now` has been given. */
  tick(now: number): void {
    if (!this.#learned) {
      if (now < this.#learning) return;
      this.#learn();
    }
    let ready = 0;
    for (let i = 0; i < this.#waiting.length; i++) {
      const peak = this.#waiting[i] as Peak;
      if (now - peak.at <= this.#pWave + this.#refractory) break;
      ready = i + 1;
      const next = this.#waiting[i + 1];
      if (next !== undefined && next.deflection - peak.deflection < this.#pWave && peak.height < P_WAVE_PART * next.height) continue;
      this.#lookBack(peak.at);
      this.#decide(peak);
    }
    if (ready > 0) this.#waiting.splice(0, ready);
    const seen = Math.min(now - this.#pWave - this.#refractory, this.#waiting[0]?.at ?? now);
    this.#lookBack(seen);
    while (this.#passed.length > 0 && (this.#passed[0] as Peak).at < seen - this.#forget) this.#passed.shift();
    const oldest = this.#passed[0]?.at ?? seen;
    this.#decidedTo = Math.min(oldest, seen) - this.#refractory;
  }

  /** Nothing follows. */
  end(now: number): void {
    if (!this.#learned) this.#learn();
    this.tick(now + this.#pWave + this.#refractory + this.#forget + 2);
    this.#decidedTo = Number.POSITIVE_INFINITY;
  }

  #learn(): void {
    this.#learned = true;
    for (const height of this.#maxima) this.#beatHeights.add(height);
    this.#beatLevel = this.#beatHeights.median;
  }

  #threshold(): number {
    const means = this.#rules.levels === "means";
    const beat = this.#beatHeight();
    const noise = means ? this.#noiseLevel : this.#noiseHeights.median;
    return noise + this.#rules.threshold * (beat - noise);
  }

  #beatHeight(): number {
    return this.#rules.levels === "means" ? this.#beatLevel : this.#beatHeights.median;
  }

  /** After too long without a beat the largest peak above half the threshold is one. */
  #lookBack(now: number): void {
    const { searchBack } = this.#rules;
    while (this.#last !== null && this.#passed.length > 0 && now - this.#last.at > searchBack * this.#meanInterval()) {
      const least = this.#threshold() / 2;
      let best: Peak | null = null;
      for (const peak of this.#passed) {
        if (peak.at - this.#last.at < this.#tWave || peak.at > now - this.#refractory) continue;
        if (peak.height > least && (best === null || peak.height > best.height)) best = peak;
      }
      if (best === null) return;
      this.#accept(best, 0.25);
    }
  }

  #meanInterval(): number {
    const { length } = this.#intervals;
    if (length === 0) return this.#second;
    let sum = 0;
    for (const interval of this.#intervals) sum += interval;
    return sum / length;
  }

  #decide(peak: Peak): void {
    const isTWave = this.#last !== null && peak.at - this.#last.at < this.#tWave && peak.slope < this.#last.slope / 2;
    if (!isTWave && peak.height > this.#threshold()) return this.#accept(peak, 0.125);
    this.#noiseHeights.add(peak.height);
    this.#noiseLevel += (peak.height - this.#noiseLevel) * 0.125;
    // What is not looked at again would hold back every decision behind it.
    const isFar = this.#last === null || peak.at - this.#last.at >= this.#tWave;
    if (isFar && peak.height > (this.#rules.threshold * this.#beatHeight()) / 2) this.#passed.push(peak);
  }

  #accept(peak: Peak, weight: number): void {
    this.#beatHeights.add(peak.height);
    this.#beatLevel += (peak.height - this.#beatLevel) * weight;
    if (this.#last !== null) {
      this.#intervals.push(peak.at - this.#last.at);
      if (this.#intervals.length > 8) this.#intervals.shift();
    }
    this.#last = peak;
    this.#passed = this.#passed.filter(({ at }) => at > peak.at);
    this.#beat(peak.deflection);
  }
}

/** Decides among blocks of energy: of two within 300 ms the larger is the beat (Elgendi 2013). */
export class BlockDetector {
  readonly #beat: Beat;
  readonly #refractory: number;
  #at = 0;
  #energy = -1;
  #decidedTo = 0;

  constructor(rate: number, beat: Beat) {
    this.#beat = beat;
    this.#refractory = Math.floor(rate * 0.3);
  }

  get decidedTo(): number {
    return this.#decidedTo;
  }

  take(at: number, energy: number): void {
    if (this.#energy >= 0 && at - this.#at <= this.#refractory && energy <= this.#energy) return;
    if (this.#energy >= 0 && at - this.#at > this.#refractory) this.#beat(this.#at);
    this.#at = at;
    this.#energy = energy;
  }

  /** Every block that was largest before `now` has been given. */
  tick(now: number): void {
    if (this.#energy >= 0 && now - this.#at > this.#refractory) {
      this.#beat(this.#at);
      this.#energy = -1;
    }
    this.#decidedTo = this.#energy >= 0 ? this.#at : now;
  }

  end(): void {
    this.tick(Number.POSITIVE_INFINITY);
  }
}

/** The last eight values, zeros first, and their median, which is asked for more often than values come. */
class LastEight {
  readonly #values = new Float64Array(8);
  readonly #sorted = new Float64Array(8);
  #next = 0;
  #isSorted = true;

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) & 7;
    this.#isSorted = false;
  }

  get median(): number {
    const sorted = this.#sorted;
    if (!this.#isSorted) {
      this.#isSorted = true;
      for (let count = 0; count < 8; count++) {
        const value = this.#values[count] ?? 0;
        let i = count;
        for (; i > 0 && (sorted[i - 1] ?? 0) > value; i--) sorted[i] = sorted[i - 1] ?? 0;
        sorted[i] = value;
      }
    }
    return ((sorted[3] ?? 0) + (sorted[4] ?? 0)) / 2;
  }
}

const P_WAVE_PART = 0.8;
