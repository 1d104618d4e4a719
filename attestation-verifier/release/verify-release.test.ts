import { toHex } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import {
  ADA,
  approvalOf,
  approvedRelease,
  BEN,
  CYN,
  foundConstitution,
  publicKeyOf,
  signByPasskey,
  signStatement,
  testConstitution,
  testRelease,
} from "../generate/test-approvals.ts";
import { ed25519TestKey } from "../generate/test-keys.ts";
import { pcr } from "../generate/test-pki.ts";
import { extended, sha256 } from "../generate/test-result.ts";
import { signatures } from "../signatures/node.ts";
import { RELEASE_CODE, type ReleaseCode } from "./code.ts";
import { countRelease, verifyRelease } from "./verify-release.ts";

const founded = foundConstitution();
const { constitutionDigest } = founded;
const good = approvedRelease(constitutionDigest);
const codeOf = async (promise: Promise<unknown>): Promise<ReleaseCode | "accepted"> => {
  try {
    await promise;
    return "accepted";
  } catch (error) {
    const { code, stage, spec, actor } = error as { code: ReleaseCode; stage: string; spec: string; actor: string };
    expect(RELEASE_CODE[code]).toMatchObject({ stage, spec, actor });
    return code;
  }
};

describe("a release", () => {
  it("says who wrote and who approved it, and gives whole sets with the constitution's PCR16", async () => {
    const { release, author, approvedBy, pcrSets } = await verifyRelease(good, founded, signatures);
    expect(release).toMatchObject({ name: "caladrius", softwareVersion: "0.1.0" });
    expect(author).toEqual({ person: "ada", role: "vendor" });
    expect(approvedBy.map(({ person, role, by }) => [person, role, by])).toEqual([
      ["ada", "vendor", "key"],
      ["ben", "hospital", "passkey"],
    ]);
    expect(pcrSets.map((set) => [...set].map(([index, value]) => [index, toHex(value)]))).toEqual([
      [
        [0, toHex(pcr(0x10))],
        [1, toHex(pcr(0x11))],
        [2, toHex(pcr(0x12))],
        [16, toHex(extended(constitutionDigest))],
      ],
    ]);
  });

  it("keeps its own copy of what was verified", async () => {
    const { source } = await verifyRelease(good, founded, signatures);
    expect(source).toEqual(good);
    expect(source.statement).not.toBe(good.statement);
  });

  it("is not one without the hospital's approval: vendor alone, insurer in the hospital's place, or vendor twice", async () => {
    const [ada = new Uint8Array(0)] = good.approvals;
    const cyn = signStatement(
      "approval",
      approvalOf("release", constitutionDigest, good.statement, { person: "cyn", role: "insurer" }),
      CYN,
    );
    for (const approvals of [[], [ada], [ada, ada], [ada, cyn]])
      expect(await codeOf(verifyRelease({ statement: good.statement, approvals }, founded, signatures))).toBe("release-quorum");
    await expect(verifyRelease({ statement: good.statement, approvals: [ada] }, founded, signatures)).rejects.toThrow(
      "the release lacks approvals; expected 1 more of role hospital, found ada, vendor (sender must act)",
    );
    await expect(verifyRelease({ statement: good.statement, approvals: [] }, founded, signatures)).rejects.toThrow(
      "no approval that counts",
    );
  });

  it("is not one when the relying party asks for more", async () => {
    const demands = [{ role: "insurer", threshold: 1 }];
    expect(await codeOf(verifyRelease(good, founded, signatures, demands))).toBe("release-quorum");
    const cyn = signStatement(
      "approval",
      approvalOf("release", constitutionDigest, good.statement, { person: "cyn", role: "insurer" }),
      CYN,
    );
    expect(await codeOf(verifyRelease({ ...good, approvals: [...good.approvals, cyn] }, founded, signatures, demands))).toBe("accepted");
    // less than the constitution asks for takes nothing away from it
    const [ada = new Uint8Array(0)] = good.approvals;
    const less = [{ role: "vendor", threshold: 1 }];
    expect(await codeOf(verifyRelease({ ...good, approvals: [ada] }, founded, signatures, less))).toBe("release-quorum");
  });

  it.each<[string, ReleaseCode, Uint8Array]>([
    ["nothing", "release-form", new Uint8Array(0)],
    ["a statement of another kind", "release-form", signStatement("bundle", new Uint8Array(1), ADA)],
    ["another payload", "release-form", signStatement("release", new Uint8Array(1), ADA)],
    ["a set of zeros", "release-form", testRelease({ pcrs: [{ pcr0: pcr(0), pcr1: pcr(0), pcr2: pcr(0) }] })],
    ["a key that the constitution does not name", "release-author", testRelease({}, ed25519TestKey("nobody"))],
    ["a passkey's key, which writes nothing", "release-author", testRelease({}, BEN)],
  ])("is refused: %s", async (_, code, statement) => {
    expect(await codeOf(verifyRelease(approvedRelease(constitutionDigest, statement), founded, signatures))).toBe(code);
  });

  it("is refused under another constitution, with the same approvers", async () => {
    const other = foundConstitution(testConstitution({ number: 2 }));
    expect(await codeOf(verifyRelease(good, other, signatures))).toBe("release-quorum");
  });

  it("is refused when the author's or an approver's key was revoked", async () => {
    const thumbprint = (key: Parameters<typeof publicKeyOf>[0]): ReadonlySet<string> => new Set([toHex(sha256(publicKeyOf(key).key))]);
    expect(await codeOf(verifyRelease(good, founded, signatures, [], thumbprint(ADA)))).toBe("release-author");
    expect(await codeOf(verifyRelease(good, founded, signatures, [], thumbprint(BEN)))).toBe("release-quorum");
    expect(await codeOf(verifyRelease(good, founded, signatures, [], thumbprint(CYN)))).toBe("accepted");
  });

  it("can be counted before it is approved", async () => {
    const counted = await countRelease({ statement: good.statement, approvals: [] }, founded, signatures);
    expect(counted.quorum).toMatchObject({ ok: false, approvedBy: [] });
    expect(counted.quorum.missing.map(({ role }) => role)).toEqual(["vendor", "hospital"]);
  });

  it("of P-256 keys in files is one too", async () => {
    const { approvers } = founded.constitution;
    const p256 = foundConstitution(testConstitution({ approvers: approvers.map((one) => ({ ...one, passkey: null })) }));
    const statement = testRelease({}, BEN);
    const payload = (person: string, role: string): Uint8Array =>
      approvalOf("release", p256.constitutionDigest, statement, { person, role });
    const approvals = [
      signStatement("approval", payload("ada", "vendor"), ADA),
      signStatement("approval", payload("ben", "hospital"), BEN),
    ];
    expect(await codeOf(verifyRelease({ statement, approvals }, p256, signatures))).toBe("accepted");
    expect(await codeOf(verifyRelease({ statement, approvals: [signByPasskey(payload("ben", "hospital"), BEN)] }, p256, signatures))).toBe(
      "release-quorum",
    );
  });
});
