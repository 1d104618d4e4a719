import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { verifyTimeStamp, type ProvedTime } from "@caladrius/attestation-verifier";
import { verifyGovernedResultFile } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeResultFile, encodeResultFile } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UnreachableError, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, refuseExisting, writeWhole } from "../files.ts";
import type { Terminal } from "../print.ts";
import { tokenOf } from "../time-stamp.ts";
import { readTrustFile } from "../trust.ts";
import { printVerdict, verdictObject } from "../verdicts.ts";
import { MAX_RESULT_FILE_BYTES } from "./verify.ts";

/**
 * Puts a time stamp into a result file. The token is verified for this result under the authorities that the trust file names,
 * and then the whole new file; what does not verify is not written.
 */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.optional("out") ?? file;
  const force = args.flag("force");
  if (!force && out !== file) await refuseExisting(out);
  const trustPath = args.text("trust");
  const trust = await readTrustFile(trustPath);
  const authorities = trust.timeAuthorities;
  if (authorities.length === 0)
    throw new UsageError(
      `${trustPath} names no timeAuthorities`,
      "add the PEM certificate of the authority that you asked, or of its issuer",
    );
  const bytes = await readLimited(file, MAX_RESULT_FILE_BYTES);
  const before = await about(file, () => decodeResultFile(bytes));
  if (!force && before.timeEvidence !== undefined) throw new UnreachableError(`${file} has a time stamp already; --force replaces it`);

  const tokenPath = args.text("token");
  const answer = await readLimited(tokenPath, MAX_ANSWER_BYTES);
  const digest = createHash("sha256").update(before.result).digest();
  const [token, proved] = await about(tokenPath, async (): Promise<[Uint8Array, ProvedTime]> => {
    const inside = tokenOf(answer);
    return [inside, await verifyTimeStamp(inside, { digest, authorities, signatures })];
  });
  const after = encodeResultFile({ ...before, timeEvidence: token });
  const verdict = await verifyGovernedResultFile(after, trust, {}, signatures);
  terminal.object({ ...verdictObject(out, verdict), written: verdict.status !== "contraindicated" });
  printVerdict(verdict, terminal);
  if (verdict.status === "contraindicated") {
    terminal.line(`${out} was not written: the file does not verify`);
    return verdict.exitCode;
  }
  // a result file is no more readable for others with a time stamp than without
  await writeWhole(out, after, { force: force || out === file, mode: (await stat(file)).mode & 0o777 });
  terminal.line(`wrote ${out}: it existed at ${new Date(proved.atMs).toISOString()} at the latest, says ${proved.authority}`);
  return EXIT.ok;
}

/** Largest time stamp that a result file holds, with a response around it. */
const MAX_ANSWER_BYTES: number = 64 * 1024 + 4096;
