import { nextStatusList } from "@caladrius/policies/status";
import { equalBytes, type Constitution } from "@caladrius/wire";
import { createHash } from "node:crypto";
import type { Arguments } from "../arguments.ts";
import { UsageError, type ExitCode } from "../exit.ts";
import { styled, type Terminal } from "../print.ts";
import { issue } from "../status/issue.ts";
import { readThings, releaseEntry, type Thing } from "../status/things.ts";

/** Makes the next list revoke something: one status key is enough, and no approval. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const things = await readThings(args);
  const lowest = args.optional("lowest-policy") === null ? null : args.integer("lowest-policy", 0, 2 ** 40, 0);
  if (things.length === 0 && lowest === null)
    throw new UsageError("nothing to revoke is named", "name it with --signer, --grant, --device, --release or --lowest-policy");
  const reason = things.length === 0 ? "" : args.text("reason");
  if (things.length > 0 && (reason === "" || reason.length > MAX_REASON))
    throw new UsageError(`--reason has 1 to ${MAX_REASON} characters`);
  return issue(args, terminal, {
    next: (last, { founded, nowSeconds, bootNonce }) => {
      const since = Math.floor((args.instant("since") ?? nowSeconds * 1000) / 1000);
      warnOfApprovers(things, founded.constitution, terminal);
      return nextStatusList(last, nowSeconds, {
        bootNonce,
        revoke: things.map(({ what, id }) => ({ what, id, since, reason })),
        // A release that is over from some later time on is not over yet.
        releases: things
          .filter(({ what }) => what === "release")
          .map((thing) => releaseEntry(thing, last, since > nowSeconds ? lifecycleOf(thing, last.releases) : "revoked")),
        lowestPolicyVersion: Math.max(last.lowestPolicyVersion, lowest ?? 0),
      });
    },
  });
}

function lifecycleOf(
  { id }: Thing,
  releases: readonly { digest: Uint8Array; lifecycle: "candidate" | "active" | "deprecated" | "revoked" }[],
) {
  return releases.find(({ digest }) => equalBytes(digest, id))?.lifecycle ?? "active";
}

/** What follows from it and happens later, at the next start of an enclave, is said now. */
function warnOfApprovers(things: readonly Thing[], { approvers }: Constitution, terminal: Terminal): void {
  for (const { person, role, key } of approvers) {
    const id = createHash("sha256").update(key.key).digest();
    if (things.some((thing) => thing.what === "key" && equalBytes(thing.id, id)))
      terminal.line([
        styled("yellow", "note"),
        `  no approval of ${person}, ${role}, with this key counts any more: where a bundle, fleet record or release rests on one, somebody else approves it, or enclaves do not start again`,
      ]);
  }
}

const MAX_REASON = 128;
