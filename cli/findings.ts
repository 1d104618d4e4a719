import { areFindingsWithheld, type Disclosed } from "@caladrius/attestation-verifier";
import type { AlarmSummary, Coverage, Finding, Measurement, Priority, Series } from "@caladrius/wire";
import { styled, type Segment, type Style, type Terminal } from "./print.ts";

const STYLE: Readonly<Record<Priority, Style>> = { high: "red", medium: "yellow", low: "bold", none: "dim" };
const RANK: readonly Priority[] = ["high", "medium", "low", "none"];

/** The disclosures that decide what is said in one line. */
type Said = Pick<Disclosed, "denial" | "level" | "alarm-summary"> & { readonly finding: readonly Finding[] };

/** What every place that says findings says as well. */
export const NOT_A_MEDICAL_DEVICE = "Not a medical device.";

/** The findings as a table, gravest first; at most `most` of them, and how many more there are. */
export function printFindings(findings: readonly Finding[], terminal: Terminal, most = 40): void {
  const ranked = rank(findings);
  if (ranked.length === 0) terminal.line("findings  none");
  else terminal.line(`findings  ${ranked.length}`);
  terminal.table(
    ranked
      .slice(0, most)
      .map((finding) => [
        styled(STYLE[finding.priority], finding.priority),
        finding.code,
        formatSpan(finding.onsetMs, finding.endMs),
        finding.detector,
        evidence(finding),
      ]),
    "  ",
  );
  if (ranked.length > most) terminal.line(`  and ${ranked.length - most} more: --json shows all`);
}

/** What of a result is said in one piece of text: denied, withheld, or the gravest finding. */
export function saidOf({ denial, level, finding, "alarm-summary": alarms }: Said): Segment {
  if (denial !== null) return styled("red", `denied: ${denial}`);
  if (finding.length > 0 || !areFindingsWithheld({ level, finding, "alarm-summary": alarms })) return topFinding(finding);
  if (alarms === null) return styled("yellow", "alarm unknown: withheld, as all findings are");
  if (!alarms.anyAlarm) return styled("plain", "no alarm (findings withheld)");
  return styled(STYLE[alarms.highestPriority], `alarm, highest priority ${alarms.highestPriority} (findings withheld)`);
}

/** One piece of text for the gravest finding of a result. */
function topFinding(findings: readonly Finding[]): Segment {
  const [top] = rank(findings);
  if (top === undefined) return styled("plain", "no findings");
  return styled(
    STYLE[top.priority],
    `${top.priority}: ${top.code} at ${formatTime(top.onsetMs)}${findings.length > 1 ? ` and ${findings.length - 1} more` : ""}`,
  );
}

/** The alarm summary in one line. */
export function printAlarms(summary: AlarmSummary, terminal: Terminal): void {
  const alarm = summary.anyAlarm ? styled(STYLE[summary.highestPriority], `yes, highest priority ${summary.highestPriority}`) : "none";
  terminal.line([
    "alarms    ",
    alarm,
    summary.secondsNotAssessed === 0 ? "; all was assessed" : `; ${formatSeconds(summary.secondsNotAssessed)} not assessed`,
  ]);
}

/** What was looked at, and what was not and why. */
export function printCoverage(coverage: Coverage, terminal: Terminal, most = 12): void {
  terminal.line(
    `coverage  ${formatSpan(coverage.fromMs, coverage.toMs)}, ${coverage.samplesReceived} samples, ${coverage.gaps} gaps, not assessed ${formatSeconds(coverage.notAssessedMs / 1000)}`,
  );
  for (const { reason, samples } of coverage.rejected) terminal.line(`  rejected ${samples} samples: ${reason}`);
  terminal.table(
    coverage.unassessed
      .slice(0, most)
      .map((span) => ["not assessed", span.detector, span.channel ?? "all channels", formatSpan(span.fromMs, span.toMs), span.reason]),
    "  ",
  );
  if (coverage.unassessed.length > most) terminal.line(`  and ${coverage.unassessed.length - most} more spans`);
}

/** Names and lengths of series; their values are for programs. */
export function printSeries(series: readonly Series[], terminal: Terminal): void {
  for (const one of series) terminal.line(`series    ${one.detector} ${one.name}: ${one.values.length} values in ${one.unit}`);
}

/** A fixed-point quantity with its unit, exactly. */
export function formatMeasurement({ name, value, decimals, unit }: Measurement): string {
  const digits = String(Math.abs(value)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? "" : `.${digits.slice(digits.length - decimals)}`;
  return `${name} ${value < 0 ? "-" : ""}${whole}${fraction}${unit === "1" ? "" : ` ${unit}`}`;
}

/** Unix milliseconds as UTC to the second. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A span as its start and length. */
export function formatSpan(fromMs: number, toMs: number): string {
  return toMs <= fromMs ? formatTime(fromMs) : `${formatTime(fromMs)} +${formatSeconds((toMs - fromMs) / 1000)}`;
}

/** A length of time in at most two units. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
}

function evidence(finding: Finding): string {
  const parts = [...(finding.channel === null ? [] : [finding.channel]), ...finding.evidence.map(formatMeasurement)];
  return `${parts.slice(0, 6).join(", ")}${parts.length > 6 ? ", …" : ""}`;
}

function rank(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => RANK.indexOf(a.priority) - RANK.indexOf(b.priority) || a.onsetMs - b.onsetMs);
}
