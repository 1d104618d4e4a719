export { BUNDLE_EXAMPLE } from "../bundle/example.ts";
export { checkBundle, type BundleCheck } from "../bundle/check.ts";
export { readBundleDescription } from "../bundle/description.ts";
export {
  breakGlassWords,
  diffBundles,
  durationWords,
  keyWords,
  parameterWords,
  thresholdWords,
  type BundleDifference,
} from "../bundle/diff.ts";
export { diffLines, type DiffLine } from "../bundle/diff-lines.ts";
export { runTable, type RowOutcome } from "../bundle/run-table.ts";
export { TABLE_EXAMPLE } from "../bundle/table-example.ts";
export { readTable, type TableRow } from "../bundle/table.ts";
export { checkConstitution, iso } from "../constitution/check.ts";
export { FIRST, readConstitutionDescription, type Line } from "../constitution/description.ts";
export { CONSTITUTION_EXAMPLE } from "../constitution/example.ts";
export { listChanges, refuseNonSuccessor, type Change, type Measured, type Surroundings } from "../constitution/succession.ts";
export { DEVELOPMENT_POLICIES } from "../development/policies.ts";
export { AUTHORING_CODE, AuthoringError, type AuthoringCode, type AuthoringWarning } from "./errors.ts";
export type { Sources } from "./keys.ts";
