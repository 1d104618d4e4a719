import { createHash } from "node:crypto";
import { readTable, runTable, TABLE_EXAMPLE } from "@caladrius/policies/authoring";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readText } from "../files.ts";
import { readBundleFile } from "../policy/bundle-file.ts";
import { checkDetectors, openCedar } from "../policy/checks.ts";
import { styled, type Terminal } from "../print.ts";

/** Asks a bundle what it says to a table of jobs, through the very decision that enclaves make. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  if (args.flag("example")) {
    terminal.object({ example: TABLE_EXAMPLE });
    for (const line of TABLE_EXAMPLE.trimEnd().split("\n")) terminal.line(line);
    return EXIT.ok;
  }
  const [table, file] = args.inputs;
  if (table === undefined || file === undefined)
    throw new UsageError("TABLE and BUNDLE are missing", "`caladrius policy test --example` prints a table to begin with");
  const text = await readText(table, MAX_TABLE_BYTES);
  const rows = await about(table, () => readTable(text));
  const { bundle } = await readBundleFile(file);
  const cedar = await about(file, () => {
    checkDetectors(bundle);
    return openCedar(bundle);
  });
  const outcomes = runTable(rows, bundle, { cedar, sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()) });
  for (const outcome of outcomes) terminal.object(outcome);
  terminal.table(
    outcomes.map(({ name, expected, actual, passed }) => [
      passed ? styled("green", "passed") : styled("red", "FAILED"),
      name,
      passed ? actual : `expected ${expected}, found ${actual}`,
    ]),
  );
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  terminal.line(`${passed} of ${outcomes.length} passed`);
  return passed === outcomes.length ? EXIT.ok : EXIT.contraindicated;
}

const MAX_TABLE_BYTES = 4 * 1024 * 1024;
