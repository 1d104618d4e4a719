export { bootInProcess, CLOCK, makeSurroundings, trustOf, type RecordedNsm, type Surroundings } from "./in-process.ts";
export { ready, startStack, testImage, trustFile, type Stack } from "./stack.ts";
export { FrameSplitter, tapSocket, type Carried, type Direction, type Meddle, type MeddleFrames, type Tap } from "./tap.ts";
export { tapHttp, type TappedStream, type WireTap } from "./wire-tap.ts";
export { bytesCanary, forms, needles, runCanary, search, textCanary, type Canary, type Haystack, type Needle } from "./canary.ts";
export { craftJob, flipped, sealingTarget, type CraftedJob } from "./craft.ts";
export { startProxy, type Answer, type Asked, type HostileProxy } from "./proxy.ts";
export { failure, messageOf, QUICK, startHostile, type Hostile } from "./hostile.ts";
