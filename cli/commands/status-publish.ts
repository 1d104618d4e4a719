import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { UsageError, type ExitCode } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { readStatusFile, verifyStatusFile } from "../status/file.ts";
import { publish, worstOf } from "../status/publish.ts";

/** Hands a list to hosts, and puts it where hosts look for it. What enclaves would not take is not published. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const path = args.inputs[0] ?? "";
  const [hosts, over] = [args.many("host"), args.optional("over")];
  if (hosts.length === 0 && over === null)
    throw new UsageError("nowhere to publish it is named", "name hosts with --host, or with --over the file that they watch");
  const founded = await readConstitution(args.text("constitution"), signatures);
  const file = await readStatusFile(path);
  const last = over === null ? null : await verifyStatusFile(await readStatusFile(over), founded, null);
  await verifyStatusFile(file, founded, last);
  if (over !== null) await writeWhole(over, file.bytes, { force: true });
  const published = await publish(file.bytes, hosts, terminal);
  terminal.object({ file: path, over, number: file.list.number, published });
  if (over !== null) terminal.line(`${over}: number ${file.list.number}`);
  return worstOf(published);
}
