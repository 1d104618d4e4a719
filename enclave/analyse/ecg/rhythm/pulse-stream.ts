/** A stretch of regular pulses of one wave: [from, to] in raw samples, from the first pulse to the last. */
export interface RegularPulses {
  from: number;
  to: number;
  pulses: number;
  /** shortest, mean and longest time between two pulses, in raw samples */
  shortest: number;
  mean: number;
  longest: number;
}

/**
 * Pulses of a pleth or arterial pressure wave by the slope sum function (Zong, Heldt, Moody and Mark 2003), pushed sample by
 * sample, and the stretches in which they are regular: at least five in a row, 0.3 to 2 s apart, each interval within
 * bounds around and each height within 40 to 250 % of the median of the last eight. Memory is bounded.
 */
export class PulseStream {
  readonly #rate: number;
  readonly #group: number;
  readonly #within: { least: number; most: number };
  readonly #tell: (stretch: RegularPulses) => void;
  readonly #rises = new Float64Array(RING);
  readonly #intervals: number[] = [];
  readonly #heights: number[] = [];
  readonly #window: number;
  #pending = 0;
  #sample = 0;
  #offset = 0;
  #step = 0;
  #taken = 0;
  #pendingCount = 0;
  #now = 0;
  #last = 0;
  #sum = 0;
  #peak = 0;
  #peakAt = -1;
  #highest = 0;
  #pulseAt = -1;
  #open: RegularPulses | null = null;
  #regular = 0;

  /**
   * @param rate raw samples per second, at least 25
   * @param within how much shorter and longer than the median of the last eight an interval may be
   */
  constructor(rate: number, within: { least: number; most: number }, tell: (stretch: RegularPulses) => void) {
    this.#rate = rate;
    this.#within = within;
    this.#group = Math.max(1, Math.floor(rate / LEAST_RATE));
    this.#window = Math.max(2, Math.round((SLOPE_SECONDS * rate) / this.#group));
    this.#tell = tell;
  }

  /** Takes raw samples [from, to); `missing` marks those that were not taken, which end a stretch. */
  push(samples: Int16Array | Int32Array, missing: number, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const sample = samples[i] ?? 0;
      if (sample === missing) {
        this.#break();
        this.#pending = this.#last * this.#group;
        this.#pendingCount = this.#group - 1;
      } else this.#pending += this.#withoutSteps(sample);
      if (++this.#pendingCount < this.#group) continue;
      this.#take(this.#pending / this.#group);
      this.#pending = 0;
      this.#pendingCount = 0;
    }
  }

  /** Nothing follows. */
  end(): void {
    this.#close();
  }

  /**
   * A pulse rises over many samples, so one step of sixteen times the usual is not the patient: the amplifier changed its
   * range, or the value ran over its bits. It is taken out, and the wave goes on where it was.
   */
  #withoutSteps(sample: number): number {
    const step = sample - this.#sample;
    this.#sample = sample;
    if (this.#taken++ === 0) {
      this.#offset = -sample;
      return 0;
    }
    const size = Math.abs(step);
    if (this.#taken > this.#rate / 2 && size > MOST_STEP * this.#step) this.#offset -= step;
    else this.#step += (size - this.#step) / Math.min(this.#taken, this.#rate);
    return sample + this.#offset;
  }

  #take(value: number): void {
    const i = this.#now++;
    const rise = i === 0 ? 0 : Math.max(0, value - this.#last);
    this.#last = value;
    this.#sum += rise - (this.#rises[(i - this.#window) & (RING - 1)] ?? 0);
    this.#rises[i & (RING - 1)] = rise;
    if (this.#sum < 1e-9) this.#sum = 0;
    const samplesOf = (seconds: number): number => (seconds * this.#rate) / this.#group;
    if (this.#sum > this.#peak) {
      this.#peak = this.#sum;
      this.#peakAt = i;
    } else if (this.#peak > 0 && (this.#sum < this.#peak / 2 || i - this.#peakAt > samplesOf(PEAK_SECONDS))) {
      this.#judge(this.#peakAt, this.#peak);
      this.#peak = 0;
    }
    // Nothing for so long: whatever comes next is learned anew.
    if (this.#pulseAt >= 0 && i - this.#pulseAt > samplesOf(FORGET_SECONDS)) this.#break();
  }

  #judge(at: number, height: number): void {
    const usual = this.#heights.length < 3 ? this.#highest / 2 : median(this.#heights);
    this.#highest = Math.max(height, this.#highest * 0.9);
    const interval = ((at - this.#pulseAt) * this.#group) / this.#rate;
    if (height < THRESHOLD * usual || (this.#pulseAt >= 0 && interval < REFRACTORY_SECONDS)) return;
    const isFirst = this.#pulseAt < 0;
    const usualInterval = median(this.#intervals);
    this.#pulseAt = at;
    keep(this.#heights, height);
    if (isFirst) return;
    const isRegular =
      interval <= MOST_SECONDS &&
      (this.#intervals.length < 2 || (interval >= this.#within.least * usualInterval && interval <= this.#within.most * usualInterval)) &&
      (this.#heights.length < 4 || (height >= 0.4 * usual && height <= 2.5 * usual));
    keep(this.#intervals, interval);
    if (isRegular) this.#extend(at * this.#group, interval * this.#rate);
    else this.#close();
  }

  #extend(at: number, interval: number): void {
    this.#open ??= { from: at - interval, to: at, pulses: 1, shortest: interval, mean: interval, longest: interval };
    const open = this.#open;
    open.to = at;
    open.pulses++;
    open.mean = (at - open.from) / (open.pulses - 1);
    open.shortest = Math.min(open.shortest, interval);
    open.longest = Math.max(open.longest, interval);
    this.#regular = open.pulses;
  }

  #close(): void {
    if (this.#open !== null && this.#regular >= LEAST_PULSES) this.#tell(this.#open);
    this.#open = null;
    this.#regular = 0;
  }

  #break(): void {
    this.#close();
    this.#pulseAt = -1;
    this.#heights.length = 0;
    this.#intervals.length = 0;
    this.#highest = 0;
  }
}

function keep(values: number[], value: number): void {
  values.push(value);
  if (values.length > 8) values.shift();
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

const RING = 64;
const MOST_STEP = 16;
/** Working samples per second, at least. */
const LEAST_RATE = 60;
/** Over which slopes are added up. */
const SLOPE_SECONDS = 0.128;
const PEAK_SECONDS = 0.2;
const REFRACTORY_SECONDS = 0.3;
const MOST_SECONDS = 2;
const FORGET_SECONDS = 5;
const THRESHOLD = 0.4;
const LEAST_PULSES = 5;
