import { diffGovernedTrust } from "@caladrius/attestation-verifier/governance";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

/** Compares two trust files; the exit code tells whether they accept the same. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [before = "", after = ""] = args.inputs;
  const differences = diffGovernedTrust(await readTrustFile(before), await readTrustFile(after));
  for (const difference of differences) {
    terminal.object(difference);
    if (difference.before !== null) terminal.line([styled("red", "- "), `${difference.what} ${difference.before}`]);
    if (difference.after !== null) terminal.line([styled("green", "+ "), `${difference.what} ${difference.after}`]);
  }
  const widening = differences.filter((difference) => difference.widens).length;
  if (differences.length === 0) terminal.line("both accept the same");
  else if (widening === 0) terminal.line(`${after} accepts nothing that ${before} does not`);
  else terminal.line([styled("yellow", `${after} accepts more than ${before}: ${widening} of ${differences.length} differences widen it`)]);
  return differences.length === 0 ? EXIT.ok : EXIT.contraindicated;
}
