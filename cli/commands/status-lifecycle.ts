import { nextStatusList } from "@caladrius/policies/status";
import type { Arguments } from "../arguments.ts";
import { UsageError, type ExitCode } from "../exit.ts";
import type { Terminal } from "../print.ts";
import { issue } from "../status/issue.ts";
import { readRelease, releaseEntry } from "../status/things.ts";

/** Says where a release stands. What ends it is `status revoke`, which also says since when. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const release = await readRelease(args.text("release"));
  const stage = args.oneOf("stage", ["candidate", "active", "deprecated"]);
  if (stage === null) throw new UsageError("--stage is missing");
  return issue(args, terminal, {
    next: (last, { nowSeconds, bootNonce }) =>
      nextStatusList(last, nowSeconds, { bootNonce, releases: [releaseEntry(release, last, stage)] }),
  });
}
