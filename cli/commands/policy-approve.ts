import { signatures } from "@caladrius/attestation-verifier/signatures";
import { extendZero } from "@caladrius/image";
import { checkBundle } from "@caladrius/policies/authoring";
import { encodeApproved, toHex } from "@caladrius/wire";
import { readSigner } from "../approval/signer.ts";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { writeWhole } from "../files.ts";
import { readConstitution, type FoundedFile } from "../fleet/deployment.ts";
import { approvalsBesides, readBundleFile, readSignedBundle, sha384, type SignedBundle } from "../policy/bundle-file.ts";
import { checkDetectors, openCedar } from "../policy/checks.ts";
import { countApprovals } from "../policy/judge.ts";
import { printApprovals, printBundle } from "../policy/print.ts";
import type { Terminal } from "../print.ts";

/** Adds one person's approval to a bundle's file, or those that another copy of it has. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const given = [args.optional("key") !== null, args.flag("passkey"), args.optional("merge") !== null];
  if (given.filter(Boolean).length !== 1) throw new UsageError("give one of --key, --passkey and --merge");
  const founded = await readConstitution(args.text("constitution"), signatures);
  const { constitution, digest } = founded;
  const mine = await readSignedBundle(file);
  const { bundle, statement } = mine;
  await about(file, () => {
    checkBundle(bundle, { constitution, constitutionDigest: digest, nowSeconds: Math.floor(Date.now() / 1000), previous: null });
    checkDetectors(bundle);
    openCedar(bundle);
  });
  const { added, who } = await newApprovals(args, mine, founded, terminal);
  const after = { ...mine, approvals: [...mine.approvals, ...added] };
  if (added.length > 0) await writeWhole(file, encodeApproved({ statement, approvals: [...after.approvals] }), { force: true });
  const quorum = await about(file, () => countApprovals(after, founded));
  const measured = sha384(statement);
  terminal.object({
    file,
    added: added.length,
    complete: quorum.ok,
    approvedBy: quorum.approvedBy,
    missing: quorum.missing,
    digest: measured,
    pcr17: extendZero(measured),
  });
  printBundle(bundle, terminal);
  terminal.line(`SHA-384    ${toHex(measured)}`);
  terminal.line(added.length > 0 ? `${file}: approved by ${who}` : `unchanged: ${file} has the approval of ${who}`);
  printApprovals(quorum, terminal);
  return EXIT.ok;
}

async function newApprovals(
  args: Arguments,
  mine: SignedBundle,
  founded: FoundedFile,
  terminal: Terminal,
): Promise<{ added: Uint8Array[]; who: string }> {
  const merge = args.optional("merge");
  if (merge !== null) {
    const other = await readBundleFile(merge);
    return { added: await about(merge, () => approvalsBesides(mine, other)), who: `those in ${merge}` };
  }
  const signer = await readSigner(args, founded, terminal);
  const { person, role } = signer.approver;
  const { approvedBy } = await countApprovals(mine, founded);
  const known = approvedBy.some((one) => one.person === person && one.role === role);
  return { added: known ? [] : [await signer.approve("bundle", mine.statement)], who: `${person}, ${role}` };
}
