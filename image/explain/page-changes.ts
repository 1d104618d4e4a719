import { code, fieldRows, folded, panel, table, tag } from "./page-parts.ts";
import { markup, type Markup } from "./markup.ts";
import type { Difference, Explanation, FileChange, LineChange, PackageChange, RamdiskChange, SectionChange } from "./model.ts";
import { count, describeDifference, enumerate, fileDetail, packageDetail, size } from "./sentences.ts";

/** Packages, start, files, sections and what nothing measures, each where it differs. */
export function changesPanels(explanation: Explanation): Markup {
  const { packages, packagesAlike, cmdline, command, environment, ramdisks, sections, header, metadata, images } = explanation;
  const none = (["a", "b"] as const).filter((side) => images[side].manifest.status !== "read").map((side) => side.toUpperCase());
  const start = [
    lineDiff("Kernel command line", cmdline),
    lineDiff("Command of the program", command),
    lineDiff("Environment of the program", environment),
  ].filter((one) => one !== null);
  const unmeasured = [...header, ...metadata];
  return markup`${ramdisks.length === 0 && (packages ?? []).length === 0 ? null : packagesPanel(packages, packagesAlike, none)}
${start.length === 0 ? null : panel("start", "How it is started", markup`${start}`)}
${ramdisks.length === 0 ? null : panel("files", "Files", markup`${ramdisks.map(ramdiskPart)}`)}
${panel("sections", "Sections of the image", table("Every section, in the order of the measurement", ["Section", "Measured by", "Bytes and digests"], sections.map(sectionRow)))}
${unmeasured.length === 0 ? null : panel("unmeasured", "What nothing measures", markup`<p>Labels in header and metadata. Whoever makes the file writes what they like here.</p>${table("Header and metadata", ["Field", "A", "B"], fieldRows(unmeasured))}`)}`;
}

function packagesPanel(packages: readonly PackageChange[] | null, alike: number, without: readonly string[]): Markup {
  if (packages === null)
    return panel(
      "packages",
      "Packages",
      markup`<p>${enumerate(without)} ${without.length === 1 ? "has" : "have"} no manifest that can be read, so nothing can be told by package.</p>`,
    );
  const rows = packages.map((one) => {
    const list = one.files
      .slice(0, MAX_FILES)
      .map(
        ({ path, part, status, a, b }) =>
          markup`<tr><th scope="row">${path}<span class="note">${part === "bundle" ? "bundled into the program" : "in the image"}</span></th><td>${tag(status)}</td><td>${
            a === null ? null : markup`<p class="from">${size(a.bytes)} ${code(a.sha256)}</p>`
          }${b === null ? null : markup`<p class="to">${size(b.bytes)} ${code(b.sha256)}</p>`}</td></tr>`,
      );
    const files =
      one.files.length === 0
        ? null
        : folded(
            `${count(one.files.length)} ${one.files.length === 1 ? "file" : "files"}`,
            markup`${table(`Files of ${one.name}`, ["File", "", "SHA-256"], list)}${moreThan(MAX_FILES, one.files.length)}`,
            one.files.length <= FEW,
          );
    const status = one.status === "version" || one.status === "content" ? "changed" : one.status;
    return markup`<li><div class="package"><span>${tag(status, WORD[one.status])}</span><strong>${KIND[one.kind]}${one.name}</strong><span>${packageDetail(one)}</span></div>${files}</li>`;
  });
  const rest = `${count(alike)} ${alike === 1 ? "is" : "are"} alike in both.`;
  return panel(
    "packages",
    "Packages and source",
    markup`<p>By the images&#39; own manifests. ${rest}</p><ul class="packages">${rows}</ul>`,
  );
}

function lineDiff(title: string, changes: readonly LineChange[]): Markup | null {
  if (changes.length === 0) return null;
  const rows = changes.slice(0, MAX_FILES).map((line) => {
    if (line.in === "both") return markup`<li>${code(line.text)}</li>`;
    return line.in === "a" ? markup`<li><del><code>${line.text}</code></del></li>` : markup`<li><ins><code>${line.text}</code></ins></li>`;
  });
  return markup`<h3>${title}</h3><ol class="diff">${rows}</ol>${moreThan(MAX_FILES, changes.length)}`;
}

function moreThan(shown: number, all: number): Markup | null {
  return all <= shown ? null : markup`<p>${count(all - shown)} more are in the JSON of this comparison.</p>`;
}

function ramdiskPart(ramdisk: RamdiskChange): Markup {
  const { index, files, layout, reordered, rest, place, difference, entries, form } = ramdisk;
  const notes: string[] = [];
  if (form.a === "absent" || form.b === "absent") notes.push(`${form.a === "absent" ? "A" : "B"} has no ramdisk ${index}.`);
  if (place !== null && difference !== null) notes.push(`They part in ${place}: ${describeDifference(difference)}.`);
  if (reordered !== null) notes.push(`Entries come in another order, from ${reordered} on.`);
  if (rest !== null)
    notes.push(
      `${entries.a + entries.b > 0 ? "After what can be read as entries" : "This is no archive that can be read"}: ${describeDifference(rest)}.`,
    );
  if (form.a === "gzip" || form.b === "gzip")
    notes.push("The ramdisk is compressed: measured as it lies in the file, compared as it unpacks.");
  const shown = files.slice(0, MAX_FILES);
  return markup`<h3>Ramdisk ${index}: ${index === 1 ? "boot" : "application"}</h3>
${notes.map((note) => markup`<p>${note}</p>`)}
${shown.length === 0 ? null : table(`${count(files.length)} of ${count(Math.max(entries.a, entries.b))} entries differ`, ["Path", "", "What differs"], shown.map(fileRow))}
${moreThan(MAX_FILES, files.length)}
${layout.length === 0 ? null : folded(`${count(layout.length)} inode numbers and paddings`, markup`<p>They follow from entries that came or went. Where none did, look at them.</p>${table("Inode numbers and zeros between entries", ["Field", "A", "B"], fieldRows(layout.slice(0, MAX_FILES)))}${moreThan(MAX_FILES, layout.length)}`, files.length === 0)}`;
}

function fileRow(file: FileChange): Markup {
  const { path, status, a, b, content, origin, imageOffset } = file;
  const from = [...new Set([origin.a, origin.b])].filter((one) => one !== null).join(" to ");
  const digests = [
    a === null ? null : markup`<p class="from"><b>A</b> mode ${a.mode}, ${count(a.bytes)} bytes, SHA-256 ${code(a.sha256)}</p>`,
    b === null ? null : markup`<p class="to"><b>B</b> mode ${b.mode}, ${count(b.bytes)} bytes, SHA-256 ${code(b.sha256)}</p>`,
  ].filter((one) => one !== null);
  const places = [imageOffset.a, imageOffset.b].map((offset) => (offset === null ? "none" : count(offset)));
  const where = content === null ? null : excerpt(content);
  return markup`<tr><th scope="row">${path}${from === "" ? null : markup`<span class="note">${from}</span>`}</th><td>${tag(status)}</td><td><p>${fileDetail(file)}</p>${where}${folded("Digests and place", markup`${digests}<p>The entry begins at byte ${places[0] ?? ""} of A and ${places[1] ?? ""} of B.</p>`)}</td></tr>`;
}

/** The first line that differs of a text, or the bytes of anything else. */
function excerpt({ line, hex }: Difference): Markup {
  const [before, after] = line === null ? [hex.a.replaceAll(/../g, "$& "), hex.b.replaceAll(/../g, "$& ")] : [line.a, line.b];
  const row = (text: string | null, side: "del" | "ins"): Markup | null => {
    if (text === null || text === "") return null;
    return side === "del" ? markup`<li><del><code>${text}</code></del></li>` : markup`<li><ins><code>${text}</code></ins></li>`;
  };
  const rows = [row(before, "del"), row(after, "ins")].filter((one) => one !== null);
  return rows.length === 0 ? markup`` : markup`<ol class="diff">${rows}</ol>`;
}

function sectionRow({ name, status, feeds, a, b, difference }: SectionChange): Markup {
  const side = (facts: SectionChange["a"], letter: string, look: string): Markup | null =>
    facts === null
      ? null
      : markup`<dt>${letter}</dt><dd class="${look}">${count(facts.bytes)} bytes<br>SHA-256 ${code(facts.sha256)}<br>SHA-384 ${code(facts.sha384)}</dd>`;
  const digests = status === "same" ? side(a, "both", "") : markup`${side(a, "A", "from")}${side(b, "B", "to")}`;
  const measured = feeds.length === 0 ? "nothing" : enumerate(feeds.map((index) => `PCR${index}`));
  return markup`<tr><th scope="row">${name}</th><td>${measured}</td><td>${tag(status)} ${difference === null ? null : describeDifference(difference)}${folded("Digests", markup`<dl class="pair">${digests}</dl>`)}</td></tr>`;
}

const KIND: Readonly<Record<PackageChange["kind"], string>> = { npm: "npm ", debian: "Debian ", source: "", bundle: "", other: "" };
const WORD: Readonly<Record<PackageChange["status"], string>> = {
  added: "added",
  removed: "removed",
  version: "version",
  content: "changed",
};
const FEW = 5;
const MAX_FILES = 1000;
