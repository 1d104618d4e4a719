import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { build, stop, type BuildOptions, type BuildResult, type SameShape } from "esbuild";
import { ImageError } from "../errors.ts";
import { replaceForeign } from "./replaced.ts";

/** One source file that is part of the bundle. */
export interface BundleInput {
  /** Relative to the repository. */
  path: string;
  sha256: string;
  bytes: number;
  /** `source`, or the npm package with its version. */
  origin: string;
}

/** A file that lies beside the bundle, as its package has it. */
export interface BundleFile {
  name: string;
  data: Uint8Array;
  /** The npm package with its version. */
  origin: string;
}

/** The enclave program as one file, and what it was made of. */
export interface Bundle {
  code: Uint8Array;
  /** WebAssembly of packages whose glue is in the code. */
  files: BundleFile[];
  /** Sorted by path. */
  inputs: BundleInput[];
}

/**
 * Bundle the program at `entry` into one unminified ES module that imports only Node's own modules.
 *
 * Comments in it name each input relative to `root`, so that the bytes do not depend on where the repository lies. It
 * reads no environment: `process.env` is an empty object in it.
 * @throws ImageError `bundle-failed`; `bundle-input` when it would hold a file of the host, the client or the simulator.
 */
export async function bundleProgram(root: string, entry: string): Promise<Bundle> {
  const result = await runEsbuild({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    outfile: path.join(root, "enclave.mjs"),
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: ["node", "import", "module"], // the last gives the AWS SDK by single files, of which only those needed stay
    mainFields: ["module", "main"],
    nodePaths: [],
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, target: "es2023" } },
    plugins: [replaceForeign(root)],
    define: { "process.env": "NO_ENVIRONMENT" },
    banner: { js: "const NO_ENVIRONMENT = Object.freeze({});" },
    minify: false,
    sourcemap: false,
    legalComments: "inline",
    charset: "utf8",
    logLevel: "silent",
  });
  const code = result.outputFiles[0]?.contents;
  if (code === undefined) throw new ImageError("bundle-failed", "no output");
  const paths = Object.keys(result.metafile.inputs).toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const versions = new Map<string, string>();
  const inputs: BundleInput[] = [];
  const files: BundleFile[] = [];
  for (const input of paths) {
    if (input !== entryName(root, entry) && !ALLOWED.test(input)) throw new ImageError("bundle-input", input);
    const bytes = await readFile(path.join(root, input));
    inputs.push({
      path: input,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      bytes: bytes.length,
      origin: await originOf(root, input, versions),
    });
    if (input !== CEDAR_GLUE) continue;
    const wasm = path.posix.join(path.posix.dirname(input), CEDAR_WASM);
    files.push({ name: CEDAR_WASM, data: await readFile(path.join(root, wasm)), origin: await originOf(root, wasm, versions) });
  }
  return { code, files, inputs };
}

function entryName(root: string, entry: string): string {
  return path.relative(root, entry).split(path.sep).join("/");
}

async function originOf(root: string, input: string, versions: Map<string, string>): Promise<string> {
  const match = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
  if (match === null) return "source";
  const folder = match[0];
  let origin = versions.get(folder);
  if (origin === undefined) {
    const { name, version } = JSON.parse(await readFile(path.join(root, folder, "package.json"), "utf8")) as {
      name: string;
      version: string;
    };
    origin = `npm ${name}@${version}`;
    versions.set(folder, origin);
  }
  return origin;
}

// The measured program is made of these folders alone (the arrows into `enclave`), and never of tests or development data.
const ALLOWED =
  /^(?!.*\.test\.ts$)(?!policies\/development\/)(?:(?:wire|attestation-verifier|policies|enclave)\/|node_modules\/(?!@caladrius\/))/;

/** Glue and WebAssembly are made together: of this glue, this file beside it. */
const CEDAR_GLUE = "node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm.js";
const CEDAR_WASM = "cedar_wasm_bg.wasm";

/** Builds under way: they share one service of esbuild's, which would outlive the last of them as a child of ours. */
let building = 0;

async function runEsbuild<O extends BuildOptions>(options: SameShape<BuildOptions, O>): Promise<BuildResult<O>> {
  building++;
  try {
    return await build(options);
  } catch (error) {
    throw new ImageError("bundle-failed", error instanceof Error ? error.message : String(error));
  } finally {
    if (--building === 0) await stop();
  }
}
