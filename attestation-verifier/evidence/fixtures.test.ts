import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parsePcrSet } from "../appraise/pcr-set.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
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
}
const real = json("attestation/index.json") as Real[];
const mutated = json("attestation-mutations/expected.json") as Mutated[];
const archived = { kind: "archived", atMs: null, nonce: null } as const;
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

  it.each(mutated.map((one) => [one.file.replace("attestation-mutations/", ""), one.why, one] as const))(
    "%s: %s",
    async (_, _why, { file, expect: expected }) => {
      const outcome = await verifyEvidence(read(file), { anchors: [AWS_NITRO_ROOT_G1], mode: archived, signatures }).then(
        () => "accept",
        (error: { code?: string }) => (error.code === undefined ? "crash" : "reject"),
      );
      expect(outcome).toBe(expected === "policy" ? "reject" : expected); // the strict profile rejects what is left to choice
    },
  );
});
