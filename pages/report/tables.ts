import type { Coverage, Finding, Measurement, Priority } from "@caladrius/wire";
import { toHex } from "@caladrius/wire";
import { count, formatLength, formatQuantity } from "../verify/format.ts";
import type { Clock } from "./clock.ts";
import { channelName, PRIORITY, RANK, shortChannelName, titleOf, wordsOf } from "./labels.ts";
import { facts, markup, table, type Markup } from "./markup.ts";
import { meaningOf } from "./meanings.ts";
import type { RuleInForce } from "./rules.ts";

/** The word of a priority with its mark. */
export function priorityTag(priority: Priority): Markup {
  const { word, mark } = PRIORITY[priority];
  return markup`<span class="tag ${priority}"><span aria-hidden="true">${mark} </span>${word}</span>`;
}

/** How the table of findings writes times, and where each finding is drawn. */
export interface FindingsContext {
  readonly clock: Clock;
  /** ids of strips */
  readonly strips: ReadonlyMap<Finding, string>;
  /** ids of trends by channel */
  readonly trends: ReadonlyMap<string, string>;
  /** where the recording ends; null where that is withheld */
  readonly endMs: number | null;
}

/** Gravest first, with the values that led to them, and links to where they are drawn. */
export function findingsTable(findings: readonly Finding[], { clock, strips, trends, endMs: recordedToMs }: FindingsContext): Markup {
  const ranked = findings.toSorted((a, b) => RANK.indexOf(a.priority) - RANK.indexOf(b.priority) || a.onsetMs - b.onsetMs);
  // Roles are written out, as a phone shows rows as blocks, which would else be no table to a screen reader.
  const rows = ranked.map((finding) => {
    const { code, detector, channel, priority, technical, onsetMs, endMs, evidence, confidencePermille } = finding;
    const [strip, trend] = [strips.get(finding), channel === null ? undefined : trends.get(channel)];
    const at = clock.beside(onsetMs);
    const links = [
      ...(strip === undefined ? [] : [markup`<a href="#${strip}" aria-label="ECG of ${titleOf(code)} at ${at}">ECG</a>`]),
      ...(trend === undefined ? [] : [markup`<a href="#${trend}" aria-label="Trend of ${titleOf(code)} at ${at}">Trend</a>`]),
    ];
    return markup`<tr role="row"><td role="cell">${priorityTag(priority)}</td>
<th scope="row" role="rowheader">${titleOf(code)}${links.length === 0 ? null : markup` <span class="jump">${links}</span>`}<span class="from">${code}, by ${detector}${channel === null ? "" : `; ${shortChannelName(channel)}`}${technical ? "; technical" : ""}</span></th>
<td role="cell" class="when">${at} <br>to ${clock.beside(endMs)}<span class="from">${lengthOf(finding, recordedToMs)}</span></td>
<td role="cell" class="evidence"><ul class="values">${evidenceItems(evidence)}</ul></td>
<td role="cell" class="confidence">${confidencePermille === null ? "not stated" : (confidencePermille / 1000).toFixed(3)}</td></tr>`;
  });
  const heads = ["Priority", "Finding", "Onset and end", "Evidence", "Confidence"].map(
    (head) => markup`<th scope="col" role="columnheader">${head}</th>`,
  );
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Table of findings"><table class="cards" role="table"><caption>Gravest first; ${clock.caption}. Confidence, from 0 to 1, puts findings in order; it is no probability.</caption><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${rows}</tbody></table></div>`;
}

/** How long a finding lasted. One value has no length, and what stands when the recording ends has not ended. */
function lengthOf({ onsetMs, endMs }: Finding, recordedToMs: number | null): string {
  const length = endMs === onsetMs ? "one moment" : formatLength(endMs - onsetMs);
  return recordedToMs !== null && endMs >= recordedToMs ? `${length}, to the end of the recording` : length;
}

/** The values that led to a finding; points of a score in one line, and what was missing in others: then, or at another time. */
function evidenceItems(evidence: readonly Measurement[]): Markup[] {
  const points = evidence.filter(({ name }) => name.startsWith("points-"));
  const missing = evidence.filter(({ name, value }) => name.startsWith("missing-") && value === 1);
  const rest = evidence.filter((one) => !points.includes(one) && !missing.includes(one));
  const scored = new Set(points.map(({ name }) => name.slice("points-".length)));
  const isScored = ({ name }: Measurement): boolean => scored.has(name.slice("missing-".length));
  const list = (label: string, parts: readonly Measurement[]): Markup[] =>
    parts.length === 0 ? [] : [markup`<li class="whole">${label}: <b>${parts.map(nameOf).join(", ")}</b></li>`];
  const nameOf = ({ name }: Measurement): string => wordsOf(name.slice(name.indexOf("-") + 1));
  return [
    ...rest.map((one) => markup`<li>${wordsOf(one.name)} <b>${quantityOf(one)}</b></li>`),
    ...(points.length === 0
      ? []
      : [markup`<li class="whole">points: ${points.map((one) => `${nameOf(one)} ${formatQuantity(one)}`).join(", ")}</li>`]),
    ...list(
      "missing",
      missing.filter((one) => !isScored(one)),
    ),
    ...list("missing for a part of the time", missing.filter(isScored)),
  ];
}

/** Glucose in both units: 14 is a high one in mmol/L and no life in mg/dL. */
function quantityOf(one: Measurement): string {
  const text = formatQuantity(one);
  return one.unit === "mg/dL" ? `${text} (${(one.value / 10 ** one.decimals / MG_DL_PER_MMOL_L).toFixed(1)} mmol/L)` : text;
}

/** What each kind of finding means, in this build's words, as far as its rule is the one that was in force. */
export function meaningsList(findings: readonly Finding[], rules: readonly RuleInForce[] | null): Markup | null {
  const seen = new Map(findings.map((finding) => [finding.code, finding]));
  const rows = [...seen.values()]
    .toSorted((a, b) => RANK.indexOf(a.priority) - RANK.indexOf(b.priority) || (a.code < b.code ? -1 : 1))
    .flatMap(({ code, detector }) => {
      const meaning = meaningOf(code);
      if (meaning === null) return [];
      const rule = rules?.find(({ id }) => id === detector);
      const isKnown = detector === "analyse" || detector === "attest" || (rule !== undefined && rule.parameters !== null);
      return [[titleOf(code), isKnown ? meaning : "Its rule ran with parameters that are not known to this program."] as const];
    });
  return rows.length === 0 ? null : markup`<h3 class="apart">What they mean</h3>${facts(rows)}`;
}

/** What was received, rejected and not judged. */
export function coverageParts(coverage: Coverage, clock: Clock): Markup {
  const { fromMs, toMs, samplesReceived, rejected, gaps, notAssessedMs, unassessed } = coverage;
  const shown = unassessed.slice(0, MOST_SPANS);
  const rows = shown.map(
    (span) =>
      markup`<tr><th scope="row">${span.reason}</th><td>${span.detector}</td><td>${channelName(span.channel)}</td><td class="when">${clock.beside(span.fromMs)}</td><td>${formatLength(span.toMs - span.fromMs)}</td></tr>`,
  );
  return markup`${facts([
    ["Time covered", `${clock.moment(fromMs)} to ${clock.moment(toMs)}, ${formatLength(toMs - fromMs)}`],
    ["Samples", `${count(samplesReceived, "sample")} received, ${count(gaps, "gap")}`],
    [
      "Rejected",
      rejected.length === 0
        ? "none"
        : markup`<ul>${rejected.map(({ reason, samples }) => markup`<li>${count(samples, "sample")}: ${reason}</li>`)}</ul>`,
    ],
    ["Not assessed", notAssessedMs === 0 ? "nothing" : `${formatLength(notAssessedMs)} by at least one detector`],
  ])}${rows.length === 0 ? null : table(`Spans that were not assessed; ${clock.caption}`, ["Reason", "Detector", "Channel", "From", "Length"], rows)}${
    unassessed.length > shown.length ? markup`<p>and ${unassessed.length - shown.length} more spans.</p>` : null
  }`;
}

/** Which detectors ran, in which version, with which parameters. */
export function detectorsTable(rules: readonly RuleInForce[]): Markup {
  const rows = rules.map(
    ({ id, version, parametersDigest, parameters }) =>
      markup`<tr><th scope="row">${id}</th><td>${version}</td><td>${parameters === null ? "not known to this program" : "this program's defaults"}</td><td><code>${toHex(parametersDigest)}</code></td></tr>`,
  );
  return table("Detectors that ran", ["Detector", "Version", "Parameters", "SHA-256 of its parameters"], rows);
}

const MOST_SPANS = 60;
const MG_DL_PER_MMOL_L = 18.0182;
