import { verifyApprovals } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { AuthoringError, checkConstitution, refuseNonSuccessor } from "@caladrius/policies/authoring";
import { decodeApproved, equalBytes, MAX_CONSTITUTION_BYTES } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import { missingWords } from "../fleet/record.ts";
import { printApprovals, printWarnings } from "../policy/print.ts";
import { changesFor, measured, printChanges } from "../policy/succession.ts";
import { styled, type Terminal } from "../print.ts";

/** Whether a constitution can work, and whether it follows another with the approval of that one's quorum. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const next = await readConstitution(file, signatures);
  const warnings = await about(file, () => checkConstitution(next.constitution, Math.floor(Date.now() / 1000)));
  const { pcr16 } = measured(next);
  const [predecessor, approvalsFile] = [args.optional("predecessor"), args.optional("approvals")];
  if ((predecessor === null) !== (approvalsFile === null))
    throw new UsageError("--predecessor and --approvals go together: the old constitution's quorum decides");
  if (predecessor === null || approvalsFile === null) {
    terminal.object({ file, status: "sound", digest: next.digest, pcr16, warnings, quorum: null, changes: [] });
    terminal.line([styled("green", "sound"), "      its quorums can be reached, and one of its approvers signed it"]);
    if (next.constitution.predecessor !== null)
      terminal.line([styled("yellow", "not verified: whether its predecessor's quorum approved it; give --predecessor and --approvals")]);
    terminal.line(`PCR16      ${pcr16}`);
    printWarnings(warnings, terminal);
    return EXIT.ok;
  }

  const old = await readConstitution(predecessor, signatures);
  await about(file, () => refuseNonSuccessor(next.constitution, measured(old)));
  const statement = await readLimited(file, MAX_CONSTITUTION_BYTES);
  const bytes = await readLimited(approvalsFile, MAX_SUCCESSION_BYTES);
  const approvals = await about(approvalsFile, () => {
    const read = decodeApproved(bytes);
    if (!equalBytes(read.statement, statement)) throw new AuthoringError("approval-statement", "not the constitution that was named");
    return read.approvals;
  });
  const quorum = await verifyApprovals(
    { kind: "constitution", statement, constitution: old.constitution, constitutionDigest: old.digest, approvals },
    signatures,
  );
  const changes = await changesFor(args, old, next);
  terminal.object({ file, status: quorum.ok ? "sound" : "incomplete", digest: next.digest, pcr16, warnings, quorum, changes });
  terminal.line(`PCR16      ${pcr16}, after ${measured(old).pcr16}`);
  printApprovals(quorum, terminal);
  printWarnings(warnings, terminal);
  if (quorum.ok) {
    printChanges(changes, terminal);
    return EXIT.ok;
  }
  const problem = new AuthoringError("constitution-succession", missingWords(quorum));
  terminal.line([styled("red", "refused"), `    ${problem.message} (${problem.code})`]);
  return EXIT.contraindicated;
}

const MAX_SUCCESSION_BYTES = 1024 * 1024;
