// What works on bytes alone, in browsers too.
export { readFhir, type FhirOptions } from "./fhir.ts";
export { readWfdb, type WfdbOptions } from "./wfdb.ts";
export { readCsv, type CsvOptions } from "./csv.ts";
export { gunzip } from "./text.ts";
export type { NotUsed, NotUsedReason, ReadRecording, ReadResult } from "./collect.ts";
export { DEFAULT_READ_LIMITS, type ReadLimits } from "./limits.ts";
export { READ_CODE, type ReadCode, type ReadProblem, type ReadWarning } from "./problems.ts";
