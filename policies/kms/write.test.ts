import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  evaluateKeyPolicy,
  KeyPolicyError,
  lintKeyPolicy,
  parseIdentityPolicy,
  parseKeyPolicy,
  writeKeyPolicy,
  type KeyPolicyInput,
} from "./index.ts";

const ACCOUNT = "111122223333";
const KEY = `arn:aws:kms:eu-central-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const hex = (digit: string): string => digit.repeat(96);
const ROLE = `arn:aws:iam::${ACCOUNT}:role/enclave-host`;
const ADMIN = `arn:aws:iam::${ACCOUNT}:role/key-admin`;
const SETS = [
  { 0: hex("a"), 1: hex("b"), 2: hex("c"), 16: hex("d") },
  { 0: hex("1"), 1: hex("2"), 2: hex("3"), 16: hex("d") },
] as const;
const CONTEXT = { "caladrius-constitution": "ab".repeat(48), "caladrius-fleet": "ward-7" };
const input: KeyPolicyInput = { sets: SETS, roles: [ROLE], context: CONTEXT, admins: [ADMIN] };
const everything = parseIdentityPolicy('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}');

describe("writeKeyPolicy", () => {
  const policy = parseKeyPolicy(writeKeyPolicy(input));

  it("writes what its own linter finds nothing in, with and without an administrator", () => {
    expect(lintKeyPolicy(policy, { sets: SETS, contextKeys: Object.keys(CONTEXT) })).toEqual([]);
    const bare = parseKeyPolicy(writeKeyPolicy({ ...input, admins: [] }));
    expect(lintKeyPolicy(bare)).toEqual([]);
    expect(bare.statements.map(({ sid }) => sid)).toEqual(["Enclave 1", "Enclave 2", "No plaintext without attestation"]);
  });

  it("writes one statement for each set, and no register with a list", () => {
    const allowed = policy.statements.filter(({ conditions, effect }) => effect === "Allow" && conditions.length > 0);
    expect(allowed).toHaveLength(SETS.length);
    expect(allowed.flatMap(({ conditions }) => conditions).every(({ values }) => values.length === 1)).toBe(true);
  });

  it("says so when somebody may change it", () => {
    const changeable = parseKeyPolicy(writeKeyPolicy({ ...input, policyAdmins: [ADMIN] }));
    expect(lintKeyPolicy(changeable).map(({ code, subject }) => [code, subject])).toEqual([
      ["policy-writer", `kms:PutKeyPolicy: ${ADMIN}`],
    ]);
  });

  it("allows exactly an approved enclave of the role, whole, under the context, and the administrator what is his", () => {
    const actions = [
      "Decrypt",
      "GenerateDataKey",
      "GenerateDataKeyPair",
      "Encrypt",
      "ReEncryptFrom",
      "CreateGrant",
      "PutKeyPolicy",
      "DescribeKey",
      "DisableKey",
      "ScheduleKeyDeletion",
    ];
    const register = (index: 0 | 1 | 2 | 16): fc.Arbitrary<string | undefined> =>
      fc.constantFrom(SETS[0][index], SETS[1][index], SETS[0][index].toUpperCase(), hex("0"), undefined);
    const asked = fc.record({
      arn: fc.constantFrom(
        `arn:aws:sts::${ACCOUNT}:assumed-role/enclave-host/i-1`,
        `arn:aws:sts::${ACCOUNT}:assumed-role/key-admin/eve`,
        `arn:aws:iam::${ACCOUNT}:user/eve`,
        `arn:aws:iam::${ACCOUNT}:root`,
        "arn:aws:sts::444455556666:assumed-role/enclave-host/i-1",
      ),
      action: fc.constantFrom(...actions),
      pcrs: fc.oneof(
        fc.constantFrom(...SETS),
        fc.record({ 0: register(0), 1: register(1), 2: register(2), 16: register(16) }),
        fc.constant({ 0: undefined, 1: undefined, 2: undefined, 16: undefined }),
      ),
      context: fc.oneof(
        fc.constant(CONTEXT),
        fc.record({
          "caladrius-constitution": fc.constantFrom(CONTEXT["caladrius-constitution"], "x"),
          "caladrius-fleet": fc.constantFrom("ward-7", "WARD-7", ""),
        }),
      ),
      more: fc.constantFrom({}, { "caladrius-epoch": "4" }),
    });
    const seen = { allowed: 0, denied: 0 };
    fc.assert(
      fc.property(asked, ({ arn, action, pcrs, context, more }) => {
        const attestation = Object.entries(pcrs).flatMap(([index, value]) =>
          value === undefined
            ? []
            : [
                [`kms:RecipientAttestation:PCR${index}`, value],
                ...(index === "0" ? [["kms:RecipientAttestation:ImageSha384", value]] : []),
              ],
        );
        const encryption = { ...context, ...more };
        const { allowed } = evaluateKeyPolicy(
          policy,
          {
            principal: { arn, account: arn.split(":")[4] ?? "" },
            action: `kms:${action}`,
            resource: KEY,
            context: Object.fromEntries([
              ...attestation,
              ...Object.entries(encryption).map(([key, value]) => [`kms:EncryptionContext:${key}`, value]),
              ["kms:EncryptionContextKeys", Object.keys(encryption)],
            ]),
          },
          [everything], // whatever IAM policies allow, the key policy names no account
        );
        const isSet = SETS.some((set) => ([0, 1, 2, 16] as const).every((index) => pcrs[index]?.toLowerCase() === set[index]));
        const inContext =
          context["caladrius-constitution"] === CONTEXT["caladrius-constitution"] && context["caladrius-fleet"] === "ward-7";
        const enclave =
          arn.includes(`${ACCOUNT}:assumed-role/enclave-host/`) && ["Decrypt", "GenerateDataKey"].includes(action) && isSet && inContext;
        const admin = arn.includes("/key-admin/") && ["DescribeKey", "DisableKey"].includes(action);
        expect(allowed).toBe(enclave || admin);
        seen[allowed ? "allowed" : "denied"]++;
      }),
      { numRuns: 1500 },
    );
    expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(5);
  });

  it("denies plaintexts without attestation to whoever a later statement allows them", () => {
    const [first, ...rest] = parseKeyPolicy(writeKeyPolicy(input)).statements;
    const loosened = { ...policy, statements: [{ ...first!, conditions: [] }, ...rest] };
    const decision = evaluateKeyPolicy(loosened, {
      principal: { arn: `${ROLE.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/i-1`, account: ACCOUNT },
      action: "kms:Decrypt",
      resource: KEY,
      context: {},
    });
    expect(decision).toEqual({ allowed: false, by: "No plaintext without attestation", reason: "explicit-deny" });
  });

  it.each<[string, Partial<KeyPolicyInput>, string]>([
    ["no set", { sets: [] }, "sets"],
    ["a set without the constitution", { sets: [{ 0: hex("a"), 1: hex("b"), 2: hex("c") }] }, "sets[0].16"],
    ["zeros", { sets: [{ ...SETS[0], 1: hex("0") }] }, "sets[0].1"],
    ["upper-case hex", { sets: [{ ...SETS[0], 2: hex("A") }] }, "sets[0].2"],
    ["a register that does not exist", { sets: [{ ...SETS[0], 32: hex("a") }] }, "sets[0]"],
    ["two constitutions", { sets: [SETS[0], { ...SETS[1], 16: hex("e") }] }, "sets"],
    ["no role", { roles: [] }, "roles"],
    ["everyone", { roles: ["*"] }, "roles"],
    ["an account as administrator", { admins: [`arn:aws:iam::${ACCOUNT}:root`] }, "admins"],
    ["no context", { context: {} }, "context"],
    ["a variable in the context", { context: { a: "${aws:username}" } }, "context.a"],
  ])("refuses %s", (_, change, path) => {
    expect(() => writeKeyPolicy({ ...input, ...change })).toThrow(expect.objectContaining({ code: "policy-input", path }) as Error);
  });

  it("refuses roles that no policy can name, and more sets than a policy holds", () => {
    expect(() => writeKeyPolicy({ ...input, roles: [`arn:aws:iam::${ACCOUNT}:role/*`] })).toThrow(KeyPolicyError);
    expect(() => writeKeyPolicy({ ...input, sets: Array.from({ length: 40 }, () => SETS[0]) })).toThrow(
      expect.objectContaining({ code: "policy-size" }) as Error,
    );
  });
});
