import type { Detector } from "../detector.ts";
import { parametersOf, tablesOf } from "../scores/chart.ts";
import { runChart } from "../scores/run.ts";
import { NEWS2_CHART } from "./chart.ts";

const VITALS_READ = ["respiratory-rate", "spo2", "systolic", "heart-rate", "temperature"];

/**
 * National Early Warning Score 2 (Royal College of Physicians 2017), for adults of 16 years and more, not in pregnancy.
 *
 * Values are rounded first (integers; temperature to one decimal), then banded. SpO2 scale 2 is used only while a
 * recorded "spo2-scale" = "2" stands. A value stands until the next one, at most for the maximum age of its parameter.
 * Consciousness comes from events or from a Glasgow coma score (15: alert; below: 3 points), the worse counts; oxygen
 * from events or from an inspired fraction above 21 %. A missing part is never imputed: see `runChart`.
 *
 * Findings: "news2-high" (7 or more, high), "news2-medium" (5 or more, medium), "news2-single" (one part at 3, medium),
 * "news2-partial" (no total).
 */
export const news2: Detector = {
  id: "news2",
  version: "1.0.1",
  title: "National Early Warning Score 2",
  parameters: parametersOf(NEWS2_CHART),
  applies: (prepared) => prepared.columns.some((column) => VITALS_READ.includes(column.vital.id)),
  configure: (parameters) => ({
    run: (prepared, report) => runChart(NEWS2_CHART, prepared, report, parameters),
    tables: tablesOf(NEWS2_CHART),
  }),
};
