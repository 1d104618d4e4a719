/** Raw samples of one lead. */
export interface Lead {
  samples: Int16Array | Int32Array;
  /** samples per second, 100 to 1000 */
  rate: number;
  /** microvolts per raw step */
  microvolts: number;
}

/** A stretch of raw samples without gap, flat line or saturation: [from, to). */
export interface Segment {
  from: number;
  to: number;
}

/** A peak of an energy: where the energy was largest, how large, and the steepest slope and largest deflection behind it. */
export interface Peak {
  /** working sample at which the energy was largest */
  at: number;
  /** its height: microvolts, or microvolts per step */
  height: number;
  /** largest absolute step of the filtered signal under it */
  slope: number;
  /** working sample of the largest absolute filtered value under it */
  deflection: number;
}

/** What an energy bank tells on its way. */
export interface EnergyListener {
  /** a peak of the integrated squared slope (Pan and Tompkins 1985) */
  squaredSlope(peak: Peak): void;
  /** a peak of the averaged absolute slope (Hamilton 2002) */
  absoluteSlope(peak: Peak): void;
  /** a block in which energy of a QRS's length exceeds that of a beat (Elgendi 2013) */
  block(at: number, energy: number): void;
  /** all three have been told for everything before this working sample */
  tick(now: number): void;
}

/** Working rate: raw samples are added up in groups, so that a group lasts at least this many seconds' inverse. */
const LEAST_WORKING_RATE = 160;
/** Listeners are told of the time after every so many working samples, wherever pushes begin and end. */
const TICK = 16;
const BLOCK_OFFSET = 0.08; // beta of Elgendi 2013
const LEAST_PEAK_MICROVOLTS = 30; // filtered; a QRS below 0.15 mV is not to be counted (IEC 60601-2-27)
const MOST_MICROVOLTS = 3000; // filtered; an artefact counts no more than this, so that it cannot hide the beats after it
const BLOCK = 512; // working samples that are filtered in one go
const RING = 4096; // more than 10 s at the highest working rate

/** How raw samples become working samples, for one rate. */
export interface Working {
  /** raw samples in one working sample */
  group: number;
  /** working samples per second */
  rate: number;
  /** working samples by which filtered values lag behind the signal */
  delay: number;
}

interface Lengths extends Working {
  smooth: number;
  baseline: number;
  step: number;
  square: number;
  average: number;
  beat: number;
  cycle: number;
  level: number;
  peakLasts: number;
}

function lengthsOf(rawRate: number): Lengths {
  const group = Math.max(1, Math.floor(rawRate / LEAST_WORKING_RATE));
  const rate = rawRate / group;
  const odd = (seconds: number): number => 2 * Math.floor((rate * seconds) / 2) + 1;
  const least = (count: number, seconds: number): number => Math.max(count, Math.round(rate * seconds));
  const smooth = least(2, 0.022);
  const baseline = odd(0.08);
  return {
    group,
    rate,
    delay: smooth - 1 + (baseline - 1) / 2,
    smooth,
    baseline,
    step: least(1, 0.011),
    square: least(4, 0.15),
    average: least(3, 0.08),
    beat: odd(0.097),
    cycle: odd(0.611),
    level: Math.round(rate * 10),
    peakLasts: Math.round(rate * 0.095),
  };
}

/** How a rate is worked with. */
export function workingOf(rawRate: number): Working {
  const { group, rate, delay } = lengthsOf(rawRate);
  return { group, rate, delay };
}

/**
 * One filter for three published QRS detectors, in one pass with bounded memory.
 *
 * The band-pass is made of moving averages with integer coefficients (two that smooth, one that is subtracted as
 * baseline), so that it exists for every rate without transcendental functions, and all running sums are sums of integers
 * below 2^53, hence exact. Whatever the lengths of the pushes, what is told is the same.
 */
export class EnergyBank {
  readonly #lengths: Lengths;
  readonly #gain: number;
  readonly #listener: EnergyListener;
  readonly #grouped = new Float64Array(64);
  readonly #smoothed = new Float64Array(64);
  readonly #twice = new Float64Array(64);
  readonly #value = new Float64Array(RING);
  readonly #slope = new Float64Array(RING);
  readonly #energy = new Float64Array(RING);
  readonly #block = new Float64Array(BLOCK);
  readonly #squarePeak = newRise();
  readonly #averagePeak = newRise();
  #sum1 = 0;
  #sum2 = 0;
  #sumBase = 0;
  #squareSum = 0;
  #averageSum = 0;
  #beatSum = 0;
  #cycleSum = 0;
  #levelSum = 0;
  #blockFrom = -1;
  #blockPeak = -1;
  #blockAt = 0;
  /** working samples so far */
  #now = 0;
  #pending = 0;
  #pendingCount = 0;
  #first = 0;

  constructor(lead: Pick<Lead, "rate" | "microvolts">, listener: EnergyListener) {
    this.#lengths = lengthsOf(lead.rate);
    const { smooth, baseline, group } = this.#lengths;
    this.#gain = lead.microvolts / (smooth * smooth * baseline * group);
    this.#listener = listener;
  }

  /** Takes raw samples [from, to), which follow those pushed before. */
  push(samples: Int16Array | Int32Array, from: number, to: number): void {
    const { group } = this.#lengths;
    const block = this.#block;
    let sum = this.#pending;
    let count = this.#pendingCount;
    let ready = 0;
    for (let i = from; i < to; i++) {
      sum += samples[i] ?? 0;
      if (++count < group) continue;
      block[ready++] = sum;
      sum = 0;
      count = 0;
      if (ready < BLOCK) continue;
      this.#take(ready);
      ready = 0;
    }
    this.#take(ready);
    this.#pending = sum;
    this.#pendingCount = count;
  }

  /** Says that nothing follows: the last value stands for as long as the filters look ahead. */
  end(): void {
    const { delay, cycle, peakLasts } = this.#lengths;
    const last = this.#now === 0 ? 0 : (this.#grouped[(this.#now - 1) & 63] ?? 0);
    this.#block.fill(last);
    for (let left = delay + cycle + peakLasts + TICK; left > 0; left -= BLOCK) this.#take(Math.min(left, BLOCK));
  }

  #begin(first: number): void {
    const { smooth, baseline } = this.#lengths;
    this.#first = first;
    this.#sum1 = smooth * first; // as if the first sample had always been there
    this.#sum2 = smooth * this.#sum1;
    this.#sumBase = baseline * this.#sum2;
    this.#smoothed.fill(this.#sum1);
    this.#twice.fill(this.#sum2);
  }

  /** Filters the first `count` working samples of the block. What changes with every sample is kept in locals meanwhile. */
  #take(count: number): void {
    if (count === 0) return;
    const block = this.#block;
    if (this.#now === 0) this.#begin(block[0] ?? 0);
    const { smooth, baseline, step, square, average } = this.#lengths;
    const grouped = this.#grouped;
    const smoothed = this.#smoothed;
    const twice = this.#twice;
    const values = this.#value;
    const slopes = this.#slope;
    const gain = this.#gain;
    const half = (baseline - 1) / 2;
    const end = this.#now + count;
    let sum1 = this.#sum1;
    let sum2 = this.#sum2;
    let sumBase = this.#sumBase;
    let squareSum = this.#squareSum;
    let averageSum = this.#averageSum;
    for (let i = this.#now, k = 0; i < end; i++, k++) {
      const sample = block[k] ?? 0;
      const left = i < smooth ? this.#first : (grouped[(i - smooth) & 63] ?? 0);
      grouped[i & 63] = sample;
      sum1 += sample - left;
      sum2 += sum1 - (smoothed[(i - smooth) & 63] ?? 0);
      smoothed[i & 63] = sum1;
      sumBase += sum2 - (twice[(i - baseline) & 63] ?? 0);
      twice[i & 63] = sum2;
      const exact = Math.round((baseline * (twice[(i - half) & 63] ?? 0) - sumBase) * gain);
      const value = exact > MOST_MICROVOLTS ? MOST_MICROVOLTS : exact < -MOST_MICROVOLTS ? -MOST_MICROVOLTS : exact;
      const before = values[(i - step) & (RING - 1)] ?? 0;
      const slope = value > before ? value - before : before - value;
      const oldSquare = slopes[(i - square) & (RING - 1)] ?? 0;
      const squareBefore = squareSum;
      const averageBefore = averageSum;
      squareSum += slope * slope - oldSquare * oldSquare;
      averageSum += slope - (slopes[(i - average) & (RING - 1)] ?? 0);
      values[i & (RING - 1)] = value;
      slopes[i & (RING - 1)] = slope;
      // A quarter of a square is half of what it is the square of.
      this.#follow(this.#squarePeak, squareBefore, squareSum, 0.25, i);
      this.#follow(this.#averagePeak, averageBefore, averageSum, 0.5, i);
      this.#findBlock(i, value * value);
      if ((i & (TICK - 1)) === TICK - 1) this.#listener.tick(i + 1);
    }
    this.#now = end;
    this.#sum1 = sum1;
    this.#sum2 = sum2;
    this.#sumBase = sumBase;
    this.#squareSum = squareSum;
    this.#averageSum = averageSum;
  }

  /** A peak is over when the energy has fallen to a part of it, or has not grown for 95 ms. */
  #follow(rise: Rise, before: number, now: number, part: number, i: number): void {
    if (now > before && now > rise.height) {
      rise.height = now;
      rise.at = i;
    } else if (rise.height > 0 && (now < rise.height * part || i - rise.at > this.#lengths.peakLasts)) {
      this.#tellPeak(rise);
      rise.height = 0;
    }
  }

  #tellPeak(rise: Rise): void {
    const { square, average } = this.#lengths;
    const isSquare = rise === this.#squarePeak;
    const window = isSquare ? square : average;
    const height = isSquare ? Math.sqrt(rise.height / window) : rise.height / window;
    if (height < LEAST_HEIGHT) return;
    let slope = 0;
    let largest = -1;
    let deflection = rise.at;
    for (let i = Math.max(0, rise.at - window - 1); i <= rise.at; i++) {
      slope = Math.max(slope, this.#slope[i & (RING - 1)] ?? 0);
      const value = this.#value[i & (RING - 1)] ?? 0;
      if (value * value > largest) {
        largest = value * value;
        deflection = i;
      }
    }
    const peak: Peak = { at: rise.at, height, slope, deflection };
    if (isSquare) this.#listener.squaredSlope(peak);
    else this.#listener.absoluteSlope(peak);
  }

  #findBlock(i: number, energy: number): void {
    const { beat, cycle, level } = this.#lengths;
    const energies = this.#energy; // what has not been written yet is 0, and no window is as long as the ring
    const half = (cycle - 1) / 2;
    const lag = half - (beat - 1) / 2; // so that both windows share their centre
    energies[i & (RING - 1)] = energy;
    this.#levelSum += energy - (energies[(i - level) & (RING - 1)] ?? 0);
    this.#cycleSum += energy - (energies[(i - cycle) & (RING - 1)] ?? 0);
    this.#beatSum += (energies[(i - lag) & (RING - 1)] ?? 0) - (energies[(i - lag - beat) & (RING - 1)] ?? 0);
    const centre = i - half;
    if (centre < 0) return;
    const mean = this.#levelSum / (i < level ? i + 1 : level);
    if (this.#beatSum / beat > this.#cycleSum / cycle + BLOCK_OFFSET * mean) {
      if (this.#blockFrom < 0) {
        this.#blockFrom = centre;
        this.#blockPeak = -1;
      }
      const here = energies[centre & (RING - 1)] ?? 0;
      if (here > this.#blockPeak) {
        this.#blockPeak = here;
        this.#blockAt = centre;
      }
    } else if (this.#blockFrom >= 0) {
      if (centre - this.#blockFrom >= beat && this.#blockPeak >= LEAST_PEAK_MICROVOLTS * LEAST_PEAK_MICROVOLTS)
        this.#listener.block(this.#blockAt, this.#blockPeak);
      this.#blockFrom = -1;
    }
  }

  /** Working samples after which everything before `now` minus this has been told. */
  get lookAhead(): number {
    const { cycle, peakLasts, square } = this.#lengths;
    return Math.max((cycle - 1) / 2, peakLasts) + square + TICK;
  }
}

interface Rise {
  height: number;
  at: number;
}

function newRise(): Rise {
  return { height: 0, at: 0 };
}

const LEAST_HEIGHT = 3; // microvolts a step: what no QRS of 0.15 mV stays under
