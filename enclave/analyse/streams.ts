/** The numeric detectors value by value: causal, in bounded state, saying what `analyse` says over a whole recording. */
export { NEWS2_CHART } from "./news2/chart.ts";
export { MEWS_CHART } from "./mews/mews.ts";
export { QSOFA_CHART } from "./qsofa/qsofa.ts";
export type { Chart } from "./scores/chart.ts";
export { ScoreStream } from "./scores/stream.ts";
export { GlucoseStream } from "./glucose/stream.ts";
export { Cusum } from "./trend/cusum.ts";
export { Ewma } from "./trend/ewma.ts";
export { Hampel } from "./trend/hampel.ts";
export { TrendStream, type TrendRule } from "./trend/stream.ts";
export { DiscordStream } from "./discord/stream.ts";
