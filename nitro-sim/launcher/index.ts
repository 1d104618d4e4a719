export { launchEnclave } from "./launch.ts";
export type { LaunchOptions, RunningEnclave } from "./launch.ts";
export type { EnclaveExit, LineListener } from "./process.ts";
