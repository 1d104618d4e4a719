import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePcrSet } from "../appraise/pcr-set.ts";
import { signatures } from "../signatures/node.ts";
import { rememberSignatures } from "../signatures/remember.ts";
import { signatures as webcrypto } from "../signatures/webcrypto.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { Refusal } from "../verdict/refusal.ts";
import { verifyAttestationDocument } from "../verdict/verify-attestation-document.ts";
import { AWS_NITRO_ROOT_G1 } from "./aws-root-g1.ts";
import { verifyEvidence } from "./verify-evidence.ts";

const fixtures = new URL("../../../shared/fixtures/", import.meta.url);
const present = existsSync(new URL("attestation/index.json", fixtures));
const json = (path: string): unknown => (present ? JSON.parse(readFileSync(new URL(path, fixtures), "utf8")) : []);
const read = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(file, fixtures)));

interface Real {
  file: string;
  module_id: string;
  timestamp: number;
  debug: boolean;
  region: string;
  pcrs: Record<string, string>;
}
interface Mutated {
  file: string;
  expect: "accept" | "reject" | "policy";
  why: string;
  sigStillValid: boolean;
}
const real = json("attestation/index.json") as Real[];
const mutated = json("attestation-mutations/expected.json") as Mutated[];
const archived = { kind: "archived", atMs: null, nonce: null } as const;
const remembering = rememberSignatures(signatures);
const zero = "0".repeat(96);

it("pins AWS's root by the digest that AWS publishes", () => {
  expect(AWS_NITRO_ROOT_G1.sha256).toBe("641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b");
  expect(AWS_NITRO_ROOT_G1.simulated).toBe(false);
  expect(AWS_NITRO_ROOT_G1.certificate.subject.commonName).toBe("aws.nitro-enclaves");
});

describe.skipIf(!present)("real documents (fixtures beside the repository)", () => {
  it.each(real.map((one) => [one.file.replace("attestation/", ""), one] as const))(
    "%s",
    async (_, { file, module_id, timestamp, debug, region, pcrs }) => {
      const bytes = read(file);
      const trust = parseTrustFile(
        JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [{ 0: zero, 1: zero, 2: zero, ...pcrs }], allowDebug: debug }),
      );
      const verdict = await verifyAttestationDocument(bytes, trust, archived, signatures);
      expect(verdict).toMatchObject({
        status: "warning",
        code: debug ? "debug" : "time-not-proved",
        claims: { moduleId: module_id, timestampMs: timestamp, region, debug },
      });
      expect(verdict.notChecked).toContain("time");
      const live = await verifyAttestationDocument(
        bytes,
        trust,
        { kind: "live", nowMs: timestamp + 1000, nonce: null, maxAgeMs: 1000 },
        signatures,
      );
      expect(live.status).toBe(debug ? "warning" : "affirming");
      if (debug) {
        const strict = { ...trust, allowDebug: false };
        expect(await verifyAttestationDocument(bytes, strict, archived, signatures)).toMatchObject({
          status: "contraindicated",
          code: "debug-refused",
          claims: null,
        });
        expect(() => parsePcrSet({ 0: zero, 1: zero, 2: zero }, { allowDebug: false })).toThrow(
          expect.objectContaining({ code: "trust-pcr-zero" }),
        );
      }
      const other = parseTrustFile(
        JSON.stringify({
          roots: ["aws-nitro-root-g1"],
          pcrs: [{ 0: zero, 1: zero, 2: zero, ...pcrs, 4: "11".repeat(48) }],
          allowDebug: debug,
        }),
      );
      expect(await verifyAttestationDocument(bytes, other, archived, signatures)).toMatchObject({ code: "measurement-mismatch" });
    },
  );

  it.each(real.map((one) => [one.file.replace("attestation/", ""), one] as const))(
    "%s: zeros in a set are debug mode, all three of them, in the set and in the document",
    async (_, { file, debug, pcrs }) => {
      const bytes = read(file);
      const judge = async (image: Record<number, string>, allowDebug: boolean): Promise<string> => {
        const text = JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [{ ...pcrs, ...image }], allowDebug });
        try {
          const verdict = await verifyAttestationDocument(bytes, parseTrustFile(text), archived, remembering);
          return `${verdict.status} ${verdict.code}`;
        } catch (error) {
          return (error as { code: string }).code;
        }
      };
      const other = { 0: "aa".repeat(48), 1: "bb".repeat(48), 2: "cc".repeat(48) };
      const none = { 0: zero, 1: zero, 2: zero };
      expect(await judge(none, true)).toBe(debug ? "warning debug" : "contraindicated measurement-mismatch");
      expect(await judge(other, true)).toBe("contraindicated measurement-mismatch");
      expect(await judge(other, false)).toBe(`contraindicated ${debug ? "debug-refused" : "measurement-mismatch"}`);
      for (const allowDebug of [false, true])
        for (const some of [[0], [1], [2], [0, 1], [0, 2], [1, 2]])
          expect(await judge({ ...other, ...Object.fromEntries(some.map((index) => [index, zero])) }, allowDebug)).toBe("trust-pcr-zero");
      expect(await judge(none, false)).toBe("trust-pcr-zero");
      if (!debug)
        for (const index of [0, 1, 2])
          expect(await judge({ [index]: zero }, true), `own values and a zero PCR${index}`).toBe("trust-pcr-zero");
    },
  );

  it.each(real.map((one) => [one.file.replace("attestation/", ""), one] as const))(
    "%s: no flipped bit is accepted",
    async (_, { file }) => {
      const bytes = read(file);
      const judge = (input: Uint8Array): Promise<unknown> =>
        verifyEvidence(input, { anchors: [AWS_NITRO_ROOT_G1], mode: archived, signatures: remembering });
      await judge(bytes);
      await fc.assert(
        fc.asyncProperty(fc.nat(8 * bytes.length - 1), async (bit) => {
          await expect(judge(bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))))).rejects.toBeInstanceOf(Refusal);
        }),
        { numRuns: 25 },
      );
    },
  );

  it("are as many as there were, and one root stands in all", () => {
    expect([real.length, mutated.length]).toEqual([24, 69]);
    expect(real.filter(({ debug }) => debug).length).toBeGreaterThan(0);
    expect(real.filter(({ debug }) => !debug).length).toBeGreaterThan(0);
    expect(read("AWS_NitroEnclaves_Root-G1.der")).toEqual(AWS_NITRO_ROOT_G1.certificate.der);
  });

  it.each(mutated.map((one) => [one.file.replace("attestation-mutations/", ""), one.why, one] as const))(
    "%s: %s",
    async (_, _why, { file, expect: expected, sigStillValid }) => {
      for (const backend of [remembering, webcrypto]) {
        const outcome = await verifyEvidence(read(file), { anchors: [AWS_NITRO_ROOT_G1], mode: archived, signatures: backend }).then(
          () => "accept",
          (error: unknown) => (error instanceof Refusal ? error.code : "crash"),
        );
        if (expected === "accept") expect(outcome).toBe("accept");
        // the strict profile rejects what is left to choice; where the signature still holds, only the envelope can tell
        else expect(outcome).toMatch(sigStillValid ? /^envelope-/ : /^(envelope|payload|certificate|chain|bundle|document|timestamp)-/);
      }
    },
  );
});
