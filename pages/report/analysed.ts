import { areFindingsWithheld } from "@caladrius/attestation-verifier";
import { viewLeads, viewVitals } from "@caladrius/enclave/analyse/view";
import { viewBeatRates } from "./beat-rate.ts";
import { clockOf, type Clock } from "./clock.ts";
import { titleOf } from "./labels.ts";
import { markup, type Markup } from "./markup.ts";
import type { ReportInput } from "./model.ts";
import { rulesInForce } from "./rules.ts";
import { drawStrips, MOST_STRIPS } from "./strips.ts";
import { coverageParts, detectorsTable, findingsTable, meaningsList } from "./tables.ts";
import { drawTimeline } from "./timeline.ts";
import { drawTrend } from "./trend.ts";

/** A part of the page. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Markup;
}

/** What was analysed, drawn and told. */
export interface Analysed {
  readonly sections: readonly Section[];
  readonly clock: Clock;
  readonly strips: number;
  readonly trends: number;
}

/** The parts of a report that are about the recording; none of a job that was denied. */
export function analysedParts(input: ReportInput): Analysed {
  const { verdict, recording } = input;
  const { disclosed } = verdict.claims;
  const { coverage } = disclosed;
  if (disclosed.denial !== null)
    return { sections: [], clock: clockOf(verdict.claims.result.interval.fromMs, false), strips: 0, trends: 0 };
  const rules = disclosed.detectors === null ? null : rulesInForce(disclosed.detectors);
  const vitals = viewVitals(recording);
  const leads = viewLeads(recording);
  const clocks = [...vitals, ...leads].map(({ clock }) => clock);
  // Where the coverage is withheld and nothing can be drawn, any moment does: no axis is shown.
  const { interval } = verdict.claims.result;
  const fromMs = coverage?.fromMs ?? (clocks.length === 0 ? interval.fromMs : Math.min(...clocks.map(({ startMs }) => startMs)));
  const toMs = coverage?.toMs ?? (clocks.length === 0 ? interval.toMs : Math.max(...clocks.map(({ endMs }) => endMs)));
  const clock = clockOf(fromMs, input.isRelative && toMs < LONGEST_RELATIVE_MS);
  const axis = { fromMs, toMs, clock };
  const strips = drawStrips({
    leads,
    findings: disclosed.finding,
    unassessed: coverage?.unassessed ?? [],
    series: disclosed.series,
    coverageFromMs: coverage?.fromMs ?? null,
    clock,
  });
  const beatRates = viewBeatRates(disclosed.series, coverage);
  const shared = { axis, findings: disclosed.finding, recording };
  const trends = [
    ...vitals.map((vital, i) => ({ code: vital.code, draw: () => drawTrend(vital, { ...shared, rules }, String(i)) })),
    // The limits and bands are those of measured rates: none of them holds for this one.
    ...beatRates.map((rate, i) => ({
      code: null,
      draw: () => drawTrend(rate, { ...shared, rules: null }, `beats-${i}`, "Heart rate from the beats"),
    })),
  ];
  const drawn = trends.slice(0, MOST_TRENDS).map(({ draw }) => draw());
  const trendIds = new Map(trends.slice(0, MOST_TRENDS).flatMap(({ code }, i) => (code === null ? [] : [[code, `trend-${i}`] as const])));
  const sections: Section[] = [];
  const put = (id: string, title: string, content: Markup): void => void sections.push({ id, title, content });
  if (coverage !== null || rules !== null || disclosed.finding.length > 0) {
    const ids = (rules ?? []).map(({ id }) => id);
    put("timeline", "At a glance", drawTimeline(ids, disclosed.finding, coverage?.unassessed ?? null, axis));
  }
  put(
    "findings",
    "Findings",
    disclosed.finding.length === 0
      ? noFindings(input)
      : markup`${findingsTable(disclosed.finding, { clock, strips: strips.places, trends: trendIds, endMs: coverage?.toMs ?? null })}${meaningsList(disclosed.finding, rules)}`,
  );
  if (leads.length > 0) {
    const leftOut = strips.leftOut.map(({ code, onsetMs }) => `${titleOf(code)} at ${clock.moment(onsetMs)}`);
    put("strips", "ECG", stripsPart(strips.figures, leftOut));
  }
  if (drawn.length > 0) {
    const rest = trends.length - drawn.length;
    put("trends", "Trends", markup`${TREND_KEY}${drawn}${rest > 0 ? markup`<p>and ${rest} more channels, not drawn.</p>` : null}`);
  }
  put("coverage", "What was looked at", coverage === null ? withheld("The coverage") : coverageParts(coverage, clock));
  put("detectors", "Detectors", rules === null ? withheld("The list of detectors") : detectorsTable(rules));
  return { sections, clock, strips: strips.figures.length, trends: drawn.length };
}

function withheld(what: string): Markup {
  return markup`<p>${what} was withheld from this file.</p>`;
}

function noFindings({ verdict }: ReportInput): Markup {
  const { disclosed } = verdict.claims;
  if (disclosed.level === "alarm") return markup`<p>Findings were withheld: this recipient's level is “alarm”.</p>`;
  if (areFindingsWithheld(disclosed)) return markup`<p>Findings were withheld: that none is shown does not say that there was none.</p>`;
  return markup`<p>No finding is disclosed in this file.${verdict.claims.withheldAtMost > 0 ? " Some may have been taken out: see what is withheld." : ""}</p>`;
}

function stripsPart(figures: readonly Markup[], leftOut: readonly string[]): Markup {
  if (leftOut.length === 0) return markup`${figures}`;
  return markup`${figures}<p>These findings have no strip, as a page has at most ${MOST_STRIPS}:</p><ul>${leftOut.map((one) => markup`<li>${one}</li>`)}</ul>`;
}

const MOST_TRENDS = 24;
/** A recording without a date that is longer than this has sources with dates as well. */
const LONGEST_RELATIVE_MS = 366 * 86_400_000;
const TREND_KEY = markup`<ul class="legend"><li><svg width="22" height="14" aria-hidden="true"><rect class="unused" fill="url(#missing)" width="22" height="14"/></svg> missing</li><li><svg width="22" height="14" aria-hidden="true"><rect class="unused" fill="url(#rejected)" width="22" height="14"/></svg> rejected as implausible (×: the value)</li></ul>`;
