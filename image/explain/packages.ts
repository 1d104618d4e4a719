import type { OpenManifest } from "./manifest.ts";
import type { PackageChange, PackageFileChange, Pair } from "./model.ts";
import { parseOrigin } from "./origin.ts";

/** What changed by package, and how many packages are alike in both images. */
export function comparePackages(a: OpenManifest, b: OpenManifest): { changes: PackageChange[]; alike: number } {
  const packages = new Map<string, Collected>();
  collect(a, "a", packages);
  collect(b, "b", packages);
  const changes: PackageChange[] = [];
  for (const { kind, name, versions, files } of packages.values()) {
    const changed = [...files.values()].filter(differs);
    const sorted = { a: [...versions.a].toSorted(), b: [...versions.b].toSorted() };
    const moved = JSON.stringify(sorted.a) !== JSON.stringify(sorted.b);
    if (!moved && changed.length === 0) continue;
    const status = versions.a.size === 0 ? "added" : versions.b.size === 0 ? "removed" : moved ? "version" : "content";
    const named = (list: string[]): string[] => list.filter((version) => version !== "");
    changes.push({ kind, name, status, versions: { a: named(sorted.a), b: named(sorted.b) }, files: changed });
  }
  changes.sort((x, y) => ORDER.indexOf(x.kind) - ORDER.indexOf(y.kind) || (x.name < y.name ? -1 : 1));
  return { changes, alike: packages.size - changes.length };
}

/** What the manifests say of one package; sets and maps, since whoever writes a manifest decides how long it is. */
interface Collected extends Pick<PackageChange, "kind" | "name"> {
  versions: Pair<Set<string>>;
  files: Map<string, PackageFileChange>;
}

function collect(manifest: OpenManifest, side: keyof Pair<unknown>, packages: Map<string, Collected>): void {
  const lists = [
    ["image", manifest.files],
    ["bundle", manifest.bundleInputs],
  ] as const;
  for (const [part, list] of lists) {
    for (const { path, sha256, bytes, origin } of list) {
      const { kind, name, version } = parseOrigin(origin);
      const key = `${kind} ${name}`;
      const one = packages.get(key) ?? { kind, name, versions: { a: new Set(), b: new Set() }, files: new Map() };
      packages.set(key, one);
      one.versions[side].add(version ?? "");
      const file = one.files.get(`${part} ${path}`) ?? { path, part, status: "changed", a: null, b: null };
      file[side] = { bytes, sha256 };
      one.files.set(`${part} ${path}`, file);
    }
  }
}

/** Whether it differs; sets its status. */
function differs(file: PackageFileChange): boolean {
  const { a, b } = file;
  if (a !== null && b !== null && a.sha256 === b.sha256 && a.bytes === b.bytes) return false;
  file.status = a === null ? "added" : b === null ? "removed" : "changed";
  return true;
}

const ORDER: readonly PackageChange["kind"][] = ["bundle", "source", "npm", "debian", "other"];
