#!/usr/bin/env node
// Finds a Node that runs TypeScript (24 or newer): this one, else the one that `npm ci` brought. Plain JavaScript, so that an old Node can say what to do.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import * as module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

if (Number.parseInt(process.versions.node, 10) >= 24) {
  // node:sqlite and ML-KEM still announce themselves as experimental on Node 24; other warnings stay.
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (warning.name !== "ExperimentalWarning") console.error(`${warning.name}: ${warning.message}`);
  });
  // Compiled sources are kept beside the packages, where only whoever may change the program may write; elsewhere another
  // user of the machine could plant code in the cache.
  module.enableCompileCache(join(here, "..", "node_modules", ".cache", "caladrius"));
  const { main } = await import("./main.ts");
  await main(process.argv.slice(2));
} else {
  const node = findNode(here);
  if (node === null) {
    console.error(
      `caladrius needs Node 24 or newer and this is Node ${process.versions.node}: ` +
        "run `npm ci` in the project's folder (on Linux x64 and arm64 it brings its own), or install Node 24.",
    );
    process.exit(2);
  }
  runWith(node);
}

/** The project's own Node, from this folder upwards. */
function findNode(start) {
  const name = `node-${process.platform}-${process.arch}`;
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name, "bin", "node");
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      if (dirname(folder) === folder) return null;
    }
  }
}

function runWith(node) {
  const child = spawn(node, [join(here, "caladrius.mjs"), ...process.argv.slice(2)], { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`caladrius could not start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
