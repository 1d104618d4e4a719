import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { NOT_CHECKED } from "../verify/meanings.ts";
import { analysedParts, type Section } from "./analysed.ts";
import { factsList } from "./facts-panel.ts";
import { facts, markup, panel, type Markup } from "./markup.ts";
import type { Report, ReportInput } from "./model.ts";
import { verdictPanel } from "./verdict-panel.ts";

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
  const { sections, clock, strips, trends } = analysedParts(input);
  const all: readonly Section[] = [
    ...sections,
    { id: "open", title: "What was not checked", content: notChecked(input) },
    { id: "facts", title: "Who, when and by what", content: factsList(input) },
  ];
  const content = markup`${PATTERNS}<header class="top"><h1>${LOGO} Report of a verified result</h1><p>${input.result.name}</p><p class="device"><strong>Not a medical device.</strong> For research and engineering: no finding, and no absence of one, may guide care.</p></header>
<main>
${verdictPanel(input, clock)}
<nav class="contents" aria-label="Parts of this report">${all.map(({ id, title }) => markup`<a href="#${id}">${title}</a>`)}</nav>
${all.map(({ id, title, content: part }) => panel(id, title, part))}
</main>
<footer class="bottom"><p>Findings were computed by the program named here and signed inside its enclave; curves and
values are drawn from the recording given with it. Made with <code>caladrius report</code>; this page loads and sends nothing. Whoever gives you
this page could have changed it: the result file and your own trust file are what counts.</p></footer>`;
  return { content, strips, trends };
}

function notChecked({ verdict }: ReportInput): Markup {
  if (verdict.notChecked.length === 0) return markup`<p>Nothing is left open.</p>`;
  return facts(verdict.notChecked.map((one) => [NOT_CHECKED[one].title, NOT_CHECKED[one].meaning]));
}

/** Hatches, so that nothing is told by colour alone; referred to from all drawings. */
const PATTERNS = markup`<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="missing" width="6" height="6" patternUnits="userSpaceOnUse"><path class="hatch" d="M0 6L6 0"/></pattern>
<pattern id="rejected" width="6" height="6" patternUnits="userSpaceOnUse"><path class="hatch" d="M0 6L6 0M0 0L6 6"/></pattern>
<pattern id="open" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern>
<pattern id="open-mm" width="250" height="250" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch-mm" d="M0 0V250"/></pattern>
</defs></svg>`;
const LOGO = markup`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"></rect><path class="pulse" d="M5 17h6l3-8 4 15 3-7h6"></path></svg>`;
