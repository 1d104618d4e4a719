import { createHash } from "node:crypto";
import type { SectionKind } from "../eif/layout.ts";
import { openArchive } from "./archive.ts";
import { differenceOf, textOf } from "./difference.ts";
import { kernelVersionOf } from "./kernel.ts";
import { diffLines } from "./lines.ts";
import { MANIFEST_PATH, openManifest, type OpenManifest } from "./manifest.ts";
import type { BytesFacts, Explanation, FieldChange, ImageFacts, ImagesVerdict, LineChange, Pair, PcrMove, SectionChange } from "./model.ts";
import { openImage, placed, type OpenImage } from "./open.ts";
import { comparePackages } from "./packages.ts";
import { askTrust, consequencesOf, feedsOf, movesOf, type TrustSets } from "./pcrs.ts";
import { compareRamdisks, type Ramdisk } from "./ramdisks.ts";
import { warningsOf } from "./warnings.ts";

/**
 * What tells two images apart, by anyone: sections, ramdisk files, packages, registers, and what has to follow.
 *
 * Every byte that differs lies in something that is named. An image with a wrong checksum, metadata or signature is
 * explained as well, and says so. Nothing is copied but compressed ramdisks; both images stay in memory.
 * @throws ImageError `eif-…` when the sections of one of them are not certain
 */
export function explainImages(a: Uint8Array, b: Uint8Array, trust: readonly TrustSets[] = []): Explanation {
  const images = { a: openImage(a), b: openImage(b) };
  const sections = compareSections(images);
  const ramdisks = { a: archivesOf(images.a), b: archivesOf(images.b) };
  const changes = [];
  for (let i = 0; i < Math.max(ramdisks.a.length, ramdisks.b.length); i++) {
    const change = compareRamdisks(i + 1, ramdisks.a[i] ?? null, ramdisks.b[i] ?? null);
    if (change !== null) changes.push(change);
  }
  const manifests = {
    a: openManifest(ramdisks.a.map(({ archive }) => archive)),
    b: openManifest(ramdisks.b.map(({ archive }) => archive)),
  };
  nameOrigins(changes, manifests);
  const listed = manifests.a.facts.status === "read" && manifests.b.facts.status === "read";
  const packages = listed ? comparePackages(manifests.a, manifests.b) : null;
  const pcrs = movesOf(images, sections);
  const facts = { a: factsOf(images.a, manifests.a), b: factsOf(images.b, manifests.b) };
  const explanation: Explanation = {
    version: 1,
    verdict: verdictOf(facts, sections, pcrs),
    images: facts,
    pcrs,
    header: headerChanges(images),
    sections,
    cmdline: changedLines(images.a.cmdline, images.b.cmdline, / +/),
    command: startFile("cmd", ramdisks),
    environment: startFile("env", ramdisks),
    metadata: metadataChanges(images),
    ramdisks: changes,
    packages: packages?.changes ?? null,
    packagesAlike: packages?.alike ?? 0,
    consequences: consequencesOf(pcrs, { a: facts.a.sha384, b: facts.b.sha384 }),
    trust: trust.map((file) => askTrust(file, pcrs)),
    warnings: [],
  };
  explanation.warnings.push(...warningsOf(explanation));
  return explanation;
}

function verdictOf(facts: Pair<ImageFacts>, sections: readonly SectionChange[], pcrs: readonly PcrMove[]): ImagesVerdict {
  if (facts.a.sha256 === facts.b.sha256) return "identical";
  if (pcrs.some(({ moved }) => moved)) return "measured";
  const measured = sections.some(({ kind, status }) => status !== "same" && kind !== "metadata" && kind !== "signature");
  return measured ? "recut" : "unmeasured";
}

function factsOf(image: OpenImage, manifest: OpenManifest): ImageFacts {
  return {
    ...digestsOf(image.bytes),
    architecture: image.architecture,
    kernelVersion: kernelVersionOf(image.kernel),
    signature: image.signature,
    faults: image.faults,
    manifest: manifest.facts,
  };
}

/** Sections of one kind are counted; the n-th of one image answers to the n-th of the other. */
function compareSections({ a, b }: Pair<OpenImage>): SectionChange[] {
  const changes: SectionChange[] = [];
  for (const kind of ["kernel", "cmdline", "ramdisk", "metadata", "signature"] satisfies SectionKind[]) {
    const left = a.sections.filter((section) => section.kind === kind);
    const right = b.sections.filter((section) => section.kind === kind);
    for (let i = 0; i < Math.max(left.length, right.length); i++) {
      const [before, after] = [left[i]?.data, right[i]?.data];
      const difference = before === undefined || after === undefined ? null : differenceOf(placed(a, before), placed(b, after));
      const same = before !== undefined && after !== undefined && difference === null;
      const beforeDigests = before === undefined ? null : digestsOf(before);
      changes.push({
        name: kind === "ramdisk" ? `ramdisk ${i + 1}` : (NAME[kind] ?? kind),
        kind,
        feeds: feedsOf(kind, i),
        status: same ? "same" : before === undefined ? "added" : after === undefined ? "removed" : "changed",
        a: beforeDigests,
        b: same ? beforeDigests : after === undefined ? null : digestsOf(after),
        difference,
      });
    }
  }
  return changes;
}

function digestsOf(data: Uint8Array): BytesFacts {
  const hash = (name: string): string => createHash(name).update(data).digest("hex");
  return { bytes: data.length, sha256: hash("sha256"), sha384: hash("sha384") };
}

function archivesOf(image: OpenImage): Ramdisk[] {
  return image.ramdisks.map((data) => {
    const where = placed(image, data);
    return { placed: where, archive: openArchive(where) };
  });
}

function nameOrigins(changes: Explanation["ramdisks"], manifests: Pair<OpenManifest>): void {
  const origins = (manifest: OpenManifest): Map<string, string> =>
    new Map(manifest.files.map(({ path, origin }) => [`rootfs${path}`, origin]));
  const [before, after] = [origins(manifests.a), origins(manifests.b)];
  for (const { files } of changes)
    for (const file of files) {
      file.origin = {
        a: file.a === null ? null : (before.get(file.path) ?? null),
        b: file.b === null ? null : (after.get(file.path) ?? null),
      };
      if (file.path === MANIFEST_PATH) file.origin = { a: file.a && "list of files", b: file.b && "list of files" };
    }
}

function headerChanges({ a, b }: Pair<OpenImage>): FieldChange[] {
  const fields: FieldChange[] = [
    { field: "architecture", a: a.architecture, b: b.architecture },
    { field: "default memory", a: String(a.defaultMemory), b: String(b.defaultMemory) },
    { field: "default processors", a: String(a.defaultCpus), b: String(b.defaultCpus) },
    { field: "order of sections", a: orderOf(a), b: orderOf(b) },
  ];
  return fields.filter((field) => field.a !== field.b);
}

function orderOf({ sections }: OpenImage): string {
  return sections.map(({ kind }) => kind).join(", ");
}

/** `cmd` or `env` of the last ramdisk that has one. */
function startFile(name: string, ramdisks: Pair<readonly Ramdisk[]>): LineChange[] {
  const content = (list: readonly Ramdisk[]): Uint8Array =>
    list.flatMap(({ archive }) => archive.entries).findLast(({ path }) => path === name)?.content ?? new Uint8Array(0);
  return changedLines(content(ramdisks.a), content(ramdisks.b), "\n");
}

function changedLines(a: Uint8Array, b: Uint8Array, separator: string | RegExp): LineChange[] {
  const words = (data: Uint8Array): string[] =>
    (textOf(data) ?? Buffer.from(data).toString("latin1")).split(separator).filter((word) => word !== "");
  return diffLines(words(a), words(b));
}

function metadataChanges({ a, b }: Pair<OpenImage>): FieldChange[] {
  const [before, after] = [flat(a.metadata), flat(b.metadata)];
  const changes: FieldChange[] = [];
  for (const field of new Set([...before.keys(), ...after.keys()])) {
    const change = { field, a: before.get(field) ?? null, b: after.get(field) ?? null };
    if (change.a !== change.b) changes.push(change);
  }
  return changes;
}

/** A JSON object as one line for each value: `BuildMetadata.BuildTime`. */
function flat(metadata: Uint8Array): Map<string, string> {
  const fields = new Map<string, string>();
  const walk = (name: string, value: unknown, depth: number): void => {
    if (typeof value === "object" && value !== null && depth < MAX_DEPTH && Object.keys(value).length > 0)
      for (const [key, one] of Object.entries(value)) walk(name === "" ? key : `${name}.${key}`, one, depth + 1);
    else if (name !== "") fields.set(name, JSON.stringify(value));
  };
  try {
    walk("", JSON.parse(textOf(metadata) ?? ""), 0);
  } catch {
    // What is no JSON is told by its bytes.
  }
  return fields;
}

const NAME: Partial<Record<SectionKind, string>> = { cmdline: "kernel command line" };
const MAX_DEPTH = 8;
