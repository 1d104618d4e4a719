// Gets the Node versions of the reproducibility test from npm, once: node test/reproducible/nodes.ts
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where they are kept: outside the project, so that nothing else finds them. */
const folder = process.env["CALADRIUS_NODES"] ?? join(tmpdir(), "caladrius-nodes");
const PACKAGE = `node-linux-${process.arch}`;

/** One of each line that Node maintains, and the next. */
export const VERSIONS: readonly string[] = ["22.23.3", "24.21.0", "26.10.0"];

/** Where a version lies, or would lie. */
export function binaryOf(version: string): string {
  return join(folder, version, "node_modules", PACKAGE, "bin", "node");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const version of VERSIONS) {
    if (existsSync(binaryOf(version))) continue;
    const home = join(folder, version);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{ "private": true }\n');
    console.log(`${PACKAGE}@${version} into ${home}`);
    execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${PACKAGE}@${version}`], {
      cwd: home,
      stdio: "inherit",
    });
  }
  for (const version of VERSIONS) console.log(execFileSync(binaryOf(version), ["--version"], { encoding: "utf8" }).trim());
}
