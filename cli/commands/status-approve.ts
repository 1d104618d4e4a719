import { signatures } from "@caladrius/attestation-verifier/signatures";
import { encodeApproved } from "@caladrius/wire";
import { readSigner } from "../approval/signer.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { styled, type Terminal } from "../print.ts";
import { missingWords } from "../release/print.ts";
import { readStatusFile, verifyBytes, verifyStatusFile } from "../status/file.ts";
import { printChanges, printStatusList } from "../status/print.ts";

/** One person's approval of a list that takes something back. Repeating it changes nothing. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const path = args.inputs[0] ?? "";
  const founded = await readConstitution(args.text("constitution"), signatures);
  const signer = await readSigner(args, founded, terminal);
  const { person, role } = signer.approver;
  const draft = await readStatusFile(path);
  const { quorum: before } = await verifyStatusFile(draft, founded, null);
  const last = args.optional("last") === null ? null : await readStatusFile(args.text("last"));
  printStatusList(draft.list, terminal);
  if (last !== null) printChanges(last.list, draft.list, terminal);
  const known = before.approvedBy.some((one) => one.person === person && one.role === role);
  const { statement, approvals } = draft.source;
  const added = known ? [] : [await signer.approve("status-list", statement, { previous: last?.source.statement ?? null })];
  const bytes = known ? draft.bytes : encodeApproved({ statement, approvals: [...approvals, ...added] });
  if (!known) await writeWhole(path, bytes, { force: true });
  const { quorum } = await verifyBytes(bytes, founded, null);
  terminal.object({
    file: path,
    changed: !known,
    number: draft.list.number,
    complete: quorum.ok,
    approvedBy: quorum.approvedBy,
    missing: quorum.missing,
  });
  terminal.line(known ? `unchanged: ${path} has the approval of ${person}, ${role}` : `${path}: approved by ${person}, ${role}`);
  if (quorum.ok) terminal.line([styled("green", "complete"), `  publish it with \`caladrius status publish ${path}\``]);
  else terminal.line([styled("yellow", "still missing"), `  ${missingWords(quorum.missing)}`]);
  return EXIT.ok;
}
