import { extendZero } from "@caladrius/image";
import { listChanges, type Change, type Measured, type Surroundings } from "@caladrius/policies/authoring";
import { parseKeyPolicy } from "@caladrius/policies/kms";
import { decodeFleetEpoch, MAX_FLEET_EPOCH_BYTES, toHex } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about } from "../exit.ts";
import { readLimited, readText } from "../files.ts";
import type { Founded } from "../fleet/deployment.ts";
import { readRecord } from "../fleet/record.ts";
import { styled, type Terminal } from "../print.ts";
import { readTrustFile } from "../trust.ts";

type Named = Pick<Founded, "constitution" | "digest">;

/** What has to follow a successor, as far as the files that were named tell. */
export async function changesFor(args: Arguments, old: Named, next: Named): Promise<readonly Change[]> {
  return listChanges(measured(old), measured(next), await surroundings(args));
}

/** A constitution with its PCR16. */
export function measured({ constitution, digest }: Named): Measured {
  return { constitution, digest, pcr16: toHex(extendZero(digest)) };
}

async function surroundings(args: Arguments): Promise<Surroundings> {
  const found = { keyPolicies: [], trustFiles: [], fleets: [] } as {
    keyPolicies: Surroundings["keyPolicies"][number][];
    trustFiles: Surroundings["trustFiles"][number][];
    fleets: Surroundings["fleets"][number][];
  };
  for (const file of args.many("kms-policy")) {
    const text = await readText(file, MAX_POLICY_BYTES);
    found.keyPolicies.push({ file, policy: await about(file, () => parseKeyPolicy(text)) });
  }
  for (const file of args.many("trust")) {
    const { pcrSets } = await readTrustFile(file);
    found.trustFiles.push({
      file,
      pcr16: pcrSets.flatMap((set) => [...set].filter(([index]) => index === 16).map(([, value]) => toHex(value))),
    });
  }
  for (const file of args.many("fleet")) {
    const bytes = await readLimited(file, MAX_FLEET_EPOCH_BYTES);
    const { record } = await about(file, () => readRecord(decodeFleetEpoch(bytes)));
    found.fleets.push({ file, ...record });
  }
  return found;
}

/** The list of what to change, in the order in which it is done. */
export function printChanges(changes: readonly Change[], terminal: Terminal): void {
  terminal.line();
  terminal.line([styled("bold", "What has to follow, in this order")]);
  for (const [i, { where, before, after, todo }] of changes.entries()) {
    terminal.line([styled("bold", `${i + 1}. ${where}`)]);
    terminal.line(`   ${todo}`);
    if (before !== null) terminal.line([styled("red", "   - "), before]);
    if (after !== null) terminal.line([styled("green", "   + "), after]);
  }
}

const MAX_POLICY_BYTES = 64 * 1024;
