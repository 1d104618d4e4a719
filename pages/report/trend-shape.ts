import type { VitalView } from "@caladrius/enclave/analyse/view";
import type { Axis } from "./time-axis.ts";

/** A stretch in which samples were not used. */
export interface Unused {
  readonly kind: "missing" | "rejected";
  readonly fromMs: number;
  readonly toMs: number;
  readonly samples: number;
}

/** One moment of a curve: lowest and highest value, equal where there is one value. `joined`: a line leads here. */
export interface Point {
  readonly atMs: number;
  readonly low: number;
  readonly high: number;
  readonly joined: boolean;
}

/** A vital sign as it is drawn: bounded, however long the recording is. */
export interface TrendShape {
  readonly points: readonly Point[];
  /** values that were rejected, the most extreme one of each stretch */
  readonly outliers: readonly { readonly atMs: number; readonly value: number }[];
  readonly unused: readonly Unused[];
  /** of all values that were used */
  readonly lowest: number | null;
  readonly highest: number | null;
  readonly values: number;
}

/**
 * Reduces a channel to at most 600 moments with the lowest and highest value in each, so that no extreme is lost. Lines join
 * neighbouring values only; nothing is drawn across samples that are missing or were rejected, or between charted values.
 */
export function shapeOf(vital: VitalView, axis: Axis): TrendShape {
  const { clock } = vital;
  const span = Math.max(1, axis.toMs - axis.fromMs);
  const isFew = clock.length <= MOST_POINTS;
  const points: { atMs: number; low: number; high: number; joined: boolean }[] = [];
  const outliers: { atMs: number; value: number; bucket: number }[] = [];
  const unused: { kind: Unused["kind"]; fromMs: number; toMs: number; samples: number; bucket: number }[] = [];
  let [values, lowest, highest] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let bucketOfLast = -1;
  let isBroken = true;
  for (let i = 0; i < clock.length; i++) {
    const atMs = vital.timeMs(i);
    const bucket = isFew ? i : Math.floor(((atMs - axis.fromMs) / span) * MOST_POINTS);
    const state = vital.state(i);
    if (state === "value") {
      const value = vital.physical(i);
      values++;
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
      const last = points.at(-1);
      if (last !== undefined && bucket === bucketOfLast && !isBroken) {
        last.low = Math.min(last.low, value);
        last.high = Math.max(last.high, value);
      } else points.push({ atMs, low: value, high: value, joined: !isBroken && clock.times === null });
      bucketOfLast = bucket;
      isBroken = false;
      continue;
    }
    isBroken = true;
    const kind = state === "missing" ? "missing" : "rejected";
    const endMs = clock.times === null && i + 1 < clock.length ? vital.timeMs(i + 1) : clock.times === null ? clock.endMs : atMs;
    const before = unused.at(-1);
    // Neighbours become one stretch; so do those of one bucket, which the eye could not tell apart.
    if (before !== undefined && before.kind === kind && (before.toMs === atMs || before.bucket === bucket)) {
      before.toMs = endMs;
      before.samples++;
      before.bucket = bucket;
    } else unused.push({ kind, fromMs: atMs, toMs: endMs, samples: 1, bucket });
    if (kind === "missing") continue;
    const value = vital.physical(i);
    const outlier = outliers.at(-1);
    if (outlier === undefined || outlier.bucket !== bucket) outliers.push({ atMs, value, bucket });
    else if (Math.abs(value) > Math.abs(outlier.value)) outlier.value = value;
  }
  const bounded = values === 0 ? { lowest: null, highest: null } : { lowest, highest };
  return { points, outliers: thin(outliers, MOST_OUTLIERS), unused: unused.slice(0, MOST_UNUSED), values, ...bounded };
}

function thin<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.ceil(all.length / most);
  return step <= 1 ? all : all.filter((_, i) => i % step === 0);
}

const MOST_POINTS = 600;
const MOST_OUTLIERS = 120;
const MOST_UNUSED = 1300; // two kinds in turn in each moment
