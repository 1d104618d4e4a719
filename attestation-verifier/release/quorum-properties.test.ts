import { sign, type KeyObject } from "node:crypto";
import { approvedBytes, encodeApproval, encodeStatement, type Approver, type Constitution } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { approverOf, ORIGIN, RP_ID, signByPasskey, testConstitution } from "../generate/test-approvals.ts";
import { ed25519TestKey, testKey } from "../generate/test-keys.ts";
import { sha384 } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { rememberSignatures } from "../signatures/remember.ts";
import { verifyApprovals, type ApprovableKind, type Quorum } from "./quorum.ts";

// Few persons, roles and keys, so that they meet often: several keys of one person, several roles, one key in two names.
const PEOPLE = ["ada", "ben", "cyn", "dan"];
const ROLES = ["vendor", "hospital", "insurer"];
const FILES: readonly KeyObject[] = ["a", "b", "c", "d"].map((label) => ed25519TestKey(`quorum ${label}`));
const PASSKEYS: readonly KeyObject[] = ["e", "f"].map((label) => testKey(`quorum ${label}`, "P-256"));
const KINDS: readonly ApprovableKind[] = ["constitution", "bundle", "release", "fleet-record", "status-list", "emergency"];
const statement = new Uint8Array(100).fill(2);
const digestOf = (seed: number): Uint8Array => new Uint8Array(48).fill(seed);
const remembered = rememberSignatures(signatures, 8192);

interface Given {
  readonly approver: number;
  readonly kind: ApprovableKind;
  readonly constitution: number;
  readonly statement: number;
  readonly at: number;
}
const approverArbitrary = fc.record({
  person: fc.constantFrom(...PEOPLE),
  role: fc.constantFrom(...ROLES),
  // some keys more often, so that names share them
  key: fc.oneof(fc.constantFrom(0, 4), fc.nat(FILES.length + PASSKEYS.length - 1)),
});
const ruleArbitrary = fc.array(fc.record({ role: fc.constantFrom(...ROLES), threshold: fc.constantFrom(1, 1, 2, 2, 3) }), {
  minLength: 1,
  maxLength: 3,
});
const givenArbitrary: fc.Arbitrary<Given> = fc.record({
  approver: fc.nat(7),
  // most of them good
  kind: fc.oneof({ weight: 6, arbitrary: fc.constant<ApprovableKind>("release") }, fc.constantFrom(...KINDS)),
  constitution: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.constant(9)),
  statement: fc.oneof({ weight: 6, arbitrary: fc.constant(2) }, fc.constant(8)),
  at: fc.nat(3),
});
const world = fc.record({
  approvers: fc.array(approverArbitrary, { minLength: 1, maxLength: 8 }),
  rule: ruleArbitrary,
  given: fc.array(givenArbitrary, { maxLength: 10 }),
});

const made = new Map<string, Uint8Array>();
function make({ person, role, key }: { person: string; role: string; key: number }, given: Given): Uint8Array {
  const name = JSON.stringify([person, role, key, { ...given, approver: 0 }]);
  const before = made.get(name);
  if (before !== undefined) return before;
  const digest = sha384(approvedBytes(given.kind, digestOf(given.constitution), statement.with(0, given.statement)));
  const payload = encodeApproval({ kind: given.kind, digest, person, role, at: given.at });
  const file = FILES[key];
  const approval =
    file === undefined
      ? signByPasskey(payload, PASSKEYS[key - FILES.length] as KeyObject)
      : encodeStatement("approval", "Ed25519", payload, (bytes) => new Uint8Array(sign(null, bytes, file)));
  made.set(name, approval);
  return approval;
}
function found({
  approvers,
  rule,
}: {
  approvers: readonly { person: string; role: string; key: number }[];
  rule: Constitution["quorums"]["release"];
}) {
  const named = approvers.map(({ person, role, key }): Approver => {
    const file = FILES[key];
    return file === undefined
      ? approverOf(person, role, PASSKEYS[key - FILES.length] as KeyObject, { rpId: RP_ID, origins: [ORIGIN] })
      : approverOf(person, role, file);
  });
  const { quorums } = testConstitution();
  return testConstitution({ approvers: named, quorums: { ...quorums, release: rule } });
}
function count(constitution: Constitution, approvals: readonly Uint8Array[], kind: ApprovableKind = "release"): Promise<Quorum> {
  return verifyApprovals({ kind, statement, constitution, constitutionDigest: digestOf(1), approvals }, remembered);
}
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;
const approvalsOf = ({ approvers, given }: World): Uint8Array[] =>
  given.map((one) => make(approvers[one.approver % approvers.length] as World["approvers"][number], one));
const isGood = ({ kind, constitution, statement: of }: Given): boolean => kind === "release" && constitution === 1 && of === 2;
const RUNS = { numRuns: 150, seed: 7 };

describe("a quorum, whatever the persons, roles, keys and approvals", () => {
  it("is not reached by taking an approval away", async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.nat(9), async (one, at) => {
        const constitution = found(one);
        const all = approvalsOf(one);
        const fewer = await count(constitution, all.toSpliced(at % Math.max(1, all.length), 1));
        if (fewer.ok) expect((await count(constitution, all)).ok).toBe(true);
      }),
      RUNS,
    );
  });

  it("does not depend on the order of approvals, nor on how often one stands there", async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.array(fc.nat(9), { maxLength: 4 }), async (one, again) => {
        const constitution = found(one);
        const all = approvalsOf(one);
        const shuffled = all.toReversed();
        for (const at of again) if (all.length > 0) shuffled.splice(at % all.length, 0, all[at % all.length] as Uint8Array);
        expect(await count(constitution, shuffled)).toEqual(await count(constitution, all));
      }),
      RUNS,
    );
  });

  it("seats no person and no key twice", async () => {
    await fc.assert(
      fc.asyncProperty(world, async (one) => {
        const { ok, approvedBy } = await count(found(one), approvalsOf(one));
        const seats = new Map<string, number>();
        for (const { role, threshold } of one.rule) seats.set(role, (seats.get(role) ?? 0) + threshold);
        const needed = [...seats.values()].reduce((sum, threshold) => sum + threshold, 0);
        const persons = new Set(approvedBy.map(({ person }) => person));
        const keys = new Set(one.given.filter(isGood).map(({ approver }) => one.approvers[approver % one.approvers.length]?.key));
        if (ok) expect(Math.min(persons.size, keys.size)).toBeGreaterThanOrEqual(needed);
      }),
      RUNS,
    );
  });

  it("is never reached by approvals of another kind, statement or constitution", async () => {
    await fc.assert(
      fc.asyncProperty(world, async (one) => {
        const foreign = { ...one, given: one.given.filter((given) => !isGood(given)) };
        expect(await count(found(one), approvalsOf(foreign))).toMatchObject({ ok: false, approvedBy: [] });
      }),
      RUNS,
    );
  });

  it("is not moved by approvals that do not count", async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.uint8Array({ maxLength: 200 }), async (one, junk) => {
        const constitution = found(one);
        const good = approvalsOf({ ...one, given: one.given.filter(isGood) });
        expect(await count(constitution, [junk, ...approvalsOf(one), junk])).toEqual(await count(constitution, good));
      }),
      RUNS,
    );
  });
});

describe("a rule", () => {
  it("can be made stricter by the relying party, never laxer", async () => {
    await fc.assert(
      fc.asyncProperty(world, ruleArbitrary, async (one, demands) => {
        const constitution = found(one);
        const approvals = approvalsOf(one);
        const input = { kind: "release", statement, constitution, constitutionDigest: digestOf(1), approvals } as const;
        const { ok } = await verifyApprovals({ ...input, demands }, remembered);
        if (ok) expect((await count(constitution, approvals)).ok).toBe(true);
      }),
      RUNS,
    );
  });

  it("for emergencies stands in the bundle: without it nothing is approved", async () => {
    const person = { person: "ada", role: "vendor", key: 0 };
    const constitution = found({ approvers: [person], rule: [{ role: "vendor", threshold: 1 }] });
    const approvals = [make(person, { approver: 0, kind: "emergency", constitution: 1, statement: 2, at: 0 })];
    expect((await count(constitution, approvals, "emergency")).ok).toBe(false);
    const input = { kind: "emergency", statement, constitution, constitutionDigest: digestOf(1), approvals } as const;
    expect(await verifyApprovals({ ...input, demands: [{ role: "vendor", threshold: 1 }] }, remembered)).toMatchObject({ ok: true });
  });
});
