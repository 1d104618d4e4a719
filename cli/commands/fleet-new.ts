import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { requestFleetBirth } from "@caladrius/host";
import { whoReadsEverything } from "@caladrius/policies/words";
import { decodeFleetCandidate, encodeFleetBirthReply } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { makeFolder, refuseExisting, writeWhole } from "../files.ts";
import { styled, type Terminal } from "../print.ts";

/** Has an enclave make keys for an epoch and writes candidate and evidence as they came. Nothing is verified here. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const out = args.text("out");
  const force = args.flag("force");
  const fleet = args.text("fleet");
  if (!FLEET_NAME.test(fleet)) throw new UsageError("--fleet must be a name of 1 to 64 characters: a to z, 0 to 9 and hyphens inside");
  const epoch = args.integer("epoch", 1, 2 ** 31 - 1, 0);
  if (!force) await refuseExisting(out);
  await makeFolder(dirname(out)); // before an enclave makes keys in vain
  terminal.progress("asking the enclave, which asks KMS");
  const enclaveSocket = args.text("enclave");
  const reply = await about(enclaveSocket, () => requestFleetBirth({ enclaveSocket, fleet, epoch }));
  const { wrapped, keySet } = decodeFleetCandidate(reply.candidate);
  await writeWhole(out, encodeFleetBirthReply(reply), { force });
  const keyId = createHash("sha256").update(keySet).digest("hex");
  const kmsKeys = wrapped.map(({ keyArn }) => keyArn);
  const readers = whoReadsEverything(kmsKeys);
  terminal.object({ out, fleet, epoch, keyId, kmsKeys, readsEverything: readers });
  terminal.table([["fleet", fleet], ["epoch", String(epoch)], ["key id", keyId], ...kmsKeys.map((arn) => ["KMS key", arn])]);
  if (readers !== null) terminal.line([styled("yellow", readers)]);
  terminal.line(`wrote ${out} (not verified; it serves nobody until the quorum has signed a record of it)`);
  terminal.line(`next  npx caladrius fleet candidates ${out} --trust FILE`);
  return EXIT.ok;
}

const FLEET_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
