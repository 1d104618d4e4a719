import type { Coverage, Finding, Priority } from "@caladrius/wire";
import { toHex } from "@caladrius/wire";
import { count, formatLength, formatQuantity, formatTime, formatTimeBeside } from "../verify/format.ts";
import { channelName, PRIORITY, RANK } from "./labels.ts";
import { facts, markup, table, type Markup } from "./markup.ts";
import type { RuleInForce } from "./rules.ts";

/** The word of a priority with its mark. */
export function priorityTag(priority: Priority): Markup {
  const { word, mark } = PRIORITY[priority];
  return markup`<span class="tag ${priority}"><span aria-hidden="true">${mark} </span>${word}</span>`;
}

/** Gravest first, with the values that led to them. */
export function findingsTable(findings: readonly Finding[], besideMs: number): Markup {
  const ranked = findings.toSorted((a, b) => RANK.indexOf(a.priority) - RANK.indexOf(b.priority) || a.onsetMs - b.onsetMs);
  const time = (ms: number): string => formatTimeBeside(ms, besideMs);
  // Roles are written out, as a phone shows rows as blocks, which would else be no table to a screen reader.
  const rows = ranked.map(
    ({ code, detector, channel, priority, technical, onsetMs, endMs, evidence, confidencePermille }) =>
      markup`<tr role="row"><td role="cell">${priorityTag(priority)}</td>
<th scope="row" role="rowheader">${code}<span class="from">${detector}${channel === null ? "" : `, ${channelName(channel)}`}${technical ? ", technical" : ""}</span></th>
<td role="cell" class="when">${time(onsetMs)} <br>to ${time(endMs)}<span class="from">${formatLength(endMs - onsetMs)}</span></td>
<td role="cell"><ul class="values">${evidence.map((one) => markup`<li>${one.name} <b>${formatQuantity(one)}</b></li>`)}</ul></td>
<td role="cell" class="confidence">${confidencePermille === null ? "not stated" : `${(confidencePermille / 10).toFixed(1)} %`}</td></tr>`,
  );
  const heads = ["Priority", "Finding", "Onset and end", "Evidence", "Confidence"].map(
    (head) => markup`<th scope="col" role="columnheader">${head}</th>`,
  );
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Table of findings"><table class="cards" role="table"><caption>Gravest first; times of ${formatTime(besideMs).slice(0, 10)} in UTC</caption><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${rows}</tbody></table></div>`;
}

/** What was received, rejected and not judged. */
export function coverageParts(coverage: Coverage): Markup {
  const { fromMs, toMs, samplesReceived, rejected, gaps, notAssessedMs, unassessed } = coverage;
  const shown = unassessed.slice(0, MOST_SPANS);
  const rows = shown.map(
    (span) =>
      markup`<tr><th scope="row">${span.reason}</th><td>${span.detector}</td><td>${channelName(span.channel)}</td><td class="when">${formatTimeBeside(span.fromMs, fromMs)}</td><td>${formatLength(span.toMs - span.fromMs)}</td></tr>`,
  );
  return markup`${facts([
    ["Time covered", `${formatTime(fromMs)} to ${formatTime(toMs)}, ${formatLength(toMs - fromMs)}`],
    ["Samples", `${count(samplesReceived, "sample")} received, ${count(gaps, "gap")}`],
    [
      "Rejected",
      rejected.length === 0
        ? "none"
        : markup`<ul>${rejected.map(({ reason, samples }) => markup`<li>${count(samples, "sample")}: ${reason}</li>`)}</ul>`,
    ],
    ["Not assessed", notAssessedMs === 0 ? "nothing" : `${formatLength(notAssessedMs)} by at least one detector`],
  ])}${rows.length === 0 ? null : table("Spans that were not assessed", ["Reason", "Detector", "Channel", "From", "Length"], rows)}${
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
