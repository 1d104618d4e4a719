import { firstStatusList } from "@caladrius/policies/status";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { readStatusKey, sign } from "../status/issue.ts";
import { printStatusList } from "../status/print.ts";

/** The first status list of a deployment. It revokes nothing, and without one no enclave starts. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const { constitution, digest } = await readConstitution(args.text("constitution"), signatures);
  const key = await readStatusKey(args.text("key"), constitution);
  const out = args.text("out");
  const first = firstStatusList(digest, Math.floor(Date.now() / 1000));
  const number = args.integer("number", 1, 2 ** 40, 1);
  const lowestPolicyVersion = args.integer("lowest-policy", 0, 2 ** 40, 0);
  const list = { ...first, number, lowestPolicyVersion };
  await writeWhole(out, sign(list, key), { force: args.flag("force") });
  terminal.object({ file: out, changed: true, number });
  printStatusList(list, terminal);
  terminal.line(`${out}: hosts take it as --status-list; renew it before it expires`);
  return EXIT.ok;
}
