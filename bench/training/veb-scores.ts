import { ShapeScores, VENTRICULAR_PERMILLE } from "@caladrius/enclave/analyse/beats";
import { logOdds, type Model } from "./boost.ts";
import type { VebRows } from "./veb-rows.ts";
import { trainVeb } from "./veb-train.ts";

/** Ventricular beats of one record by EC57: fusion and unknown beats called ventricular are no false positives. */
export interface VebScore {
  record: string;
  found: number;
  missed: number;
  extra: number;
  /** beats that are neither ventricular, fusion nor unknown */
  others: number;
}

/** Percent. */
export interface VebRates {
  sensitivity: number;
  precision: number;
  falsePositiveRate: number;
}

/** Counts of one record; `isVentricular` says what the model calls each described beat. */
export function scoreVeb({ record, classes, missed, missedOthers }: VebRows, isVentricular: (beat: number) => boolean): VebScore {
  const score: VebScore = { record, found: 0, missed, extra: 0, others: missedOthers };
  classes.forEach((beat, i) => {
    const called = isVentricular(i);
    if (beat === "ventricular" && called) score.found++;
    else if (beat === "ventricular") score.missed++;
    if (beat === "other") score.others++;
    if ((beat === "other" || beat === "extra") && called) score.extra++;
  });
  return score;
}

/** Gross figures over records; 100 where there was nothing to find or nothing was said. */
export function ratesOfVeb(scores: readonly VebScore[]): VebRates {
  const sum = (of: (score: VebScore) => number): number => scores.reduce((total, score) => total + of(score), 0);
  const found = sum((one) => one.found);
  const percent = (part: number, all: number): number => (all === 0 ? 100 : (100 * part) / all);
  const extra = sum((one) => one.extra);
  return {
    sensitivity: percent(found, found + sum((one) => one.missed)),
    precision: percent(found, found + extra),
    falsePositiveRate:
      (100 * extra) /
      Math.max(
        1,
        sum(({ others }) => others),
      ),
  };
}

/** For each record the model that was trained without it: what its figures say is about patients that the model has not seen. */
export function foldModels(all: readonly VebRows[], progress: (text: string) => void): ReadonlyMap<string, Model> {
  const models = new Map<string, Model>();
  for (const left of new Set(all.map(({ record }) => record))) {
    models.set(left, trainVeb(all.filter(({ record }) => record !== left)));
    progress(`trained without ${left}`);
  }
  return models;
}

/** Which of one record's rows, in order, a model calls ventricular, as the shipped one does. */
export function callsOf(model: Model, rows: readonly Int32Array[]): boolean[] {
  const shapes = new ShapeScores();
  return rows.map((row) => 1000 / (1 + Math.exp(-shapes.join(row, logOdds(model, row)))) >= VENTRICULAR_PERMILLE);
}

/** The per-record table as text. */
export function vebTable(scores: readonly VebScore[]): string[] {
  const line = (...cells: readonly (string | number)[]): string => cells.map((cell) => String(cell).padStart(9)).join("");
  const row = (name: string, some: readonly VebScore[]): string => {
    const sum = (of: "found" | "missed" | "extra"): number => some.reduce((total, score) => total + score[of], 0);
    const { sensitivity, precision, falsePositiveRate } = ratesOfVeb(some);
    return line(
      name,
      sum("found"),
      sum("missed"),
      sum("extra"),
      sensitivity.toFixed(2),
      precision.toFixed(2),
      falsePositiveRate.toFixed(3),
    );
  };
  return [
    line("record", "found", "missed", "extra", "Se %", "+P %", "FPR %"),
    ...scores.map((score) => row(score.record, [score])),
    row("gross", scores),
  ];
}
