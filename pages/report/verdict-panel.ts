import { areFindingsWithheld } from "@caladrius/attestation-verifier";
import { formatLength, formatTime } from "../verify/format.ts";
import { STATUS } from "../verify/meanings.ts";
import type { Clock } from "./clock.ts";
import { PRIORITY } from "./labels.ts";
import { markup, type Markup, type Part } from "./markup.ts";
import type { ReportInput } from "./model.ts";
import { priorityTag } from "./tables.ts";

/** What comes first: whether the result may be relied on, and in a few words what it says. */
export function verdictPanel({ verdict, match }: ReportInput, clock: Clock): Markup {
  const { status, sentence, code, claims, atMs } = verdict;
  const { disclosed, evidence } = claims;
  const alarms = disclosed["alarm-summary"];
  const alarm: Part =
    disclosed.denial !== null
      ? markup`<b>none computed</b> the job was denied`
      : alarms === null
        ? markup`<b>unknown</b> the alarm summary was withheld`
        : alarms.anyAlarm
          ? markup`<b>yes</b> highest priority ${priorityTag(alarms.highestPriority)}`
          : markup`<b>none</b>`;
  const { coverage, finding, level } = disclosed;
  const length = coverage === null ? "" : ` of ${formatLength(coverage.toMs - coverage.fromMs)}`;
  const open =
    alarms === null
      ? "unknown"
      : alarms.secondsNotAssessed === 0
        ? "all was assessed by every detector"
        : `${formatLength(alarms.secondsNotAssessed * 1000)}${length} not assessed by at least one detector`;
  const recorded =
    coverage === null ? "when is withheld" : `${clock.moment(coverage.fromMs)}, for ${formatLength(coverage.toMs - coverage.fromMs)}`;
  const found: Part =
    finding.length === 0 && level === "alarm"
      ? "withheld: this recipient's level is alarm"
      : areFindingsWithheld(disclosed)
        ? "withheld"
        : markup`<b>${finding.length}</b> ${byPriority(finding.map(({ priority }) => priority))}`;
  return markup`<section class="verdict ${status}" aria-labelledby="verdict">
${evidence.simulated ? markup`<p class="banner"><strong>Simulator.</strong> Software under a test root made this result: it proves nothing about hardware.</p>` : null}
<div class="glance"><h2 id="verdict">${STATUS[status].word}</h2><p>${STATUS[status].advice}</p><p class="sentence">${sentence} <span class="from">(${code}${atMs === null ? "" : `, judged at ${formatTime(atMs)}`})</span></p></div>
${disclosed.denial === null ? null : markup`<p class="banner"><strong>Denied: ${disclosed.denial}.</strong> Nothing was analysed.</p>`}
${match === "same" ? null : markup`<p class="banner"><strong>Whose recording?</strong> The result does not disclose the digest of its input, so nothing shows that the recording drawn below is the one that was analysed.</p>`}
<dl class="tiles"><div><dt>Alarm</dt><dd>${alarm}</dd></div><div><dt>Findings disclosed</dt><dd>${found}</dd></div><div><dt>Assessed</dt><dd>${open}</dd></div><div><dt>Not checked</dt><dd>${verdict.notChecked.length === 0 ? "nothing is left open" : markup`<a href="#open">${verdict.notChecked.join(", ")}</a>`}</dd></div><div><dt>Subject</dt><dd>${disclosed.subject ?? "withheld"}</dd></div><div><dt>Recorded</dt><dd>${recorded}</dd></div></dl></section>`;
}

function byPriority(priorities: readonly (keyof typeof PRIORITY)[]): string {
  return (["high", "medium", "low", "none"] as const)
    .map((one) => ({ one, number: priorities.filter((priority) => priority === one).length }))
    .filter(({ number }) => number > 0)
    .map(({ one, number }) => `${number} ${PRIORITY[one].word}`)
    .join(", ");
}
