/** Seconds over which the baseline is averaged. */
const BASELINE_SECONDS = 0.6;
/** Working samples that are kept: half a minute at the highest working rate. */
const RING = 8192;
/** The steepest QRS complexes reach about 200 mV/s. */
const MOST_MICROVOLTS_PER_SECOND = 300_000;
const MASK = RING - 1;
/** Working rate: raw samples are averaged in groups that come at least so many times a second. */
const LEAST_RATE = 120;

/** Raw samples in one working sample. */
export function groupOf(rawRate: number): number {
  return Math.max(1, Math.floor(rawRate / LEAST_RATE));
}

/**
 * The last half minute of one lead in microvolts without its baseline (a centred moving average of 0.6 s), at 120 to 240
 * working samples per second. Sums are sums of integers, hence exact however the samples are cut.
 */
export class LeadRing {
  readonly #group: number;
  readonly #gain: number;
  readonly #baseline: number;
  readonly #half: number;
  readonly #sums = new Float64Array(RING);
  readonly #values = new Float64Array(RING);
  /** for each working sample, since which one the lead could be judged without a break */
  readonly #judgedFrom = new Float64Array(RING);
  /** for each working sample, behind which one the last such step was; 0 for none */
  readonly #steppedAt = new Float64Array(RING);
  /** raw steps beyond this are impossible */
  readonly #mostStep: number;
  #raw = 0;
  #stepped = 0;
  #pending = 0;
  #pendingCount = 0;
  #now = 0;
  #sum = 0;
  #from = 0;

  constructor(rate: number, microvolts: number) {
    this.#group = groupOf(rate);
    this.#baseline = 2 * Math.floor(((rate / this.#group) * BASELINE_SECONDS) / 2) + 1;
    this.#half = (this.#baseline - 1) / 2;
    this.#mostStep = Math.floor(MOST_MICROVOLTS_PER_SECOND / rate / Math.abs(microvolts));
    this.#gain = microvolts / this.#group / this.#baseline;
  }

  /** Whether all of the working samples [from, to) can be read: they have come, could be judged and are still kept. */
  holds(from: number, to: number): boolean {
    if (to > this.to || from - this.#half < Math.max(0, this.#now - RING)) return false;
    return (this.#judgedFrom[(to - 1 + this.#half) & MASK] ?? 0) <= from - this.#half;
  }

  /** Behind the last working sample that can be read. */
  get to(): number {
    return this.#now - this.#half;
  }

  /** Whether one of the working samples [from, to), which are held, has a step that no heart makes: overflow, pacing, a loose contact. */
  isStepped(from: number, to: number): boolean {
    return (this.#steppedAt[(to - 1) & MASK] ?? 0) > from;
  }

  /** Microvolts of one working sample that is held. */
  at(i: number): number {
    return this.#values[i & MASK] ?? 0;
  }

  /** Microvolts of the baseline under one working sample that is held: the mean over 0.6 s around. */
  baselineAt(i: number): number {
    return this.rawAt(i) - this.at(i);
  }

  /** Microvolts of one working sample that is held, with its baseline. */
  rawAt(i: number): number {
    return (this.#sums[i & MASK] ?? 0) * this.#baseline * this.#gain;
  }

  /** Takes raw samples [from, to), null where the lead cannot be judged. */
  push(samples: Int16Array | Int32Array | null, from: number, to: number): void {
    if (samples === null) return this.#pass(to - from);
    const group = this.#group;
    const most = this.#mostStep;
    let sum = this.#pending;
    let count = this.#pendingCount;
    let before = this.#raw;
    for (let i = from; i < to; i++) {
      const sample = samples[i] ?? 0;
      if (Math.abs(sample - before) > most) this.#stepped = this.#now + 1;
      before = sample;
      sum += sample;
      if (++count < group) continue;
      this.#take(sum);
      sum = 0;
      count = 0;
    }
    this.#raw = before;
    this.#pending = sum;
    this.#pendingCount = count;
  }

  /** So many raw samples cannot be judged. */
  #pass(samples: number): void {
    for (let left = samples; left > 0; left--) {
      if (++this.#pendingCount < this.#group) continue;
      this.#from = this.#now + 1;
      this.#take(this.#pending);
      this.#pending = 0;
      this.#pendingCount = 0;
    }
    this.#from = this.#now + (this.#pendingCount > 0 ? 1 : 0);
  }

  #take(sum: number): void {
    const i = this.#now++;
    const left = i < this.#baseline ? 0 : (this.#sums[(i - this.#baseline) & MASK] ?? 0);
    this.#sums[i & MASK] = sum;
    this.#judgedFrom[i & MASK] = this.#from;
    this.#steppedAt[i & MASK] = this.#stepped;
    this.#sum += sum - left;
    const centre = i - this.#half;
    if (centre >= 0) this.#values[centre & MASK] = ((this.#sums[centre & MASK] ?? 0) * this.#baseline - this.#sum) * this.#gain;
  }
}
