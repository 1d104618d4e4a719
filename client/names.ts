import { basename } from "node:path";

/**
 * Names for results, one per recording, after the first file it came from: unlike each other, without the file's
 * extensions, fit for a file name; windows of one recording end in `-part-01` and so on. Subject pseudonyms do not go into names.
 */
export function resultNames(
  recordings: readonly { readonly sources?: readonly string[]; readonly part?: { readonly number: number; readonly of: number } | null }[],
): string[] {
  const taken = new Set<string>();
  return recordings.map(({ sources, part }, index) => {
    const whole = plainName(sources?.[0] ?? "") || `recording-${index + 1}`;
    const base =
      part === undefined || part === null
        ? whole
        : `${whole}-part-${String(part.number).padStart(Math.max(2, String(part.of).length), "0")}`;
    let name = base;
    for (let count = 2; taken.has(name.toLowerCase()); count++) name = `${base}-${count}`;
    taken.add(name.toLowerCase()); // some file systems do not tell case apart
    return name;
  });
}

function plainName(source: string): string {
  return basename(source)
    .replace(/(\.[A-Za-z0-9]{1,8}){1,2}$/, "")
    .replaceAll(/[^\p{L}\p{N}._-]/gu, "_")
    .replace(/^\.+/, "")
    .slice(0, MAX_NAME_CHARACTERS);
}

const MAX_NAME_CHARACTERS = 100;
