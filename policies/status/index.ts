export { firstStatusList, nextStatusList, saysTheSame, type StatusChange } from "./next.ts";
