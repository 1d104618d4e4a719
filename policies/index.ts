export { decide, DENIAL, type Decision, type DecisionInput, type DenialCode } from "./decision/decide.ts";
