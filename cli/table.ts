import type { Command } from "./command.ts";
import { BREAK_GLASS_COMMANDS } from "./table/break-glass.ts";
import { FLEET_COMMANDS } from "./table/fleet.ts";
import { GRANT_COMMANDS } from "./table/grants.ts";
import { IMAGE_COMMANDS } from "./table/image.ts";
import { JOB_COMMANDS } from "./table/jobs.ts";
import { MACHINE_COMMANDS } from "./table/machine.ts";
import { POLICY_COMMANDS } from "./table/policy.ts";
import { RELEASE_COMMANDS } from "./table/release.ts";
import { RESULT_COMMANDS } from "./table/results.ts";
import { STATUS_COMMANDS } from "./table/status.ts";
import { VERIFICATION_COMMANDS } from "./table/verification.ts";

/** All commands, in the order in which help lists them. Help, usage lines and hints come from this table alone. */
export const COMMANDS: readonly Command[] = [
  ...JOB_COMMANDS,
  ...VERIFICATION_COMMANDS,
  ...IMAGE_COMMANDS,
  ...RESULT_COMMANDS,
  ...FLEET_COMMANDS,
  ...POLICY_COMMANDS,
  ...GRANT_COMMANDS,
  ...RELEASE_COMMANDS,
  ...STATUS_COMMANDS,
  ...BREAK_GLASS_COMMANDS,
  ...MACHINE_COMMANDS,
];
