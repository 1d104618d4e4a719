import { CPIO } from "../ramdisk/entry.ts";
import { type Archive, type ArchiveEntry, CPIO_FIELDS, factsOf } from "./archive.ts";
import { differenceOf, type Placed } from "./difference.ts";
import type { FieldChange, FileChange, FileFacts, RamdiskChange } from "./model.ts";

/** A ramdisk of one image: its bytes in the file, and what was read of them. */
export interface Ramdisk {
  placed: Placed;
  archive: Archive;
}

/**
 * What tells two ramdisks apart, null when their bytes are equal. Entries leave no gap and are compared whole, so that
 * every byte that differs lies in an entry that is named, or in the rest.
 */
export function compareRamdisks(index: number, a: Ramdisk | null, b: Ramdisk | null): RamdiskChange | null {
  const difference = a === null || b === null ? null : differenceOf(a.placed, b.placed);
  if (a !== null && b !== null && difference === null) {
    link(a.archive.entries, byKey(b.archive.entries));
    return null;
  }
  const left = a?.archive ?? NO_ARCHIVE;
  const right = b?.archive ?? NO_ARCHIVE;
  const others = byKey(right.entries);
  link(left.entries, others);
  // Where one alone cannot be read to its end, what the other has beyond that is not known to be added or removed.
  const cut = { a: left.fault !== null && right.fault === null, b: right.fault !== null && left.fault === null };
  const files: FileChange[] = [];
  const layout: FieldChange[] = [];
  const common: string[] = [];
  for (const entry of left.entries) {
    const other = others.get(keyOf(entry));
    if (other !== undefined) {
      common.push(keyOf(entry));
      if (entry === other.twin) continue;
      const file = changed(entry, left, other, right, layout);
      if (file.fields.length > 0 || file.content !== null) files.push(file);
    } else if (!cut.b) files.push(only("removed", entry, left));
  }
  const own = byKey(left.entries);
  const added = right.entries.filter((entry) => !own.has(keyOf(entry)));
  if (!cut.a) for (const entry of added) files.push(only("added", entry, right));
  nameMoves(files);
  const order = right.entries.map(keyOf).filter((key) => own.has(key));
  const moved = common.findIndex((key, i) => key !== order[i]);
  return {
    index,
    form: { a: a?.archive.form ?? "absent", b: b?.archive.form ?? "absent" },
    faults: { a: left.fault, b: right.fault },
    entries: { a: left.entries.length, b: right.entries.length },
    files: files.toSorted((x, y) => (x.path < y.path ? -1 : x.path > y.path ? 1 : 0)),
    layout,
    reordered: moved < 0 ? null : (left.entries.find((entry) => keyOf(entry) === common[moved])?.path ?? null),
    rest: a === null || b === null ? null : differenceOf(left.rest, right.rest),
    difference,
    place: difference === null || (left.fault === null && right.fault === null) ? null : placeOf(difference.offset, left, right),
  };
}

/** Which entry, as either ramdisk can be read there, holds the byte at `offset`. */
function placeOf(offset: number, left: Archive, right: Archive): string | null {
  for (const { entries, form } of [left, right]) {
    if (form !== "cpio") continue;
    const entry = entries.find(({ begin, whole }) => offset >= begin && offset < begin + whole.length);
    if (entry === undefined) continue;
    const into = offset - entry.begin;
    const field = CPIO_FIELDS[Math.floor((into - 6) / 8)];
    if (into < 6) return `${entry.path}, its header's magic`;
    if (into < CPIO.headerBytes) return `${entry.path}, its header's ${field ?? "fields"}`;
    if (into < entry.whole.length - entry.padding.length - entry.content.length) return `${entry.path}, its name`;
    return into < entry.whole.length - entry.padding.length ? `${entry.path}, its content` : `${entry.path}, the padding after it`;
  }
  return null;
}

function link(entries: readonly ArchiveEntry[], others: ReadonlyMap<string, ArchiveEntry>): void {
  for (const entry of entries) {
    const other = others.get(keyOf(entry));
    if (other !== undefined && entry.whole.equals(other.whole)) other.twin = entry;
  }
}

/** What tells two entries of one path apart; what follows from other entries is added to `layout` alone. */
function changed(a: ArchiveEntry, left: Archive, b: ArchiveEntry, right: Archive, layout: FieldChange[]): FileChange {
  const fields: FieldChange[] = [];
  const content = differenceOf(
    { data: a.content, imageOffset: imageOffset(left, a, a.content) },
    { data: b.content, imageOffset: imageOffset(right, b, b.content) },
  );
  const path = nameOf(a);
  for (const [field, value] of a.fields) {
    const other = b.fields.get(field) ?? 0;
    if (value === other || (field === "length" && content !== null)) continue;
    const change = { field, a: spell(field, value), b: spell(field, other) };
    // The inode of a file with several links says which other entry it shares its content with.
    if (field === "inode" && !isLinked(a) && !isLinked(b)) layout.push({ ...change, field: `inode of ${path}` });
    else fields.push(change);
  }
  const numbers = [...a.fields].every(([field, value]) => value === b.fields.get(field));
  if (numbers && !a.header.equals(b.header))
    fields.push({ field: "spelling of the header", a: a.header.toString("latin1"), b: b.header.toString("latin1") });
  for (const field of ["namePadding", "padding"] as const) {
    if (a[field].equals(b[field])) continue;
    const zeros = [a[field], b[field]].every((bytes) => bytes.every((byte) => byte === 0));
    if (!zeros) fields.push({ field: PADDING[field], a: hex(a[field]), b: hex(b[field]) });
    else if (content === null)
      layout.push({
        field: path === CPIO.trailer ? "zeros at the end" : `zeros after ${path}`,
        a: String(a[field].length),
        b: String(b[field].length),
      });
  }
  return {
    path,
    status: "changed",
    movedFrom: null,
    a: factsOf(a),
    b: factsOf(b),
    fields,
    content,
    imageOffset: { a: imageOffset(left, a, a.whole), b: imageOffset(right, b, b.whole) },
    origin: { a: null, b: null },
  };
}

function isLinked({ fields }: ArchiveEntry): boolean {
  return (fields.get("links") ?? 0) > 1 && ((fields.get("mode") ?? 0) & CPIO.typeMask) !== CPIO.type.directory;
}

function only(status: "added" | "removed", entry: ArchiveEntry, archive: Archive): FileChange {
  const facts = factsOf(entry);
  const offset = imageOffset(archive, entry, entry.whole);
  return {
    path: nameOf(entry),
    status,
    movedFrom: null,
    a: status === "removed" ? facts : null,
    b: status === "added" ? facts : null,
    fields: [],
    content: null,
    imageOffset: { a: status === "removed" ? offset : null, b: status === "added" ? offset : null },
    origin: { a: null, b: null },
  };
}

/** A file that is gone from one path and there under another. */
function nameMoves(files: readonly FileChange[]): void {
  const gone = new Map<string, string>();
  for (const { status, path, a } of files) if (status === "removed" && isMovable(a)) gone.set(a.sha256, path);
  for (const file of files) if (file.status === "added" && isMovable(file.b)) file.movedFrom = gone.get(file.b.sha256) ?? null;
}

function isMovable(facts: FileFacts | null): facts is FileFacts {
  return facts !== null && facts.kind === "file" && facts.bytes > 0;
}

function imageOffset(archive: Archive, entry: ArchiveEntry, part: Uint8Array): number | null {
  return archive.source.imageOffset === null ? null : archive.source.imageOffset + entry.begin + (part.byteOffset - entry.whole.byteOffset);
}

function byKey(entries: readonly ArchiveEntry[]): Map<string, ArchiveEntry> {
  return new Map(entries.map((entry) => [keyOf(entry), entry]));
}

function keyOf({ path, occurrence }: ArchiveEntry): string {
  return `${occurrence} ${path}`;
}

/** Later entries of one path overwrite earlier ones when they are unpacked. */
function nameOf({ path, occurrence }: ArchiveEntry): string {
  return occurrence === 0 ? path : `${path} (entry ${occurrence + 1} of this path)`;
}

function spell(field: string, value: number): string {
  if (field === "mode") return value.toString(8).padStart(6, "0");
  return String(value);
}

function hex(bytes: Buffer): string {
  return bytes.length <= SHOWN_BYTES ? bytes.toString("hex") : `${bytes.toString("hex", 0, SHOWN_BYTES)}… (${bytes.length} bytes)`;
}

const SHOWN_BYTES = 32;
const PADDING = { namePadding: "bytes after the name", padding: "bytes after the content" } as const;
const NOTHING: Placed = { data: new Uint8Array(0), imageOffset: null };
const NO_ARCHIVE: Archive = { form: "unreadable", entries: [], rest: NOTHING, fault: null, source: NOTHING };
