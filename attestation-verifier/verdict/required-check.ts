import type { Check } from "./checks.ts";
import { REQUIRED_CODE, type RequiredDisclosures } from "./require-disclosed.ts";
import type { Verdict } from "./verdict.ts";

/**
 * The line of the list of checks that says whether a result shows what was required of it; null where nothing was.
 * @param judged of `requireDisclosed` with these requirements, over a verdict that was accepted before
 */
export function requiredCheck(judged: Verdict<unknown, string>, { purposes, grantIssuers }: RequiredDisclosures): Check | null {
  if (purposes === null && grantIssuers === null) return null;
  const failed = judged.status === "contraindicated" && Object.hasOwn(REQUIRED_CODE, judged.code) ? judged : null;
  return {
    stage: "disclosure",
    title: "It shows the purpose and the issuer of the grant that were asked for",
    state: failed === null ? "passed" : "failed",
    expected: failed?.expected ?? null,
    found: failed === null ? null : (failed.actual ?? failed.sentence),
    spec: "ARCHITECTURE §4",
  };
}
