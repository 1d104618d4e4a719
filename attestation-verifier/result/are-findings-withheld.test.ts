import type { Finding } from "@caladrius/wire";
import { expect, it } from "vitest";
import { areFindingsWithheld } from "./are-findings-withheld.ts";

const quiet = { anyAlarm: false, highestPriority: "none", secondsNotAssessed: 0 } as const;
const loud = { anyAlarm: true, highestPriority: "high", secondsNotAssessed: 0 } as const;
const finding: Finding = {
  code: "asystole",
  detector: "ecg",
  channel: null,
  onsetMs: 0,
  endMs: 0,
  priority: "high",
  technical: false,
  confidencePermille: null,
  evidence: [],
};

it.each([
  ["full", [], quiet, false],
  ["findings", [], quiet, false],
  ["full", [], loud, true],
  ["full", [], null, true],
  ["alarm", [], quiet, true],
  [null, [], quiet, true],
  [null, [finding], null, false],
  ["full", [finding], loud, false],
] as const)("level %s with findings %j and alarms %j: %s", (level, findings, alarms, withheld) => {
  expect(areFindingsWithheld({ level, finding: findings, "alarm-summary": alarms })).toBe(withheld);
});
