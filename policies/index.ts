export { widest, WIDTH } from "./decision/cover.ts";
export { decide, type Allowed, type Decision, type DecisionInput, type DecisionTools, type EmergencyStanding } from "./decision/decide.ts";
export { DENIAL, type DenialCode } from "./decision/denial.ts";
export type { DeviceFlag, SignedByDevice } from "./decision/device.ts";
export { recordingFacts, type RecordingFacts } from "./decision/facts.ts";
export type { DecisionMemory, GrantUse, NewestBatch } from "./decision/memory.ts";
export { grantReader, type DecisionCrypto, type ReadGrant, type VerifiedGrant } from "./decision/read-grant.ts";
export type { Revocations } from "./decision/revocations.ts";
