import { whoReadsEverything } from "@caladrius/policies/words";
import type { FleetRecord } from "@caladrius/wire";
import { formatTime } from "../findings.ts";
import { styled, type Terminal } from "../print.ts";
import { keyIdOf } from "./record.ts";

/** What a record says, for people: keys, dates, KMS keys, and who could read everything. */
export function printEpoch({ fleet, epoch, keySetDigest, notBefore, notAfter, wrapped }: FleetRecord, terminal: Terminal): void {
  const kmsKeys = wrapped.map(({ keyArn }) => keyArn);
  terminal.table([
    ["fleet", `${fleet}, epoch ${epoch}`],
    ["key id", keyIdOf(keySetDigest)],
    ["in force", `${formatTime(notBefore * 1000)} to ${formatTime(notAfter * 1000)}`],
    ...kmsKeys.map((arn) => ["KMS key", arn]),
  ]);
  const readers = whoReadsEverything(kmsKeys);
  if (readers !== null) terminal.line([styled("yellow", readers)]);
}
