import type { Explanation, LineChange, Pair, TrustSetAnswer } from "@caladrius/image";
import { because, enumerate, fileDetail, headline, packageDetail, shortList, size } from "@caladrius/image";
import { styled, type Segment, type Terminal } from "./print.ts";

/** Prints an explanation in full. */
export function tellExplanation(explanation: Explanation, files: Pair<string>, terminal: Terminal): void {
  const { images, verdict, warnings } = explanation;
  terminal.line([styled(verdict === "measured" || verdict === "recut" ? "yellow" : "green", headline(explanation))]);
  for (const side of SIDES) {
    const { bytes, sha256, kernelVersion, signature } = images[side];
    terminal.table([[NAME[side], files[side], size(bytes), `sha256 ${sha256}`]]);
    if (kernelVersion !== null) terminal.line(`   kernel ${kernelVersion}`);
    if (signature !== null) terminal.line(`   signed by ${signature.subject}, certificate sha256 ${signature.certificateSha256}`);
  }
  for (const warning of warnings) terminal.line([styled("yellow", `! ${warning}`)]);
  if (verdict === "identical") return;
  tellRegisters(explanation, terminal);
  tellChanges(explanation, terminal);
  tellConsequences(explanation, terminal);
  for (const { file, sets } of explanation.trust) {
    heading(terminal, `Trust file ${file}`);
    for (const set of sets) tellSet(set, terminal);
    if (sets.length === 0) terminal.line("  no sets: it accepts nothing");
  }
}

function tellRegisters(explanation: Explanation, terminal: Terminal): void {
  heading(terminal, "Registers");
  for (const move of explanation.pcrs) {
    const { index, moved, meaning, a, b } = move;
    terminal.line([
      `  PCR${index}  `,
      moved ? styled("yellow", "moves") : styled("green", "stays"),
      `  ${because(move)}`,
      styled("dim", `  (${meaning})`),
    ]);
    if (!moved) continue;
    terminal.line(["    A ", styled("red", a ?? "none")]);
    terminal.line(["    B ", styled("green", b ?? "none")]);
  }
}

function tellChanges(explanation: Explanation, terminal: Terminal): void {
  const { sections, ramdisks, packages, packagesAlike, header, metadata } = explanation;
  heading(terminal, "Sections");
  terminal.table(
    sections.map(({ name, status, feeds, a, b, difference }) => [
      MARK[status],
      name,
      bytesOf(a, b),
      feeds.length === 0 ? "not measured" : enumerate(feeds.map((index) => `PCR${index}`)),
      difference === null ? "" : `first at byte ${difference.offset}`,
    ]),
    "  ",
  );
  for (const { name, status, a, b } of sections) {
    if (status === "same") continue;
    if (a !== null) terminal.line(["  A ", name, styled("dim", `  sha256 ${a.sha256}`)]);
    if (b !== null) terminal.line(["  B ", name, styled("dim", `  sha256 ${b.sha256}`)]);
  }
  tellLines(terminal, "Kernel command line", explanation.cmdline);
  tellLines(terminal, "Command of the program", explanation.command);
  tellLines(terminal, "Environment of the program", explanation.environment);
  if (packages !== null && (packages.length > 0 || ramdisks.length > 0)) {
    heading(terminal, "Packages and source, as the manifests say");
    for (const one of packages) {
      terminal.line([
        "  ",
        MARK[one.status === "added" || one.status === "removed" ? one.status : "changed"],
        ` ${kindName(one.kind)}${one.name}  `,
        packageDetail(one),
      ]);
      terminal.table(
        one.files.slice(0, MAX_FILES).map(({ path, status, a, b }) => [MARK[status], path, bytesOf(a, b)]),
        "      ",
      );
      if (one.files.length > MAX_FILES) terminal.line(`      and ${one.files.length - MAX_FILES} more; --json lists them`);
    }
    terminal.line(`  ${packagesAlike} alike in both`);
  }
  heading(terminal, "Everything that differs");
  const changes = shortList(explanation);
  const known = new Set(ramdisks.flatMap(({ index, files }) => files.map(({ path }) => `ramdisk ${index}, ${path}`)));
  terminal.table(
    changes.filter(({ where }) => !known.has(where)).map(({ where, status, what }) => [MARK[status], where, what]),
    "  ",
  );
  for (const { index, files } of ramdisks) {
    terminal.table(
      files.slice(0, MAX_FILES).map((file) => [MARK[file.status], `ramdisk ${index}, ${file.path}`, fileDetail(file)]),
      "  ",
    );
    if (files.length > MAX_FILES) terminal.line(`  and ${files.length - MAX_FILES} more in ramdisk ${index}; --json lists them`);
  }
  for (const { field, a, b } of [...header, ...metadata]) terminal.line(`  ${field}: ${a ?? "absent"} to ${b ?? "absent"} (not measured)`);
}

function tellConsequences({ consequences }: Explanation, terminal: Terminal): void {
  const { kms, trustSet, release, unmoved } = consequences;
  heading(terminal, "What has to follow");
  if (kms.length > 0) {
    terminal.line("  KMS key policies that name the value of A: add that of B beside it, and remove A's when A runs no more");
    for (const { condition, a, b } of kms) {
      terminal.line(`    ${condition}`);
      terminal.line(["      A ", styled("red", a)]);
      terminal.line(["      B ", styled("green", b)]);
    }
  } else terminal.line("  KMS key policies: none");
  if (trustSet !== null) {
    terminal.line("  trust files: in `pcrs` a further set with these, and with 16 and 17 as they are");
    terminal.line(`    ${JSON.stringify(trustSet)}`);
  } else terminal.line("  trust files: none");
  if (release.length > 0)
    terminal.line(
      `  approvals: a release statement for B, approved anew, since ${enumerate(release.map(({ field }) => field))} ${release.length === 1 ? "differs" : "differ"}`,
    );
  heading(terminal, "What need not");
  for (const { pcr, why } of unmoved) terminal.line(`  ${pcr}: ${why}`);
}

function tellSet({ number, accepts, misfits, open, debug, successor }: TrustSetAnswer, terminal: Terminal): void {
  const both = accepts.a && accepts.b;
  const word: Segment = both
    ? styled("green", "A and B")
    : accepts.a
      ? styled("yellow", "A only")
      : accepts.b
        ? styled("yellow", "B only")
        : styled("red", "neither");
  const why = both
    ? ""
    : SIDES.filter((side) => !accepts[side])
        .map((side) => `${NAME[side]} has another ${enumerate(misfits[side].map((index) => `PCR${index}`))}`)
        .join("; ");
  terminal.line([`  set ${number}: `, word, why === "" ? "" : ` (${why})`]);
  if (debug) terminal.line([styled("yellow", "    any image in debug mode: its console is readable by the host")]);
  if (open.length > 0)
    terminal.line(
      `    if ${enumerate(open.map((index) => `PCR${index}`))} ${open.length === 1 ? "fits" : "fit"} too, which no image tells`,
    );
  if (successor !== null) terminal.line(`    for B beside it: ${JSON.stringify(successor)}`);
}

function tellLines(terminal: Terminal, title: string, lines: readonly LineChange[]): void {
  if (lines.length === 0) return;
  heading(terminal, title);
  for (const line of lines.slice(0, MAX_FILES))
    terminal.line(
      line.in === "both"
        ? `    ${line.text}`
        : ["  ", styled(line.in === "a" ? "red" : "green", `${line.in === "a" ? "-" : "+"} ${line.text}`)],
    );
  if (lines.length > MAX_FILES) terminal.line(`    and ${lines.length - MAX_FILES} more; --json lists them`);
}

function heading(terminal: Terminal, text: string): void {
  terminal.line();
  terminal.line([styled("bold", text)]);
}

function bytesOf(a: { bytes: number } | null, b: { bytes: number } | null): string {
  if (a === null || b === null || a.bytes === b.bytes) return size((a ?? b)?.bytes);
  return `${size(a.bytes)} to ${size(b.bytes)}`;
}

function kindName(kind: string): string {
  return kind === "npm" || kind === "debian" ? `${kind} ` : "";
}

const SIDES = ["a", "b"] as const;
const NAME = { a: "A", b: "B" } as const;
const MARK: Readonly<Record<"same" | "added" | "removed" | "changed", Segment>> = {
  same: styled("dim", "="),
  added: styled("green", "+"),
  removed: styled("red", "-"),
  changed: styled("yellow", "~"),
};
/** So many that nobody hides a file behind others without that being the news. */
const MAX_FILES = 1000;
