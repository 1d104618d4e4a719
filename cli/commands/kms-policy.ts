import { signatures } from "@caladrius/attestation-verifier/signatures";
import { verifyApprovals } from "@caladrius/attestation-verifier/governance";
import { extendZero } from "@caladrius/image";
import { writeKeyPolicy } from "@caladrius/policies/kms";
import { decodeApproved, decodeRelease, decodeStatement, toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, writeWhole } from "../files.ts";
import { readConstitution, signedByApprover, type Founded } from "../fleet/deployment.ts";
import { FleetError } from "../fleet/errors.ts";
import { missingWords } from "../fleet/record.ts";
import type { Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

/** Writes the least key policy under which the enclaves of a release, or of a trust file, can use a KMS key. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const founded = await readConstitution(args.text("constitution"), signatures);
  const pcr16 = toHex(extendZero(founded.digest));
  const sets = (await releasedSets(args, founded)).map((set) => ({ ...set, 16: pcr16 }));
  const fleet = args.optional("fleet");
  const policy = writeKeyPolicy({
    sets,
    roles: args.many("role"),
    context: { "caladrius-constitution": toHex(founded.digest), ...(fleet === null ? {} : { "caladrius-fleet": fleet }) },
    admins: args.many("admin"),
    policyAdmins: args.many("policy-admin"),
  });
  const out = args.optional("out");
  if (out !== null) await writeWhole(out, policy, { force: args.flag("force") });
  terminal.object({ policy: JSON.parse(policy) as unknown, out });
  if (out === null) for (const line of policy.trimEnd().split("\n")) terminal.line(line);
  else terminal.line(`wrote      ${out}`);
  if (args.many("policy-admin").length === 0)
    terminal.progress(
      "nobody can change this policy: KMS takes it only with --bypass-policy-lockout-safety-check, and a later release needs a new key",
    );
  return EXIT.ok;
}

/** PCR0, 1 and 2 of what may use the key: every set that the constitution's quorum released, or that a trust file accepts. */
async function releasedSets(args: Arguments, founded: Founded): Promise<Record<number, string>[]> {
  const release = args.optional("release");
  const trustFile = args.optional("trust");
  if ((release === null) === (trustFile === null)) throw new UsageError("give either --release or --trust");
  if (release !== null) return readRelease(release, founded);
  const { pcrSets } = await readTrustFile(trustFile ?? "");
  const pcr16 = toHex(extendZero(founded.digest));
  return pcrSets.map((set) => {
    const hex = Object.fromEntries([...set].map(([index, value]) => [index, toHex(value)]));
    if (hex[16] !== undefined && hex[16] !== pcr16)
      throw new UsageError(`${trustFile ?? ""} pins another PCR16 than the constitution gives: take those that belong together`);
    return hex;
  });
}

async function readRelease(path: string, { constitution, digest }: Founded): Promise<Record<number, string>[]> {
  const bytes = await readLimited(path, MAX_RELEASE_BYTES);
  return about(path, async () => {
    const { statement, approvals } = decodeApproved(bytes);
    const { pcrs } = decodeRelease(decodeStatement(statement, "release").payload);
    if ((await signedByApprover(statement, "release", constitution, signatures)) === null)
      throw new FleetError("fleet-constitution", "no approver of the constitution wrote the release");
    const quorum = await verifyApprovals({ kind: "release", statement, constitution, constitutionDigest: digest, approvals }, signatures);
    if (!quorum.ok) throw new FleetError("fleet-quorum", missingWords(quorum));
    return pcrs.map(({ pcr0, pcr1, pcr2 }) => ({ 0: toHex(pcr0), 1: toHex(pcr1), 2: toHex(pcr2) }));
  });
}

const MAX_RELEASE_BYTES = 512 * 1024;
