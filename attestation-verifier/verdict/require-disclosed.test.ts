import { describe, expect, it } from "vitest";
import { makeChain } from "../generate/test-pki.ts";
import { makeResultFile, sha256, VALUES, type ResultOptions } from "../generate/test-result.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { requiredCheck } from "./required-check.ts";
import { requireDisclosed, REQUIRED_CODE, type RequiredCode, type RequiredDisclosures } from "./require-disclosed.ts";
import type { Code } from "./code.ts";
import type { Verdict } from "./verdict.ts";
import { verifyResultFile, type ResultFileClaims } from "./verify-result-file.ts";

const chain = makeChain();
const CLINIC = sha256(new Uint8Array(32).fill(1));
const OTHER = sha256(new Uint8Array(32).fill(2));
const GRANT = ["grant", { digest: new Uint8Array(32), issuer: CLINIC, use: 2 }] as const;

async function judged(
  values: NonNullable<ResultOptions["values"]>,
  required: RequiredDisclosures,
): Promise<Verdict<ResultFileClaims, Code | RequiredCode>> {
  const { bytes, trust } = makeResultFile({ chain, values });
  return requireDisclosed(await verifyResultFile(bytes, parseTrustFile(trust), {}, signatures), required);
}

describe("what a result must show", () => {
  const shown = [...VALUES, ["purpose", "TREAT"], GRANT] as const;

  it("is accepted where it does, as before where nothing is required", async () => {
    expect(await judged(shown, { purposes: ["HRESCH", "TREAT"], grantIssuers: [OTHER, CLINIC] })).toMatchObject({
      status: "warning",
      exitCode: 0,
    });
    expect(await judged(VALUES, { purposes: null, grantIssuers: null })).toMatchObject({ status: "warning" });
  });

  it.each([
    ["purpose-withheld", VALUES, { purposes: ["TREAT"], grantIssuers: null }, null],
    ["purpose-other", shown, { purposes: ["HPAYMT"], grantIssuers: null }, "TREAT"],
    ["purpose-other", shown, { purposes: [], grantIssuers: null }, "TREAT"],
    ["grant-withheld", [...VALUES, ["purpose", "TREAT"]], { purposes: ["TREAT"], grantIssuers: [CLINIC] }, null],
    ["grant-issuer-other", shown, { purposes: null, grantIssuers: [OTHER] }, Buffer.from(CLINIC).toString("hex")],
  ] as const)("is refused as %s", async (code, values, required, actual) => {
    const verdict = await judged(values, required);
    expect(verdict).toMatchObject({
      status: "contraindicated",
      claims: null,
      code,
      actual,
      exitCode: 10,
      actor: REQUIRED_CODE[code].actor,
    });
    expect(verdict.sentence).toContain(REQUIRED_CODE[code].meaning);
  });

  it("changes no verdict that was a refusal", async () => {
    const { bytes, trust } = makeResultFile({ chain });
    const refused = await verifyResultFile(bytes, parseTrustFile(trust), { nonce: new Uint8Array(8) }, signatures);
    expect(requireDisclosed(refused, { purposes: ["TREAT"], grantIssuers: null })).toBe(refused);
  });

  it("is one line among the checks, where anything is required", async () => {
    const check = async (required: RequiredDisclosures, values: NonNullable<ResultOptions["values"]> = shown) =>
      requiredCheck(await judged(values, required), required);
    expect(await check({ purposes: null, grantIssuers: null })).toBeNull();
    expect(await check({ purposes: ["TREAT"], grantIssuers: null })).toMatchObject({ state: "passed", expected: null, found: null });
    expect(await check({ purposes: null, grantIssuers: [CLINIC] })).toMatchObject({ state: "passed" });
    expect(await check({ purposes: ["HPAYMT"], grantIssuers: null })).toMatchObject({
      state: "failed",
      expected: "HPAYMT",
      found: "TREAT",
    });
    expect(await check({ purposes: ["TREAT"], grantIssuers: null }, VALUES)).toMatchObject({
      state: "failed",
      found: expect.stringContaining("does not disclose it"),
    });
  });
});
