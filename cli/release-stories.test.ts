import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ADA,
  approvalOf,
  approvedRelease,
  BEN,
  foundConstitution,
  signByPasskey,
  signStatement,
  testConstitution,
  testRelease,
} from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { ed25519TestKey } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import { pcr, PCR4 } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { extended, POLICY_DIGEST } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { evaluateKeyPolicy, parseKeyPolicy } from "@caladrius/policies/kms";
import { encodeApproved, toHex } from "@caladrius/wire";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-story-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const put = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

const founded = foundConstitution();
const { constitutionDigest } = founded;
const good = makeGovernedResult({ founded });
const constitution = put("constitution.cose", founded.statement);
const trust = put("trust.json", good.trust("approved"));
const named = put("named.json", good.trust([good.source]));
const verify = (name: string, bytes: Uint8Array, by: string = trust): ReturnType<typeof call> =>
  call("verify", put(name, bytes), "--trust", by);
const ROLE = "arn:aws:iam::111122223333:role/enclave-host";
const keyPolicy = (release: string): ReturnType<typeof call> =>
  call("kms", "policy", "--constitution", constitution, "--role", ROLE, "--release", release);

/** PCR0, 1, 2 of an image, in an enclave under a constitution. */
const registers = (first: number, digest: Uint8Array = constitutionDigest): Map<number, Uint8Array> =>
  new Map([
    [0, pcr(first)],
    [1, pcr(first + 1)],
    [2, pcr(first + 2)],
    [3, pcr(0)],
    [4, PCR4],
    [16, extended(digest)],
    [17, extended(POLICY_DIGEST)],
  ]);

describe("a rogue administrator boots another image", () => {
  const rogue = { founded, fields: { pcrs: registers(0x60) } };
  const stolen = testRelease({ pcrs: [{ pcr0: pcr(0x60), pcr1: pcr(0x61), pcr2: pcr(0x62) }] });
  const approvedBy = (person: string, role: string): Uint8Array => approvalOf("release", constitutionDigest, stolen, { person, role });

  it("and no verifier takes its results: not bare, nor beside the release of the approved image", async () => {
    for (const by of [trust, named]) {
      expect((await verify("approved.attested", good.bytes, by)).code).toBe(EXIT.ok);
      const { code, stdout } = await verify("rogue.attested", makeGovernedResult(rogue).bytes, by);
      expect([code, stdout]).toEqual([EXIT.contraindicated, expect.stringContaining("measurement-mismatch")]);
      expect((await verify("bare.attested", makeGovernedResult(rogue).bare, by)).code).toBe(EXIT.contraindicated);
    }
  });

  it("nor beside a release of their own, or of the vendor's stolen key, or with the hospital's approval of something else", async () => {
    const own = approvedRelease(
      constitutionDigest,
      testRelease({ pcrs: [{ pcr0: pcr(0x60), pcr1: pcr(0x61), pcr2: pcr(0x62) }] }, ed25519TestKey("admin")),
    );
    expect((await verify("own.attested", makeGovernedResult({ ...rogue, source: own }).bytes)).stdout).toContain("release-author");
    const ada = signStatement("approval", approvedBy("ada", "vendor"), ADA);
    const alone = { statement: stolen, approvals: [ada, ada, signStatement("approval", approvedBy("ben", "hospital"), ADA)] };
    expect((await verify("alone.attested", makeGovernedResult({ ...rogue, source: alone }).bytes)).stdout).toContain(
      "1 more of role hospital",
    );
    const [, ben = new Uint8Array(0)] = good.source.approvals;
    expect(
      (await verify("moved.attested", makeGovernedResult({ ...rogue, source: { statement: stolen, approvals: [ada, ben] } }).bytes)).stdout,
    ).toContain("release-quorum");
  });

  it("nor under a constitution of their own, which makes them every role", async () => {
    const approvers = testConstitution().approvers.map((one) => ({
      ...one,
      key: { alg: "Ed25519" as const, key: new Uint8Array(32).fill(9) },
      passkey: null,
    }));
    const mine = foundConstitution(testConstitution({ approvers }));
    const result = makeGovernedResult({ founded: mine, source: good.source });
    expect((await verify("mine.attested", result.bytes)).stdout).toContain("measurement-mismatch");
  });

  it("and KMS, by the key policy that was made from the release, gives the image nothing", async () => {
    const { code, stdout } = await keyPolicy(put("good.release", encodeApproved(good.source)));
    expect(code).toBe(EXIT.ok);
    const policy = parseKeyPolicy(stdout);
    const decrypts = (pcrs: ReadonlyMap<number, Uint8Array>): boolean =>
      evaluateKeyPolicy(policy, {
        principal: { arn: "arn:aws:sts::111122223333:assumed-role/enclave-host/i-1", account: "111122223333" },
        action: "kms:Decrypt",
        resource: "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        context: {
          ...Object.fromEntries([0, 1, 2, 16].map((i) => [`kms:RecipientAttestation:PCR${i}`, toHex(pcrs.get(i) ?? new Uint8Array(0))])),
          "kms:RecipientAttestation:ImageSha384": toHex(pcrs.get(0) ?? new Uint8Array(0)),
          "kms:EncryptionContext:caladrius-constitution": toHex(constitutionDigest),
          "kms:EncryptionContextKeys": ["caladrius-constitution"],
        },
      }).allowed;
    expect(decrypts(registers(0x10))).toBe(true);
    expect(decrypts(registers(0x60))).toBe(false);
    expect(decrypts(registers(0x10, new Uint8Array(48).fill(9)))).toBe(false);
    expect(decrypts(new Map([...registers(0x10), [2, pcr(0x62)]]))).toBe(false); // one register of their own is enough
  });
});

describe("a vendor ships without the hospital's approval", () => {
  const next = testRelease({ softwareVersion: "1.1.0", pcrs: [{ pcr0: pcr(0x20), pcr1: pcr(0x21), pcr2: pcr(0x22) }], notes: "Faster." });
  const payload = (person: string, role: string): Uint8Array => approvalOf("release", constitutionDigest, next, { person, role });
  const ada = signStatement("approval", payload("ada", "vendor"), ADA);
  const shipped = { statement: next, approvals: [ada] };
  const result = (source: typeof shipped): Uint8Array => makeGovernedResult({ founded, fields: { pcrs: registers(0x20) }, source }).bytes;

  it("and nobody takes it: not the verifier, nor a trust file, nor the maker of key policies; each names who is missing", async () => {
    const file = put("next.release", encodeApproved(shipped));
    const checked = await call("release", "verify", file, "--constitution", constitution);
    expect([checked.code, checked.stdout]).toEqual([EXIT.contraindicated, expect.stringContaining("missing   1 more of role hospital")]);
    expect((await verify("next.attested", result(shipped))).stdout).toMatch(/release-quorum.*1 more of role hospital/);
    const naming = put("naming.json", good.trust([shipped]));
    expect(await verify("next.attested", result(shipped), naming)).toMatchObject({
      code: EXIT.contraindicated,
      stderr: expect.stringContaining("release-quorum") as string,
    });
    expect((await keyPolicy(file)).code).toBe(EXIT.contraindicated);
  });

  it("until the hospital's passkey has approved, and then its results verify without a change of any trust file", async () => {
    const both = { statement: next, approvals: [ada, signByPasskey(payload("ben", "hospital"), BEN)] };
    const { code, stdout } = await verify("both.attested", result(both));
    expect([code, stdout]).toEqual([EXIT.ok, expect.stringMatching(/release +caladrius 1\.1\.0[^]*ben, hospital, .* with a passkey/)]);
    expect((await keyPolicy(put("both.release", encodeApproved(both)))).code).toBe(EXIT.ok);
    // whoever pinned the one release that they know stays with it
    expect((await verify("both.attested", result(both), named)).stdout).toContain("measurement-mismatch");
    expect(readFileSync(trust, "utf8")).toBe(good.trust("approved"));
  });
});
