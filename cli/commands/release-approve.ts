import { signatures } from "@caladrius/attestation-verifier/signatures";
import { encodeApproved, equalBytes, type Approved } from "@caladrius/wire";
import { readSigner } from "../approval/signer.ts";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { readConstitution } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { countUnder, readReleaseFile, readUnverifiedRelease } from "../release/file.ts";
import { printQuorum, printRelease } from "../release/print.ts";

/** Adds one person's approval to a release's file, or those that another copy of the file has. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const path = args.inputs[0] ?? "";
  const merge = args.optional("merge");
  if ([args.optional("key") !== null, args.flag("passkey"), merge !== null].filter(Boolean).length !== 1)
    throw new UsageError("give one of --key, --passkey and --merge");
  const founded = await readConstitution(args.text("constitution"), signatures);
  const { source, counted } = await readReleaseFile(path, founded);
  printRelease(counted.release, counted.digest, terminal);
  let added: Uint8Array[];
  let who: string;
  if (merge !== null) {
    who = `those in ${merge}`;
    added = await approvalsOf(merge, source);
  } else {
    const signer = await readSigner(args, founded, terminal);
    const { person, role } = signer.approver;
    who = `${person}, ${role}`;
    const known = counted.quorum.approvedBy.some((one) => one.person === person && one.role === role);
    added = known ? [] : [await signer.approve("release", source.statement)];
  }
  const after: Approved = { ...source, approvals: [...source.approvals, ...added] };
  const { quorum } = await countUnder(after, founded);
  if (added.length > 0) await writeWhole(path, encodeApproved(after), { force: true });
  terminal.object({
    file: path,
    added: added.length,
    digest: counted.digest,
    ...counted.release,
    complete: quorum.ok,
    approvedBy: quorum.approvedBy,
    missing: quorum.missing,
  });
  terminal.line(added.length > 0 ? `${path}: approved by ${who}` : `unchanged: ${path} has the approval of ${who}`);
  printQuorum(quorum, terminal);
  return EXIT.ok;
}

/** Approvals of another copy of the same release that this one lacks. */
async function approvalsOf(path: string, { statement, approvals }: Approved): Promise<Uint8Array[]> {
  const { source: other } = await readUnverifiedRelease(path);
  if (!equalBytes(other.statement, statement))
    throw new UsageError(`${path} is another release`, "approvals count for the very bytes that were approved");
  return other.approvals.filter((one) => !approvals.some((mine) => equalBytes(mine, one)));
}
