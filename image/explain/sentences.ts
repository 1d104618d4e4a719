import type { Difference, Explanation, FileChange, ImagesVerdict, PackageChange, PcrMove, RamdiskChange, SectionChange } from "./model.ts";

/** One line of the short list of what differs. */
export interface ShortChange {
  /** `ramdisk 2, rootfs/app/enclave.mjs` */
  where: string;
  status: "added" | "removed" | "changed";
  /** A few words; empty where the status says it all. */
  what: string;
}

/** What became of the measurements, in one sentence. */
export function headline({ verdict, pcrs }: Explanation): string {
  const names = pcrs.filter(({ moved }) => moved).map(({ index }) => `PCR${index}`);
  return verdict === "measured" ? `other measurements: ${enumerate(names)} ${names.length === 1 ? "moves" : "move"}` : HEADLINE[verdict];
}

/** Everything that differs, one line each, sections first. */
export function shortList(explanation: Explanation): ShortChange[] {
  const list: ShortChange[] = explanation.header.map(({ field, a, b }) => ({
    where: `header, ${field}`,
    status: "changed",
    what: `${a ?? "absent"} to ${b ?? "absent"}; not measured`,
  }));
  for (const section of explanation.sections) {
    if (section.status === "same" || (section.kind === "ramdisk" && section.status === "changed")) continue;
    list.push({ where: section.name, status: section.status, what: sectionDetail(section) });
  }
  for (const ramdisk of explanation.ramdisks) list.push(...ramdiskChanges(ramdisk));
  return list;
}

/** Which part of the image moves a register, or why it stays. */
export function because({ index, moved, because: sections, a, b }: PcrMove): string {
  if (a === null || b === null) return `${a === null ? "A" : "B"} has a signature that does not hold, so it has no PCR${index}`;
  if (moved) return sections.length === 0 ? "" : `because of ${enumerate(sections)}`;
  if (sections.length === 0) return "nothing that it measures changed";
  return index === 8 ? "another signature by the same certificate" : "the same bytes, divided into sections otherwise";
}

/** Where bytes part: `from byte 17 (line 3); 1 byte differs`. */
export function describeDifference({ offset, bytes, differing, line, imageOffset }: Difference): string {
  const place = `byte ${count(offset)}${line === null ? "" : ` (line ${line.number})`}`;
  const file = imageOffset === null || imageOffset.a !== imageOffset.b ? "" : `, byte ${count(imageOffset.a)} of the file`;
  if (differing === 0) return `the same up to byte ${count(offset)}, where ${bytes.a < bytes.b ? "A" : "B"} ends`;
  if (bytes.a !== bytes.b) return `first at ${place}${file}`;
  return `first at ${place}${file}; ${differing === 1 ? "1 byte differs" : `${count(differing)} bytes differ`}`;
}

/** What changed of an entry besides being there or not. */
export function fileDetail({ a, b, fields, content, movedFrom }: FileChange): string {
  const parts: string[] = [];
  if (movedFrom !== null) parts.push(`same content as ${movedFrom} had`);
  if (a !== null && b !== null && a.kind !== b.kind) parts.push(`${a.kind} to ${b.kind}`);
  if (a !== null && b !== null && a.target !== b.target)
    parts.push(`points to ${b.target ?? "nothing"} instead of ${a.target ?? "nothing"}`);
  for (const { field, a: before, b: after } of fields) parts.push(`${field} ${before ?? "absent"} to ${after ?? "absent"}`);
  if (content !== null)
    parts.push(`${a?.bytes === b?.bytes ? "" : `${size(a?.bytes)} to ${size(b?.bytes)}, `}${describeDifference(content)}`);
  if (a === null && b !== null) parts.push(b.kind === "file" ? size(b.bytes) : b.kind);
  if (b === null && a !== null) parts.push(a.kind === "file" ? size(a.bytes) : a.kind);
  return parts.join("; ");
}

/** `npm x 1.2.3 to 1.3.0, 2 files` */
export function packageDetail({ status, versions, files }: PackageChange): string {
  const [before, after] = [versions.a.join(", "), versions.b.join(", ")];
  const many =
    files.length === 0 ? "" : `${files.length === 1 ? "1 file" : `${files.length} files`} differ${files.length === 1 ? "s" : ""}`;
  if (status === "added") return [after, "added"].filter(Boolean).join(", ");
  if (status === "removed") return [before, "removed"].filter(Boolean).join(", ");
  if (status === "version") return [`${before || "none"} to ${after || "none"}`, many].filter(Boolean).join(", ");
  return [after, many].filter(Boolean).join(", ");
}

/** A number of bytes for people. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) return "absent";
  if (bytes < 10_000) return `${count(bytes)} ${bytes === 1 ? "byte" : "bytes"}`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

/** `a, b and c` */
export function enumerate(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}

/** What each file of a ramdisk that could be read, and what lies outside files, is told as. */
function ramdiskChanges({ index, files, layout, reordered, rest, place, difference, form, entries }: RamdiskChange): ShortChange[] {
  const name = `ramdisk ${index}`;
  if (form.a === "absent" || form.b === "absent") return []; // the section says so
  const list: ShortChange[] = files.map((file) => ({ where: `${name}, ${file.path}`, status: file.status, what: fileDetail(file) }));
  const changed = (what: string): void => void list.push({ where: name, status: "changed", what });
  if (reordered !== null) changed(`entries come in another order, from ${reordered} on`);
  if (place !== null && difference !== null) changed(`in ${place}: ${describeDifference(difference)}`);
  else if (rest !== null)
    changed(
      `${entries.a + entries.b > 0 ? "after what can be read as entries" : "no archive that can be read"}: ${describeDifference(rest)}`,
    );
  if (layout.length > 0) changed(layoutDetail(layout, files));
  if (list.length === 0 && difference !== null) changed(`compressed otherwise, the same content: ${describeDifference(difference)}`);
  return list;
}

/** Inode numbers and zeros at the end, which follow from entries that came or went; named when they are few. */
function layoutDetail(layout: RamdiskChange["layout"], files: RamdiskChange["files"]): string {
  if (layout.length <= FEW) return layout.map(({ field, a, b }) => `${field} ${a ?? ""} to ${b ?? ""}`).join(", ");
  const why = files.some(({ status }) => status !== "changed") ? ", as entries came or went" : ", though no entry came or went";
  return `inode numbers and zeros between entries in ${layout.length} places${why}`;
}

function sectionDetail({ a, b, difference, feeds }: SectionChange): string {
  const sizes = a !== null && b !== null && a.bytes !== b.bytes ? `${size(a.bytes)} to ${size(b.bytes)}; ` : "";
  const measured = feeds.length === 0 ? "; not measured" : "";
  return `${sizes}${difference === null ? size((a ?? b)?.bytes) : describeDifference(difference)}${measured}`;
}

const HEADLINE: Readonly<Record<Exclude<ImagesVerdict, "measured">, string>> = {
  identical: "identical: the same bytes",
  unmeasured: "same measurements: the bytes differ, and nothing that is measured does",
  recut: "same PCRs, another image: what is measured is divided into sections otherwise, so something else boots",
};
const FEW = 3;
