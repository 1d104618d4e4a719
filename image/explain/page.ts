import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { changesPanels } from "./page-changes.ts";
import { code, json, lines, panel, table } from "./page-parts.ts";
import { markup, type Markup } from "./markup.ts";
import type { Explanation, ImagesVerdict, Pair, TrustAnswer, TrustSetAnswer } from "./model.ts";
import { because, count, enumerate, headline } from "./sentences.ts";

/**
 * An explanation as one HTML page without script, address or anything to load, for whoever has to approve the change.
 * @param names what to call the two images' files
 */
export function renderExplanation(explanation: Explanation, names: Pair<string>): string {
  const style = readFileSync(new URL("page.css", import.meta.url), "utf8");
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
    "img-src data:",
    "form-action 'none'",
    "base-uri 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
${markup`<title>${names.a} and ${names.b} compared · Caladrius</title>`.text}
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
${body(explanation, names).text}
</body>
</html>
`;
}

function body(explanation: Explanation, names: Pair<string>): Markup {
  const { warnings, verdict } = explanation;
  return markup`<header class="top"><h1>${LOGO} Two images compared</h1>
<p>What differs between two enclave images, which measurements it moves, and what has to follow.</p></header>
<main>
${verdictPanel(explanation, names)}
${warnings.length === 0 ? null : panel("warnings", "Look at these first", markup`<ul>${warnings.map((warning) => markup`<li>${warning}</li>`)}</ul>`)}
${registersPanel(explanation)}
${verdict === "identical" ? null : consequencesPanel(explanation)}
${explanation.trust.length === 0 ? null : trustPanel(explanation.trust)}
${changesPanels(explanation)}
</main>
<footer class="bottom"><p>Registers, digests and places were computed from both files. Packages and sources are what the images&#39; own
manifests say; every file in a manifest was held against the file in the image, but where it came from is the builder&#39;s word until
somebody rebuilds the image. Made with <code>caladrius image explain</code>; this page loads and sends nothing.</p></footer>`;
}

function verdictPanel(explanation: Explanation, names: Pair<string>): Markup {
  const { verdict, images, sections } = explanation;
  const one = (side: "a" | "b"): Markup => {
    const { bytes, sha256, architecture, kernelVersion, signature } = images[side];
    const signer = signature === null ? "nobody" : `${signature.subject} (${signature.validFrom} to ${signature.validTo})`;
    return markup`<section class="image" aria-label="Image ${side.toUpperCase()}"><h3><span class="letter">${side.toUpperCase()}</span> <span class="name">${names[side]}</span></h3>
${strip(sections, side)}
<dl class="facts"><div><dt>Size</dt><dd>${count(bytes)} bytes, ${architecture}</dd></div>
<div><dt>SHA-256</dt><dd>${code(sha256)}</dd></div>
${kernelVersion === null ? null : markup`<div><dt>Kernel</dt><dd>${kernelVersion}</dd></div>`}
<div><dt>Signed by</dt><dd>${signer}</dd></div></dl></section>`;
  };
  return markup`<section class="verdict ${TONE[verdict]}" aria-labelledby="verdict"><div class="glance"><h2 id="verdict">${TITLE[verdict]}</h2>
<p>${sentence(headline(explanation).replace(/^[^:]*: /, ""))}. ${ADVICE[verdict]}</p></div>
<div class="images">${one("a")}${one("b")}</div></section>`;
}

/** The sections as a band, larger ones wider; those that differ stand out. */
function strip(sections: Explanation["sections"], side: "a" | "b"): Markup {
  const shown = sections.filter((section) => section[side] !== null);
  const widths = shown.map((section) => Math.sqrt(section[side]?.bytes ?? 0) + LEAST_WIDTH);
  const total = widths.reduce((sum, width) => sum + width, 0);
  let x = 0;
  const boxes = shown.map(({ name, status }, i) => {
    const width = ((widths[i] ?? 0) / total) * 1000;
    const box = markup`<rect class="${status}" x="${x.toFixed(1)}" y="0" width="${Math.max(width - 3, 1).toFixed(1)}" height="20"><title>${name}: ${status}</title></rect>`;
    x += width;
    return box;
  });
  const label = shown.map(({ name, status }) => `${name} ${status}`).join(", ");
  return markup`<svg class="strip" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label="${label}">${boxes}</svg>`;
}

function registersPanel(explanation: Explanation): Markup {
  const rows = explanation.pcrs.map((move) => {
    const { index, meaning, moved, a, b } = move;
    const values = moved
      ? markup`<dl class="pair"><dt>A</dt><dd class="from">${code(a ?? "none")}</dd><dt>B</dt><dd class="to">${code(b ?? "none")}</dd></dl>`
      : /^0+$/.test(a ?? "")
        ? markup`<span class="note">zeros</span>`
        : code(a ?? "none");
    return markup`<tr><th scope="row">PCR${index}<span class="note">${meaning}</span></th><td><span class="tag ${moved ? "changed" : "same"}">${moved ? "moves" : "stays"}</span><span class="note">${because(move)}</span></td><td>${values}</td></tr>`;
  });
  return panel("registers", "Registers", table("What the hardware measures of each image", ["Register", "", "Value"], rows));
}

function consequencesPanel({ consequences }: Explanation): Markup {
  const { kms, trustSet, release, unmoved } = consequences;
  const policies =
    kms.length === 0
      ? markup`<p>No register moves, so no condition fails.</p>`
      : markup`<p>Wherever a policy names a value of A, add B&#39;s beside it before B starts, and remove A&#39;s when A runs no more.</p>
${kms.map(({ condition, a, b }) => markup`<h4><code>${condition}</code></h4><dl class="pair"><dt>A</dt><dd class="from">${code(a)}</dd><dt>B</dt><dd class="to">${code(b)}</dd></dl>`)}`;
  const trust =
    trustSet === null
      ? markup`<p>No register moves, so sets that accept A accept B.</p>`
      : markup`<p>A further set in <code>pcrs</code>, with 16 and 17 as they are in the set for A:</p>${json(trustSet)}`;
  const approvals =
    release.length === 0
      ? markup`<p>None.</p>`
      : markup`<p>The release statement of A does not fit B: a new one, approved anew, and listed in the status list. These of its fields differ:</p>
<ul>${release.map(({ field }) => markup`<li>${field}</li>`)}</ul>`;
  const item = (title: string, must: boolean, content: Markup): Markup =>
    markup`<details class="follow" open><summary><span class="tag ${must ? "changed" : "same"}">${must ? "must follow" : "stays"}</span> <h3>${title}</h3></summary>${content}</details>`;
  const rest = unmoved.map(({ pcr, why }) => markup`<div><dt>${pcr}</dt><dd>${why}</dd></div>`);
  return panel(
    "follow",
    "What has to follow",
    markup`${item("KMS key policies", kms.length > 0, policies)}${item("Trust files", trustSet !== null, trust)}${item("Release and approvals", release.length > 0, approvals)}
<h3 class="rest">What need not</h3><dl class="facts">${rest}</dl>`,
  );
}

function trustPanel(answers: readonly TrustAnswer[]): Markup {
  const content = answers.map(({ file, sets }) =>
    sets.length === 0
      ? markup`<p><span class="name">${file}</span> has no set: it accepts nothing.</p>`
      : table(`Trust file ${file}`, ["Set", "Accepts", "Why"], sets.map(setRow)),
  );
  return panel("trust", "Your trust files", markup`${content}`);
}

function setRow({ number, accepts, misfits, open, debug, successor }: TrustSetAnswer): Markup {
  const word = accepts.a ? (accepts.b ? "A and B" : "A only") : accepts.b ? "B only" : "neither";
  const why = (["a", "b"] as const)
    .filter((side) => !accepts[side])
    .map((side) => `${side.toUpperCase()} has another ${enumerate(misfits[side].map((index) => `PCR${index}`))}.`);
  if (open.length > 0) why.push(`${enumerate(open.map((index) => `PCR${index}`))} must fit too; no image tells.`);
  if (debug) why.push("Accepts any image in debug mode, whose console the host can read.");
  const tone = accepts.a && accepts.b ? "same" : accepts.a || accepts.b ? "changed" : "removed";
  return markup`<tr><th scope="row">${number}</th><td><span class="tag ${tone}">${word}</span></td><td>${lines(why)}${
    successor === null ? null : markup`<details><summary>The set to add for B</summary>${json(successor)}</details>`
  }</td></tr>`;
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const TITLE: Readonly<Record<ImagesVerdict, string>> = {
  identical: "Identical",
  unmeasured: "Same measurements",
  recut: "Same PCRs, another image",
  measured: "Other measurements",
};
const TONE: Readonly<Record<ImagesVerdict, string>> = { identical: "good", unmeasured: "good", recut: "bad", measured: "warn" };
const ADVICE: Readonly<Record<ImagesVerdict, string>> = {
  identical: "Nothing has to follow.",
  unmeasured: "Whoever pins measurements need not act; only the digest of the file is another.",
  recut: "Do not run B because its measurements are known: they do not show this change.",
  measured: "Whoever pins measurements of A refuses B until they follow.",
};
/** So that a command line of a hundred bytes is seen beside a ramdisk of a hundred million. */
const LEAST_WIDTH = 400;
const LOGO = markup`<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"></rect><path class="pulse" d="M5 17h6l3-8 4 15 3-7h6"></path></svg>`;
