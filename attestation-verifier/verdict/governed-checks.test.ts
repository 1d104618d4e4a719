import { toHex } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { approvedRelease, testRelease } from "../generate/test-approvals.ts";
import { makeGovernedResult } from "../generate/test-governed.ts";
import { pcr } from "../generate/test-pki.ts";
import { extended } from "../generate/test-result.ts";
import { signatures } from "../signatures/node.ts";
import { parseGovernedTrustFile } from "../trust/governed-trust-file.ts";
import { listGovernedChecks } from "./governed-checks.ts";
import type { Check } from "./checks.ts";
import { verifyGovernedResultFile } from "./verify-governed-result-file.ts";

const made = makeGovernedResult();
const SET = Object.fromEntries(
  [pcr(0x10), pcr(0x11), pcr(0x12), extended(made.founded.constitutionDigest)].map((value, i) => [i === 3 ? 16 : i, toHex(value)]),
);
const checksOf = async (bytes: Uint8Array, trust: string, nonce: Uint8Array | null = null): Promise<readonly Check[]> => {
  const verdict = await verifyGovernedResultFile(bytes, await parseGovernedTrustFile(trust, signatures), { nonce }, signatures);
  const checks = listGovernedChecks(verdict);
  expect(checks.filter(({ state }) => state === "failed")).toHaveLength(verdict.status === "contraindicated" ? 1 : 0);
  return checks;
};
const stagesUntilFailed = (checks: readonly Check[]): string[] =>
  checks.slice(0, checks.findIndex(({ state }) => state === "failed") + 1).map(({ stage, state }) => `${stage} ${state}`);

describe("the checks of a verdict", () => {
  it("say who approved", async () => {
    const checks = await checksOf(made.bytes, made.trust("approved"));
    expect(checks.filter(({ stage }) => stage === "release")).toEqual([
      {
        stage: "release",
        title: "The release was approved by those whom the constitution asks",
        state: "passed",
        expected: null,
        found: "caladrius 0.1.0: ada, vendor; ben, hospital",
        spec: "ARCHITECTURE §7",
      },
    ]);
    expect(checks.findIndex(({ stage }) => stage === "release")).toBe(2);
  });

  it("say nothing of a release where nobody's approval was counted", async () => {
    const trust = made.trust([], { pcrs: [SET] });
    const checks = await checksOf(made.bare, trust);
    expect(checks.some(({ stage }) => stage === "release")).toBe(false);
  });

  it("end where approvals are missing, before anything of the enclave was looked at", async () => {
    const checks = await checksOf(makeGovernedResult({ source: { ...made.source, approvals: [] } }).bytes, made.trust("approved"));
    expect(stagesUntilFailed(checks)).toEqual(["trust passed", "result-file passed", "release failed"]);
    expect(checks.find(({ state }) => state === "failed")).toMatchObject({ expected: "1 more of role vendor, 1 more of role hospital" });
    expect((await checksOf(made.bare, made.trust("approved"))).find(({ state }) => state === "failed")).toMatchObject({
      stage: "release",
      found: expect.stringContaining("brings none") as string,
    });
  });

  it("end where the release is of other code", async () => {
    const pcrs = [{ pcr0: pcr(1), pcr1: pcr(2), pcr2: pcr(3) }];
    const source = approvedRelease(made.founded.constitutionDigest, testRelease({ pcrs }));
    const checks = await checksOf(makeGovernedResult({ source }).bytes, made.trust([made.source]));
    expect(stagesUntilFailed(checks).at(-1)).toBe("release failed");
    expect(stagesUntilFailed(checks)).toContain("chain passed");
  });

  it("end as those of other files do", async () => {
    const checks = await checksOf(made.bytes, made.trust("approved"), new Uint8Array(16));
    expect(checks.find(({ state }) => state === "failed")).toMatchObject({ stage: "result" });
  });
});
