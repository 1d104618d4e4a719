import { submit, type KmsKey } from "@caladrius/client";
import type { Arguments } from "../arguments.ts";
import { UsageError, worst, type ExitCode } from "../exit.ts";
import { makeFolder, readText } from "../files.ts";
import { readAll, readZone } from "../inputs.ts";
import { openToldKey } from "../keys.ts";
import { codeLine, readDemandedRelease } from "../release/demanded.ts";
import { readTokens } from "../sign-in-options.ts";
import { readCarried } from "../submit-options.ts";
import { countLine, outcomeExit, printOutcomes, tellProgress, tellRetries, tellSlow } from "../outcomes.ts";
import type { Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";
import { refuseUnknownDetectors } from "./analyse.ts";

/** Seals each recording to the verified enclave behind a host, and verifies what comes back. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const detectors = args.many("detector");
  refuseUnknownDetectors(detectors);
  const level = args.oneOf("level", ["alarm", "findings", "full"]) ?? "findings";
  const purpose = args.optional("purpose") ?? "TREAT";
  if (!/^.{1,32}$/u.test(purpose)) throw new UsageError("--purpose must be a code of 1 to 32 characters, such as TREAT");
  const zone = readZone(args);
  const trust = await readTrustFile(args.text("trust"));
  const release = await readDemandedRelease(args, trust);
  const kmsKey = await readKmsKey(args);
  const keyPath = args.optional("key");
  const key = keyPath === null ? null : await openToldKey(keyPath, terminal);
  const tokens = await readTokens(args);
  const carried = await readCarried(args, key, keyPath);
  const outDir = args.optional("out");
  if (outDir !== null) await makeFolder(outDir);
  const { recordings: read, exit, notRead } = await readAll(args.inputs, terminal, { zone });
  const device = args.optional("device");
  const recordings = device === null ? read : read.map((one) => ({ ...one, recording: { ...one.recording, device } }));
  if (kmsKey !== null)
    terminal.line(`sealing under data keys of ${kmsKey.arn}: that key's policy decides which enclaves open them, not your trust file`);
  const tellSlowly = tellSlow(args.text("host"), terminal);
  const outcomes = await submit(recordings, {
    hostUrl: args.text("host"),
    trust,
    ...(release === null ? {} : { release }),
    ...(key === null ? {} : { key }),
    ...(kmsKey === null ? {} : { kmsKey }),
    detectors,
    level,
    purpose,
    ...carried,
    ...(tokens === null ? {} : { tokens }),
    outDir,
    force: args.flag("force"),
    onProgress: (progress) => {
      tellSlowly(progress);
      tellProgress(progress, terminal);
    },
    onRetry: tellRetries(terminal),
  });
  printOutcomes(outcomes, terminal);
  if (outDir !== null && outcomes.some(({ receipts }) => receipts.length > 0))
    terminal.line(`receipts: each further recipient opens the reply to them with \`caladrius open\` and ${outDir}/NAME.recipient-N.json`);
  const verified = outcomes.filter(({ status }) => status === "verified");
  if (release !== null && verified.length > 0) terminal.line(`${codeLine(release)}; the release is in each result`);
  const notChecked = new Set(verified.flatMap(({ verdict }) => verdict?.notChecked ?? []));
  if (notChecked.size > 0) terminal.line(`not checked: ${[...notChecked].join(", ")}`);
  terminal.line(countLine(verified.length, outcomes.length, notRead));
  return worst([exit, ...outcomes.map((outcome) => outcomeExit(outcome, args.flag("strict")))]);
}

/** The KMS key under which to seal, null for none. */
async function readKmsKey(args: Arguments): Promise<KmsKey | null> {
  const [arn, endpoint, ca] = [args.optional("kms-key"), args.optional("kms-endpoint"), args.optional("kms-ca")];
  if (arn === null && (endpoint !== null || ca !== null)) throw new UsageError("--kms-endpoint and --kms-ca belong to --kms-key ARN");
  if (arn === null) return null;
  const caPem = ca === null ? null : await readText(ca, MAX_PEM_BYTES);
  return { arn, ...(endpoint === null ? {} : { endpoint }), ...(caPem === null ? {} : { caPem }) };
}

const MAX_PEM_BYTES = 256 * 1024;
