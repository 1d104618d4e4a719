import { nextStatusList } from "@caladrius/policies/status";
import type { Arguments } from "../arguments.ts";
import { UsageError, type ExitCode } from "../exit.ts";
import type { Terminal } from "../print.ts";
import { issue } from "../status/issue.ts";
import { readThings, releaseEntry } from "../status/things.ts";

/** Drafts the next list without some of what the last one revokes: the constitution's quorum has to approve it. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const things = await readThings(args);
  const lowest = args.optional("lowest-policy") === null ? null : args.integer("lowest-policy", 0, 2 ** 40, 0);
  if (things.length === 0 && lowest === null)
    throw new UsageError("nothing to restore is named", "name it with --signer, --grant, --device, --release or --lowest-policy");
  if (args.text("out") === args.inputs[0])
    throw new UsageError("--out must be another file", "the last list stays in force until the draft is approved");
  return issue(args, terminal, {
    takesBack: true,
    next: (last, { nowSeconds, bootNonce }) =>
      nextStatusList(last, nowSeconds, {
        bootNonce,
        restore: things,
        releases: things.filter(({ what }) => what === "release").map((thing) => releaseEntry(thing, last, "active")),
        ...(lowest === null ? {} : { lowestPolicyVersion: lowest }),
      }),
  });
}
