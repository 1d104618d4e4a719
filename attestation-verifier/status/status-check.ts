import type { Check } from "../verdict/checks.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { STATUS_CODE, type StatusCode } from "./code.ts";
import type { VerifiedStatusList } from "./verify-status-list.ts";

/**
 * The line of the list of checks that says what a status list made of a verdict.
 * @param judged of `judgeResult` or `judgeEvidence` with this list, over a verdict that was accepted before
 */
export function statusCheck(judged: Verdict<unknown, string>, { list }: VerifiedStatusList): Check {
  const refused = judged.status === "contraindicated";
  const codes = (refused ? [judged.code] : judged.reasons).filter((code): code is StatusCode => Object.hasOwn(STATUS_CODE, code));
  return {
    stage: "status",
    title: "The status list revokes neither its release nor whoever stands behind it",
    state: codes.length === 0 ? "passed" : refused ? "failed" : "reservation",
    expected: null,
    found: codes.map((code) => STATUS_CODE[code].meaning).join("; ") || `nothing of it, in number ${list.number}`,
    spec: "ARCHITECTURE §7",
  };
}
