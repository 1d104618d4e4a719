import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** Which package may import which, by folder. A new arrow is a reviewed line here. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  "attestation-verifier": ["wire"],
  policies: ["wire", "attestation-verifier"],
  enclave: ["wire", "attestation-verifier", "policies"],
  host: ["wire"],
  client: ["wire", "attestation-verifier", "policies"],
  image: ["wire", "attestation-verifier"],
  "nitro-sim": ["wire", "attestation-verifier", "policies", "image"],
  pages: ["wire", "attestation-verifier", "policies", "client", "enclave"],
  cli: ["wire", "attestation-verifier", "policies", "enclave", "image", "host", "client", "nitro-sim", "pages"],
  test: ["wire", "attestation-verifier", "policies", "enclave", "image", "host", "client", "nitro-sim", "pages", "cli"],
  bench: ["wire", "attestation-verifier", "policies", "enclave", "image", "host", "client", "nitro-sim", "pages", "cli", "test"],
  packaging: [],
};

/** Folders inside a package that may do less than the package: the longest matching prefix holds. */
const NARROWER: Readonly<Record<string, { packages: readonly string[]; inside: string; builtins: readonly string[] }>> = {
  "enclave/analyse/": { packages: ["wire"], inside: "enclave/analyse/", builtins: [] },
};

/** What comes from npm, by folder; tests may take more, see TEST_PACKAGES. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  "attestation-verifier": ["@noble/curves", "@noble/hashes"],
  policies: ["@cedar-policy/cedar-wasm"],
  host: [
    "@aws-sdk/credential-provider-node",
    "@fastify/helmet",
    "@fastify/rate-limit",
    "@fastify/swagger",
    "@fastify/swagger-ui",
    "@fastify/type-provider-typebox",
    "@fastify/under-pressure",
    "fastify",
    "jose",
    "prom-client",
    "typebox",
  ],
  enclave: ["@aws-sdk/client-kms", "@smithy/node-http-handler", "@smithy/signature-v4", "node-forge"],
  image: ["esbuild"],
  client: ["hpke", "@aws-sdk/client-kms"],
  pages: ["@noble/hashes", "esbuild", "preact"],
  test: ["esbuild", "fast-check"],
};

/** What any test may import besides its package, and what one folder's tests compare with. */
const TEST_PACKAGES: readonly string[] = ["vitest", "fast-check"];
const TEST_PEERS: Readonly<Record<string, readonly string[]>> = {
  wire: ["cborg", "cbor-x"],
  enclave: ["hpke"],
  "nitro-sim": ["@aws-sdk/client-kms", "@smithy/node-http-handler"],
  test: ["hpke", "fastify", "playwright-core", "axe-core", "publint", "@arethetypeswrong/core"],
  pages: ["playwright-core", "axe-core"],
};

/** Node's own modules: none in the pure packages, a short list in the enclave, all elsewhere. */
const BUILTINS: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  "attestation-verifier": [],
  policies: [],
  enclave: [
    "node:buffer",
    "node:crypto",
    "node:fs",
    "node:net",
    "node:path",
    "node:process",
    "node:tls",
    "node:https",
    "node:util",
    "node:worker_threads",
  ],
};
/** The single files of the pure packages that may name a module of Node. */
const BUILTIN_FILES: Readonly<Record<string, readonly string[]>> = { "attestation-verifier/signatures/node.ts": ["node:crypto"] };

/** Names that open what is sealed: the host moves envelopes and never says one of them. */
const HOST_NEVER = /\b(decodeRecording|decodeFindings|decodeAnalysis|deriveKeyPair|importPublicKey|openJob|openReply)\b/;

/** What says that Node is too old must not itself be found through packages; makers of test files are no part of theirs. */
const BY_PATH: readonly string[] = ["test/require-node24.mjs"];

/** The one place where a package reaches another's file by path: the image bundles the program. */
const BUNDLED_PROGRAM = "enclave/main.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

describe("architecture", () => {
  const files = Object.keys(ARROWS).flatMap((folder) => sources(join(root, folder)));

  it("finds the packages' files", () => {
    for (const folder of ["wire", "attestation-verifier", "enclave", "host", "client", "cli"]) {
      expect(
        files.some((file) => file.startsWith(`${folder}/`)),
        folder,
      ).toBe(true);
    }
  });

  it("has only the imports that the arrows allow", () => {
    expect(files.flatMap((file) => violations(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
  });

  it("lists every workspace", () => {
    const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { workspaces: string[] };
    expect(workspaces.filter((folder) => ARROWS[folder] === undefined)).toEqual([]);
  });

  it("declares in package.json what the arrows allow and nothing more", () => {
    const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { workspaces: string[] };
    const extra = workspaces.flatMap((folder) => {
      const text = readFileSync(join(root, folder, "package.json"), "utf8");
      const { dependencies = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
      const allowed = [...(ARROWS[folder] ?? []).map((name) => `@caladrius/${name}`), ...(FOREIGN[folder] ?? [])];
      return Object.keys(dependencies)
        .filter((name) => !allowed.includes(name))
        .map((name) => `${folder}/package.json: ${name}`);
    });
    expect(extra).toEqual([]);
  });

  it.each([
    ["host/store.ts", "@caladrius/enclave/analyse", "no arrow"],
    ["host/store.ts", "../enclave/analyse/index.ts", "leaves its package"],
    ["enclave/main.ts", "fastify", "not listed"],
    ["enclave/main.ts", "@caladrius/nitro-sim", "no arrow"],
    ["enclave/main.ts", "node:child_process", "not allowed"],
    ["enclave/analyse/news2.ts", "@caladrius/policies", "no arrow"],
    ["enclave/analyse/news2.ts", "../attest/result.ts", "leaves its folder"],
    ["enclave/analyse/news2.ts", "node:fs", "not allowed"],
    ["wire/job.ts", "cbor-x/encode", "not listed"],
    ["policies/decide.ts", "node:fs", "not allowed"],
    ["attestation-verifier/chain.ts", "node:crypto", "not allowed"],
    ["wire/job.ts", "cborg", "not listed"],
    ["cli/main.ts", "@caladrius/attestation-verifier/generate/test-pki.ts", "only tests"],
  ])("refuses %s importing %s", (file, specifier, reason) => {
    for (const statement of [
      ["import", quoted(specifier)],
      ["export * from", quoted(specifier)],
      [["await import", "("].join(""), quoted(specifier), ")"],
    ]) {
      expect(violations(file, statement.join(" ")).join()).toContain(reason);
    }
  });

  it("refuses a host that opens what it carries", () => {
    expect(violations("host/relay.ts", ["decode", "Recording(body)"].join(""))).toHaveLength(1);
  });

  it("lets nobody but the image bundle the program by path", () => {
    const source = `entryPoints: [${quoted(`../${BUNDLED_PROGRAM}`)}]`;
    expect(violations("image/bundle.ts", source)).toEqual([]);
    expect(violations("host/bundle.ts", source)).toHaveLength(1);
  });
});

/** Every sentence that says which import of a file breaks which rule. */
function violations(file: string, source: string): string[] {
  const folder = file.split("/")[0] ?? "";
  const found = imports(source).flatMap((specifier) => {
    const problem = judge(file, folder, specifier);
    return problem === null ? [] : [`${file}: ${specifier}: ${problem}`];
  });
  if (folder === "host" && HOST_NEVER.test(source))
    found.push(`${file}: the host opens nothing, yet it names ${HOST_NEVER.exec(source)?.[0]}`);
  const reaches = source.includes(`../${BUNDLED_PROGRAM}`);
  if (reaches && !["image", "test", "bench"].includes(folder)) found.push(`${file}: only image bundles ${BUNDLED_PROGRAM} by path`);
  return found;
}

function judge(file: string, folder: string, specifier: string): string | null {
  const isTest = file.endsWith(".test.ts") || file.includes("/generate/") || file.includes("/test-support/");
  const narrow = Object.entries(NARROWER).find(([prefix]) => file.startsWith(prefix))?.[1];
  if (specifier.startsWith(".")) {
    const target = normalize(join(dirname(file), specifier))
      .split(sep)
      .join("/");
    if (BY_PATH.includes(target)) return null;
    if (!target.startsWith(`${folder}/`)) return "leaves its package: name the package instead";
    if (narrow !== undefined && !target.startsWith(narrow.inside)) return `leaves its folder ${narrow.inside}`;
    return null;
  }
  if (specifier.startsWith("node:")) {
    if (isTest || BUILTIN_FILES[file]?.includes(specifier)) return null;
    const allowed = narrow?.builtins ?? BUILTINS[folder];
    return allowed === undefined || allowed.includes(specifier) ? null : "this module of Node is not allowed here";
  }
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  if (name === "caladrius" || name.startsWith("@caladrius/")) {
    const target = name === "caladrius" ? "cli" : name.slice("@caladrius/".length);
    const allowed = narrow?.packages ?? ARROWS[folder] ?? [];
    if (specifier.includes("/generate/") && !isTest && folder !== "bench") return "only tests take what test keys signed";
    return allowed.includes(target) || target === folder ? null : `no arrow from ${target} to ${narrow?.inside ?? folder}`;
  }
  if (isTest && (TEST_PACKAGES.includes(name) || (TEST_PEERS[folder] ?? []).includes(name))) return null;
  return (FOREIGN[folder] ?? []).includes(name) ? null : "this package is not listed for this folder";
}

/** The specifiers of `import`, `export … from` and `import(…)`; type imports count as well. */
function imports(source: string): string[] {
  const statements = source.matchAll(/^[ \t]*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"'\n]+)["']/gm);
  const others = source.matchAll(/(?:^[ \t]*import\s*|\bimport\(\s*)["']([^"'\n]+)["']/gm);
  return [...statements, ...others].map((match) => match[1] ?? "");
}

function sources(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(tsx?|mjs)$/.test(entry.name) && !entry.name.endsWith(".d.ts"))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .filter((file) => !file.includes("node_modules/"));
  } catch {
    return [];
  }
}

/** Keeps the examples above from being read as imports of this file. */
function quoted(specifier: string): string {
  return JSON.stringify(specifier);
}
