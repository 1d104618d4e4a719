import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** As an insurer's bundler would: for browsers, one file, minified; nothing replaced, nothing polyfilled. */
export async function bundleForBrowser(options: BuildOptions): Promise<string> {
  const { outputFiles, warnings } = await build({
    ...options,
    absWorkingDir: here,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    conditions: ["browser"],
    target: "es2023",
    write: false,
    logLevel: "silent",
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("\n"));
  return outputFiles?.map(({ text }) => text).join("") ?? "";
}

/** Code that stands in no file. */
export function source(contents: string): BuildOptions {
  return { stdin: { contents, resolveDir: here, loader: "js" } };
}
