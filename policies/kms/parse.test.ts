import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyPolicyError, parseIdentityPolicy, parseKeyPolicy, type KeyPolicyCode } from "./index.ts";

const ALICE = "arn:aws:iam::111122223333:user/Alice";
const statement = { Sid: "one", Effect: "Allow", Principal: { AWS: ALICE }, Action: "kms:DescribeKey", Resource: "*" };
const policyWith = (change: object): string => JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, ...change }] });
const without = (name: string): string => policyWith({ [name]: undefined });
const principal = (value: unknown): string => policyWith({ Principal: value });
const condition = (operator: string, values: unknown): string => policyWith({ Condition: { [operator]: { "aws:x": values } } });

function refusal(text: string, parse: (text: string) => unknown = parseKeyPolicy): KeyPolicyError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof KeyPolicyError) return error;
    throw error;
  }
  throw new Error("was not refused");
}

describe("parseKeyPolicy", () => {
  it("reads every element", () => {
    const text = JSON.stringify({
      Version: "2012-10-17",
      Id: "key-consolepolicy-2",
      Statement: {
        ...statement,
        Sid: "may hold spaces",
        Principal: {
          AWS: [
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws-cn:iam::111122223333:role/path/to/App",
            "arn:aws:sts::111122223333:assumed-role/App/i-0123",
            "arn:aws:sts::111122223333:federated-user/Bob",
          ],
          Service: "logs.eu-central-1.amazonaws.com",
        },
        Action: ["kms:Get*", "*"],
        Condition: {
          "ForAnyValue:StringLikeIfExists": { "kms:EncryptionContextKeys": ["a", "b*"] },
          Bool: { "aws:SecureTransport": true },
        },
      },
    });
    expect(parseKeyPolicy(text)).toEqual({
      version: "2012-10-17",
      id: "key-consolepolicy-2",
      statements: [
        {
          sid: "may hold spaces",
          effect: "Allow",
          principal: {
            not: false,
            entries: [
              { kind: "everyone" },
              { kind: "account", account: "111122223333" },
              { kind: "account", account: "111122223333" },
              { kind: "role", account: "111122223333", arn: "arn:aws-cn:iam::111122223333:role/path/to/App", name: "App" },
              { kind: "session", account: "111122223333", arn: "arn:aws:sts::111122223333:assumed-role/App/i-0123" },
              { kind: "session", account: "111122223333", arn: "arn:aws:sts::111122223333:federated-user/Bob" },
              { kind: "service", name: "logs.eu-central-1.amazonaws.com" },
            ],
          },
          action: { not: false, patterns: ["kms:Get*", "*"] },
          resource: { not: false, patterns: ["*"] },
          conditions: [
            { operator: "StringLike", set: "ForAnyValue", ifExists: true, key: "kms:EncryptionContextKeys", values: ["a", "b*"] },
            { operator: "Bool", set: null, ifExists: false, key: "aws:SecureTransport", values: ["true"] },
          ],
        },
      ],
    });
  });

  it("takes Not… elements, no Sid, no Version (then 2008-10-17), and a statement without Resource", () => {
    const not = { Effect: "Deny", NotPrincipal: "*", NotAction: "kms:*", NotResource: "arn:aws:kms:*" };
    const read = parseKeyPolicy(JSON.stringify({ Statement: [not, { ...statement, Resource: undefined }] }));
    expect(read).toMatchObject({
      version: "2008-10-17",
      id: null,
      statements: [{ sid: null, principal: { not: true }, action: { not: true }, resource: { not: true } }, { resource: null }],
    });
  });

  const refused: readonly (readonly [string, string, KeyPolicyCode, string])[] = [
    ["an empty text", "", "policy-json", ""],
    ["no object", "[]", "policy-type", ""],
    ["two documents", `${policyWith({})}{}`, "policy-json", ""],
    ["a comma too many", '{"Version":"2012-10-17",}', "policy-json", ""],
    ["an unquoted name", "{Version:1}", "policy-json", ""],
    ["an open array", '{"Statement":[1', "policy-json", "Statement"],
    ["a number that JSON lacks", '{"Statement":01}', "policy-json", "Statement"],
    ["a control character in a string", '{"Id":"\u0000"}', "policy-character", ""],
    ["an escaped control character", String.raw`{"Id":"\u0007"}`, "policy-character", "Id"],
    ["a character beyond Latin-1", '{"Id":"\u20ac"}', "policy-character", ""],
    ["one byte too many", policyWith({ Sid: "a".repeat(32_768) }), "policy-size", ""],
    ["bytes, not characters", policyWith({ Sid: "é".repeat(16_384) }), "policy-size", ""],
    ["depth", `{"Statement":${"[".repeat(20)}${"]".repeat(20)}}`, "policy-depth", "Statement[0][0][0][0][0][0][0][0]"],
    ["Effect twice", policyWith({}).replace('"Effect"', '"Effect":"Deny","Effect"'), "policy-duplicate", "Statement[0].Effect"],
    [
      "Condition twice under two spellings",
      policyWith({ Condition: {} }).replace('"Condition"', String.raw`"\u0043ondition":{},"Condition"`),
      "policy-duplicate",
      "Statement[0].Condition",
    ],
    ["an unknown element", policyWith({ Resources: "*" }), "policy-unknown", "Statement[0].Resources"],
    ["an element in another case", policyWith({ effect: "Allow" }), "policy-unknown", "Statement[0].effect"],
    ["an element of the document's own", JSON.stringify({ Statement: statement, __proto__x: 1 }), "policy-unknown", "__proto__x"],
    ["another version", JSON.stringify({ Version: "2012-10-18", Statement: statement }), "policy-value", "Version"],
    ["no statement", '{"Version":"2012-10-17"}', "policy-missing", "Statement"],
    ["an empty list of statements", '{"Version":"2012-10-17","Statement":[]}', "policy-value", "Statement"],
    ["no Effect", without("Effect"), "policy-missing", "Statement[0].Effect"],
    ["an Effect in lower case", policyWith({ Effect: "allow" }), "policy-value", "Statement[0].Effect"],
    ["no Principal", without("Principal"), "policy-missing", "Statement[0].Principal"],
    ["Principal and NotPrincipal", policyWith({ NotPrincipal: "*" }), "policy-value", "Statement[0].NotPrincipal"],
    ["no Action", without("Action"), "policy-missing", "Statement[0].Action"],
    ["Action and NotAction", policyWith({ NotAction: "*" }), "policy-value", "Statement[0].NotAction"],
    ["an empty list of actions", policyWith({ Action: [] }), "policy-value", "Statement[0].Action"],
    ["an action without a service", policyWith({ Action: "Decrypt" }), "policy-value", "Statement[0].Action"],
    ["an action that is a number", policyWith({ Action: ["kms:*", 1] }), "policy-type", "Statement[0].Action[1]"],
    ["a resource that is no ARN", policyWith({ Resource: "key/1" }), "policy-value", "Statement[0].Resource"],
    ["a variable in an account", policyWith({ Resource: "arn:aws:kms:*:${aws:x}:key/*" }), "policy-variable", "Statement[0].Resource"],
    ["a Sid that is no string", policyWith({ Sid: null }), "policy-type", "Statement[0].Sid"],
    ["a principal as a string", principal(ALICE), "policy-principal", "Statement[0].Principal"],
    ["no principal", principal({}), "policy-principal", "Statement[0].Principal"],
    ["an empty list of principals", principal({ AWS: [] }), "policy-value", "Statement[0].Principal.AWS"],
    ["a list in a list", principal({ AWS: [[ALICE]] }), "policy-type", "Statement[0].Principal.AWS[0]"],
    ["an identity provider", principal({ Federated: "accounts.google.com" }), "policy-principal", "Statement[0].Principal.Federated"],
    ["a canonical user", principal({ CanonicalUser: "79a5" }), "policy-principal", "Statement[0].Principal.CanonicalUser"],
    ["a name of every object", principal({ constructor: "*" }), "policy-principal", "Statement[0].Principal.constructor"],
    ["a wildcard in a name", principal({ AWS: "arn:aws:iam::111122223333:user/*" }), "policy-principal", "Statement[0].Principal.AWS"],
    ["a group", principal({ AWS: "arn:aws:iam::111122223333:group/g" }), "policy-principal", "Statement[0].Principal.AWS"],
    [
      "a session without a name",
      principal({ AWS: "arn:aws:sts::111122223333:assumed-role/r" }),
      "policy-principal",
      "Statement[0].Principal.AWS",
    ],
    ["a deleted principal", principal({ AWS: "AROADBQP57FF2AEXAMPLE" }), "policy-principal", "Statement[0].Principal.AWS"],
    ["a short account", principal({ AWS: "11112222333" }), "policy-principal", "Statement[0].Principal.AWS"],
    ["a service of somebody else", principal({ Service: "logs.example.com" }), "policy-principal", "Statement[0].Principal.Service"],
    ["an unknown operator", condition("StringEqual", "x"), "policy-operator", "Statement[0].Condition.StringEqual"],
    ["an operator in another case", condition("stringEquals", "x"), "policy-operator", "Statement[0].Condition.stringEquals"],
    ["an operator of every object", condition("toString", "x"), "policy-operator", "Statement[0].Condition.toString"],
    ["Null with IfExists", condition("NullIfExists", "true"), "policy-operator", "Statement[0].Condition.NullIfExists"],
    ["an unknown set", condition("ForSome:StringEquals", "x"), "policy-operator", "Statement[0].Condition.ForSome:StringEquals"],
    ["an operator without keys", policyWith({ Condition: { Bool: {} } }), "policy-value", "Statement[0].Condition.Bool"],
    ["a key without a prefix", policyWith({ Condition: { Bool: { x: true } } }), "policy-value", "Statement[0].Condition.Bool.x"],
    ["no values", condition("StringEquals", []), "policy-value", "Statement[0].Condition.StringEquals.aws:x"],
    ["a null", condition("StringEquals", [null]), "policy-type", "Statement[0].Condition.StringEquals.aws:x[0]"],
    ["a number in words", condition("NumericEquals", "ten"), "policy-value", "Statement[0].Condition.NumericEquals.aws:x"],
    ["a day that does not exist", condition("DateEquals", "2023-02-30"), "policy-value", "Statement[0].Condition.DateEquals.aws:x"],
    ["a truth in other words", condition("Bool", "yes"), "policy-value", "Statement[0].Condition.Bool.aws:x"],
    ["a Null of something else", condition("Null", "x"), "policy-value", "Statement[0].Condition.Null.aws:x"],
    ["an address of five bytes", condition("IpAddress", "1.2.3.4.5"), "policy-value", "Statement[0].Condition.IpAddress.aws:x"],
    ["base64 that is not canonical", condition("BinaryEquals", "QQ"), "policy-value", "Statement[0].Condition.BinaryEquals.aws:x"],
    [
      "an IPv6 address of nine groups",
      condition("NotIpAddress", "1:2:3:4:5:6:7:8:9"),
      "policy-value",
      "Statement[0].Condition.NotIpAddress.aws:x",
    ],
    ["half an ARN", condition("ArnLike", "arn:aws:kms"), "policy-value", "Statement[0].Condition.ArnLike.aws:x"],
    ["an open variable", condition("StringLike", "a${aws:x"), "policy-variable", "Statement[0].Condition.StringLike.aws:x"],
  ];
  it.each(refused)("refuses %s", (_, text, code, path) => {
    const { code: actual, path: where, expected, message } = refusal(text);
    expect([actual, where]).toEqual([code, path]);
    expect(expected).not.toBe("");
    expect(message).toContain(expected);
  });

  it("takes the largest document, and no byte more", () => {
    const fill = 32_768 - policyWith({ Sid: "" }).length;
    expect(parseKeyPolicy(policyWith({ Sid: "a".repeat(fill) })).statements).toHaveLength(1);
    expect(refusal(policyWith({ Sid: "a".repeat(fill + 1) })).code).toBe("policy-size");
  });

  it("shows what the document holds with its control characters escaped", () => {
    expect(refusal('{"a\u0085b":1}').path).toBe(String.raw`a\u0085b`);
    expect(refusal(JSON.stringify({ ["x".repeat(500)]: 1 })).path).toHaveLength(161);
  });
});

describe("parseIdentityPolicy", () => {
  const own = (change: object): string =>
    JSON.stringify({ Version: "2012-10-17", Statement: { Effect: "Allow", Action: "kms:*", Resource: "*", ...change } });

  it("reads a policy without principals", () => {
    expect(parseIdentityPolicy(own({ Sid: "S1" })).statements).toMatchObject([{ sid: "S1", effect: "Allow" }]);
  });

  it.each([
    ["a Principal", own({ Principal: "*" }), "policy-unknown"],
    ["an Id", JSON.stringify({ Id: "x", Statement: [] }), "policy-unknown"],
    ["no Resource", own({ Resource: undefined }), "policy-missing"],
    ["a Sid with spaces", own({ Sid: "a b" }), "policy-value"],
  ])("refuses %s", (_, text, code) => {
    expect(refusal(text, parseIdentityPolicy).code).toBe(code);
  });
});

describe("hostile documents", () => {
  const answered = (text: string): boolean => {
    try {
      parseKeyPolicy(text);
      return true;
    } catch (error) {
      if (!(error instanceof KeyPolicyError)) throw error;
      return false;
    }
  };

  it("never end in anything but a policy or a KeyPolicyError", () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.json({ maxDepth: 9 })), (text) => void answered(text)));
  });

  it("stay answered when a valid one is changed anywhere", () => {
    const valid = policyWith({ Condition: { StringLike: { "kms:EncryptionContext:a": ["x${aws:username}*", "b"] } } });
    const change = fc.tuple(fc.nat(valid.length), fc.nat(8), fc.string({ maxLength: 6 }));
    fc.assert(
      fc.property(change, ([at, length, inserted]) => void answered(valid.slice(0, at) + inserted + valid.slice(at + length))),
      { numRuns: 300 },
    );
  });

  it("read as JSON.parse reads them, where no name stands twice", () => {
    const value = fc.dictionary(fc.constantFrom("Version", "Id", "Statement", "__proto__"), fc.jsonValue());
    fc.assert(
      fc.property(value, (document) => {
        const text = JSON.stringify(document);
        if (answered(text)) expect(parseKeyPolicy(text).version).toBe(document["Version"] ?? "2008-10-17");
      }),
    );
  });

  it("that nest, repeat or backtrack take no time", () => {
    const texts = [
      "[".repeat(32_000),
      '{"a":'.repeat(6_000),
      `"${"\\u0041".repeat(5_000)}`,
      `${" ".repeat(32_000)}x`,
      `{"a":${"1".repeat(32_000)}x}`,
    ];
    const start = performance.now();
    for (const text of texts) expect(answered(text)).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
