import { renderPublicKey, thumbprintOf } from "@caladrius/client";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { openToldKey } from "../keys.ts";
import type { Terminal } from "../print.ts";

/** The public half of a submitter's key file: for whoever gives grants, or names this submitter as a recipient. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [path, out] = [args.text("key"), args.optional("out")];
  const key = await openToldKey(path, terminal);
  const text = renderPublicKey(key);
  if (out !== null) await writeWhole(out, text, { force: args.flag("force") });
  terminal.object({ thumbprint: thumbprintOf(key.signing), signing: key.signing.key, suite: key.sealing.suite, out });
  terminal.line(`thumbprint  ${toHex(thumbprintOf(key.signing))}`);
  terminal.line(`signs with  ${key.signing.alg}`);
  terminal.line(`opens with  ${key.sealing.suite}`);
  if (out === null) terminal.line("--out FILE writes both public keys, for --holder and --recipient");
  else terminal.line(`wrote ${out}: nothing in it is secret`);
  return EXIT.ok;
}
