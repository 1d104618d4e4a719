import { decodeCbor } from "@caladrius/wire";
import { expect, it } from "vitest";
import { makeDocument } from "../generate/test-document.ts";
import { NOW_MS } from "../generate/test-pki.ts";
import { trustText } from "../generate/test-result.ts";
import { signatures } from "../signatures/node.ts";
import { parseTrustFile } from "../trust/trust-file.ts";
import { encodeVerdictEar, verdictEar } from "./ear.ts";
import { verifyAttestationDocument } from "./verify-attestation-document.ts";

const { bytes, root } = makeDocument();
const { pcrs, ...rest } = JSON.parse(trustText(root)) as { pcrs: Record<string, string>[] };
const trust = parseTrustFile(JSON.stringify({ ...rest, pcrs: pcrs.map(({ 16: _, ...image }) => image) }));
const options = { issuedAt: 1_772_366_400, build: "caladrius 0.1.0" };

it("is an EAR for what was accepted", async () => {
  const archived = await verifyAttestationDocument(bytes, trust, { kind: "archived", atMs: null, nonce: null }, signatures);
  expect(verdictEar(archived, options)).toEqual({
    eat_profile: "tag:ietf.org,2026:rats/ear#04",
    iat: 1_772_366_400,
    ear_verifier_id: { developer: "https://caladrius.example", build: "caladrius 0.1.0" },
    submods: {
      nitro: {
        ear_status: "warning",
        ear_trustworthiness_vector: { "instance-identity": 2, configuration: 2, executables: 2, hardware: 2, "runtime-opaque": 2 },
        caladrius_verdict: {
          code: "time-not-proved",
          stage: "freshness",
          spec: "ARCHITECTURE §5",
          sentence: archived.sentence,
          reasons: ["time-not-proved"],
          notChecked: ["revocation", "time", "lifecycle"],
          mode: "archived",
          at: new Date(NOW_MS).toISOString(),
        },
      },
    },
  });
  const cbor = decodeCbor(encodeVerdictEar(archived, options)) as ReadonlyMap<number, unknown>;
  expect([...cbor.keys()]).toEqual([6, 265, 266, 1004]);
  const nitro = (cbor.get(266) as ReadonlyMap<string, ReadonlyMap<number, unknown>>).get("nitro")!;
  expect(nitro.get(1000)).toBe(32);
  expect(nitro.get(1001)).toEqual(new Map([[0, 2], [1, 2], [2, 2], [4, 2], [5, 2]])); // oxfmt-ignore
  expect((nitro.get(-70100) as ReadonlyMap<string, unknown>).get("at")).toBe(new Date(NOW_MS).toISOString());
});

it("claims nothing but the status for what was refused", async () => {
  const refused = await verifyAttestationDocument(bytes.subarray(1), trust, { kind: "archived", atMs: null, nonce: null }, signatures);
  const json = verdictEar(refused, options) as { submods: { nitro: Record<string, unknown> } };
  expect(Object.keys(json.submods.nitro)).toEqual(["ear_status", "caladrius_verdict"]);
  expect(json.submods.nitro["caladrius_verdict"]).toMatchObject({ code: "envelope-shape", reasons: ["envelope-shape"], at: null });
  const cbor = decodeCbor(encodeVerdictEar(refused, options)) as ReadonlyMap<number, ReadonlyMap<string, ReadonlyMap<number, unknown>>>;
  expect([...cbor.get(266)!.get("nitro")!.keys()]).toEqual([1000, -70100]);
});

it("lowers the tiers that a simulator or debug mode leave open", () => {
  const verdict = (reasons: string[]) =>
    verdictEar({ status: "warning", reasons, atMs: null, notChecked: [] } as never, options) as never as Vector;
  type Vector = { submods: { nitro: { ear_trustworthiness_vector: Record<string, number> } } };
  const vector = (...reasons: string[]) => Object.values(verdict(reasons).submods.nitro.ear_trustworthiness_vector);
  expect(vector("simulator")).toEqual([32, 32, 32, 32, 32]);
  expect(vector("debug")).toEqual([2, 32, 32, 2, 32]);
  expect(vector("inconsistent")).toEqual([32, 2, 2, 2, 2]);
});
