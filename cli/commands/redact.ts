import { DISCLOSURE_NAMES, redactResultFile } from "@caladrius/client";
import { decodeResultClaims, decodeResultFile, decodeStatement, type DisclosureName } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited, refuseExisting, writeWhole } from "../files.ts";
import type { Terminal } from "../print.ts";
import { MAX_RESULT_FILE_BYTES } from "./verify.ts";

/** Hands on less of a result: what is taken out is gone from the copy, and what remains verifies as before. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [file, out, force] = [args.inputs[0] ?? "", args.text("out"), args.flag("force")];
  const [keep, drop] = [namesOf(args, "keep"), namesOf(args, "drop")];
  if (keep.length === 0 && drop.length === 0) throw new UsageError("say what stays (--keep NAME…) or what goes (--drop NAME…)", KNOWN);
  if (!force) await refuseExisting(out);
  const bytes = await readLimited(file, MAX_RESULT_FILE_BYTES);
  const redaction = await about(file, () =>
    redactResultFile(bytes, (name) => (keep.length === 0 || keep.includes(name)) && !drop.includes(name)),
  );
  const withheldAtMost = await about(file, () => withheldOf(redaction.file));
  await writeWhole(out, redaction.file, { force, mode: 0o600 });
  const [remaining, removed] = [Object.fromEntries(redaction.remaining), Object.fromEntries(redaction.removed)];
  terminal.object({ out, remaining, removed, withheldAtMost });
  terminal.line(`remaining  ${listOf(redaction.remaining)}`);
  terminal.line(`taken out  ${listOf(redaction.removed)}`);
  terminal.line(`a verifier will say: at most ${withheldAtMost} withheld; decoys cannot be told from them`);
  if (!redaction.remaining.has("alarm-summary") && !redaction.remaining.has("denial"))
    terminal.line("no alarm summary: whoever gets this does not learn whether there was an alarm, and is told so");
  terminal.line(`wrote ${out}: it verifies as ${file} does, with nothing more behind it`);
  return EXIT.ok;
}

/** As the verifier counts them: disclosures and decoys in the signed array that the file does not hold. */
function withheldOf(file: Uint8Array): number {
  const { result, disclosures } = decodeResultFile(file);
  return decodeResultClaims(decodeStatement(result, "result").payload).disclosureDigests.length - disclosures.length;
}

function namesOf(args: Arguments, option: "keep" | "drop"): DisclosureName[] {
  return args.many(option).map((word) => {
    const name = DISCLOSURE_NAMES.find((one) => one === word);
    if (name === undefined) throw new UsageError(`--${option} ${JSON.stringify(word)} is nothing that results disclose`, KNOWN);
    return name;
  });
}

function listOf(names: ReadonlyMap<DisclosureName, number>): string {
  return [...names].map(([name, count]) => (count === 1 ? name : `${name} (${count})`)).join(", ") || "nothing";
}

const KNOWN = `known: ${DISCLOSURE_NAMES.join(", ")}`;
