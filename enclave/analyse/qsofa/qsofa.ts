import type { Detector } from "../detector.ts";
import { slotOf } from "../scores/bands.ts";
import { parametersOf, tablesOf, type Chart } from "../scores/chart.ts";
import { runChart } from "../scores/run.ts";

/** Respiratory rate of 22/min and more. */
const RESPIRATION = slotOf([
  [21, 0],
  [120, 1],
]);
/** Systolic pressure of 100 mmHg and less. */
const SYSTOLIC = slotOf([
  [100, 1],
  [320, 0],
]);
/** Glasgow coma score below 15. */
const GCS = slotOf([
  [14, 1],
  [15, 0],
]);
/** Points by class of a consciousness event: nothing, alert, not alert. */
const CONSCIOUSNESS = [-1, 0, 1];

/** qSOFA as a chart. */
export const QSOFA_CHART: Chart = {
  detector: "qsofa",
  parts: ["respiration", "systolic", "mentation"],
  shortNames: ["RR", "SBP", "mentation"],
  places: [
    { vital: "respiratory-rate", classes: RESPIRATION.classes, age: "respiration" },
    { vital: "systolic", classes: SYSTOLIC.classes, age: "systolic" },
    { vital: "gcs", classes: GCS.classes, age: "consciousness" },
    { event: "consciousness", classOf: (value) => (value === "A" ? 1 : 2), age: "consciousness" },
  ],
  shown: [0, 1, 2],
  score: (_, standing, points) => {
    points[0] = RESPIRATION.points[standing[0] ?? 0] ?? -1;
    points[1] = SYSTOLIC.points[standing[1] ?? 0] ?? -1;
    points[2] = Math.max(GCS.points[standing[2] ?? 0] ?? -1, CONSCIOUSNESS[standing[3] ?? 0] ?? -1);
  },
  triggers: [{ code: "qsofa-positive", priority: "medium", leastSum: 2, leastPart: Number.POSITIVE_INFINITY }],
};

/**
 * Quick SOFA (Singer et al. 2016, Sepsis-3, JAMA 315:801): respiratory rate of 22/min or more, systolic pressure of
 * 100 mmHg or less, altered mentation; one point each. Values are rounded to integers first, then banded. Mentation is
 * altered by a consciousness event other than "A" or a Glasgow coma score below 15; the worse counts. A value stands until
 * the next one, at most for the maximum age of its parameter; missing parts are never imputed (see `runChart`). A prompt to
 * look for organ dysfunction in adults with suspected infection, not a diagnosis of sepsis. Applies where both vital signs
 * are recorded.
 *
 * Findings: "qsofa-positive" (2 or more, medium), "qsofa-partial" (no total).
 */
export const qsofa: Detector = {
  id: "qsofa",
  version: "1.0.0",
  title: "Quick Sequential Organ Failure Assessment",
  parameters: parametersOf(QSOFA_CHART),
  applies: ({ columns }) => ["respiratory-rate", "systolic"].every((id) => columns.some((column) => column.vital.id === id)),
  configure: (parameters) => ({
    run: (prepared, report) => runChart(QSOFA_CHART, prepared, report, parameters),
    tables: tablesOf(QSOFA_CHART),
  }),
};
