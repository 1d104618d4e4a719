import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build, stop } from "esbuild";

/**
 * Builds the verification page: one HTML file with its script and style inside and no address in it. Its policy (CSP 3)
 * lets exactly this script and this style act, and nothing reach a network, so the page cannot send what it is shown.
 */
export function buildVerifyPage(): Promise<string> {
  return buildPage("verify", []);
}

/** Builds the page on which a passkey approves or is made: the same, but for the way back to the command that serves it. */
export function buildApprovePage(): Promise<string> {
  return buildPage("approve", ["connect-src 'self'"]);
}

async function buildPage(name: "verify" | "approve", more: readonly string[]): Promise<string> {
  const [script, style, shell] = await sources(name);
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) throw new Error("a bundle that would end its own element");
  const policy = [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "img-src data:",
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    ...more,
  ].join("; ");
  return shell
    .replace("<!-- policy -->", () => `<meta http-equiv="Content-Security-Policy" content="${policy}">`)
    .replace("<!-- style -->", () => `<style>${style}</style>`)
    .replace("<!-- script -->", () => `<script>${script}</script>`);
}

async function sources(name: string): Promise<[script: string, style: string, shell: string]> {
  try {
    return await Promise.all([
      bundle(`${name}/main.tsx`),
      bundle(`${name}/${name}.css`),
      readFile(join(folder, `${name}/shell.html`), "utf8"),
    ]);
  } finally {
    await stop(); // esbuild's service would outlive us as a child
  }
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    platform: "browser",
    target: ["es2023", "chrome116", "firefox117", "safari17"],
    conditions: ["browser"],
    jsx: "automatic",
    jsxImportSource: "preact",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    logLevel: "silent",
  });
  return (outputFiles[0]?.text ?? "").trim();
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

const folder = import.meta.dirname;

if (import.meta.main) {
  const out = join(dirname(folder), "dist/pages/verify.html");
  await mkdir(dirname(out), { recursive: true });
  const page = await buildVerifyPage();
  await writeFile(out, page);
  console.log(`${out}: ${(page.length / 1000).toFixed(0)} kB`);
}
