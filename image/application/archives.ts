import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/**
 * The Debian archives that apt of this machine is set to, in its order: roots of their `pool`, each ending in a slash.
 * Packages are held against `image/libraries.json`, so that any mirror will do. Empty where there is no apt.
 * @param folder holds `sources.list` and `sources.list.d` (sources.list(5)), another one for tests
 */
export async function debianArchives(folder = "/etc/apt"): Promise<string[]> {
  const parts = await readdir(path.join(folder, "sources.list.d")).catch(() => []);
  const files = ["sources.list", ...parts.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => path.join("sources.list.d", name))];
  const found = new Set<string>();
  for (const file of files) {
    const text = await readFile(path.join(folder, file), "utf8").catch(() => "");
    for (const uri of file.endsWith(".sources") ? fieldUris(text) : lineUris(text))
      if (URL.canParse(uri)) found.add(uri.replace(/\/*$/, "/"));
  }
  return [...found];
}

/** `deb [options] URI suite component…`, a line each. */
function lineUris(text: string): string[] {
  return [...text.matchAll(/^[ \t]*deb[ \t]+(?:\[[^\]\n]*\][ \t]+)?(https?:\/\/\S+)/gm)].map(([, uri = ""]) => uri);
}

/** `URIs: URI…` in paragraphs of fields (deb822). */
function fieldUris(text: string): string[] {
  return [...text.matchAll(/^URIs:(.*)$/gim)].flatMap(([, uris = ""]) => uris.split(/\s+/)).filter((uri) => /^https?:\/\//.test(uri));
}
