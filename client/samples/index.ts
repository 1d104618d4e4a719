export { makeSampleRecordings, sampleBeatTimes, sampleEpisodes, SAMPLES_START_MS, type SampleEpisode } from "./recordings.ts";
export { makeSampleFiles } from "./files.ts";
export { writeSampleFiles } from "./write.ts";
