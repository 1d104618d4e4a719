import type { OpenManifest } from "./manifest.ts";
import type { PackageChange, PackageFileChange, Pair } from "./model.ts";
import { parseOrigin } from "./origin.ts";

/** What changed by package, and how many packages are alike in both images. */
export function comparePackages(a: OpenManifest, b: OpenManifest): { changes: PackageChange[]; alike: number } {
  const packages = new Map<string, PackageChange>();
  const files = new Map<string, PackageFileChange>();
  collect(a, "a", packages, files);
  collect(b, "b", packages, files);
  for (const [key, file] of files) {
    const { a: before, b: after } = file;
    if (before !== null && after !== null && before.sha256 === after.sha256 && before.bytes === after.bytes) continue;
    file.status = before === null ? "added" : after === null ? "removed" : "changed";
    packages.get(key.slice(0, key.indexOf("\n")))?.files.push(file);
  }
  const changes: PackageChange[] = [];
  for (const one of packages.values()) {
    const { versions } = one;
    const [isIn, wasIn] = [versions.b.length > 0, versions.a.length > 0];
    const moved = versions.a.join() !== versions.b.join();
    if (!moved && one.files.length === 0) continue;
    const clean = { a: versions.a.filter((version) => version !== ""), b: versions.b.filter((version) => version !== "") };
    changes.push({ ...one, versions: clean, status: !wasIn ? "added" : !isIn ? "removed" : moved ? "version" : "content" });
  }
  changes.sort((x, y) => ORDER.indexOf(x.kind) - ORDER.indexOf(y.kind) || (x.name < y.name ? -1 : 1));
  return { changes, alike: packages.size - changes.length };
}

function collect(
  manifest: OpenManifest,
  side: keyof Pair<unknown>,
  packages: Map<string, PackageChange>,
  files: Map<string, PackageFileChange>,
): void {
  const lists = [
    ["image", manifest.files],
    ["bundle", manifest.bundleInputs],
  ] as const;
  for (const [part, list] of lists) {
    for (const { path, sha256, bytes, origin } of list) {
      const { kind, name, version } = parseOrigin(origin);
      const key = `${kind} ${name}`;
      const one = packages.get(key) ?? { kind, name, status: "content", versions: { a: [], b: [] }, files: [] };
      packages.set(key, one);
      const versions = one.versions[side];
      if (!versions.includes(version ?? "")) versions.push(version ?? "");
      versions.sort();
      const fileKey = `${key}\n${part} ${path}`;
      const file = files.get(fileKey) ?? { path, part, status: "changed", a: null, b: null };
      file[side] = { bytes, sha256 };
      files.set(fileKey, file);
    }
  }
}

const ORDER: readonly PackageChange["kind"][] = ["bundle", "source", "npm", "debian", "other"];
