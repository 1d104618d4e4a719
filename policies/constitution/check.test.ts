import { toHex, type Approver, type Constitution, type RoleThreshold } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { AuthoringError } from "../authoring/errors.ts";
import { checkConstitution } from "./check.ts";
import { listChanges, refuseNonSuccessor, type Measured } from "./succession.ts";
import { parseKeyPolicy, writeKeyPolicy } from "../kms/index.ts";

const NOW = 1_800_000_000;
const ARN = "arn:aws:kms:eu-central-1:111122223333:key/one";
const OTHER = "arn:aws:kms:eu-central-1:444455556666:key/two";
const key = (n: number): Approver["key"] => ({ alg: "Ed25519", key: new Uint8Array(32).fill(n) });
const approver = (person: string, role: string, n: number): Approver => ({ person, role, key: key(n), passkey: null });
const rule = (roles: Readonly<Record<string, number>>): RoleThreshold[] =>
  Object.entries(roles).map(([role, threshold]) => ({ role, threshold }));

function made(change: Partial<Constitution> = {}, quorum: Readonly<Record<string, number>> = { hospital: 2, vendor: 1 }): Constitution {
  return {
    version: 1,
    number: 1,
    predecessor: null,
    name: "test",
    notBefore: NOW - 10,
    notAfter: NOW + 10,
    approvers: [
      approver("ada", "hospital", 1),
      approver("ben", "hospital", 2),
      approver("cyn", "hospital", 3),
      approver("dan", "vendor", 4),
      approver("eve", "vendor", 5),
    ],
    quorums: { bundle: rule(quorum), release: rule(quorum), fleet: rule(quorum), succession: rule(quorum), status: rule(quorum) },
    statusKeys: [key(9)],
    auditorKeys: [],
    kms: null,
    log: null,
    ...change,
  };
}
const codeOf = (constitution: Constitution): string => {
  try {
    return checkConstitution(constitution, NOW)
      .map(({ code }) => code)
      .join();
  } catch (error) {
    return error instanceof AuthoringError ? error.code : String(error);
  }
};

describe("a constitution", () => {
  it.each<[string, Constitution, string]>([
    ["that works and that nobody rules alone", made(), ""],
    ["that ends before it begins", made({ notAfter: NOW - 20 }), "constitution-window"],
    ["that has ended", made({ notAfter: NOW }), "constitution-window"],
    ...["Ada", "ada ", "\u200bada", "a\u00adda", "\uff41da", " ada"].map((name): [string, Constitution, string] => [
      `with one person in two spellings: ${JSON.stringify(name)}`,
      made({ approvers: [...made().approvers, approver(name, "hospital", 6)] }),
      "constitution-duplicate",
    ]),
    ["with one role in two spellings", made({ approvers: [...made().approvers, approver("fay", "Vendor", 6)] }), "constitution-duplicate"],
    [
      "with accents in two forms",
      made({ approvers: [...made().approvers, approver("ren\u00e9", "vendor", 6), approver("rene\u0301", "vendor", 7)] }),
      "constitution-duplicate",
    ],
    ["with names that differ", made({ approvers: [...made().approvers, approver("adam", "vendor", 6)] }), ""],
    ["with more seats than persons of a role", made({}, { hospital: 4 }), "constitution-quorum"],
    ["with a role that nobody has", made({}, { auditor: 1 }), "constitution-quorum"],
    [
      "where one person would have to sit for two roles",
      made({ approvers: [approver("ada", "hospital", 1), approver("ada", "vendor", 2)] }, { hospital: 1, vendor: 1 }),
      "constitution-quorum",
    ],
    [
      "where several keys of one person would have to count",
      made({ approvers: [approver("ada", "hospital", 1), approver("ada", "hospital", 2)] }, { hospital: 2 }),
      "constitution-quorum",
    ],
    [
      "with one key in two names",
      made({ approvers: [approver("ada", "hospital", 1), approver("ben", "hospital", 1)] }, { hospital: 1 }),
      "constitution-duplicate",
    ],
    [
      "with an approver twice",
      made({ approvers: [approver("ada", "hospital", 1), approver("ada", "hospital", 1)] }, { hospital: 1 }),
      "constitution-duplicate",
    ],
    ["with a status key twice", made({ statusKeys: [key(9), key(9)] }), "constitution-duplicate"],
    ["that one person alone is", made({}, { hospital: 1 }), "lone-quorum,role-uncounted"],
    ["whose status list is kept with an approver's key", made({ statusKeys: [key(4)] }), "status-key-shared"],
    ["that nobody can change once one person is gone", made({}, { hospital: 3, vendor: 1 }), "succession-fragile"],
  ])("%s", (_, constitution, code) => {
    expect(codeOf(constitution)).toBe(code);
  });

  it("names the quorum and the role that is short", () => {
    expect(() => checkConstitution(made({}, { hospital: 4, vendor: 1 }), NOW)).toThrow(
      "quorums.bundle: 4 of role hospital, and there are 3 to count",
    );
  });
});

describe("a successor", () => {
  const measured = (constitution: Constitution, n: number): Measured => ({
    constitution,
    digest: new Uint8Array(48).fill(n),
    pcr16: `${n}`.repeat(96),
  });
  const kms = (...keys: string[]): Constitution["kms"] => ({ keys, endpoint: "kms.example", tlsRoots: [new Uint8Array(1)] });
  const old = measured(made({ kms: kms(ARN) }), 1);
  const next = measured(made({ number: 2, predecessor: old.digest, kms: kms(OTHER) }), 2);

  it("has the next number and names the digest of the one before", () => {
    expect(() => refuseNonSuccessor(next.constitution, old)).not.toThrow();
    for (const change of [{ number: 1 }, { number: 3 }, { predecessor: null }, { predecessor: new Uint8Array(48) }])
      expect(() => refuseNonSuccessor({ ...next.constitution, ...change }, old)).toThrow(AuthoringError);
  });

  it("lists statements, trust files and epochs that name the old one, and no others", () => {
    const policy = (pcr16: string, context: string): ReturnType<typeof parseKeyPolicy> =>
      parseKeyPolicy(
        writeKeyPolicy({
          sets: [{ 0: "a".repeat(96), 1: "b".repeat(96), 2: "c".repeat(96), 16: pcr16 }],
          roles: ["arn:aws:iam::111122223333:role/host"],
          context: { "caladrius-constitution": context },
        }),
      );
    const fleet = (file: string, constitutionDigest: Uint8Array) => ({ file, fleet: "ward", epoch: 3, constitutionDigest, notAfter: NOW });
    const changes = listChanges(old, next, {
      keyPolicies: [
        { file: "old.json", policy: policy(old.pcr16, "x") },
        { file: "context.json", policy: policy("d".repeat(96), toHex(old.digest)) },
        { file: "new.json", policy: policy(next.pcr16, toHex(next.digest)) },
      ],
      trustFiles: [
        { file: "old-trust.json", pcr16: [next.pcr16, old.pcr16] },
        { file: "new-trust.json", pcr16: [next.pcr16] },
      ],
      fleets: [fleet("3.fleet", old.digest), fleet("4.fleet", next.digest)],
    });
    expect(changes.filter(({ what }) => !["pcr16", "bundle", "status-list", "draining"].includes(what)).map(({ where }) => where)).toEqual([
      ARN,
      OTHER,
      "old.json: Enclave 1",
      "context.json: Enclave 1",
      "old-trust.json",
      "3.fleet",
    ]);
    expect(changes.find(({ where }) => where === ARN)).toMatchObject({ before: old.pcr16, after: null });
    expect(changes.find(({ where }) => where === OTHER)).toMatchObject({ before: null, after: next.pcr16 });
  });
});
