import { requireCurrent } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { styled, type Terminal } from "../print.ts";
import { readStatusFile, verifyStatusFile } from "../status/file.ts";
import { printChanges, printStatusList } from "../status/print.ts";

/** What a list says and, with the constitution, whether enclaves would take it now. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = await readStatusFile(args.inputs[0] ?? "");
  const [constitution, lastPath] = [args.optional("constitution"), args.optional("last")];
  const last = lastPath === null ? null : await readStatusFile(lastPath);
  if (constitution === null) {
    if (args.flag("current")) throw new UsageError("--current needs --constitution: without it nothing is verified");
    terminal.object({ file: file.path, status: "unverified", ...file.list, approvedBy: null });
    terminal.line([styled("yellow", "not verified: --constitution F verifies signature and approvals")]);
    return show();
  }
  const founded = await readConstitution(constitution, signatures);
  const before = last === null ? null : await verifyStatusFile(last, founded, null);
  const verified = await verifyStatusFile(file, founded, before);
  if (args.flag("current")) await about(file.path, () => requireCurrent(verified, Date.now()));
  const { approvedBy } = verified.quorum;
  terminal.object({ file: file.path, status: "verified", ...file.list, approvedBy });
  terminal.line([styled("green", "verified"), "   a status key of this constitution signed it"]);
  for (const { person, role } of approvedBy) terminal.line(`approved   ${person}, ${role}`);
  return show();

  function show(): ExitCode {
    printStatusList(file.list, terminal);
    if (last !== null) printChanges(last.list, file.list, terminal);
    return EXIT.ok;
  }
}
