import { FEATURES } from "@caladrius/enclave/analyse/beats";
import { boost, type BoostOptions, type Model } from "./boost.ts";
import type { Leads, VebRows } from "./veb-rows.ts";

/** Which way a feature may speak for a ventricular beat; those not named may speak either way. */
const DIRECTIONS: Readonly<Partial<Record<(typeof FEATURES)[number], 1 | -1>>> = {
  "before-to-usual": -1,
  "after-to-usual": 1,
  "after-to-before": 1,
  "before-to-previous": -1,
  "before-to-mean": -1,
  likeness: -1,
  "likeness-least": -1,
  "likeness-most": -1,
  "likeness-with-t": -1,
  "likeness-with-t-least": -1,
  "likeness-before": -1,
  area: 1,
  "area-most": 1,
  slope: -1,
  "slope-least": -1,
  width: 1,
  "width-most": 1,
  "width-absolute": 1,
  steep: 1,
  "steep-absolute": 1,
  polarity: 1,
  strangeness: 1,
  other: 1,
  "is-usual": -1,
  "shape-width": 1,
  "shape-before": -1,
  "shape-after": 1,
  odd: 1,
  "run-before": -1,
  "run-onset": -1,
  "run-likeness": -1,
  "run-width": 1,
  "run-after": 1,
};

/** A table that knows heart rates knows its patients: the interval itself is not asked, nor the name of a shape. */
const LEFT_OUT: readonly (typeof FEATURES)[number][] = ["before", "shape"];

/** How the shipped model is grown. */
export const VEB_OPTIONS: BoostOptions = {
  trees: 120,
  depth: 3,
  rate: 0.1,
  lambda: 5,
  leastWeight: 3,
  directions: FEATURES.map((name) => (LEFT_OUT.includes(name) ? null : (DIRECTIONS[name] ?? 0))),
  columnsPercent: 50,
  groupsPercent: 100,
};

/** How much the beats of each choice of leads count: what is usual counts most, and the model must do with less. */
const LEADS: Readonly<Record<Leads, number>> = { "two leads": 1, "first lead": 0.6, "second lead": 0.3 };

/** Trains on described records. Fusion and unknown beats are left out; of plain beats every eighth counts eight times. */
export function trainVeb(all: readonly VebRows[], options: BoostOptions = VEB_OPTIONS): Model {
  const rows: Int32Array[] = [];
  const labels: number[] = [];
  const weights: number[] = [];
  const groups: number[] = [];
  for (const { record, leads, rows: described, classes } of all) {
    const ventricular = balance(classes, true);
    const other = balance(classes, false);
    described.forEach((row, i) => {
      const beat = classes[i];
      if (beat === "fusion" || beat === "unknown" || beat === undefined) return;
      const isVentricular = beat === "ventricular";
      const isPlain = beat === "other" && (row[BEFORE] ?? 0) >= 850 && (row[AFTER] ?? 0) >= 900;
      if (isPlain && (7 * i + 3) % KEPT_PLAIN !== 0) return;
      rows.push(row);
      groups.push(hashOf(record));
      labels.push(isVentricular ? 1 : 0);
      weights.push(LEADS[leads] * (isPlain ? KEPT_PLAIN : 1) * (isVentricular ? ventricular : other));
    });
  }
  return boost({ rows, labels, weights, groups }, options);
}

/** A record with many beats of a kind counts more than one with few, but not as much more: by the square root. */
function balance(classes: readonly VebRows["classes"][number][], isVentricular: boolean): number {
  const count = classes.filter((one) => (isVentricular ? one === "ventricular" : one === "other" || one === "extra")).length;
  return isVentricular ? Math.sqrt(150 / Math.max(20, count)) : Math.sqrt(1900 / Math.max(200, count));
}

/** A number from a record's name. */
function hashOf(record: string): number {
  let hash = 0;
  for (const character of record) hash = (31 * hash + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return hash;
}

const BEFORE = FEATURES.indexOf("before-to-usual");
const AFTER = FEATURES.indexOf("after-to-usual");
const KEPT_PLAIN = 8;
