import { createHash } from "node:crypto";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { approvedBytes, encodeApproval, encodeApproved, encodeStatement } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { styled, type Terminal } from "../print.ts";
import { approverOfKey } from "../release/approver.ts";
import { missingWords } from "../release/print.ts";
import { readStatusFile, verifyBytes, verifyStatusFile } from "../status/file.ts";
import { printChanges, printStatusList } from "../status/print.ts";

/** One person's approval of a list that takes something back. Repeating it changes nothing. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const path = args.inputs[0] ?? "";
  const founded = await readConstitution(args.text("constitution"), signatures);
  const key = await readApproverKey(args.text("key"));
  const { person, role } = approverOfKey(founded.constitution, key.publicKey, {
    person: args.optional("person"),
    role: args.optional("role"),
  });
  const draft = await readStatusFile(path);
  const { quorum: before } = await verifyStatusFile(draft, founded, null);
  const last = args.optional("last") === null ? null : await readStatusFile(args.text("last"));
  printStatusList(draft.list, terminal);
  if (last !== null) printChanges(last.list, draft.list, terminal);
  const known = before.approvedBy.some((one) => one.person === person && one.role === role);
  const { statement, approvals } = draft.source;
  const digest = createHash("sha384")
    .update(approvedBytes("status-list", founded.digest, statement))
    .digest();
  const payload = encodeApproval({ kind: "status-list", digest: new Uint8Array(digest), person, role, at: Math.floor(Date.now() / 1000) });
  const approval = encodeStatement("approval", key.publicKey.alg, payload, (bytes) => key.sign(bytes));
  const bytes = known ? draft.bytes : encodeApproved({ statement, approvals: [...approvals, approval] });
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
