export { bootInProcess, CLOCK, makeSurroundings, trustOf, type RecordedNsm, type Surroundings } from "./in-process.ts";
export { ready, startStack, testImage, trustFile, type Stack } from "./stack.ts";
export { tapSocket, type Direction, type Meddle, type Tap } from "./tap.ts";
