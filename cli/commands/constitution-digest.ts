import { signatures } from "@caladrius/attestation-verifier/signatures";
import { extendZero } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";

/** SHA-384 of a constitution, and the PCR16 that an enclave booted with it shows. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const { digest } = await readConstitution(args.inputs[0] ?? "", signatures);
  const pcr16 = extendZero(digest);
  terminal.object({ file: args.inputs[0], digest, pcr16 });
  terminal.table([
    ["SHA-384", toHex(digest)],
    ["PCR16", toHex(pcr16)],
  ]);
  return EXIT.ok;
}
