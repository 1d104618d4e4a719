import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const temporary = mkdtempSync(join(tmpdir(), "caladrius-packages-"));
const built = join(temporary, "built");

beforeAll(() => build(built));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe.each(["wire", "attestation-verifier"])("the package %s", (name) => {
  const tarball = (): Uint8Array<ArrayBuffer> =>
    new Uint8Array(readFileSync(join(built, globSync(`caladrius-${name}-*.tgz`, { cwd: built })[0]!)));

  it("holds JavaScript with its declarations, a manifest, a README, the licence, and nothing else", () => {
    const files = filesOf(join(built, name));
    const code = files.filter((file) => file.endsWith(".js"));
    expect(code).toContain("index.js");
    const declarations = code.map((file) => file.replace(/\.js$/, ".d.ts"));
    const grammars = readdirSync(join(root, name)).filter((file) => file.endsWith(".cddl"));
    expect(files).toEqual([...code, ...declarations, ...grammars, "LICENSE", "README.md", "package.json"].toSorted());
    expect(files.filter((file) => /\.test\.|generate\/|vectors\/|hostile\//.test(file))).toEqual([]);
    const packed = createPackageFromTarballData(tarball()).listFiles();
    expect(packed.map((file) => file.replace(`/node_modules/@caladrius/${name}/`, "")).toSorted()).toEqual(files);
    const bytes = files.reduce((sum, file) => sum + statSync(join(built, name, file)).size, 0);
    console.log(`@caladrius/${name}: ${files.length} files, ${bytes} bytes unpacked, ${tarball().length} bytes packed`);
  });

  it("names at most three dependencies, exactly, and nothing of the workspace", () => {
    const manifest = JSON.parse(readFileSync(join(built, name, "package.json"), "utf8")) as Record<string, unknown>;
    const kept = ["name", "version", "description", "license", "type", "engines", "sideEffects", "exports", "dependencies"];
    expect(Object.keys(manifest)).toEqual(kept);
    const dependencies = Object.entries(manifest["dependencies"] as Record<string, string>);
    expect(dependencies.length).toBeLessThanOrEqual(3);
    expect(dependencies.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it("is clean in publint", async () => {
    const { messages } = await publint({ pack: { tarball: tarball().buffer }, strict: true });
    expect(messages).toEqual([]);
  });

  it("is clean in attw, as a package of ES modules only", async () => {
    const analysis = await checkPackage(createPackageFromTarballData(tarball()));
    const problems = analysis.types === false ? ["no types"] : analysis.problems.map((one) => `${one.kind} ${resolution(one)}`);
    // What "only ES modules" means: CommonJS gets them by import(), and resolution from before `exports` finds no subpath.
    const expected = new Set(["CJSResolvesToESM node16-cjs", "NoResolution node10"]);
    expect(problems.filter((one) => !expected.has(one))).toEqual([]);
  });
});

it("gives the same tarballs from the same sources", () => {
  const again = join(temporary, "again");
  build(again);
  const differing = filesOf(built).filter((file) => !readFileSync(join(built, file)).equals(readFileSync(join(again, file))));
  expect(differing).toEqual([]);
  expect(filesOf(again)).toEqual(filesOf(built));
});

function build(out: string): void {
  execFileSync(process.execPath, [join(root, "packaging/build.ts"), "--out", out], { stdio: "pipe" });
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => statSync(join(folder, file)).isFile())
    .toSorted();
}

function resolution(problem: object): string {
  return "resolutionKind" in problem ? String(problem.resolutionKind) : "";
}
