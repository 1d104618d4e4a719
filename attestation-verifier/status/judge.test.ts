import { encodeResultFile, type ReleaseStatus, type Revocation, type StatusList } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { testConstitution } from "../generate/test-approvals.ts";
import { makeChain, NOW_MS, pcr } from "../generate/test-pki.ts";
import { CONSTITUTION_DIGEST, makeResultFile, sha256, trustText, VALUES, type NamedValue } from "../generate/test-result.ts";
import { makeStatusList, NOW_S } from "../generate/test-status-list.ts";
import { makeTimeStamp, timeAuthorityPem } from "../generate/test-time-stamp.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { verifyAttestationDocument } from "../verdict/verify-attestation-document.ts";
import { verifyResultFile, type ResultFileClaims } from "../verdict/verify-result-file.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { judgeEvidence, judgeResult } from "./judge.ts";
import { verifyStatusList, type VerifiedStatusList } from "./verify-status-list.ts";

/** When the result was made: its interval ends a millisecond after a whole second. */
const MADE_S = NOW_S + 60;
const SUBMITTER = new Uint8Array(32).fill(0x51);
const ISSUER = new Uint8Array(32).fill(0x15);
const DEVICE = new Uint8Array(32).fill(0xde);
const DIGEST = pcr(0x44);
const RELEASE: ReleaseStatus = { digest: DIGEST, images: [pcr(0x99), pcr(0x10)], lifecycle: "active" };
const DISCLOSING: readonly NamedValue[] = [
  ...VALUES.filter(([name]) => name !== "input"),
  ["submitter", SUBMITTER],
  ["grant", { digest: new Uint8Array(32), issuer: ISSUER, use: 1 }],
  ["input", { recordingDigest: new Uint8Array(32), device: DEVICE, sequence: 1 }],
];

const { file, root } = makeResultFile({ chain: makeChain(), values: DISCLOSING });
const trust = parseTrustFile(trustText(root, { timeAuthorities: [timeAuthorityPem()] }));
const stamped = (genTimeMs: number): Uint8Array =>
  encodeResultFile({ ...file, timeEvidence: makeTimeStamp({ digest: sha256(file.result), genTimeMs }) });
const verdictOf = (bytes: Uint8Array = stamped(NOW_MS + 61_000)): Promise<Verdict<ResultFileClaims>> =>
  verifyResultFile(bytes, trust, {}, signatures);
const listOf = (change: Partial<StatusList> = {}): Promise<VerifiedStatusList> =>
  verifyStatusList(
    makeStatusList(CONSTITUTION_DIGEST, change),
    { constitution: testConstitution(), constitutionDigest: CONSTITUTION_DIGEST, nowMs: NOW_MS + 10 * 24 * 3_600_000, before: null },
    signatures,
  );
const judge = async (change: Partial<StatusList>, bytes?: Uint8Array) => judgeResult(await verdictOf(bytes), await listOf(change));
const revoked = (what: Revocation["what"], id: Uint8Array, since: number): Revocation[] => [{ what, id, since, reason: "stolen" }];
const releaseSince = (since: number): Partial<StatusList> => ({ releases: [RELEASE], revocations: revoked("release", DIGEST, since) });

describe("a result, judged by a status list", () => {
  it("stays as it was under one that revokes nothing of it, and lifecycle is not open any more", async () => {
    const before = await verdictOf();
    expect(before).toMatchObject({ status: "affirming", notChecked: expect.arrayContaining(["lifecycle"]) });
    const verdict = await judge({ releases: [RELEASE], revocations: revoked("key", ISSUER.subarray(0, 31), 0) });
    expect(verdict).toMatchObject({
      status: "affirming",
      code: "verified",
      claims: {
        statusList: { number: 1, inForceThen: true, releases: [{ digest: DIGEST, lifecycle: "active" }], undisclosed: ["grant"] },
        provedTime: { inTime: true },
      },
    });
    expect(verdict.notChecked).toEqual(before.notChecked.filter((one) => one !== "lifecycle"));
    expect(await judge({})).toMatchObject({ status: "affirming", claims: { statusList: { releases: [] } } });
  });

  it("says what it was not held against, as the file does not disclose it", async () => {
    const alarm = makeResultFile({ chain: makeChain(), values: VALUES.filter(([name]) => name === "alarm-summary") });
    expect(await judge({}, alarm.bytes)).toMatchObject({ claims: { statusList: { undisclosed: ["submitter", "grant", "device"] } } });
    const unsigned = makeResultFile({ chain: makeChain() });
    expect(await judge({}, unsigned.bytes)).toMatchObject({ claims: { statusList: { undisclosed: ["submitter", "grant"] } } });
  });

  it.each<[string, Partial<StatusList>]>([
    ["release-revoked", releaseSince(MADE_S)],
    ["release-revoked", { releases: [{ ...RELEASE, lifecycle: "revoked" }] }],
    ["policy-withdrawn", { lowestPolicyVersion: 4 }],
    ["submitter-revoked", { revocations: revoked("key", SUBMITTER, MADE_S) }],
    ["issuer-revoked", { revocations: revoked("key", ISSUER, MADE_S) }],
    ["device-revoked", { revocations: revoked("device", DEVICE, MADE_S) }],
    ["device-revoked", { revocations: revoked("key", DEVICE, MADE_S) }],
  ])("is contraindicated: %s", async (code, change) => {
    const verdict = await judge(change);
    expect(verdict).toMatchObject({ status: "contraindicated", code, stage: "status", claims: null, exitCode: 10 });
    expect(verdict.sentence).toContain("status list 1");
    expect(verdict.notChecked).not.toContain("lifecycle");
  });

  it.each<[string, Partial<StatusList>]>([
    ["submitter", { revocations: revoked("key", SUBMITTER, MADE_S + 1) }],
    ["issuer", { revocations: revoked("key", ISSUER, MADE_S + 1) }],
    ["device", { revocations: revoked("device", DEVICE, MADE_S + 1) }],
  ])("does not suffer from a %s that was revoked the second after", async (_, change) => {
    expect(await judge(change)).toMatchObject({ status: "affirming" });
  });

  it("of a release that was revoked later is affirming only with a stamp from before", async () => {
    const since = MADE_S + 30;
    expect(await judge(releaseSince(since), stamped(NOW_MS + 61_000))).toMatchObject({ status: "affirming" });
    const late = await judge(releaseSince(since), stamped(NOW_MS + 95_000));
    expect(late).toMatchObject({ status: "warning", code: "release-revoked-later", reasons: ["release-revoked-later"] });
    const unstamped = await judge(releaseSince(since), encodeResultFile(file));
    expect(unstamped).toMatchObject({ status: "warning", code: "time-not-proved", reasons: ["time-not-proved", "release-revoked-later"] });
    expect(unstamped.sentence).toContain("revoked later");
  });

  it("under a policy that was forbidden later gets a warning: nobody can tell since when", async () => {
    const issuedAt = MADE_S + 1;
    const verdict = await judge({ lowestPolicyVersion: 4, issuedAt, expiresAt: issuedAt + 60 });
    expect(verdict).toMatchObject({ status: "warning", code: "policy-withdrawn-later", claims: { statusList: { inForceThen: false } } });
  });

  it.each(["candidate", "deprecated"] as const)("of a release that is %s gets a warning", async (lifecycle) => {
    expect(await judge({ releases: [{ ...RELEASE, lifecycle }] })).toMatchObject({ status: "warning", code: "release-not-active" });
    expect(await judge({ releases: [{ ...RELEASE, lifecycle }, RELEASE] })).toMatchObject({ status: "affirming" });
  });

  it("of a release that is known by its approvals is judged by its digest too, whatever images the list names", async () => {
    const verdict = await verdictOf();
    if (verdict.status === "contraindicated") throw new Error(verdict.sentence);
    const approved = { ...verdict, claims: { ...verdict.claims, release: { digest: DIGEST } } };
    const elsewhere: ReleaseStatus = { ...RELEASE, images: [pcr(0x99)] };
    const by = async (change: Partial<StatusList>) => judgeResult(approved, await listOf(change));
    expect(await by({ revocations: revoked("release", DIGEST, MADE_S) })).toMatchObject({ code: "release-revoked" });
    expect(await by({ releases: [{ ...elsewhere, lifecycle: "revoked" }] })).toMatchObject({ code: "release-revoked" });
    expect(await by({ revocations: revoked("release", DIGEST, MADE_S + 30) })).toMatchObject({ status: "affirming" }); // stamped before
    expect(await by({ ...releaseSince(MADE_S + 30), releases: [elsewhere] })).toMatchObject({ status: "affirming" });
    expect(await by({ ...releaseSince(MADE_S), releases: [RELEASE] })).toMatchObject({ code: "release-revoked" });
    expect(await by({ releases: [{ ...elsewhere, lifecycle: "candidate" }] })).toMatchObject({ code: "release-not-active" });
    expect(await by({ releases: [elsewhere] })).toMatchObject({ status: "affirming" });
    expect(await by({ revocations: revoked("release", pcr(0x45), 0) })).toMatchObject({ status: "affirming" });
  });

  it("that was contraindicated stays so, with its own code", async () => {
    const other = parseTrustFile(trustText(root, { pcrs: [] }));
    const refused = await verifyResultFile(stamped(NOW_MS + 61_000), other, {}, signatures);
    expect(judgeResult(refused, await listOf())).toBe(refused);
  });

  it("is not judged by the list of another constitution", async () => {
    const constitutionDigest = pcr(0x61);
    const context = { constitution: testConstitution(), constitutionDigest, nowMs: NOW_MS, before: null };
    const list = await verifyStatusList(makeStatusList(constitutionDigest), context, signatures);
    const verdict = judgeResult(await verdictOf(), list);
    expect(verdict).toMatchObject({ status: "contraindicated", code: "status-list-constitution", claims: null, actor: "relying party" });
    expect(verdict.notChecked).toContain("lifecycle");
    const document = await verifyAttestationDocument(file.evidence, trust, { kind: "archived", atMs: null, nonce: null }, signatures);
    const refused = { status: "contraindicated", code: "status-list-constitution", notChecked: expect.arrayContaining(["lifecycle"]) };
    expect(judgeEvidence(document, list)).toMatchObject(refused);
    if (document.status === "contraindicated") throw new Error(document.sentence);
    const pcrs = new Map([...document.claims.pcrs].filter(([index]) => index !== 16));
    expect(judgeEvidence({ ...document, claims: { ...document.claims, pcrs } }, await listOf())).toMatchObject(refused);
  });
});

describe("an attestation document, judged by a status list", () => {
  const judgeDocument = async (change: Partial<StatusList>, at = trust) =>
    judgeEvidence(
      await verifyAttestationDocument(file.evidence, at, { kind: "live", nowMs: NOW_MS, nonce: null, maxAgeMs: 60_000 }, signatures),
      await listOf(change),
    );

  it("is contraindicated when its release had been revoked", async () => {
    expect(await judgeDocument(releaseSince(NOW_S))).toMatchObject({ status: "contraindicated", code: "release-revoked" });
    expect(await judgeDocument(releaseSince(NOW_S + 1))).toMatchObject({
      status: "affirming",
      claims: { statusList: { undisclosed: [] } },
    });
    const clear = await judgeDocument({});
    expect(clear.notChecked).not.toContain("lifecycle");
  });

  it("that was contraindicated stays so", async () => {
    const other = parseTrustFile(trustText(root, { pcrs: [] }));
    expect(await judgeDocument({}, other)).toMatchObject({ status: "contraindicated", code: "reference-values-missing" });
  });
});
