import { BandPass, BLOCK, RING, workingOf, type Working } from "./band-pass.ts";

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

/** Listeners are told of the time after every so many working samples, wherever pushes begin and end. */
const TICK = 16;
const BLOCK_OFFSET = 0.08; // beta of Elgendi 2013
const LEAST_PEAK_MICROVOLTS = 30; // filtered; a QRS below 0.15 mV is not to be counted (IEC 60601-2-27)
const MASK = RING - 1;

/** Lengths in working samples. */
interface Lengths extends Working {
  square: number;
  average: number;
  beat: number;
  cycle: number;
  level: number;
  peakLasts: number;
}

function lengthsOf(rawRate: number): Lengths {
  const working = workingOf(rawRate);
  const { rate } = working;
  const odd = (seconds: number): number => 2 * Math.floor((rate * seconds) / 2) + 1;
  const least = (count: number, seconds: number): number => Math.max(count, Math.round(rate * seconds));
  return {
    ...working,
    square: least(4, 0.15),
    average: least(3, 0.08),
    beat: odd(0.097),
    cycle: odd(0.611),
    level: Math.round(rate * 10),
    peakLasts: Math.round(rate * 0.095),
  };
}

/**
 * One filter for three published QRS detectors, in one pass with bounded memory. Whatever the lengths of the pushes, what
 * is told is the same.
 */
export class EnergyBank {
  readonly #lengths: Lengths;
  readonly #listener: EnergyListener;
  readonly #filter: BandPass;
  readonly #values: Float64Array;
  readonly #slopes: Float64Array;
  readonly #block = new Float64Array(BLOCK);
  readonly #squarePeak = newRise();
  readonly #averagePeak = newRise();
  #beatSum = 0;
  #cycleSum = 0;
  #levelSum = 0;
  #blockFrom = -1;
  #blockPeak = -1;
  #blockAt = 0;
  #pending = 0;
  #pendingCount = 0;

  constructor({ rate, microvolts }: Pick<Lead, "rate" | "microvolts">, listener: EnergyListener) {
    this.#lengths = lengthsOf(rate);
    this.#listener = listener;
    this.#filter = new BandPass(rate, microvolts);
    this.#values = this.#filter.values;
    this.#slopes = this.#filter.slopes;
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
    this.#block.fill(this.#filter.last);
    for (let left = delay + cycle + peakLasts + TICK; left > 0; left -= BLOCK) this.#take(Math.min(left, BLOCK));
  }

  /** Takes the first `count` working samples of the block: filters all of them, then looks for peaks from tick to tick. */
  #take(count: number): void {
    if (count === 0) return;
    let from = this.#filter.now;
    const end = from + count;
    this.#filter.take(this.#block, count);
    while (from < end) {
      const to = Math.min(end, from - (from % TICK) + TICK);
      this.#followSquares(from, to);
      this.#followAverage(from, to);
      this.#findBlocks(from, to);
      if (to % TICK === 0) this.#listener.tick(to);
      from = to;
    }
  }

  /** A peak is over when the energy has fallen to half of it (a quarter, of squares), or has not grown for 95 ms. */
  #followSquares(from: number, end: number): void {
    const { square, peakLasts } = this.#lengths;
    const slopes = this.#slopes;
    const rise = this.#squarePeak;
    let { sum, height, at } = rise;
    for (let i = from; i < end; i++) {
      const slope = slopes[i & MASK] ?? 0;
      const old = slopes[(i - square) & MASK] ?? 0;
      const before = sum;
      sum += slope * slope - old * old;
      if (height > 0 ? sum > height : sum > before) {
        height = sum;
        at = i;
      } else if (height > 0 && (sum < height * 0.25 || i - at > peakLasts)) {
        this.#tellPeak(true, at, Math.sqrt(height / square), square);
        height = 0;
      }
    }
    rise.sum = sum;
    rise.height = height;
    rise.at = at;
  }

  #followAverage(from: number, end: number): void {
    const { average, peakLasts } = this.#lengths;
    const slopes = this.#slopes;
    const rise = this.#averagePeak;
    let { sum, height, at } = rise;
    for (let i = from; i < end; i++) {
      const before = sum;
      sum += (slopes[i & MASK] ?? 0) - (slopes[(i - average) & MASK] ?? 0);
      if (height > 0 ? sum > height : sum > before) {
        height = sum;
        at = i;
      } else if (height > 0 && (sum < height * 0.5 || i - at > peakLasts)) {
        this.#tellPeak(false, at, height / average, average);
        height = 0;
      }
    }
    rise.sum = sum;
    rise.height = height;
    rise.at = at;
  }

  #tellPeak(isSquare: boolean, at: number, height: number, window: number): void {
    if (height < LEAST_HEIGHT) return;
    const values = this.#values;
    const slopes = this.#slopes;
    let slope = 0;
    let largest = -1;
    let deflection = at;
    for (let i = Math.max(0, at - window - 1); i <= at; i++) {
      const here = slopes[i & MASK] ?? 0;
      if (here > slope) slope = here;
      const value = Math.abs(values[i & MASK] ?? 0);
      if (value > largest) {
        largest = value;
        deflection = i;
      }
    }
    const peak: Peak = { at, height, slope, deflection };
    if (isSquare) this.#listener.squaredSlope(peak);
    else this.#listener.absoluteSlope(peak);
  }

  #findBlocks(from: number, end: number): void {
    const { beat, cycle, level } = this.#lengths;
    const values = this.#values; // what has not been written yet is 0, and no window is as long as the ring
    const half = (cycle - 1) / 2;
    const lag = half - (beat - 1) / 2; // so that both windows share their centre
    let levelSum = this.#levelSum;
    let cycleSum = this.#cycleSum;
    let beatSum = this.#beatSum;
    for (let i = from; i < end; i++) {
      const value = values[i & MASK] ?? 0;
      const ofLevel = values[(i - level) & MASK] ?? 0;
      const ofCycle = values[(i - cycle) & MASK] ?? 0;
      const enters = values[(i - lag) & MASK] ?? 0;
      const leaves = values[(i - lag - beat) & MASK] ?? 0;
      levelSum += value * value - ofLevel * ofLevel;
      cycleSum += value * value - ofCycle * ofCycle;
      beatSum += enters * enters - leaves * leaves;
      const centre = i - half;
      if (centre < 0) continue;
      const mean = levelSum / (i < level ? i + 1 : level);
      if (beatSum / beat > cycleSum / cycle + BLOCK_OFFSET * mean) this.#growBlock(centre);
      else if (this.#blockFrom >= 0) this.#endBlock(centre);
    }
    this.#levelSum = levelSum;
    this.#cycleSum = cycleSum;
    this.#beatSum = beatSum;
  }

  #growBlock(centre: number): void {
    if (this.#blockFrom < 0) {
      this.#blockFrom = centre;
      this.#blockPeak = -1;
    }
    const value = this.#values[centre & MASK] ?? 0;
    if (value * value > this.#blockPeak) {
      this.#blockPeak = value * value;
      this.#blockAt = centre;
    }
  }

  #endBlock(centre: number): void {
    const isBlock = centre - this.#blockFrom >= this.#lengths.beat && this.#blockPeak >= LEAST_PEAK_MICROVOLTS * LEAST_PEAK_MICROVOLTS;
    if (isBlock) this.#listener.block(this.#blockAt, this.#blockPeak);
    this.#blockFrom = -1;
  }

  /** Working samples after which everything before `now` minus this has been told. */
  get lookAhead(): number {
    const { cycle, peakLasts, square } = this.#lengths;
    return Math.max((cycle - 1) / 2, peakLasts) + square + TICK;
  }
}

interface Rise {
  /** of the window that ends here */
  sum: number;
  height: number;
  at: number;
}

function newRise(): Rise {
  return { sum: 0, height: 0, at: 0 };
}

const LEAST_HEIGHT = 3; // microvolts a step: what no QRS of 0.15 mV stays under
