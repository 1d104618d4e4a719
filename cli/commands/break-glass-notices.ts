import { auditNotices, HostClient, type AuditedBoot } from "@caladrius/client";
import type { Arguments } from "../arguments.ts";
import { EXIT, UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { openExistingKey } from "../keys.ts";
import { tellRetries } from "../outcomes.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

/** Opens and verifies an auditor's notices, and says what was withheld. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const trust = await readTrustFile(args.text("trust"));
  if (trust.acceptsApproved && trust.pcrSets.length === 0)
    throw new UsageError(
      "the trust file takes approved releases, and notices bring none",
      "name the releases that ran: `caladrius trust new --constitution F --release F`",
    );
  const key = await openExistingKey(args.text("key"));
  const results = await Promise.all(args.inputs.map((path) => readLimited(path, MAX_RESULT_FILE_BYTES)));
  const stop = new AbortController();
  const host = new HostClient(args.text("host"), { signal: stop.signal, onRetry: tellRetries(terminal) });
  try {
    const audit = await auditNotices({
      host,
      trust,
      key,
      results,
      onProgress: (fetched) => terminal.progress(`${fetched} notices fetched`, true),
    });
    for (const boot of audit.boots) printBoot(boot, terminal);
    const { unverified, refused, foreignBoots, fetched } = audit;
    terminal.object({ boots: audit.boots.length, fetched, unverified, refused, foreignBoots });
    terminal.line(`${fetched} sealed notices fetched, of ${audit.boots.length} boots`);
    if (fetched > 0 && audit.boots.every(({ notices }) => notices.length === 0)) terminal.note(NONE_OPENS);
    if (unverified > 0)
      terminal.line([styled("red", "not verified"), `  ${unverified} notices of enclaves whose evidence the host does not show`]);
    if (refused > 0) terminal.line([styled("red", "refused"), `  ${refused} result files that the trust file does not accept`]);
    if (foreignBoots > 0) terminal.line(`${foreignBoots} boots of other enclaves than the trust file accepts`);
    if (results.length === 0) terminal.line("what happened last may be withheld unseen: give newer result files, whose count tells");
    const sound = audit.boots.every(({ withheld }) => !withheld) && unverified === 0 && refused === 0;
    return sound ? EXIT.ok : EXIT.contraindicated;
  } finally {
    stop.abort();
  }
}

function printBoot(boot: AuditedBoot, terminal: Terminal): void {
  const { bootId, notices, missing, uses, countedUses, withheld } = boot;
  terminal.object({ ...boot, notices: notices.map(({ emergency, ...notice }) => ({ ...notice, ...emergency })) });
  terminal.line([styled("bold", "boot"), `  ${bootId}`]);
  terminal.table(
    notices.map(({ number, what, atMs, emergency: { subject, ward, purpose, level, reason }, answers }) => [
      `${number}`,
      new Date(atMs).toISOString(),
      what,
      ward === null ? subject : `${subject}, ward ${ward}`,
      `${level} for ${purpose}`,
      reason,
      answers.map((one) => `${one.granted ? "granted" : "refused"} by ${one.person}, ${one.role}`).join("; "),
    ]),
    "  ",
  );
  if (missing.length > 0) terminal.line([styled("red", "withheld"), `  number ${missing.join(", ")}`]);
  if (countedUses !== null && countedUses > uses)
    terminal.line([styled("red", "a notice was withheld"), `  a result counts ${countedUses} uses, the notices tell of ${uses}`]);
  if (!withheld) terminal.line(`  complete up to ${notices.length}, ${uses} uses${countedUses === null ? "" : ", as results count"}`);
}

/** A key that no constitution names opens nothing either: the operator is not to be accused for that. */
const NONE_OPENS =
  "none of them opens with this key: unless it is the one whose sealing key the constitution names for an auditor, that says nothing about the host";

const MAX_RESULT_FILE_BYTES = 32 * 1024 * 1024;
