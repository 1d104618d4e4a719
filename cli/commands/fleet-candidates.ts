import { signatures } from "@caladrius/attestation-verifier/signatures";
import { whoReadsEverything } from "@caladrius/policies/words";
import { toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, failureJson, failureOf, worst, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { formatTime } from "../findings.ts";
import { MAX_CANDIDATE_BYTES, verifyCandidate, type VerifiedCandidate } from "../fleet/candidate.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

/** Shows candidates to those who approve: which enclave made which keys, behind which KMS keys, and who could read them all. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const trust = await readTrustFile(args.text("trust"));
  const codes: ExitCode[] = [];
  const births = new Map<string, number>();
  for (const file of args.inputs) {
    try {
      const bytes = await readLimited(file, MAX_CANDIDATE_BYTES);
      const verified = await about(file, () => verifyCandidate(bytes, trust, signatures));
      printCandidate(file, verified, terminal);
      const name = `epoch ${verified.candidate.epoch} of fleet ${verified.candidate.fleet}`;
      births.set(name, (births.get(name) ?? 0) + 1);
      codes.push(EXIT.ok);
    } catch (error) {
      const failure = failureOf(error);
      terminal.object(failureJson(file, failure));
      terminal.line([styled("red", "refused  "), `  ${failure.sentence} (${failure.code})`]);
      codes.push(failure.exit);
    }
  }
  for (const [name, count] of births)
    if (count > 1) terminal.line([styled("yellow", `${count} candidates for ${name}: approve one of them, or the fleet falls in two`)]);
  return worst(codes);
}

function printCandidate(file: string, { candidate, keyId, appraised }: VerifiedCandidate, terminal: Terminal): void {
  const { fleet, epoch, constitutionDigest, wrapped, bootId } = candidate;
  const { evidence, simulated, debug } = appraised;
  const kmsKeys = wrapped.map(({ keyArn }) => keyArn);
  const readers = whoReadsEverything(kmsKeys);
  terminal.object({
    file,
    status: "verified",
    fleet,
    epoch,
    keyId,
    constitution: constitutionDigest,
    kmsKeys,
    bootId,
    moduleId: evidence.moduleId,
    madeAt: new Date(evidence.timestampMs).toISOString(),
    simulated,
    debug,
    readsEverything: readers,
  });
  terminal.line([styled("green", "verified "), `  ${file}`]);
  if (simulated) terminal.line([styled("yellow", "           by a simulated enclave: nothing of this is confidential")]);
  if (debug) terminal.line([styled("yellow", "           by an enclave in debug mode: its host sees its console")]);
  terminal.table(
    [
      ["fleet", `${fleet}, epoch ${epoch}`],
      ["key id", toHex(keyId)],
      ["constitution", toHex(constitutionDigest)],
      ...kmsKeys.map((arn) => ["KMS key", arn]),
      ["made", `${formatTime(evidence.timestampMs)} by ${evidence.moduleId}, as its own evidence says`],
    ],
    "  ",
  );
  if (readers !== null) terminal.line([styled("yellow", `  ${readers}`)]);
}
