import type { Detector } from "../detector.ts";
import { slotOf } from "../scores/bands.ts";
import { parametersOf, tablesOf, type Chart } from "../scores/chart.ts";
import { runChart } from "../scores/run.ts";

const SYSTOLIC = slotOf([
  [70, 3],
  [80, 2],
  [100, 1],
  [199, 0],
  [320, 2],
]);
const PULSE = slotOf([
  [40, 2], // the published table has "< 40" and "41-50": 40 itself gets the worse of its neighbours
  [50, 1],
  [100, 0],
  [110, 1],
  [129, 2],
  [350, 3],
]);
const RESPIRATION = slotOf([
  [8, 2],
  [14, 0],
  [20, 1],
  [29, 2],
  [120, 3],
]);
const TEMPERATURE = slotOf([
  [349, 2],
  [384, 0],
  [450, 2],
]);
const SLOTS = [SYSTOLIC, PULSE, RESPIRATION, TEMPERATURE];

/** Classes of consciousness events; new confusion is not on this chart, so "C" replaces what stood and scores as missing. */
const CONSCIOUSNESS = ["", "A", "V", "P", "U", "C"];
const CONSCIOUSNESS_POINTS = [-1, 0, 1, 2, 3, -1];

/** MEWS as a chart. */
export const MEWS_CHART: Chart = {
  detector: "mews",
  parts: ["systolic", "pulse", "respiration", "temperature", "consciousness"],
  shortNames: ["SBP", "pulse", "RR", "temp", "AVPU"],
  places: [
    { vital: "systolic", classes: SYSTOLIC.classes, age: "systolic" },
    { vital: "heart-rate", classes: PULSE.classes, age: "pulse" },
    { vital: "respiratory-rate", classes: RESPIRATION.classes, age: "respiration" },
    { vital: "temperature", classes: TEMPERATURE.classes, age: "temperature" },
    { event: "consciousness", classOf: (value) => Math.max(0, CONSCIOUSNESS.indexOf(value)), age: "consciousness" },
  ],
  shown: [0, 1, 2, 3],
  score: (place, standing, points) => {
    const found = standing[place] ?? 0;
    points[place] = (place < 4 ? SLOTS[place]?.points[found] : CONSCIOUSNESS_POINTS[found]) ?? -1;
  },
  triggers: [{ code: "mews-high", priority: "high", leastSum: 5, leastPart: Number.POSITIVE_INFINITY }],
};

/**
 * Modified Early Warning Score (Subbe et al. 2001, QJM 94:521), for adults. Values are rounded first (integers; temperature
 * to one decimal), then banded. Consciousness comes from events A, V, P, U: the chart knows no "C", which leaves the part
 * missing, and no coma score. A value stands until the next one, at most for the maximum age of its parameter; missing
 * parts are never imputed (see `runChart`). Applies where at least three of the four vital signs are recorded.
 *
 * Findings: "mews-high" (5 or more, high), "mews-partial" (no total).
 */
export const mews: Detector = {
  id: "mews",
  version: "1.0.0",
  title: "Modified Early Warning Score",
  parameters: parametersOf(MEWS_CHART),
  applies: ({ columns }) =>
    MEWS_CHART.places.filter((place) => "vital" in place && columns.some((column) => column.vital.id === place.vital)).length >= 3,
  configure: (parameters) => ({
    run: (prepared, report) => runChart(MEWS_CHART, prepared, report, parameters),
    tables: tablesOf(MEWS_CHART),
  }),
};
