import { equalBytes, toHex, type Release } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { tellExplanation } from "../explanation.ts";
import { explainFiles } from "../images.ts";
import { styled, type Terminal } from "../print.ts";
import { readUnverifiedRelease } from "../release/file.ts";

/** What differs between two releases, and between their images where these are at hand. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [a = "", b = ""] = args.inputs;
  const eifs = args.many("eif");
  if (eifs.length !== 0 && eifs.length !== 2) throw new UsageError("give --eif twice: the image of OLD, then that of NEW");
  const [before, after] = [(await readUnverifiedRelease(a)).release, (await readUnverifiedRelease(b)).release];
  const changes = changesOf(before, after);
  const images = eifs.length === 0 ? null : await explainFiles(eifs, [], terminal);
  const same = sameSets(before, after);
  terminal.object({ files: { a, b }, measurementsChange: !same, changes, images });
  for (const { what, before: old, after: now } of changes) {
    terminal.line(what);
    if (old !== null) terminal.line(["  - ", styled("red", old)]);
    if (now !== null) terminal.line(["  + ", styled("green", now)]);
  }
  if (changes.length === 0) terminal.line("both say the same");
  terminal.line(
    same
      ? [styled("green", "the measurements stay"), ": trust files, key policies and constitutions need no change"]
      : [
          styled("yellow", "the measurements move"),
          ": key policies that name measurements, and trust files that do not take what the quorum approved, must follow",
        ],
  );
  if (images !== null && !terminal.isJson) tellExplanation(images, { a: eifs[0] ?? "", b: eifs[1] ?? "" }, terminal);
  return same ? EXIT.ok : EXIT.contraindicated;
}

interface Change {
  readonly what: string;
  readonly before: string | null;
  readonly after: string | null;
}

function changesOf(a: Release, b: Release): Change[] {
  const hex = (bytes: Uint8Array | null): string => (bytes === null ? "none" : toHex(bytes));
  const fields: [what: string, before: string, after: string][] = [
    ["name", a.name, b.name],
    ["version", a.softwareVersion, b.softwareVersion],
    ["source commit", a.sourceCommit, b.sourceCommit],
    ["image digest", hex(a.imageDigest), hex(b.imageDigest)],
    ["SBOM digest", hex(a.sbomDigest), hex(b.sbomDigest)],
    ["notes", a.notes, b.notes],
  ];
  const changes: Change[] = fields.flatMap(([what, before, after]) => (before === after ? [] : [{ what, before, after }]));
  const gone = a.pcrs.filter((set) => !b.pcrs.some((other) => sameSet(set, other)));
  const come = b.pcrs.filter((set) => !a.pcrs.some((other) => sameSet(set, other)));
  const words = ({ pcr0, pcr1, pcr2 }: Release["pcrs"][number]): string => `0:${toHex(pcr0)} 1:${toHex(pcr1)} 2:${toHex(pcr2)}`;
  for (const set of gone) changes.push({ what: "set of PCR0, 1 and 2", before: words(set), after: null });
  for (const set of come) changes.push({ what: "set of PCR0, 1 and 2", before: null, after: words(set) });
  return changes;
}

function sameSets(a: Release, b: Release): boolean {
  const within = (some: Release, all: Release): boolean => some.pcrs.every((set) => all.pcrs.some((other) => sameSet(set, other)));
  return within(a, b) && within(b, a);
}

function sameSet(a: Release["pcrs"][number], b: Release["pcrs"][number]): boolean {
  return equalBytes(a.pcr0, b.pcr0) && equalBytes(a.pcr1, b.pcr1) && equalBytes(a.pcr2, b.pcr2);
}
