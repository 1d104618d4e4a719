import { createHash } from "node:crypto";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import {
  approvedBytes,
  encodeApproval,
  encodeApproved,
  encodeStatement,
  equalBytes,
  MAX_CONSTITUTION_BYTES,
  type Approved,
} from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, writeWhole } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";
import { readConstitution, type Founded } from "../fleet/deployment.ts";
import type { Terminal } from "../print.ts";
import { approverOfKey, approversByPasskey } from "../release/approver.ts";
import { countUnder, readReleaseFile, readUnverifiedRelease } from "../release/file.ts";
import { askApproval } from "../release/passkey.ts";
import { printQuorum, printRelease } from "../release/print.ts";

/** Adds one person's approval to a release's file, or those that another copy of the file has. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const path = args.inputs[0] ?? "";
  const [keyPath, merge] = [args.optional("key"), args.optional("merge")];
  if ([keyPath !== null, args.flag("passkey"), merge !== null].filter(Boolean).length !== 1)
    throw new UsageError("give one of --key, --passkey and --merge");
  const founded = await readConstitution(args.text("constitution"), signatures);
  const { source, counted } = await readReleaseFile(path, founded);
  printRelease(counted.release, counted.digest, terminal);
  const claimed = { person: args.optional("person"), role: args.optional("role") };
  let added: Uint8Array[];
  let who: string;
  if (merge !== null) {
    who = `those in ${merge}`;
    added = await approvalsOf(merge, source);
  } else {
    const key = keyPath === null ? null : await readApproverKey(keyPath);
    const approver =
      key === null ? approversByPasskey(founded.constitution, claimed) : approverOfKey(founded.constitution, key.publicKey, claimed);
    const { person, role } = approver;
    who = `${person}, ${role}`;
    if (counted.quorum.approvedBy.some((one) => one.person === person && one.role === role)) added = [];
    else if (key === null)
      added = [
        await askApproval(
          {
            source,
            founded,
            constitution: await readLimited(args.text("constitution"), MAX_CONSTITUTION_BYTES),
            approver,
            port: portOf(args),
          },
          terminal,
        ),
      ];
    else {
      const payload = approvalPayload(source, founded, person, role);
      added = [encodeStatement("approval", key.publicKey.alg, payload, (bytes) => key.sign(bytes))];
    }
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

function portOf(args: Arguments): number | null {
  return args.optional("port") === null ? null : args.integer("port", 1, 65_535, 0);
}

/** The payload of one person's approval now. */
function approvalPayload({ statement }: Approved, { digest }: Founded, person: string, role: string): Uint8Array {
  const approved = createHash("sha384")
    .update(approvedBytes("release", digest, statement))
    .digest();
  return encodeApproval({ kind: "release", digest: new Uint8Array(approved), person, role, at: Math.floor(Date.now() / 1000) });
}

/** Approvals of another copy of the same release that this one lacks. */
async function approvalsOf(path: string, { statement, approvals }: Approved): Promise<Uint8Array[]> {
  const { source: other } = await readUnverifiedRelease(path);
  if (!equalBytes(other.statement, statement))
    throw new UsageError(`${path} is another release`, "approvals count for the very bytes that were approved");
  return other.approvals.filter((one) => !approvals.some((mine) => equalBytes(mine, one)));
}
