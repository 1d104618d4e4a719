import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { viewLeads, viewVitals } from "@caladrius/enclave/analyse/view";
import { toHex } from "@caladrius/wire";
import { count, formatLength, formatTime } from "../verify/format.ts";
import { NOT_CHECKED, STATUS } from "../verify/meanings.ts";
import { viewBeatRates } from "./beat-rate.ts";
import { PRIORITY } from "./labels.ts";
import { facts, markup, panel, type Markup, type Part } from "./markup.ts";
import type { Report, ReportInput } from "./model.ts";
import { rulesInForce } from "./rules.ts";
import { drawStrips, MOST_STRIPS } from "./strips.ts";
import { coverageParts, detectorsTable, findingsTable, priorityTag } from "./tables.ts";
import { drawTimeline } from "./timeline.ts";
import { drawTrend } from "./trend.ts";

/**
 * A verified result beside the recording that it is about, as one HTML page without script, address or anything to load.
 * Values and curves come from the recording, all else from what the result discloses; what is withheld is said to be.
 */
export function renderReport(input: ReportInput): Report {
  const style = readFileSync(new URL("report.css", import.meta.url), "utf8");
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
    "img-src data:",
    "form-action 'none'",
    "base-uri 'none'",
  ].join("; ");
  const { content, strips, trends } = body(input);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
${markup`<title>Report on ${input.result.name} · Caladrius</title>`.text}
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
${content.text}
</body>
</html>
`;
  return { html, strips, trends };
}

function body(input: ReportInput): { content: Markup; strips: number; trends: number } {
  const { verdict, recording } = input;
  const { disclosed } = verdict.claims;
  const { coverage, denial } = disclosed;
  const isDenied = denial !== null;
  const rules = disclosed.detectors === null ? null : rulesInForce(disclosed.detectors);
  const vitals = isDenied ? [] : viewVitals(recording);
  const leads = isDenied ? [] : viewLeads(recording);
  const clocks = [...vitals, ...leads].map(({ clock }) => clock);
  const axis = {
    fromMs: coverage?.fromMs ?? Math.min(...clocks.map(({ startMs }) => startMs)),
    toMs: coverage?.toMs ?? Math.max(...clocks.map(({ endMs }) => endMs)),
  };
  const strips = drawStrips({
    leads,
    findings: disclosed.finding,
    unassessed: coverage?.unassessed ?? [],
    series: disclosed.series,
    coverageFromMs: coverage?.fromMs ?? null,
  });
  const beatRates = isDenied ? [] : viewBeatRates(disclosed.series, coverage);
  const shared = { axis, findings: disclosed.finding, recording };
  const trends = [
    ...vitals.map((vital, i) => () => drawTrend(vital, { ...shared, rules }, String(i))),
    // The limits and bands are those of measured rates: none of them holds for this one.
    ...beatRates.map((rate, i) => () => drawTrend(rate, { ...shared, rules: null }, `beats-${i}`, "Heart rate from the beats")),
  ];
  const drawn = trends.slice(0, MOST_TRENDS).map((draw) => draw());
  const withheld = (what: string): Markup => markup`<p>${what} was withheld from this file.</p>`;
  const analysed = isDenied
    ? null
    : markup`${
        coverage === null && rules === null && disclosed.finding.length === 0
          ? null
          : panel(
              "timeline",
              "At a glance",
              drawTimeline(
                (rules ?? []).map(({ id }) => id),
                disclosed.finding,
                coverage?.unassessed ?? null,
                axis,
              ),
            )
      }
${panel("findings", "Findings", disclosed.finding.length === 0 ? noFindings(input) : findingsTable(disclosed.finding, axis.fromMs))}
${
  leads.length === 0
    ? null
    : panel(
        "strips",
        "ECG",
        stripsPart(
          strips.figures,
          strips.leftOut.map(({ code, onsetMs }) => `${code} at ${formatTime(onsetMs)}`),
        ),
      )
}
${drawn.length === 0 ? null : panel("trends", "Trends", markup`${TREND_KEY}${drawn}${trends.length > drawn.length ? markup`<p>and ${trends.length - drawn.length} more channels, not drawn.</p>` : null}`)}
${panel("coverage", "What was looked at", coverage === null ? withheld("The coverage") : coverageParts(coverage))}
${panel("detectors", "Detectors", rules === null ? withheld("The list of detectors") : detectorsTable(rules))}`;
  const content = markup`${PATTERNS}<header class="top"><h1>${LOGO} Report of a verified result</h1><p>${input.result.name}</p></header>
<main>
${verdictPanel(input)}
${factsPanel(input)}
${analysed}
${panel("open", "What was not checked", notChecked(input))}
</main>
<footer class="bottom"><p><strong>Not a medical device.</strong> Findings were computed by the program named above and signed inside its enclave; curves and
values are drawn from the recording given with it. Made with <code>caladrius report</code>; this page loads and sends nothing. Whoever gives you
this page could have changed it: the result file and your own trust file are what counts.</p></footer>`;
  return { content, strips: strips.figures.length, trends: drawn.length };
}

function verdictPanel({ verdict, match }: ReportInput): Markup {
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
  const open =
    alarms === null
      ? "unknown"
      : alarms.secondsNotAssessed === 0
        ? "all was assessed"
        : `${formatLength(alarms.secondsNotAssessed * 1000)} not assessed`;
  return markup`<section class="verdict ${status}" aria-labelledby="verdict">
${evidence.simulated ? markup`<p class="banner"><strong>Simulator.</strong> Software under a test root made this result: it proves nothing about hardware.</p>` : null}
<div class="glance"><h2 id="verdict">${STATUS[status].word}</h2><p>${STATUS[status].advice}</p><p class="sentence">${sentence} <span class="from">(${code}${atMs === null ? "" : `, judged at ${formatTime(atMs)}`})</span></p></div>
${disclosed.denial === null ? null : markup`<p class="banner"><strong>Denied: ${disclosed.denial}.</strong> Nothing was analysed.</p>`}
${match === "same" ? null : markup`<p class="banner"><strong>Whose recording?</strong> The result does not disclose the digest of its input, so nothing shows that the recording drawn below is the one that was analysed.</p>`}
<dl class="tiles"><div><dt>Alarm</dt><dd>${alarm}</dd></div><div><dt>Findings disclosed</dt><dd><b>${disclosed.finding.length}</b> ${byPriority(disclosed.finding.map(({ priority }) => priority))}</dd></div><div><dt>Assessed</dt><dd>${open}</dd></div><div><dt>Not checked</dt><dd>${verdict.notChecked.length === 0 ? "nothing is left open" : verdict.notChecked.join(", ")}</dd></div></dl></section>`;
}

function byPriority(priorities: readonly (keyof typeof PRIORITY)[]): string {
  return (["high", "medium", "low", "none"] as const)
    .map((one) => ({ one, number: priorities.filter((priority) => priority === one).length }))
    .filter(({ number }) => number > 0)
    .map(({ one, number }) => `${number} ${PRIORITY[one].word}`)
    .join(", ");
}

function factsPanel({ verdict, match, recordingSha256, result: file, trust, sources }: ReportInput): Markup {
  const { result, disclosed, software, evidence, bootId, withheldAtMost, provedTime } = verdict.claims;
  const rows: (readonly [string, Part])[] = [
    ["Subject", disclosed.subject ?? "withheld"],
    ["Purpose", `${disclosed.purpose ?? "withheld"}; level ${disclosed.level ?? "withheld"}`],
    ["Issued", `${formatTime(result.interval.fromMs)} to ${formatTime(result.interval.toMs)}`],
    ...(provedTime === null ? [] : [["Existed by", `${formatTime(provedTime.atMs)}, as ${provedTime.authority} certifies`] as const]),
    ["Program", `${software.name} ${software.version}${software.commit === null ? "" : `, commit ${software.commit}`}`],
    ["Enclave", `${evidence.moduleId}, ${evidence.region ?? "unknown region"}, boot ${toHex(bootId).slice(0, 16)}`],
    [
      "Trust root",
      `${evidence.root.commonName}${evidence.simulated ? " (simulated)" : ""}; equal registers: ${evidence.matchedPcrs.join(", ")}`,
    ],
    ["PCR0", markup`<code>${toHex(evidence.pcrs.get(0) ?? new Uint8Array())}</code>`],
    ["Policy", markup`version ${result.policy.version}, <code>${toHex(result.policy.digest)}</code>`],
    ["Nonce", markup`<code>${toHex(result.nonce)}</code>`],
    [
      "Recording",
      markup`${match === "same" ? "the one that was analysed: its SHA-256 is the one in the result" : "not shown to be the one that was analysed"}<br><code>${recordingSha256}</code><br>read from ${sources.join(", ")}`,
    ],
    ["Result file", markup`<code>${file.sha256}</code>`],
    ["Trust file", markup`${trust.name}<br><code>${trust.sha256}</code>`],
    ["Withheld", withheldAtMost === 0 ? "nothing" : `at most ${count(withheldAtMost, "statement")}: decoys cannot be told from them`],
  ];
  if (result.flags.breakGlass) rows.push(["Break-glass", "access was taken in an emergency"]);
  if (result.flags.statusStale) rows.push(["Status", "answered under a status list that had ended"]);
  return panel("facts", "Who, when and by what", facts(rows));
}

function noFindings({ verdict }: ReportInput): Markup {
  const { level } = verdict.claims.disclosed;
  if (level === "alarm") return markup`<p>Findings were withheld: this recipient's level is “alarm”.</p>`;
  return markup`<p>No finding is disclosed in this file.${verdict.claims.withheldAtMost > 0 ? " Some may have been taken out: see what is withheld." : ""}</p>`;
}

function stripsPart(figures: readonly Markup[], leftOut: readonly string[]): Markup {
  if (leftOut.length === 0) return markup`${figures}`;
  return markup`${figures}<p>These findings have no strip, as a page has at most ${MOST_STRIPS}:</p><ul>${leftOut.map((one) => markup`<li>${one}</li>`)}</ul>`;
}

function notChecked({ verdict }: ReportInput): Markup {
  if (verdict.notChecked.length === 0) return markup`<p>Nothing is left open.</p>`;
  return facts(verdict.notChecked.map((one) => [NOT_CHECKED[one].title, NOT_CHECKED[one].meaning]));
}

const MOST_TRENDS = 24;
const TREND_KEY = markup`<ul class="legend"><li><svg width="22" height="14" aria-hidden="true"><rect class="unused" fill="url(#missing)" width="22" height="14"/></svg> missing</li><li><svg width="22" height="14" aria-hidden="true"><rect class="unused" fill="url(#rejected)" width="22" height="14"/></svg> rejected as implausible (×: the value)</li></ul>`;
/** Hatches, so that nothing is told by colour alone; referred to from all drawings. */
const PATTERNS = markup`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="missing" width="6" height="6" patternUnits="userSpaceOnUse"><path class="hatch" d="M0 6L6 0"/></pattern>
<pattern id="rejected" width="6" height="6" patternUnits="userSpaceOnUse"><path class="hatch" d="M0 6L6 0M0 0L6 6"/></pattern>
<pattern id="open" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern>
<pattern id="open-mm" width="250" height="250" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch-mm" d="M0 0V250"/></pattern>
</defs></svg>`;
const LOGO = markup`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"></rect><path class="pulse" d="M5 17h6l3-8 4 15 3-7h6"></path></svg>`;
