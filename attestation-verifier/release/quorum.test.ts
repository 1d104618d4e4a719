import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import {
  approvedBytes,
  encodeApproval,
  encodeStatement,
  type Approval,
  type Approver,
  type Constitution,
  type RoleThreshold,
  type StatementKind,
} from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { sha384 } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { verifyApprovals, type ApprovableKind } from "./quorum.ts";

const constitutionDigest = new Uint8Array(48).fill(1);
const statement = new Uint8Array(100).fill(2);
const people = ["ada", "ben", "cyn"] as const;
const keys = Object.fromEntries(people.map((person) => [person, generateKeyPairSync("ed25519").privateKey])) as Record<
  (typeof people)[number],
  KeyObject
>;
const passkey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const raw = (key: KeyObject, length: number): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-length));
const approver = (person: string, role: string, key: KeyObject): Approver => ({
  person,
  role,
  key: key === passkey ? { alg: "ESP256", key: raw(key, 65) } : { alg: "Ed25519", key: raw(key, 32) },
  passkey: null,
});

function constitution(approvers: Approver[], thresholds: RoleThreshold[]): Constitution {
  const none = [{ role: "nobody", threshold: 1 }];
  return {
    version: 1,
    number: 1,
    predecessor: null,
    name: "test",
    notBefore: 0,
    notAfter: 1,
    approvers,
    quorums: { bundle: thresholds, release: none, fleet: none, succession: none, status: none },
    statusKeys: [],
    auditorKeys: [],
    kms: null,
    log: null,
  };
}

function approve(
  person: string,
  role: string,
  key: KeyObject,
  change: Partial<Approval> = {},
  kind: StatementKind = "approval",
): Uint8Array {
  const digest = sha384(approvedBytes("bundle", constitutionDigest, statement));
  const payload = encodeApproval({ kind: "bundle", digest, person, role, at: 0, ...change });
  const signer = (bytes: Uint8Array): Uint8Array =>
    new Uint8Array(key === passkey ? sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" }) : sign(null, bytes, key));
  return encodeStatement(kind, key === passkey ? "ESP256" : "Ed25519", payload, signer);
}

const vendor = { role: "vendor", threshold: 1 };
const hospital = { role: "hospital", threshold: 1 };
const three = [approver("ada", "vendor", keys.ada), approver("ben", "hospital", keys.ben), approver("cyn", "hospital", keys.cyn)];

async function missing(
  approvers: Approver[],
  thresholds: RoleThreshold[],
  approvals: Uint8Array[],
  kind: ApprovableKind = "bundle",
): Promise<string> {
  const quorum = await verifyApprovals(
    { kind, statement, constitution: constitution(approvers, thresholds), constitutionDigest, approvals },
    signatures,
  );
  expect(quorum.ok).toBe(quorum.missing.length === 0 && thresholds.length > 0);
  return quorum.missing.map(({ role, threshold, counted }) => `${role} ${counted}/${threshold}`).join(", ");
}

describe("a quorum", () => {
  it("stands when each role has enough persons", async () => {
    const approvals = [approve("ada", "vendor", keys.ada), approve("ben", "hospital", keys.ben)];
    expect(await missing(three, [vendor, hospital], approvals)).toBe("");
    const input = {
      kind: "bundle",
      statement,
      constitution: constitution(three, [vendor, hospital]),
      constitutionDigest,
      approvals,
    } as const;
    expect(await verifyApprovals(input, webcrypto)).toEqual({
      ok: true,
      approvedBy: [
        { person: "ada", role: "vendor", at: 0, by: "key" },
        { person: "ben", role: "hospital", at: 0, by: "key" },
      ],
      missing: [],
    });
  });

  it("takes P-256 where a passkey signs", async () => {
    expect(await missing([approver("ada", "vendor", passkey)], [vendor], [approve("ada", "vendor", passkey)])).toBe("");
  });

  it("says which role is missing", async () => {
    expect(
      await missing(
        three,
        [vendor, { role: "hospital", threshold: 2 }],
        [approve("ada", "vendor", keys.ada), approve("ben", "hospital", keys.ben)],
      ),
    ).toBe("hospital 1/2");
    expect(await missing(three, [vendor, hospital], [])).toBe("vendor 0/1, hospital 0/1");
    expect(await missing(three, [], [])).toBe("");
  });

  it("counts a person once, however many approvals, keys and roles", async () => {
    const ada = [approver("ada", "vendor", keys.ada), approver("ada", "hospital", keys.ada), approver("ada", "hospital", passkey)];
    const approvals = [
      approve("ada", "vendor", keys.ada),
      approve("ada", "hospital", keys.ada),
      approve("ada", "hospital", passkey),
      approve("ada", "hospital", passkey),
    ];
    expect(await missing(ada, [{ role: "hospital", threshold: 2 }], approvals)).toBe("hospital 1/2");
    expect(await missing(ada, [vendor, hospital], approvals)).toMatch(/^(vendor|hospital) 0\/1$/);
  });

  it("counts a key once, whatever names it has", async () => {
    const shared = [approver("ada", "hospital", keys.ada), approver("ben", "hospital", keys.ada)];
    expect(
      await missing(
        shared,
        [{ role: "hospital", threshold: 2 }],
        [approve("ada", "hospital", keys.ada), approve("ben", "hospital", keys.ada)],
      ),
    ).toBe("hospital 1/2");
  });

  it("sees that two names share a key without its being used twice, so that one approval more never counts for less", async () => {
    const shared = [approver("ada", "vendor", keys.ada), approver("ada", "vendor", keys.ben), approver("ben", "hospital", keys.ben)];
    const two = [approve("ada", "vendor", keys.ada), approve("ben", "hospital", keys.ben)];
    expect(await missing(shared, [vendor, hospital], two)).toBe("hospital 0/1");
    expect(await missing(shared, [vendor, hospital], [...two, approve("ada", "vendor", keys.ben)])).toBe("hospital 0/1");
  });

  it("leaves those without a seat who are more than needed", async () => {
    const approvals = [approve("ada", "vendor", keys.ada), approve("ben", "hospital", keys.ben), approve("cyn", "hospital", keys.cyn)];
    expect(await missing(three, [hospital], approvals)).toBe("");
    expect(await missing(three, [vendor, hospital], approvals)).toBe("");
    expect(await missing(three, [{ role: "vendor", threshold: 2 }, hospital], approvals)).toBe("vendor 1/2");
  });

  it("moves someone of two roles to where they are needed", async () => {
    const both = [approver("ada", "vendor", keys.ada), approver("ada", "hospital", keys.ada), approver("ben", "vendor", keys.ben)];
    const approvals = [approve("ada", "vendor", keys.ada), approve("ada", "hospital", keys.ada), approve("ben", "vendor", keys.ben)];
    expect(await missing(both, [vendor, hospital], approvals)).toBe("");
    expect(await missing(both, [hospital, vendor], approvals.toReversed())).toBe("");
  });

  it.each<[string, Uint8Array[]]>([
    [
      "another statement",
      [approve("ada", "vendor", keys.ada, { digest: sha384(approvedBytes("bundle", constitutionDigest, statement.with(0, 0))) })],
    ],
    [
      "another deployment",
      [approve("ada", "vendor", keys.ada, { digest: sha384(approvedBytes("bundle", constitutionDigest.with(0, 0), statement)) })],
    ],
    [
      "another kind by digest",
      [approve("ada", "vendor", keys.ada, { digest: sha384(approvedBytes("release", constitutionDigest, statement)) })],
    ],
    ["another kind by name", [approve("ada", "vendor", keys.ada, { kind: "release" })]],
    ["another kind of statement", [approve("ada", "vendor", keys.ada, {}, "release")]],
    ["a role that the key does not have", [approve("ada", "hospital", keys.ada)]],
    ["another person's name", [approve("ben", "vendor", keys.ada)]],
    ["someone unknown", [approve("eve", "vendor", generateKeyPairSync("ed25519").privateKey)]],
    ["a signature by another key", [approve("ada", "vendor", keys.ben)]],
    ["another algorithm", [approve("ada", "vendor", passkey)]],
    ["no approval at all", [new Uint8Array(3)]],
  ])("does not count %s, and does not fail", async (_, approvals) => {
    expect(await missing(three, [vendor], approvals)).toBe("vendor 0/1");
    expect(await missing(three, [vendor], [...approvals, approve("ada", "vendor", keys.ada)])).toBe("");
  });

  it("uses the rule of the kind", async () => {
    for (const kind of ["release", "fleet-record", "constitution"] as const)
      expect(await missing(three, [vendor], [], kind)).toBe("nobody 0/1");
  });
});
