import { describe, expect, it } from "vitest";
import { evaluateIdentityPolicies, evaluateKeyPolicy, parseIdentityPolicy, parseKeyPolicy, type PolicyRequest } from "./index.ts";

const ALICE = "arn:aws:iam::111122223333:user/alice";
const request: PolicyRequest = {
  principal: { arn: ALICE, account: "111122223333" },
  action: "kms:CreateKey",
  resource: "*",
  context: {},
};
const own = (change: object): ReturnType<typeof parseIdentityPolicy> =>
  parseIdentityPolicy(
    JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "kms:CreateKey", Resource: "*", ...change } }),
  );

describe("evaluateIdentityPolicies", () => {
  it("decides on what is about no key", () => {
    expect(evaluateIdentityPolicies([], request)).toEqual({ allowed: false, by: null, reason: "no-allow" });
    expect(evaluateIdentityPolicies([own({ Action: "kms:List*" }), own({ Sid: "make" })], request)).toEqual({
      allowed: true,
      by: "identity policy 1: make",
      reason: "allow",
    });
    expect(evaluateIdentityPolicies([own({}), own({ Effect: "Deny" })], request)).toEqual({
      allowed: false,
      by: "identity policy 1: #0",
      reason: "explicit-deny",
    });
  });

  it("lets the root user, who has no policies", () => {
    const root = { ...request, principal: { arn: "arn:aws:iam::111122223333:root", account: "111122223333" } };
    expect(evaluateIdentityPolicies([], root).allowed).toBe(true);
  });
});

describe("a caller that contradicts itself", () => {
  const open = parseKeyPolicy(
    JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: { AWS: [ALICE, "111122223333"] }, Action: "*", Resource: "*" },
    }),
  );
  const key = "arn:aws:kms:eu-central-1:111122223333:key/1";

  it("is nobody when the account is not the ARN's", () => {
    const asked = { ...request, resource: key, principal: { arn: ALICE, account: "444455556666" } };
    expect(evaluateKeyPolicy(open, asked, [own({ Action: "*" })]).allowed).toBe(false);
  });

  it.each(["arn:aws:iam::111122223333:root/x", "arn:aws:s3::111122223333:user/alice", "arn:aws:iam::1:root", "", "x"])(
    "is nobody as %j",
    (arn) => {
      const asked = { ...request, resource: key, principal: { arn, account: "111122223333" } };
      expect(evaluateKeyPolicy(open, asked, [own({ Action: "*" })]).allowed).toBe(false);
    },
  );
});
