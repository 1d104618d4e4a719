import { verifyApprovals } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { refuseNonSuccessor } from "@caladrius/policies/authoring";
import { decodeApproved, encodeApproved, toHex } from "@caladrius/wire";
import { readSigner } from "../approval/signer.ts";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, type ExitCode } from "../exit.ts";
import { readIfThere, writeWhole } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { approvalsBesides } from "../policy/bundle-file.ts";
import { printApprovals, printConstitution } from "../policy/print.ts";
import { measured } from "../policy/succession.ts";
import type { Terminal } from "../print.ts";

/** One approver's word that a constitution follows theirs; approvals gather in a file beside it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.text("out");
  const old = await readConstitution(args.text("predecessor"), signatures);
  const next = await readConstitution(file, signatures);
  await about(file, () => refuseNonSuccessor(next.constitution, measured(old)));
  const signer = await readSigner(args, old, terminal);
  const { approver } = signer;
  const { statement } = next;
  const existing = await readIfThere(out, MAX_SUCCESSION_BYTES);
  const approvals = existing === null ? [] : await about(out, () => decodeApproved(existing).approvals);
  if (existing !== null) await about(out, () => approvalsBesides({ statement, approvals: [] }, { ...decodeApproved(existing) }));

  const judge = (given: readonly Uint8Array[]): ReturnType<typeof verifyApprovals> =>
    verifyApprovals(
      { kind: "constitution", statement, constitution: old.constitution, constitutionDigest: old.digest, approvals: given },
      signatures,
    );
  const known = (await judge(approvals)).approvedBy.some(({ person, role }) => person === approver.person && role === approver.role);
  const after = known ? approvals : [...approvals, await signer.approve("constitution", statement)];
  if (!known) await writeWhole(out, encodeApproved({ statement, approvals: after }), { force: true });
  const quorum = await judge(after);

  terminal.object({ out, added: !known, complete: quorum.ok, approvedBy: quorum.approvedBy, missing: quorum.missing, digest: next.digest });
  printConstitution(next.constitution, { digest: toHex(next.digest), pcr16: measured(next).pcr16 }, terminal);
  terminal.line();
  terminal.line(
    known
      ? `unchanged: ${out} has the approval of ${approver.person}, ${approver.role}`
      : `${out}: approved by ${approver.person}, ${approver.role}`,
  );
  printApprovals(quorum, terminal);
  return EXIT.ok;
}

const MAX_SUCCESSION_BYTES = 1024 * 1024;
