import { stat } from "node:fs/promises";
import { verifyGovernedResultFile } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeResultFile, encodeResultFile } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UnreachableError, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, refuseExisting, writeWhole } from "../files.ts";
import type { Terminal } from "../print.ts";
import { readUnverifiedRelease } from "../release/file.ts";
import { readTrustFile } from "../trust.ts";
import { printVerdict, verdictObject } from "../verdicts.ts";
import { MAX_RESULT_FILE_BYTES } from "./verify.ts";

/** Puts a release with its approvals beside a result. The whole new file is verified first; what does not verify is not written. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  const out = args.optional("out") ?? file;
  const force = args.flag("force");
  if (!force && out !== file) await refuseExisting(out);
  const trustPath = args.text("trust");
  const trust = await readTrustFile(trustPath);
  if (trust.constitution === null)
    throw new UsageError(`${trustPath} names no constitution`, "without one nobody's approval can be counted");
  const bytes = await readLimited(file, MAX_RESULT_FILE_BYTES);
  const before = await about(file, () => decodeResultFile(bytes));
  if (!force && before.release !== undefined) throw new UnreachableError(`${file} has a release already; --force replaces it`);
  const { source, release } = await readUnverifiedRelease(args.text("release"));
  const after = encodeResultFile({ ...before, release: source.statement, approvals: source.approvals });
  const verdict = await verifyGovernedResultFile(after, trust, {}, signatures);
  terminal.object({ ...verdictObject(out, verdict), written: verdict.status !== "contraindicated" });
  printVerdict(verdict, terminal);
  if (verdict.status === "contraindicated") {
    terminal.line(`${out} was not written: the file does not verify`);
    return verdict.exitCode;
  }
  await writeWhole(out, after, { force: force || out === file, mode: (await stat(file)).mode & 0o777 });
  terminal.line(`wrote ${out}: its code is ${release.name} ${release.softwareVersion}`);
  return EXIT.ok;
}
