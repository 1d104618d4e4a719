export { firstStatusList, nextStatusList, saysTheSame, type StatusChange } from "./next.ts";
export { diffStatusLists, revokedWords, type StatusDifference } from "./changes.ts";
