import { describe, expect, it } from "vitest";
import { KEY_POLICY_WARNING, lintKeyPolicy, parseKeyPolicy, type ExpectedKeyPolicy } from "./index.ts";

const hex = (digit: string): string => digit.repeat(96);
const SET = { 0: hex("a"), 1: hex("b"), 2: hex("c"), 16: hex("d") };
const pcr = (index: number): string => `kms:RecipientAttestation:PCR${index}`;
const PCRS = Object.fromEntries(Object.entries(SET).map(([index, value]) => [pcr(Number(index)), value]));
const CONTEXT = { "kms:EncryptionContext:caladrius-constitution": "ab" };
const pinned = (change: Readonly<Record<string, unknown>> = {}): object => ({
  StringEqualsIgnoreCase: Object.fromEntries(Object.entries({ ...PCRS, ...change }).filter(([, value]) => value !== undefined)),
  StringEquals: CONTEXT,
});
const sound = {
  Sid: "s",
  Effect: "Allow",
  Principal: { AWS: "arn:aws:iam::111122223333:role/enclave" },
  Action: ["kms:Decrypt", "kms:GenerateDataKey"],
  Resource: "*",
  Condition: pinned(),
};
const fence = (condition: object, action: string | string[] = "kms:*"): object => ({
  Effect: "Deny",
  Principal: "*",
  Action: action,
  Resource: "*",
  Condition: condition,
});
const codes = (statements: object | object[], expected?: ExpectedKeyPolicy): string[] =>
  lintKeyPolicy(parseKeyPolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements })), expected).map(({ code }) => code);
const withCondition = (Condition: object): object => ({ ...sound, Condition });

describe("lintKeyPolicy", () => {
  it("finds nothing in a statement that pins a whole set and the context", () => {
    expect(codes(sound)).toEqual([]);
    expect(
      codes(
        withCondition({ ...pinned({ [pcr(0)]: undefined }), StringEquals: { ...CONTEXT, "kms:RecipientAttestation:ImageSha384": SET[0] } }),
      ),
    ).toEqual([]);
    expect(codes(sound, { sets: [SET] })).toEqual([]);
  });

  const cases: readonly (readonly [keyof typeof KEY_POLICY_WARNING, string, object | object[], readonly string[]])[] = [
    ["attestation-missing", "no condition on it", withCondition({ StringEquals: CONTEXT }), []],
    [
      "attestation-missing",
      "among other actions",
      { ...sound, Action: ["kms:DescribeKey", "kms:DeriveSharedSecret"], Condition: { StringEquals: CONTEXT } },
      [],
    ],
    ["attestation-partial", "PCR0 alone", withCondition({ StringEquals: { ...CONTEXT, [pcr(0)]: SET[0] } }), ["constitution-missing"]],
    ["attestation-partial", "without the application", withCondition(pinned({ [pcr(2)]: undefined })), []],
    ["constitution-missing", "all but PCR16", withCondition(pinned({ [pcr(16)]: undefined })), []],
    [
      "attestation-optional",
      "IfExists",
      withCondition({ StringEqualsIfExists: PCRS, StringEquals: CONTEXT }),
      ["attestation-partial", "constitution-missing"],
    ],
    [
      "attestation-optional",
      "ForAllValues",
      withCondition({ "ForAllValues:StringEquals": PCRS, StringEquals: CONTEXT }),
      ["attestation-partial", "constitution-missing"],
    ],
    ["attestation-optional", "what it is not", withCondition({ ...pinned(), StringNotEquals: { [pcr(8)]: SET[0] } }), []],
    ["attestation-optional", "Null true", withCondition({ ...pinned(), Null: { [pcr(3)]: "true" } }), []],
    [
      "attestation-operator",
      "Null false",
      withCondition({ StringEquals: CONTEXT, Null: { [pcr(0)]: false } }),
      ["attestation-partial", "constitution-missing"],
    ],
    [
      "attestation-operator",
      "a pattern",
      withCondition({ ...pinned({ [pcr(1)]: undefined }), StringLike: { [pcr(1)]: "b*" } }),
      ["attestation-partial"],
    ],
    [
      "attestation-operator",
      "a set operator",
      withCondition({ ...pinned({ [pcr(1)]: undefined }), "ForAnyValue:StringEquals": { [pcr(1)]: SET[1] } }),
      ["attestation-partial"],
    ],
    [
      "attestation-operator",
      "a register that is compared with itself",
      withCondition(pinned({ [pcr(0)]: `\${${pcr(0)}}` })),
      ["attestation-partial"],
    ],
    ["pcr-zero", "a debug enclave", withCondition(pinned({ [pcr(0)]: hex("0") })), []],
    ["pcr-zero", "among others", withCondition(pinned({ [pcr(16)]: [SET[16], hex("0")] })), []],
    ["pcr-mix", "lists under two registers", withCondition(pinned({ [pcr(0)]: [SET[0], hex("1")], [pcr(2)]: [SET[2], hex("3")] })), []],
    ["pcr-format", "0x before it", withCondition(pinned({ [pcr(1)]: `0x${SET[1]}` })), []],
    ["pcr-case", "upper case", withCondition({ StringEquals: { ...CONTEXT, ...PCRS, [pcr(1)]: hex("B") } }), []],
    ["context-missing", "none", withCondition({ StringEqualsIgnoreCase: PCRS }), []],
    [
      "context-missing",
      "any",
      withCondition({ StringEqualsIgnoreCase: PCRS, StringLike: { "kms:EncryptionContext:caladrius-constitution": "*" } }),
      [],
    ],
    ["context-missing", "optional", withCondition({ StringEqualsIgnoreCase: PCRS, StringEqualsIfExists: CONTEXT }), []],
    ["principal-wildcard", "everyone", { ...sound, Principal: "*" }, []],
    ["principal-wildcard", "everyone among others", { ...sound, Principal: { AWS: ["arn:aws:iam::111122223333:user/a", "*"] } }, []],
    ["principal-not", "everyone else", { ...sound, Principal: undefined, NotPrincipal: { AWS: "111122223333" } }, []],
    ["principal-account", "the account", { ...sound, Principal: { AWS: "arn:aws:iam::111122223333:root" } }, []],
    ["action-wildcard", "a pattern", { ...sound, Action: "kms:GenerateDataKey*" }, []],
    [
      "action-not",
      "all but one",
      { ...sound, Action: undefined, NotAction: "kms:PutKeyPolicy" },
      ["chosen-key", "deletion", "grant", "reencrypt", "replicate"],
    ],
    ["action-unknown", "a slip", { ...sound, Action: ["kms:Decrypt", "kms:Decryp"] }, []],
    ["policy-writer", "alone", { ...sound, Action: "kms:PutKeyPolicy", Condition: undefined }, []],
    ["policy-writer", "by a pattern", { ...sound, Action: "kms:Put*", Condition: undefined }, ["action-wildcard"]],
    ["grant", "grants", { ...sound, Action: "kms:CreateGrant", Condition: { Bool: { "kms:GrantIsForAWSResource": true } } }, []],
    ["replicate", "copies", { ...sound, Action: "kms:ReplicateKey" }, []],
    ["reencrypt", "out of the key", { ...sound, Action: "kms:ReEncryptFrom" }, []],
    ["reencrypt", "both ways", { ...sound, Action: "kms:ReEncrypt*" }, ["action-wildcard", "chosen-key"]],
    ["chosen-key", "Encrypt", { ...sound, Action: "kms:Encrypt" }, []],
    ["chosen-key", "ImportKeyMaterial", { ...sound, Action: "kms:importkeymaterial" }, []],
    ["deletion", "ScheduleKeyDeletion", { ...sound, Action: "kms:ScheduleKeyDeletion" }, []],
    ["resource-missing", "an Allow", [sound, { ...sound, Resource: undefined }], []],
    ["resource-missing", "a Deny", [sound, { ...fence({}), Resource: undefined }], []],
  ];
  it.each(cases)("%s: %s", (code, _, statements, beside) => {
    expect(codes(statements).toSorted()).toEqual([code, ...beside].toSorted());
  });

  it("leaves alone what stands beside a whole set and takes nothing from it", () => {
    expect(codes(withCondition({ ...pinned(), Null: { [pcr(0)]: "false" }, StringNotEquals: { [pcr(1)]: hex("0") } }))).toEqual([]);
  });

  it("compares with the releases given", () => {
    const other = { ...SET, 2: hex("9") };
    expect(codes(sound, { sets: [SET, other] })).toEqual(["set-missing"]);
    expect(codes(sound, { sets: [other] })).toEqual(["set-unknown", "set-missing"]);
    const mixed = withCondition(pinned({ [pcr(2)]: [SET[2], other[2]] }));
    expect(codes(mixed, { sets: [SET, other] })).toEqual([]);
    expect(codes(mixed, { sets: [SET] })).toEqual(["set-unknown"]);
    expect(codes(withCondition({ StringEquals: CONTEXT }), { sets: [SET] })).toEqual(["attestation-missing", "set-unknown"]);
  });

  it("demands the names of the encryption context that it is given", () => {
    expect(codes(sound, { contextKeys: ["Caladrius-Constitution"] })).toEqual([]);
    expect(codes(sound, { contextKeys: ["caladrius-constitution", "caladrius-fleet"] })).toEqual(["context-missing"]);
  });

  it("sees fences: what is denied to everyone is not held against an Allow", () => {
    const open = { ...sound, Action: ["kms:Decrypt", "kms:CreateGrant", "kms:PutKeyPolicy"], Condition: { StringEquals: CONTEXT } };
    expect(codes(open)).toEqual(["policy-writer", "grant", "attestation-missing"]);
    const pins = Object.entries(PCRS).map(([key, value]) => fence({ StringNotEqualsIgnoreCase: { [key]: value } }, "kms:Decrypt"));
    expect(codes([open, ...pins])).toEqual(["policy-writer", "grant"]);
    expect(codes([open, ...pins, { ...fence({}, ["kms:CreateGrant", "kms:PutKeyPolicy"]), Condition: undefined }])).toEqual([]);
    expect(codes([open, ...pins, fence({ Null: { [pcr(0)]: "true" } })])).toEqual([]);
  });

  it("takes no fence for one that has a gap", () => {
    const open = { ...sound, Action: "kms:CreateGrant" };
    const pattern = fence({ StringEquals: { "aws:username": "eve" } });
    const someone = { ...fence({}), Condition: undefined, Principal: { AWS: "arn:aws:iam::111122223333:user/eve" } };
    const elsewhere = { ...fence({}), Condition: undefined, Resource: "arn:aws:kms:eu-west-1:111122223333:key/1" };
    const not = { ...fence({}), Condition: undefined, Principal: undefined, NotPrincipal: { AWS: "arn:aws:iam::111122223333:user/eve" } };
    for (const one of [pattern, someone, elsewhere, not]) expect(codes([open, one])).toEqual(["grant"]);
    const voided = { ...fence({}), Condition: undefined, Resource: ["*", "arn:aws:kms:::key/${aws:username}"] };
    expect(codes([open, voided])).toEqual(["grant"]);
    const reading = withCondition({ StringEquals: CONTEXT });
    const tautology = Object.keys(PCRS).map((key) => fence({ StringNotEquals: { [key]: `\${${key}}` } }));
    expect(codes([reading, ...tautology])).toEqual(["attestation-missing"]);
    expect(codes([reading, ...Object.keys(PCRS).map((key) => fence({ StringEquals: { [key]: hex("a") } }))])).toEqual([
      "attestation-missing",
    ]);
    expect(codes([reading, ...Object.keys(CONTEXT).map((key) => fence({ StringNotEquals: { [key]: "ab" } }))])).toEqual([
      "attestation-missing",
    ]);
    const two = fence({ StringNotEquals: { [pcr(0)]: SET[0], [pcr(1)]: SET[1] } }); // denies only what differs in both
    expect(codes([reading, two])).toEqual(["attestation-missing"]);
    expect(codes([reading, fence({ Null: { [pcr(0)]: "true" } })])).toEqual(["attestation-missing"]);
    const partial = fence({ StringNotEquals: { [pcr(0)]: SET[0] } }, "kms:GenerateDataKey");
    expect(codes([reading, partial])).toEqual(["attestation-missing"]);
  });

  it("finds in the default key policy who can read everything", () => {
    const standard = {
      Sid: "Enable IAM policies",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: "kms:*",
      Resource: "*",
    };
    const found = lintKeyPolicy(parseKeyPolicy(JSON.stringify({ Statement: standard })));
    expect(found.map(({ code }) => code)).toEqual([
      "policy-writer",
      "grant",
      "replicate",
      "reencrypt",
      "attestation-missing",
      "principal-account",
      "action-wildcard",
      "chosen-key",
      "deletion",
      "context-missing",
      "version-old",
    ]);
    expect(found[0]).toEqual({
      code: "policy-writer",
      severity: "high",
      statement: "Enable IAM policies",
      subject: "kms:PutKeyPolicy: account 111122223333",
      sentence:
        "Statement Enable IAM policies lets one principal alone change this policy, and so read everything under the key (kms:PutKeyPolicy: account 111122223333).",
      fix: KEY_POLICY_WARNING["policy-writer"].fix,
      actor: "whoever writes the key policy",
    });
  });

  it("has a case for every warning", () => {
    const elsewhere = ["set-unknown", "set-missing", "version-old"];
    expect(Object.keys(KEY_POLICY_WARNING).filter((code) => !cases.some(([one]) => one === code))).toEqual(elsewhere);
  });
});
