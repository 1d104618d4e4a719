import type { Recording } from "@caladrius/wire";
import type { Prepared, Report } from "./detector.ts";
import { ecgGroups, type EcgGroup } from "./ecg/groups.ts";
import { FindingList } from "./findings.ts";
import { newTally } from "./plausibility.ts";
import { prepare } from "./prepare.ts";
import { SpanList } from "./spans.ts";

/** The beats of a recording with what judges them one by one: for scoring, for training, and for a live stream. */
export { pushAll as findFibrillation } from "./ecg/af/ecg-af.ts";
export { AfStream, type AfBeat, type AfEpisode, type AfLimits, type AfListener } from "./ecg/af/af-stream.ts";
export { BeatFeatures } from "./ecg/ectopy/beat-features.ts";
export { EctopyStream, type TellBeat } from "./ecg/ectopy/ectopy-stream.ts";
export { FEATURES } from "./ecg/ectopy/features.ts";
export { VentricularModel } from "./ecg/ectopy/model.ts";
export { ShapeScores } from "./ecg/ectopy/shape-scores.ts";
export { describeBeats, VENTRICULAR_PERMILLE, ventricularBeats } from "./ecg/ectopy/ventricular.ts";
export type { EcgGroup } from "./ecg/groups.ts";

/** ECG groups of a recording as all detectors share them. */
export function readEcgGroups(recording: Recording): readonly EcgGroup[] {
  const report: Report = { findings: new FindingList(), spans: new SpanList(), series: [], tally: newTally() };
  const prepared: Prepared = prepare(recording, new Map(), report);
  return ecgGroups(prepared, report);
}
