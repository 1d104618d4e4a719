import type { LeadView } from "@caladrius/enclave/analyse/view";
import type { Finding, Series, UnassessedSpan } from "@caladrius/wire";
import { count } from "../verify/format.ts";
import type { Clock } from "./clock.ts";
import { channelName, PRIORITY, RANK, titleOf } from "./labels.ts";
import { markup, type Markup } from "./markup.ts";
import { drawRow, paperFor, ROW_SECONDS, type BeatMark } from "./strip.ts";

/** What strips are chosen from and what is drawn on them. */
export interface StripContext {
  readonly leads: readonly LeadView[];
  readonly findings: readonly Finding[];
  readonly unassessed: readonly UnassessedSpan[];
  readonly series: readonly Series[];
  /** beginning of the coverage, from which beat times count; null: withheld */
  readonly coverageFromMs: number | null;
  readonly clock: Clock;
}

/** Strips as figures, the id of that on which each finding is, and the findings that there was no room for. */
export interface Strips {
  readonly figures: readonly Markup[];
  readonly places: ReadonlyMap<Finding, string>;
  readonly leftOut: readonly Finding[];
}

/** Most strips on one page. */
export const MOST_STRIPS = 24;

interface Window {
  lead: LeadView;
  fromMs: number;
  toMs: number;
  about: Finding[];
  /** what it shows where it is about no finding */
  reason?: string;
}

/**
 * Strips of up to twelve seconds around the onsets of findings that ECG was recorded at: those on a lead first, gravest
 * first. Findings whose onset lies on a strip that is there already share it. Spans of a lead that were not assessed have
 * what room is left; where there is neither, the beginning is shown.
 */
export function drawStrips(context: StripContext): Strips {
  const { leads, findings } = context;
  const isOnLead = ({ channel }: Finding): boolean => leads.some(({ code }) => code === channel);
  const ranked = findings
    .filter((finding) => leadAt(leads, finding) !== undefined)
    .toSorted(
      (a, b) =>
        Number(isOnLead(b)) - Number(isOnLead(a)) ||
        RANK.indexOf(a.priority) - RANK.indexOf(b.priority) ||
        Number(a.technical) - Number(b.technical) ||
        a.onsetMs - b.onsetMs,
    );
  const windows: Window[] = [];
  const leftOut: Finding[] = [];
  for (const finding of ranked) {
    const lead = leadAt(leads, finding);
    if (lead === undefined) continue;
    const shared = windows.find((one) => one.lead === lead && finding.onsetMs >= one.fromMs + 500 && finding.onsetMs <= one.toMs - 1000);
    if (shared !== undefined) shared.about.push(finding);
    else if (windows.length < MOST_STRIPS) windows.push({ lead, ...windowOf(lead, finding), about: [finding] });
    else leftOut.push(finding);
  }
  for (const span of context.unassessed) {
    const lead = leads.find(({ code, clock }) => code === span.channel && span.fromMs >= clock.startMs && span.fromMs < clock.endMs);
    if (lead === undefined || windows.length >= MOST_STRIPS) continue;
    if (windows.some((one) => one.lead === lead && span.fromMs < one.toMs && span.toMs > one.fromMs)) continue;
    windows.push({
      lead,
      ...windowOf(lead, { onsetMs: span.fromMs, endMs: span.toMs }),
      about: [],
      reason: `Not assessed: ${span.reason}`,
    });
  }
  const [first] = leads;
  if (windows.length === 0 && first !== undefined)
    windows.push({
      lead: first,
      ...windowOf(first, { onsetMs: first.clock.startMs, endMs: 0 }),
      about: [],
      reason: "No disclosed finding; how the recording begins",
    });
  windows.sort((a, b) => a.fromMs - b.fromMs);
  const places = new Map(windows.flatMap(({ about }, i) => about.map((finding) => [finding, `strip-${i}`] as const)));
  return { figures: windows.map((one, i) => drawWindow(one, context, i)), places, leftOut };
}

/** The lead of a finding; for findings of other channels the first lead that was recorded at their onset. */
function leadAt(leads: readonly LeadView[], { channel, onsetMs }: Finding): LeadView | undefined {
  const there = leads.filter(({ clock }) => onsetMs >= clock.startMs && onsetMs < clock.endMs);
  return there.find(({ code }) => code === channel) ?? there[0];
}

/** From three seconds before the onset, one row or two, inside the lead. */
function windowOf({ clock }: LeadView, { onsetMs, endMs }: Pick<Finding, "onsetMs" | "endMs">): { fromMs: number; toMs: number } {
  const rows = endMs - onsetMs <= 2000 ? 1 : 2;
  const lengthMs = rows * ROW_SECONDS * 1000;
  const fromMs = Math.max(clock.startMs, Math.min(onsetMs - BEFORE_MS, clock.endMs - lengthMs));
  return { fromMs, toMs: Math.min(clock.endMs, fromMs + lengthMs) };
}

function drawWindow({ lead, fromMs, toMs, about, reason }: Window, context: StripContext, index: number): Markup {
  const { findings, unassessed, clock } = context;
  const shown = findings.filter((one) => one.onsetMs < toMs && one.endMs >= fromMs && (one.channel === lead.code || about.includes(one)));
  const spans = unassessed.filter(
    (span) => (span.channel === lead.code || span.channel === null) && span.fromMs < toMs && span.toMs > fromMs,
  );
  const marks = beatsOf(lead.code, context);
  const paper = paperFor(lead, fromMs, toMs);
  const rows: Markup[] = [];
  const rowCount = Math.max(1, Math.ceil((toMs - fromMs) / (ROW_SECONDS * 1000)));
  for (let i = 0; i < rowCount; i++) {
    const rowFromMs = fromMs + i * ROW_SECONDS * 1000;
    const rowToMs = rowFromMs + ROW_SECONDS * 1000;
    rows.push(
      drawRow(
        {
          lead,
          fromMs: rowFromMs,
          toMs: rowToMs,
          findings: shown.filter(({ onsetMs, endMs }) => onsetMs < rowToMs && endMs >= rowFromMs),
          beats: marks,
          unassessed: spans.filter((span) => span.fromMs < rowToMs && span.toMs > rowFromMs),
          middle: paper.middle,
          halfHeightMm: paper.halfHeightMm,
          clock,
        },
        `row-${index}-${i}`,
        `${channelName(lead.code)}, six seconds from ${clock.moment(rowFromMs)}`,
      ),
    );
  }
  const names =
    reason !== undefined
      ? `${reason}, at ${clock.moment(fromMs + (reason.startsWith("Not") ? BEFORE_MS : 0))}`
      : about
          // Day and zone once, behind the last.
          .map(({ code, priority, onsetMs }, i) => {
            const at = i < about.length - 1 ? clock.beside(onsetMs) : clock.moment(onsetMs);
            return `${titleOf(code)} (${PRIORITY[priority].word}) at ${at}`;
          })
          .join(", ");
  const rest = about.some(({ endMs }) => endMs > toMs) ? " It lasts beyond this strip." : "";
  const beats =
    marks === null
      ? "Beats are not marked, as the result does not disclose their times."
      : legendOf(marks.filter(({ atMs }) => atMs >= fromMs && atMs < toMs));
  return markup`<figure class="strip" id="strip-${index}"><figcaption><h3>${names}</h3><p>${channelName(lead.code)}. 25 mm/s, 10 mm/mV; the pulse at the left is 1 mV. ${beats}${paper.isCut ? " What goes beyond the paper is cut at its edge." : ""}${rest}</p></figcaption><div class="scroll" tabindex="0" role="group" aria-label="ECG of ${names}">${rows}</div></figure>`;
}

/**
 * Beats of a lead: the series "beats" in milliseconds after the coverage begins, and beside it "ventricular" with 1 for each
 * beat that was taken for a ventricular one. null where the result does not disclose beats.
 */
function beatsOf(code: string, { series, coverageFromMs }: StripContext): readonly BeatMark[] | null {
  if (coverageFromMs === null) return null;
  const own = series.filter(({ channel }) => channel === code);
  const times = own.filter(({ name, unit }) => name === "beats" && unit === "ms");
  if (times.length === 0) return null;
  const kinds = own.find(({ name }) => name === "ventricular")?.values;
  return times.flatMap(({ values }) =>
    Array.from(values, (ms, i) => ({
      atMs: coverageFromMs + ms,
      isVentricular: kinds !== undefined && kinds.length === values.length && kinds[i] === 1,
    })),
  );
}

function legendOf(shown: readonly BeatMark[]): string {
  const ventricular = shown.filter(({ isVentricular }) => isVentricular).length;
  const all = `▼ marks each of ${count(shown.length, "beat")}`;
  return ventricular === 0 ? `${all}.` : `${all}, V instead the ${ventricular} taken for ventricular.`;
}

const BEFORE_MS = 3000;
