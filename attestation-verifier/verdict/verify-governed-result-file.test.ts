import { decodeResultFile, encodeResultFile, toHex, type ResultFile } from "@caladrius/wire";
import { beforeAll, describe, expect, it } from "vitest";
import {
  approvalOf,
  approvedRelease,
  BEN,
  CYN,
  foundConstitution,
  publicKeyOf,
  signStatement,
  testConstitution,
  testRelease,
} from "../generate/test-approvals.ts";
import { makeGovernedResult } from "../generate/test-governed.ts";
import { ed25519TestKey } from "../generate/test-keys.ts";
import { NOW_MS, pcr } from "../generate/test-pki.ts";
import { extended, sha256 } from "../generate/test-result.ts";
import { RELEASE_CODE, type ReleaseCode } from "../release/code.ts";
import { signatures } from "../signatures/node.ts";
import { parseGovernedTrustFile, type GovernedTrust } from "../trust/governed-trust-file.ts";
import { verdictJson } from "./verdict-json.ts";
import { createGovernedResultVerifier, verifyGovernedResultFile, type GovernedOptions } from "./verify-governed-result-file.ts";
import { verifyResultFile } from "./verify-result-file.ts";

const made = makeGovernedResult();
const { founded } = made;
const { constitutionDigest } = founded;
const OTHER = { pcr0: pcr(0x20), pcr1: pcr(0x21), pcr2: pcr(0x22) };
const SET = { ...Object.fromEntries([0, 1, 2].map((i) => [i, toHex(pcr(0x10 + i))])), 16: toHex(extended(constitutionDigest)) };
let approved: GovernedTrust;
let named: GovernedTrust;
let plain: GovernedTrust;
beforeAll(async () => {
  approved = await parseGovernedTrustFile(made.trust("approved"), signatures);
  named = await parseGovernedTrustFile(made.trust([made.source]), signatures);
  plain = await parseGovernedTrustFile(made.trust("approved", { constitution: undefined, releases: undefined, pcrs: [SET] }), signatures);
});
const codeOf = async (bytes: Uint8Array, trust: GovernedTrust, options: GovernedOptions = {}): Promise<string> => {
  const verdict = await verifyGovernedResultFile(bytes, trust, options, signatures);
  expect(verdict.claims === null).toBe(verdict.status === "contraindicated");
  if (Object.hasOwn(RELEASE_CODE, verdict.code)) {
    const { stage, spec, status } = RELEASE_CODE[verdict.code as ReleaseCode];
    expect(verdict).toMatchObject({ stage, spec, status: "contraindicated", exitCode: status === "malformed" ? 30 : 10, mode: "archived" });
    expect(verdict.notChecked).toEqual(["revocation", "time", "input provenance", "fork", "tail", "witness", "lifecycle"]);
  }
  return verdict.status === "contraindicated" ? verdict.code : "accepted";
};
const withParts = (source: Partial<ReturnType<typeof approvedRelease>>, change: Partial<ResultFile> = {}): Uint8Array => {
  const { statement, approvals } = { ...made.source, ...source };
  return makeGovernedResult({ founded, source: { statement, approvals }, file: change }).bytes;
};

describe("a result with its release", () => {
  it("is accepted under a trust file that takes what the quorum approved, and says who approved what", async () => {
    const verdict = await verifyGovernedResultFile(made.bytes, approved, {}, signatures);
    expect(verdict).toMatchObject({
      status: "warning",
      code: "time-not-proved",
      claims: {
        disclosed: { subject: "pseudonym-1" },
        release: {
          from: "result file",
          author: { person: "ada", role: "vendor" },
          approvedBy: [
            { person: "ada", role: "vendor", at: 1_800_000_000, by: "key" },
            { person: "ben", role: "hospital", at: 1_800_000_000, by: "passkey" },
          ],
          release: { name: "caladrius", softwareVersion: "0.1.0", notes: "First release." },
        },
      },
    });
    expect(JSON.stringify(verdictJson(verdict))).toContain('"sourceCommit":"0123456789abcdef0123456789abcdef01234567"');
  });

  it("is accepted where the trust file names the release, or its measurements", async () => {
    expect(await codeOf(made.bytes, named)).toBe("accepted");
    const both = await parseGovernedTrustFile(made.trust([], { pcrs: [SET] }), signatures);
    expect(await codeOf(made.bytes, both)).toBe("accepted");
  });

  it("says the same without it where the trust file names the release", async () => {
    const verdict = await verifyGovernedResultFile(made.bare, named, {}, signatures);
    expect(verdict.claims?.release).toMatchObject({ from: "trust file", author: { person: "ada" } });
  });

  it("says of nobody that they approved, where only measurements speak for it", async () => {
    const verdict = await verifyGovernedResultFile(made.bare, plain, {}, signatures);
    expect(verdict).toMatchObject({ status: "warning", claims: { release: null } });
  });

  it("says what the verifier of plain files says, besides", async () => {
    const expectations = { nonce: new Uint8Array(16) };
    expect(await codeOf(made.bytes, approved, expectations)).toBe("result-nonce");
    expect(await codeOf(made.bare, named, expectations)).toBe("result-nonce");
    expect(await codeOf(new Uint8Array(3), approved)).toBe("result-file-form");
    expect(await codeOf(withParts({}, { receipt: new Uint8Array(1) }), approved)).toBe("result-file-unsupported");
    const live = { mode: { kind: "live", nowMs: NOW_MS + 120_000, nonce: null, maxAgeMs: null } } as const;
    expect(await codeOf(made.bytes, approved, live)).toBe("accepted");
    expect(await verifyGovernedResultFile(made.bare, approved, live, signatures)).toMatchObject({ mode: "live", code: "release-missing" });
  });

  it("reads a copy: what becomes of the caller's bytes meanwhile does not matter", async () => {
    const bytes = made.bytes.slice();
    const verdict = verifyGovernedResultFile(bytes, approved, {}, signatures);
    bytes.fill(0);
    expect((await verdict).status).toBe("warning");
  });
});

describe("a result is refused", () => {
  const [ada = new Uint8Array(0), ben = new Uint8Array(0)] = made.source.approvals;

  it("without a release, where only approved ones are taken", async () => {
    expect(await codeOf(made.bare, approved)).toBe("release-missing");
  });

  it.each<[string, string, Uint8Array]>([
    ["no approvals", "release-quorum", withParts({ approvals: [] })],
    ["the vendor's approval alone", "release-quorum", withParts({ approvals: [ada] })],
    ["the hospital's approval alone", "release-quorum", withParts({ approvals: [ben] })],
    [
      "the insurer in the hospital's place",
      "release-quorum",
      withParts({
        approvals: [
          ada,
          signStatement(
            "approval",
            approvalOf("release", constitutionDigest, made.source.statement, { person: "cyn", role: "insurer" }),
            CYN,
          ),
        ],
      }),
    ],
    ["approvals of another release", "release-quorum", withParts({ statement: testRelease({ notes: "" }) })],
    ["approvals of another constitution", "release-quorum", withParts(approvedRelease(constitutionDigest.with(0, 0)))],
    ["approvals without a release", "release-form", withParts({ statement: new Uint8Array(1) })],
    [
      "a release that nobody of the constitution wrote",
      "release-author",
      withParts(approvedRelease(constitutionDigest, testRelease({}, ed25519TestKey("nobody")))),
    ],
    [
      "an approved release of other code",
      "measurement-mismatch",
      withParts(approvedRelease(constitutionDigest, testRelease({ pcrs: [OTHER] }))),
    ],
  ])("with %s: %s", async (_, code, bytes) => {
    expect(await codeOf(bytes, approved)).toBe(code);
  });

  it("with a release and no word about approvals", async () => {
    const file = { ...decodeResultFile(made.bare), release: made.source.statement };
    expect(await codeOf(encodeResultFile(file), approved)).toBe("release-quorum");
  });

  it("with approvals and no release beside them", async () => {
    const { bare } = made;
    const { release: _, ...file } = { ...decodeResultFile(bare), approvals: made.source.approvals };
    expect(await codeOf(encodeResultFile(file), approved)).toBe("release-form");
  });

  it("with an approved release of other code, where the code that ran is trusted by its measurements", async () => {
    const other = withParts(approvedRelease(constitutionDigest, testRelease({ pcrs: [OTHER] })));
    const both = await parseGovernedTrustFile(made.trust("approved", { pcrs: [SET] }), signatures);
    expect(await codeOf(other, named)).toBe("release-measurement");
    expect(await codeOf(other, both)).toBe("release-measurement");
    expect(await codeOf(made.bare, both)).toBe("accepted");
  });

  it("with a release, where no constitution could say who may approve it", async () => {
    expect(await codeOf(made.bytes, plain)).toBe("result-file-unsupported");
    expect((await verifyResultFile(made.bytes, named, {}, signatures)).code).toBe("result-file-unsupported");
  });

  it("of an enclave under another constitution, however good its release is", async () => {
    const other = makeGovernedResult({ founded: foundConstitution(testConstitution({ name: "other" })) });
    expect(await codeOf(other.bytes, approved)).toBe("release-quorum");
    const source = approvedRelease(constitutionDigest); // approved under the trusted one
    const mixed = makeGovernedResult({ founded: other.founded, source });
    expect(await codeOf(mixed.bytes, approved)).toBe("measurement-mismatch");
  });

  it("when an approver's key had been revoked by the time of the result", async () => {
    const revoked = new Set([toHex(sha256(publicKeyOf(BEN).key))]);
    const since = (ms: number): GovernedOptions => ({ revokedKeysAt: (atMs) => (atMs >= ms ? revoked : new Set()) });
    for (const [bytes, trust] of [
      [made.bytes, approved],
      [made.bare, named],
    ] as const) {
      expect(await codeOf(bytes, trust, since(NOW_MS))).toBe("release-quorum");
      expect(await codeOf(bytes, trust, since(NOW_MS + 3_600_000))).toBe("accepted");
    }
    const cyn = new Set([toHex(sha256(publicKeyOf(CYN).key))]); // who approved nothing
    expect(await codeOf(made.bytes, approved, { revokedKeysAt: () => cyn })).toBe("accepted");
    expect(await codeOf(made.bare, plain, since(0))).toBe("accepted"); // nobody's approval was counted
  });
});

describe("a verifier of many files", () => {
  it("remembers a release by its exact bytes, and forgets none of its defects", async () => {
    let signed = 0;
    const counting = {
      ...signatures,
      verifyEd25519: (...all: Parameters<typeof signatures.verifyEd25519>) => (signed++, signatures.verifyEd25519(...all)),
    };
    const verify = createGovernedResultVerifier(approved, {}, counting);
    const [ada = new Uint8Array(0), ben = new Uint8Array(0)] = made.source.approvals;
    expect((await verify(made.bytes)).status).toBe("warning");
    const first = signed;
    expect((await verify(made.bytes)).status).toBe("warning");
    expect(signed - first).toBe(1); // the result's own
    for (const approvals of [[ada], [ben, ada], [ada, ada]])
      expect((await verify(withParts({ approvals }))).status).toBe(approvals.includes(ben) ? "warning" : "contraindicated");
    expect((await verify(withParts({ statement: testRelease({ notes: "" }) }))).code).toBe("release-quorum");
    expect((await verify(made.bytes, { nonce: new Uint8Array(16) })).code).toBe("result-nonce");
  });

  it("passes on what is not about the input", async () => {
    const broken = { ...signatures, verifyEs384: () => Promise.reject(new Error("no such algorithm")) };
    await expect(verifyGovernedResultFile(made.bytes, approved, {}, broken)).rejects.toThrow("no such algorithm");
  });
});
