export { cedarWasmUrl, loadCedar, type Cedar, type CedarAnswer, type CedarEngine, type CedarText } from "./engine.ts";
export { rememberCedar, type RememberedCedar } from "./memo.ts";
export { CEDAR_ACTIONS, type CedarAction, type CedarContext, type CedarRequest } from "./request.ts";
export { CEDAR_SCHEMA } from "./schema.ts";
