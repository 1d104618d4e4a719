import { encodeApproved, type ReleaseStatus, type Revocation, type StatusList } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { ADA, approvalOf, CYN, BEN, foundConstitution, publicKeyOf, signStatement, testConstitution } from "../generate/test-approvals.ts";
import { NOW_MS, pcr, sha384 } from "../generate/test-pki.ts";
import { sha256 } from "../generate/test-result.ts";
import { makeStatusList, NOW_S } from "../generate/test-status-list.ts";
import { signatures as noble } from "../signatures/noble.ts";
import { signatures } from "../signatures/node.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { STATUS_CODE } from "./code.ts";
import { readPinnedConstitution } from "./pinned-constitution.ts";
import { indexRevocations } from "./revocations.ts";
import { takesBack } from "./takes-back.ts";
import { requireCurrent, verifyStatusList, type StatusListContext, type VerifiedStatusList } from "./verify-status-list.ts";

const quorum = [
  { role: "vendor", threshold: 1 },
  { role: "insurer", threshold: 1 },
];
const { quorums } = testConstitution();
const founded = foundConstitution(
  testConstitution({ statusKeys: [publicKeyOf(ADA), publicKeyOf(BEN)], quorums: { ...quorums, status: quorum } }),
);
const { constitution, constitutionDigest } = founded;
const list = (change: Partial<StatusList> = {}, options?: Parameters<typeof makeStatusList>[2]): Uint8Array =>
  makeStatusList(constitutionDigest, change, options);
const verify = (file: Uint8Array, context: Partial<StatusListContext> = {}, backend = signatures): Promise<VerifiedStatusList> =>
  verifyStatusList(file, { constitution, constitutionDigest, nowMs: NOW_MS, before: null, ...context }, backend);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "taken",
    (error: unknown) => (error as { code: string }).code,
  );
const both = (statement: Uint8Array): Uint8Array[] => [
  signStatement("approval", approvalOf("status-list", constitutionDigest, statement, { person: "ada", role: "vendor" }), ADA),
  signStatement("approval", approvalOf("status-list", constitutionDigest, statement, { person: "cyn", role: "insurer" }), CYN),
];
const stolen = (key: typeof ADA, since = 0): Revocation => ({ what: "key", id: sha256(publicKeyOf(key).key), since, reason: "stolen" });
const GRANT: Revocation = { what: "grant", id: new Uint8Array(16).fill(4), since: 100, reason: "withdrawn" };

describe("a status list", () => {
  it.each([
    ["node:crypto", signatures],
    ["WebCrypto", webcrypto],
    ["noble", noble],
  ])("verifies on %s, under either status key", async (_, backend) => {
    expect(await verify(list(), {}, backend)).toMatchObject({ list: { number: 1 }, quorum: { ok: false } });
    expect(await verify(list({}, { key: BEN, approve: both }), {}, backend)).toMatchObject({ quorum: { ok: true } });
  });

  it.each<[string, string, () => Uint8Array, Partial<StatusListContext>?]>([
    ["status-list-signature", "signed by nobody's status key", () => list({}, { key: CYN })],
    ["status-list-signature", "changed after it was signed", () => flipped(list())],
    ["status-list-constitution", "of another constitution", () => makeStatusList(new Uint8Array(48))],
    ["status-list-window", "good for a second more than a day", () => list({ expiresAt: NOW_S + 24 * 3600 + 1 })],
    ["status-list-window", "that ends when it begins", () => list({ expiresAt: NOW_S })],
    ["status-list-window", "issued two minutes and a second from now", () => list(), { nowMs: NOW_MS - 120_001 }],
    ["status-list-window", "at a time that is none", () => list(), { nowMs: Number.NaN }],
    ["statement-kind", "that is another statement", () => encodeApproved({ statement: founded.statement, approvals: [] })],
    ["cbor-truncated", "cut short", () => list().subarray(0, 40)],
  ])("is refused, %s: one %s", async (code, _, file, context) => {
    expect(await codeOf(verify(file(), context))).toBe(code);
  });

  it("is taken when a clock is two minutes behind", async () => {
    expect(await codeOf(verify(list(), { nowMs: NOW_MS - 120_000 }))).toBe("taken");
  });

  it("is over when its last moment has passed, and not before", async () => {
    const verified = await verify(list());
    const end = verified.list.expiresAt * 1000;
    expect(() => requireCurrent(verified, end)).not.toThrow();
    expect(() => requireCurrent(verified, end + 1)).toThrow(STATUS_CODE["status-list-expired"].meaning);
    expect(() => requireCurrent(verified, end + 1)).toThrow(`not after ${new Date(end).toISOString()}`);
    expect(() => requireCurrent(verified, Number.NaN)).toThrow("found NaN ms");
  });

  it("is held against the one before", async () => {
    const before = await verify(list({ number: 5, revocations: [GRANT] }));
    const next = (change: Partial<StatusList>, options?: Parameters<typeof makeStatusList>[2]): Promise<string> =>
      codeOf(verify(list({ revocations: [GRANT], ...change }, options), { before }));
    expect(await next({ number: 5 })).toBe("taken"); // the same one again
    expect(await next({ number: 6 })).toBe("taken");
    expect(await next({ number: 4 })).toBe("status-list-older");
    expect(await next({ number: 5, lowestPolicyVersion: 1 })).toBe("status-list-number");
    expect(await next({ number: 6, revocations: [] })).toBe("status-list-quorum");
    expect(await next({ number: 6, revocations: [] }, { approve: (bytes) => both(bytes).slice(0, 1) })).toBe("status-list-quorum");
    expect(await next({ number: 6, revocations: [] }, { approve: both })).toBe("taken");
  });

  it("is refused from a revoked key unless the quorum, without revoked keys, approved it", async () => {
    const before = await verify(list({ number: 5, revocations: [stolen(BEN)] }));
    const next = (change: Partial<StatusList>, options?: Parameters<typeof makeStatusList>[2]): Promise<string> =>
      codeOf(verify(list({ number: 6, revocations: [stolen(BEN)], ...change }, { key: BEN, ...options }), { before }));
    expect(await next({})).toBe("status-list-key-revoked");
    expect(await next({}, { approve: both })).toBe("taken");
    expect(await next({}, { key: ADA })).toBe("taken");
    const frozen = await verify(list({ number: 5, revocations: [stolen(BEN), stolen(CYN)] }));
    const restoring = list({ number: 6 }, { approve: both });
    expect(await codeOf(verify(restoring, { before: frozen }))).toBe("status-list-quorum");
  });

  it("revokes a key from its time on", async () => {
    const before = await verify(list({ number: 5, revocations: [stolen(BEN, NOW_S + 1)] }));
    const next = list({ number: 6, revocations: [stolen(BEN, NOW_S + 1)] }, { key: BEN });
    expect(await codeOf(verify(next, { before, nowMs: NOW_MS + 999 }))).toBe("taken");
    expect(await codeOf(verify(next, { before, nowMs: NOW_MS + 1000 }))).toBe("status-list-key-revoked");
  });
});

describe("what takes something back", () => {
  const digest = pcr(0x77);
  const release = (change: Partial<ReleaseStatus>): ReleaseStatus => ({
    digest,
    images: [pcr(1), pcr(2)],
    lifecycle: "revoked",
    ...change,
  });
  const entry: Revocation = { what: "release", id: digest, since: 50, reason: "a bug" };
  const of = (change: Partial<StatusList>): Pick<StatusList, "lowestPolicyVersion" | "revocations" | "releases"> => ({
    lowestPolicyVersion: 3,
    revocations: [],
    releases: [],
    ...change,
  });
  it.each<[string, boolean, Partial<StatusList>, Partial<StatusList>]>([
    ["nothing", false, {}, {}],
    ["a lower floor", true, {}, { lowestPolicyVersion: 2 }],
    ["a higher floor", false, {}, { lowestPolicyVersion: 4 }],
    ["a revocation left out", true, { revocations: [GRANT] }, {}],
    ["another reason", false, { revocations: [GRANT] }, { revocations: [{ ...GRANT, reason: "again" }] }],
    ["an earlier time", false, { revocations: [GRANT] }, { revocations: [{ ...GRANT, since: 99 }] }],
    ["a later time", true, { revocations: [GRANT] }, { revocations: [{ ...GRANT, since: 101 }] }],
    ["a later time beside the old one", false, { revocations: [GRANT] }, { revocations: [{ ...GRANT, since: 101 }, GRANT] }],
    ["the same id of another kind", true, { revocations: [GRANT] }, { revocations: [{ ...GRANT, what: "device" }] }],
    ["a release revoked no more", true, { releases: [release({})] }, { releases: [release({ lifecycle: "active" })] }],
    ["an image left out", true, { releases: [release({})] }, { releases: [release({ images: [pcr(1)] })] }],
    [
      "an image left out of a release revoked by an entry",
      true,
      { releases: [release({ lifecycle: "active" })], revocations: [entry] },
      { revocations: [entry] },
    ],
    [
      "a release revoked no more, whose image another one has",
      true,
      { releases: [release({ images: [pcr(1)] })] },
      { releases: [release({ images: [pcr(3)], lifecycle: "active" }), release({ digest: pcr(0x78), images: [pcr(1)] })] },
    ],
    ["a release left out, whose images another one has", true, { releases: [release({})] }, { releases: [release({ digest: pcr(0x78) })] }],
    [
      "a release revoked by an entry instead",
      false,
      { releases: [release({})] },
      { releases: [release({})], revocations: [{ ...entry, since: 0 }] },
    ],
    ["a time given to a lifecycle", true, { releases: [release({})] }, { releases: [release({})], revocations: [entry] }],
    ["another lifecycle", false, { releases: [release({ lifecycle: "active" })] }, { releases: [release({ lifecycle: "deprecated" })] }],
    [
      "a release of its own for each image",
      false,
      { releases: [release({})] },
      { releases: [release({ images: [pcr(1)] }), release({ images: [pcr(2)] })] },
    ],
  ])("%s: %s", (_, back, before, after) => {
    expect(takesBack(of(before), of(after))).toBe(back);
  });

  it("takes a moment for the longest lists", () => {
    const revocations = Array.from({ length: 10_000 }, (_, i): Revocation => ({ ...GRANT, id: sha256(Uint8Array.of(i, i >> 8)) }));
    const beganMs = performance.now();
    expect(takesBack(of({ revocations }), of({ revocations: revocations.toReversed() }))).toBe(false);
    expect(performance.now() - beganMs).toBeLessThan(2000);
  });
});

describe("an index of revocations", () => {
  it("gives the earliest time, and counts a time that is none as reached", () => {
    const index = indexRevocations({ revocations: [GRANT, { ...GRANT, since: 50 }, stolen(ADA, 7)], releases: [] });
    expect(index.since("grant", GRANT.id)).toBe(50);
    expect(index.since("key", GRANT.id)).toBeNull();
    expect([49_999, 50_000, Number.NaN].map((atMs) => index.isRevoked("grant", GRANT.id, atMs))).toEqual([false, true, true]);
    expect(index.isRevoked("device", GRANT.id, 50_000)).toBe(false);
    expect([6999, 7000].map((atMs) => index.keysAt(atMs).size)).toEqual([0, 1]);
    expect(index.isImageRevoked(pcr(1), 0)).toBe(false);
  });
});

describe("a pinned constitution", () => {
  it("is the one whose digest PCR16 measures", () => {
    const pcr16 = sha384(new Uint8Array(48), constitutionDigest);
    expect(readPinnedConstitution(founded.statement, [pcr(9), pcr16])).toEqual({ constitution, constitutionDigest });
    for (const other of [[], [pcr(9)], [constitutionDigest]])
      expect(() => readPinnedConstitution(founded.statement, other)).toThrow(STATUS_CODE["constitution-pcr16"].meaning);
  });
});

function flipped(file: Uint8Array): Uint8Array {
  const copy = new Uint8Array(file);
  copy[120] = (copy[120] ?? 0) ^ 1;
  return copy;
}
