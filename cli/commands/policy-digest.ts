import { extendZero } from "@caladrius/image";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { readSignedBundle, sha384 } from "../policy/bundle-file.ts";
import type { Terminal } from "../print.ts";

/** SHA-384 of a bundle's statement, and the PCR17 that an enclave booted with it shows. Approvals are not measured. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const { statement } = await readSignedBundle(args.inputs[0] ?? "");
  const digest = sha384(statement);
  const pcr17 = extendZero(digest);
  terminal.object({ file: args.inputs[0], digest, pcr17 });
  terminal.table([
    ["SHA-384", toHex(digest)],
    ["PCR17", toHex(pcr17)],
  ]);
  return EXIT.ok;
}
