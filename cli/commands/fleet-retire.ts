import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { accountOf } from "@caladrius/policies/words";
import { decodeFleetEpoch, MAX_FLEET_EPOCH_BYTES } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UnreachableError, UsageError, type ExitCode } from "../exit.ts";
import { readLimited } from "../files.ts";
import { formatTime } from "../findings.ts";
import { nameOf, readRecord } from "../fleet/record.ts";
import { styled, type Terminal } from "../print.ts";

/** Takes an epoch out of a host's folder, and says what that does not do. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const file = args.inputs[0] ?? "";
  if (!file.endsWith(SUFFIX)) throw new UsageError(`a host serves files that end in ${SUFFIX}; ${JSON.stringify(file)} does not`);
  const bytes = await readLimited(file, MAX_FLEET_EPOCH_BYTES);
  const { record } = await about(file, () => readRecord(decodeFleetEpoch(bytes)));
  const retired = `${file}.retired`;
  if (existsSync(retired)) throw new UnreachableError(`${retired} is there already: move it away, then retire ${file} again`);
  await rename(file, retired);
  const kmsKeys = record.wrapped.map(({ keyArn }) => keyArn);
  const commands = kmsKeys.map(deletion);
  const ends = new Date(record.notAfter * 1000).toISOString();
  terminal.object({ file, retired, fleet: record.fleet, epoch: record.epoch, notAfter: ends, kmsKeys, closedForGoodBy: commands });
  terminal.line(`${nameOf(record)}: ${file} is now ${retired}; a host that had it no longer hands it over`);
  terminal.line(`not done   enclaves that serve it go on until ${formatTime(record.notAfter * 1000)} or until they are started again`);
  terminal.line("           other hosts may hold the same file: retire it there too");
  terminal.line([
    "           ",
    styled(
      "yellow",
      "the epoch is closed for good only when one of its KMS keys is deleted: until then whoever KMS admits gets its keys back",
    ),
  ]);
  terminal.line("to close it for good, whoever administers one of the KMS keys deletes that key, and with it every epoch behind it:");
  for (const command of commands) terminal.line(`  ${command}`);
  return EXIT.ok;
}

function deletion(keyArn: string): string {
  return `aws kms schedule-key-deletion --region ${keyArn.split(":")[3] ?? "REGION"} --key-id ${keyArn} --pending-window-in-days 7   # account ${accountOf(keyArn)}`;
}

const SUFFIX = ".fleet";
