import { RELEASE_CODE } from "../release/code.ts";
import { listChecks, type Check } from "./checks.ts";
import type { RefusedVerdict, Verdict } from "./verdict.ts";
import type { GovernedVerdict, ReleaseClaims } from "./verify-governed-result-file.ts";
import type { ResultFileClaims } from "./verify-result-file.ts";

/** As `listChecks`, with the release: who approved the code that ran, or why what came with the result does not count. */
export function listGovernedChecks(verdict: GovernedVerdict): readonly Check[] {
  if (verdict.status === "contraindicated") {
    const { expected, code, spec } = verdict;
    const found = verdict.actual ?? verdict.sentence;
    if (code === "release-measurement") {
      const checks = listChecks({ ...verdict, code: "measurement-mismatch" }, "result file");
      return checks.map((one) => (one.state === "failed" ? { ...one, stage: STAGE, title: MEASURED } : one));
    }
    if (!Object.hasOwn(RELEASE_CODE, code)) return listChecks(verdict as RefusedVerdict, "result file");
    const checks = listChecks({ ...verdict, code: "result-file-form" }, "result file");
    return checks.flatMap((one): readonly Check[] =>
      one.state === "failed"
        ? [
            { ...one, state: "passed", expected: null, found: null, spec: "result.cddl" },
            { stage: STAGE, title: APPROVED, state: "failed", expected, found, spec },
          ]
        : [one],
    );
  }
  const checks = listChecks(verdict as Verdict<ResultFileClaims>, "result file");
  const { release } = verdict.claims;
  return release === null ? checks : checks.flatMap((one) => (one.stage === "result-file" ? [one, approved(release)] : [one]));
}

function approved({ release, approvedBy }: ReleaseClaims): Check {
  const found = `${release.name} ${release.softwareVersion}: ${approvedBy.map(({ person, role }) => `${person}, ${role}`).join("; ")}`;
  return { stage: STAGE, title: APPROVED, state: "passed", expected: null, found, spec: "ARCHITECTURE §7" };
}

const STAGE = "release";
const APPROVED = "The release was approved by those whom the constitution asks";
const MEASURED = "The release beside the result is of the code that ran";
