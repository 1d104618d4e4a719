export { makeSampleRecordings, sampleBeatTimes, sampleEpisodes, SAMPLES_START_MS, type SampleEpisode } from "./recordings.ts";
export { makeSampleFiles, writeSampleFiles } from "./files.ts";
