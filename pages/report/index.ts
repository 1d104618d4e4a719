export type { AcceptedVerdict, RecordingMatch, Report, ReportInput } from "./model.ts";
export { renderReport } from "./page.ts";
