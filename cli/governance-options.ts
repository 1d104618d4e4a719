import { verifyRelease, type PinnedConstitution } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeConstitution, decodeStatement, MAX_CONSTITUTION_BYTES, toBase64, type RoleThreshold } from "@caladrius/wire";
import type { Arguments } from "./arguments.ts";
import { about, UsageError } from "./exit.ts";
import { readLimited } from "./files.ts";
import { sha384 } from "./policy/bundle-file.ts";
import { readUnverifiedRelease } from "./release/file.ts";

/** What a trust file says of releases, as `parseGovernedTrustFile` reads it. */
export interface Governance {
  readonly constitution: string;
  readonly releases: "approved" | readonly { readonly statement: string; readonly approvals: readonly string[] }[];
  readonly quorum?: readonly RoleThreshold[];
}

/**
 * What --releases, --release and --quorum put into a trust file; null where measurements alone are pinned. Each release
 * that is named must have its quorum now: whoever reads the file would refuse it.
 * @throws UsageError; FileProblem around ReleaseError release-*, WireError, LimitError or an error of the system
 */
export async function readGovernance(args: Arguments): Promise<Governance | null> {
  const any = args.oneOf("releases", ["approved"]);
  const files = args.many("release");
  const quorum = args.many("quorum").map(readThreshold);
  if (any === null && files.length === 0) {
    if (quorum.length > 0) throw new UsageError("--quorum goes with --releases approved or --release");
    if (args.optional("eif") === null)
      throw new UsageError("--eif is missing", "or give --constitution with --releases approved, or with --release F");
    return null;
  }
  if (any !== null && files.length > 0)
    throw new UsageError("--releases approved takes any approved release, --release the one that it names: give one of the two");
  const path = args.optional("constitution");
  if (path === null) throw new UsageError("--constitution is missing: it says who approves releases");
  if (args.optional("bundle") !== null)
    throw new UsageError("--bundle pins the policy of one image; releases name no policy, and would be taken under any");

  const statement = await readLimited(path, MAX_CONSTITUTION_BYTES);
  const constitution = await about(path, () => decodeConstitution(decodeStatement(statement, "constitution").payload), "constitution");
  const pinned = { constitution, constitutionDigest: sha384(statement) };
  const releases = [];
  for (const file of files) releases.push(await readNamed(file, pinned, quorum));
  return {
    constitution: toBase64(statement),
    releases: any ?? releases,
    ...(quorum.length === 0 ? {} : { quorum }),
  };
}

async function readNamed(file: string, pinned: PinnedConstitution, quorum: readonly RoleThreshold[]) {
  const { source } = await readUnverifiedRelease(file);
  await about(file, () => verifyRelease(source, pinned, signatures, quorum));
  return { statement: toBase64(source.statement), approvals: source.approvals.map((one) => toBase64(one)) };
}

/** ROLE=N. */
function readThreshold(word: string): RoleThreshold {
  const [, role, threshold] = /^(.+)=(\d{1,2})$/s.exec(word) ?? [];
  if (role === undefined) throw new UsageError(`--quorum ${JSON.stringify(word)} is not ROLE=N`, "such as --quorum insurer=1");
  return { role, threshold: Number(threshold) };
}
