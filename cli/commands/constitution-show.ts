import { signatures } from "@caladrius/attestation-verifier/signatures";
import { extendZero } from "@caladrius/image";
import { checkConstitution } from "@caladrius/policies/authoring";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { printConstitution, printWarnings } from "../policy/print.ts";
import type { Terminal } from "../print.ts";

/** Who may do what under a constitution, and what it is measured as. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const { constitution, digest } = await readConstitution(file, signatures);
  // At its own beginning: that it has ended is shown, and no reason not to show it.
  const warnings = await about(file, () => checkConstitution(constitution, constitution.notBefore));
  const pcr16 = toHex(extendZero(digest));
  terminal.object({ file, digest, pcr16, constitution, warnings });
  printConstitution(constitution, { digest: toHex(digest), pcr16 }, terminal);
  printWarnings(warnings, terminal);
  return EXIT.ok;
}
