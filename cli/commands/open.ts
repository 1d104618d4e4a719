import { basename } from "node:path";
import { fetchReply, HostClient, parseReceipt } from "@caladrius/client";
import type { Arguments } from "../arguments.ts";
import { about, type ExitCode } from "../exit.ts";
import { readText, refuseExisting, writeWhole } from "../files.ts";
import { printAlarms, printCoverage, printFindings } from "../findings.ts";
import { openExistingKey } from "../keys.ts";
import type { Terminal } from "../print.ts";
import { codeLine, readDemandedRelease } from "../release/demanded.ts";
import { readTokens } from "../sign-in-options.ts";
import { readTrustFile } from "../trust.ts";
import { printVerdict, verdictExit, verdictObject } from "../verdicts.ts";

/** Fetches, opens and verifies the reply that a submitter had sealed to this recipient. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const [file, out, force, path] = [args.inputs[0] ?? "", args.text("out"), args.flag("force"), args.text("key")];
  if (!force) await refuseExisting(out);
  const trust = await readTrustFile(args.text("trust"));
  const release = await readDemandedRelease(args, trust);
  const text = await readText(file, MAX_RECEIPT_BYTES);
  const receipt = await about(file, () => parseReceipt(text));
  const key = await openExistingKey(path);
  const tokens = await readTokens(args);
  const stop = new AbortController();
  try {
    const host = new HostClient(args.text("host"), {
      signal: stop.signal,
      jobDigest: receipt.digest,
      ...(tokens === null ? {} : { tokens }),
      onRetry: (reason) => terminal.progress(`waiting: ${reason}`),
    });
    const { verdict, file: result } = await fetchReply(receipt, {
      host,
      trust,
      ...(release === null ? {} : { release }),
      key,
      signal: stop.signal,
    });
    if (verdict.status !== "contraindicated") await writeWhole(out, result, { force, mode: 0o600 });
    terminal.object({ ...verdictObject(out, verdict), receipt: basename(file) });
    printVerdict(verdict, terminal);
    if (verdict.status !== "contraindicated") {
      const { disclosed } = verdict.claims;
      if (disclosed["alarm-summary"] !== null) printAlarms(disclosed["alarm-summary"], terminal);
      printFindings(disclosed.finding, terminal);
      if (disclosed.coverage !== null) printCoverage(disclosed.coverage, terminal);
      if (release !== null) terminal.line(`${codeLine(release)}; the release is in the result`);
      terminal.line(`wrote ${out}`);
    }
    return verdictExit(verdict, args.flag("strict"));
  } finally {
    stop.abort();
  }
}

const MAX_RECEIPT_BYTES = 4096;
