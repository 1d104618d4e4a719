import { execFileSync, spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { exampleVectors, expectedOf, readRawKit } from "../browser/raw-kit.ts";
import type { RawVector } from "../browser/judge-vector.ts";
import { codeUnder } from "./readme.ts";

// What somebody has who installs the tarballs in an empty folder, under the oldest Node that the packages promise.

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const temporary = mkdtempSync(join(tmpdir(), "caladrius-installed-"));
const project = join(temporary, "project");
const oldest = join(temporary, "node22");
const OLDEST_NODE = `node-linux-${process.arch}@22.23.3`;

/** Why something could not be fetched; null = it is there. */
const missing: { packages: string | null; node: string | null } = { packages: null, node: null };

beforeAll(() => {
  const built = join(temporary, "built");
  execFileSync(process.execPath, [join(root, "packaging/build.ts"), "--out", built], { stdio: "pipe" });
  missing.packages = install(project, globSync(join(built, "*.tgz")));
  missing.node = missing.packages ?? install(oldest, [OLDEST_NODE]);
}, 180_000);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe("the packages, installed from their tarballs", () => {
  it("bring at most three dependencies along", (context) => {
    requirePackages(context);
    const { packages } = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as { packages: Record<string, unknown> };
    const names = Object.keys(packages).filter((path) => path !== "");
    expect(names.toSorted()).toEqual(
      ["@caladrius/attestation-verifier", "@caladrius/wire", "@noble/curves", "@noble/hashes"].map((name) => `node_modules/${name}`),
    );
  });

  it("run the README's example under Node 22, on a result file that is accepted and on one that is refused", (context) => {
    requireNode(context);
    const readme = readFileSync(join(project, "node_modules/@caladrius/attestation-verifier/README.md"), "utf8");
    const vectors = exampleVectors(readRawKit());
    for (const vector of [vectors.accepted, vectors.refused]) {
      writeExample(vector);
      const { status, stdout, stderr } = runNode22("example.mjs", codeUnder(readme, "In Node", "js"));
      expect(stderr).toBe("");
      expect(stdout).toMatch(new RegExp(`^${expectedOf(vector).status}: .+\nnot checked: revocation, `));
      expect(status).toBe(expectedOf(vector).exit);
    }
  });

  it("run the README's example of releases under Node 22: who approved, and that without the hospital nothing counts", (context) => {
    requireNode(context);
    const readme = readFileSync(join(project, "node_modules/@caladrius/attestation-verifier/README.md"), "utf8");
    const made = makeGovernedResult();
    writeFileSync(join(project, "trust.json"), made.trust("approved"));
    const run = (bytes: Uint8Array): ReturnType<typeof runNode22> => {
      writeFileSync(join(project, "patient-1.attested"), bytes);
      return runNode22("releases.mjs", codeUnder(readme, "Releases instead of measurements", "js"));
    };
    const accepted = run(made.bytes);
    expect([accepted.stderr, accepted.status]).toEqual(["", 0]);
    expect(accepted.stdout).toMatch(/^warning: .+\n0\.1\.0 approved by ada, vendor\n0\.1\.0 approved by ben, hospital\n$/);
    expect(run(makeGovernedResult({ source: { ...made.source, approvals: [] } }).bytes)).toMatchObject({
      status: 10,
      stdout: expect.stringMatching(/^contraindicated: the release lacks approvals.*\nnobody's approval was counted\n$/) as string,
    });
  });

  it("run the example of the formats' README under Node 22", (context) => {
    requireNode(context);
    const readme = readFileSync(join(project, "node_modules/@caladrius/wire/README.md"), "utf8");
    writeExample(exampleVectors(readRawKit()).accepted);
    const { status, stdout } = runNode22("wire.mjs", codeUnder(readme, "Example", "js"));
    expect(stdout).toMatch(/^policy version \d+, job [0-9a-f]{64}\n$/);
    expect(status).toBe(0);
  });

  it("give every vector's verdict under Node 22, on node:crypto", (context) => {
    requireNode(context);
    const kit = readRawKit();
    const judge = readFileSync(new URL("../browser/judge-vector.ts", import.meta.url), "utf8");
    writeFileSync(join(project, "judge-vector.mjs"), transformSync(judge, { loader: "ts" }).code);
    writeFileSync(join(project, "kit.json"), JSON.stringify(kit));
    const { stdout, stderr } = runNode22("kit.mjs", RUN_KIT);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(Object.fromEntries(kit.map((vector) => [vector.id, expectedOf(vector)])));
  });

  it.for([
    ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
    ["bundler", { module: "esnext", moduleResolution: "bundler" }],
    ["bundler, for browsers", { module: "esnext", moduleResolution: "bundler", customConditions: ["browser"] }],
  ] as const)("have types that a strict project takes under module resolution %s", ([, resolution], context) => {
    requirePackages(context);
    writeFileSync(join(project, "consumer.mts"), CONSUMER);
    const compilerOptions = { ...resolution, strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true };
    const config = { compilerOptions: { ...compilerOptions, target: "es2023", lib: ["es2023"], types: [] }, files: ["consumer.mts"] };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
    const { stdout, status } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});

function writeExample({ files }: RawVector): void {
  for (const [name, file] of [
    ["patient-1.attested", "input.attested"],
    ["trust.json", "trust.json"],
  ] as const)
    writeFileSync(join(project, name), Buffer.from(files[file] ?? "", "base64"));
}

function runNode22(name: string, code: string): { status: number | null; stdout: string; stderr: string } {
  writeFileSync(join(project, name), code);
  const node = join(oldest, `node_modules/node-linux-${process.arch}/bin/node`);
  return spawnSync(node, [name], { cwd: project, encoding: "utf8", env: {}, maxBuffer: 64 * 1024 * 1024 });
}

function requirePackages(context: TestContext): void {
  context.skip(missing.packages !== null, `the registry is out of reach: ${missing.packages}`);
}

function requireNode(context: TestContext): void {
  context.skip(missing.node !== null, `${OLDEST_NODE} cannot be had: ${missing.node}`);
}

function install(folder: string, what: readonly string[]): string | null {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}");
  const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=500"];
  const { status, stderr } = spawnSync("npm", ["install", ...options, ...what], { cwd: folder, encoding: "utf8" });
  if (status === 0) return null;
  const reason = UNREACHABLE.exec(stderr)?.[0];
  if (reason === undefined) throw new Error(`npm install ${what.join(" ")}: ${stderr}`);
  return reason;
}

/** What npm says when there is no network, or a registry that lacks the package. */
const UNREACHABLE =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|E403|E404|ETARGET|ENOTCACHED)\b/;

const RUN_KIT = `
import { readFileSync } from "node:fs";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { judgeVector } from "./judge-vector.mjs";
const found = {};
for (const vector of JSON.parse(readFileSync("kit.json", "utf8"))) found[vector.id] = await judgeVector(vector, signatures);
process.stdout.write(JSON.stringify(found));
`;

/** What must compile, and, as a type that were \`any\` would let it, what must not. */
const CONSUMER = `
import {
  parseTrustFile,
  verifyAttestationDocument,
  verifyResultFile,
  type Code,
  type EvidenceClaims,
  type ResultFileClaims,
  type SignatureBackend,
  type Verdict,
} from "@caladrius/attestation-verifier";
import { parseGovernedTrustFile, verifyGovernedResultFile, type GovernedVerdict } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { signatures as noble } from "@caladrius/attestation-verifier/signatures/noble";
import { signatures as webcrypto } from "@caladrius/attestation-verifier/signatures/webcrypto";
import { encodeCbor, type CborValue } from "@caladrius/wire";

export const backends: readonly SignatureBackend[] = [signatures, noble, webcrypto];
export const bytes: Uint8Array = encodeCbor(["x", 1] satisfies CborValue);
export async function decide(file: Uint8Array, trust: string): Promise<Code | string> {
  const verdict: Verdict<ResultFileClaims> = await verifyResultFile(file, parseTrustFile(trust), {}, signatures);
  // @ts-expect-error -- claims may be null until the status is known
  verdict.claims.software;
  if (verdict.status === "contraindicated") return verdict.code;
  return verdict.claims.software.name;
}
export async function whoApproved(file: Uint8Array, trust: string): Promise<readonly string[]> {
  const verdict: GovernedVerdict = await verifyGovernedResultFile(file, await parseGovernedTrustFile(trust, signatures), {}, signatures);
  return verdict.claims?.release?.approvedBy.map(({ person }) => person) ?? [];
}
export async function about(document: Uint8Array, trust: string, nowMs: number): Promise<EvidenceClaims | null> {
  const mode = { kind: "live", nowMs, nonce: null, maxAgeMs: 60_000 } as const;
  // @ts-expect-error -- nothing is verified without somebody's signatures
  await verifyAttestationDocument(document, parseTrustFile(trust), mode);
  // @ts-expect-error -- nor under trust that is text
  await verifyAttestationDocument(document, trust, mode, signatures);
  return (await verifyAttestationDocument(document, parseTrustFile(trust), mode, signatures)).claims;
}
`;
