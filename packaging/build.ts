import { execFileSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { entryFiles, publishedManifest, type Manifest } from "./manifest.ts";

/**
 * Builds the packages that others install: for each a folder with JavaScript, declarations, README and licence, and the
 * tarball that `npm pack` makes of it. The sources are TypeScript, which Node refuses inside node_modules.
 *
 *     node packaging/build.ts [--out dist/packages]
 *
 * Prints one tarball a line. The same sources give the same bytes: npm sets every time and mode in a tarball itself.
 */
function build(out: string): void {
  for (const folder of PACKAGES) {
    const target = join(out, folder);
    rmSync(target, { recursive: true, force: true });
    emit(folder, target, out);
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
    writeFileSync(join(target, "package.json"), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
    copyFileSync(join(root, folder, "README.md"), join(target, "README.md"));
    copyFileSync(join(root, "LICENSE"), join(target, "LICENSE"));
    for (const grammar of globSync("*.cddl", { cwd: join(root, folder) })) copyFileSync(join(root, folder, grammar), join(target, grammar));
    console.log(join(out, pack(target, out)));
  }
}

/** Compiles what a package's entries can reach: no tests, no generators, no vectors. */
function emit(folder: string, target: string, out: string): void {
  const { exports } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
  const project = mkdtempSync(join(tmpdir(), "caladrius-build-"));
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    rootDir: join(root, folder),
    outDir: target,
    types: ["node"], // for signatures/node.ts; that nothing else needs them is what `npm run types` checks
    typeRoots: [join(root, "node_modules/@types")],
    // the packages built before, so that no source of theirs is compiled again into this one
    paths: { "@caladrius/*": [join(out, "*/index.d.ts")] },
  };
  const files = [...new Set(entryFiles(exports))].map((file) => join(root, folder, file));
  try {
    const config = join(project, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ extends: join(root, "tsconfig.base.json"), compilerOptions, files }));
    mkdirSync(target, { recursive: true });
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", config], { stdio: "inherit" });
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

function pack(target: string, out: string): string {
  const report = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", out], {
    cwd: target,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"], // npm lists the files on stderr
  });
  const [tarball] = JSON.parse(report) as { filename: string }[];
  if (tarball === undefined) throw new Error(`npm pack made nothing of ${target}`);
  return basename(tarball.filename);
}

/** In the order in which they need each other. */
const PACKAGES = ["wire", "attestation-verifier"] as const;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

const { values } = parseArgs({ options: { out: { type: "string", default: join(root, "dist/packages") } } });
build(resolve(values.out));
