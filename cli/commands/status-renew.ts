import { nextStatusList } from "@caladrius/policies/status";
import type { Arguments } from "../arguments.ts";
import type { ExitCode } from "../exit.ts";
import type { Terminal } from "../print.ts";
import { issue } from "../status/issue.ts";

/** The same again for another day, fresh for an enclave where it is asked for. */
export function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  return issue(args, terminal, {
    renews: true,
    next: (last, { nowSeconds, bootNonce }) => nextStatusList(last, nowSeconds, { bootNonce }),
  });
}
