/** A stretch of raw samples without gap, flat line or saturation: [from, to). */
export interface Segment {
  from: number;
  to: number;
}

/** Raw samples of one lead. */
export interface Lead {
  samples: Int16Array | Int32Array;
  /** samples per second, 100 to 1000 */
  rate: number;
  /** microvolts per raw step */
  microvolts: number;
}

const THRESHOLD_OFFSET = 0.08; // beta of the paper
const LEAST_PEAK_MICROVOLTS = 30; // filtered; a QRS below 0.15 mV is not to be counted (IEC 60601-2-27)
const MOST_PEAK_MICROVOLTS = 3000; // filtered; an artefact counts no more than this, so that it cannot hide the beats after it

/** Lengths in samples for one rate. Windows that are centred have an odd length. */
interface Lengths {
  smooth: number;
  baseline: number;
  beat: number;
  cycle: number;
  level: number;
  refractory: number;
}

function lengthsOf(rate: number): Lengths {
  const odd = (seconds: number): number => 2 * Math.floor((rate * seconds) / 2) + 1;
  return {
    smooth: Math.max(2, Math.round(rate * 0.022)),
    baseline: odd(0.08),
    beat: odd(0.097), // W1 of the paper
    cycle: odd(0.611), // W2 of the paper
    level: Math.round(rate * 10),
    refractory: Math.floor(rate * 0.3),
  };
}

/**
 * Finds QRS complexes by two event-related moving averages (Elgendi 2013, PLoS ONE 8(9):e73557), in one pass with bounded
 * memory. Differences to the paper: the band-pass is made of moving averages with integer coefficients, two smoothing
 * ones and one that is subtracted as baseline, so that it exists for every rate without transcendental functions; and the
 * mean that sets the threshold is that of the last 10 s, so that a beat does not depend on what comes long after it.
 * All running sums are sums of integers below 2^53, hence exact.
 */
export class QrsDetector {
  readonly #lead: Lead;
  readonly #lengths: Lengths;
  readonly #smoothed: Float64Array;
  readonly #twice: Float64Array;
  readonly #energy: Float64Array;

  constructor(lead: Lead) {
    this.#lead = lead;
    this.#lengths = lengthsOf(lead.rate);
    const { baseline, cycle, smooth, level } = this.#lengths;
    const short = powerOfTwo(Math.max(smooth, baseline, cycle) + 2);
    this.#smoothed = new Float64Array(short);
    this.#twice = new Float64Array(short);
    this.#energy = new Float64Array(powerOfTwo(level + cycle + 2));
  }

  /** Gives the sample index of each beat in one segment, in order. */
  detect(segment: Segment, beat: (index: number) => void): void {
    const { samples, microvolts } = this.#lead;
    const { smooth, baseline, beat: beatLength, cycle, level, refractory } = this.#lengths;
    const smoothed = this.#smoothed;
    const twice = this.#twice;
    const energy = this.#energy;
    const mask = smoothed.length - 1;
    const wide = energy.length - 1;
    const { from } = segment;
    const length = segment.to - from;
    const first = samples[from] ?? 0;
    const lastRaw = samples[segment.to - 1] ?? 0;

    // the filters begin as if the first sample had always been there
    let sum1 = smooth * first;
    let sum2 = smooth * sum1;
    let sumBase = baseline * sum2;
    smoothed.fill(sum1);
    twice.fill(sum2);
    energy.fill(0);
    let beatSum = 0;
    let cycleSum = 0;
    let levelSum = 0;

    const half = (baseline - 1) / 2;
    const cycleHalf = (cycle - 1) / 2;
    const lag = cycleHalf - (beatLength - 1) / 2; // so that both windows share their centre
    const delay = smooth - 1 + half; // of the filters
    const gain = microvolts / (smooth * smooth * baseline);

    let blockFrom = -1;
    let blockPeak = 0;
    let blockAt = 0;
    let keptAt = -refractory - 1; // last beat, not yet given because a larger block within the refractory time replaces it
    let keptPeak = -1;
    const end = length + delay + cycleHalf;
    for (let i = 0; i < end; i++) {
      const raw = i < length ? (samples[from + i] ?? 0) : lastRaw;
      const left = i < smooth ? first : i - smooth < length ? (samples[from + i - smooth] ?? 0) : lastRaw;
      sum1 += raw - left;
      sum2 += sum1 - (smoothed[(i - smooth) & mask] ?? 0);
      smoothed[i & mask] = sum1;
      sumBase += sum2 - (twice[(i - baseline) & mask] ?? 0);
      twice[i & mask] = sum2;
      const value = Math.min(
        MOST_PEAK_MICROVOLTS,
        Math.max(-MOST_PEAK_MICROVOLTS, Math.round((baseline * (twice[(i - half) & mask] ?? 0) - sumBase) * gain)),
      );
      const square = value * value;
      energy[i & wide] = square;
      levelSum += square - (i < level ? 0 : (energy[(i - level) & wide] ?? 0));
      cycleSum += square - (i < cycle ? 0 : (energy[(i - cycle) & wide] ?? 0));
      if (i >= lag) beatSum += (energy[(i - lag) & wide] ?? 0) - (i - lag < beatLength ? 0 : (energy[(i - lag - beatLength) & wide] ?? 0));
      const centre = i - cycleHalf;
      if (centre < 0) continue;
      const mean = levelSum / (i < level ? i + 1 : level);
      if (beatSum / beatLength > cycleSum / cycle + THRESHOLD_OFFSET * mean) {
        if (blockFrom < 0) {
          blockFrom = centre;
          blockPeak = -1;
        }
        const here = energy[centre & wide] ?? 0;
        if (here > blockPeak) {
          blockPeak = here;
          blockAt = centre;
        }
      } else if (blockFrom >= 0) {
        if (centre - blockFrom >= beatLength && blockPeak >= LEAST_PEAK_MICROVOLTS * LEAST_PEAK_MICROVOLTS) {
          if (blockAt - keptAt > refractory) {
            if (keptPeak >= 0) beat(from + Math.max(0, keptAt - delay));
            keptAt = blockAt;
            keptPeak = blockPeak;
          } else if (blockPeak > keptPeak) {
            keptAt = blockAt;
            keptPeak = blockPeak;
          }
        }
        blockFrom = -1;
      }
    }
    if (keptPeak >= 0) beat(from + Math.min(length - 1, Math.max(0, keptAt - delay)));
  }
}

function powerOfTwo(least: number): number {
  let power = 1;
  while (power < least) power *= 2;
  return power;
}
