export { bootInProcess, CLOCK, makeSurroundings, type RecordedNsm, type Surroundings } from "./in-process.ts";
