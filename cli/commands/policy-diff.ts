import { diffBundles } from "@caladrius/policies/authoring";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readBundleFile } from "../policy/bundle-file.ts";
import { printDifferences } from "../policy/print.ts";
import { styled, type Terminal } from "../print.ts";

/** What differs between two bundles, for whoever has to approve the second; the exit code tells whether anything does. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [before = "", after = ""] = args.inputs;
  const differences = diffBundles((await readBundleFile(before)).bundle, (await readBundleFile(after)).bundle);
  for (const difference of differences) terminal.object(difference);
  printDifferences(differences, terminal);
  const [wider, read] = (["wider", "read"] as const).map((effect) => differences.filter((one) => one.effect === effect).length);
  if (differences.length === 0) terminal.line("both say the same");
  else if (wider === 0 && read === 0) terminal.line(`${after} allows nothing that ${before} does not`);
  else
    terminal.line([styled("yellow", `${differences.length} differences: ${wider ?? 0} allow more, ${read ?? 0} only a reader can judge`)]);
  return differences.length === 0 ? EXIT.ok : EXIT.contraindicated;
}
