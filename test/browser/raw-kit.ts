import { readdirSync, readFileSync } from "node:fs";
import type { RawVector } from "./judge-vector.ts";

/** Every vector of the conformance kit with its files as they lie there. */
export function readRawKit(): RawVector[] {
  const kit = new URL("../../attestation-verifier/vectors/", import.meta.url);
  return readdirSync(kit, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name: id }) => {
      const folder = new URL(`${id}/`, kit);
      const files = readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder)).toString("base64")]);
      return { id, files: Object.fromEntries(files) as Record<string, string> };
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** What a vector's expected.json says. */
export function expectedOf({ files }: RawVector): { exit: number; status: string; code: string; reasons?: string[]; stage: string } {
  return JSON.parse(Buffer.from(files["expected.json"] ?? "", "base64").toString("utf8"));
}

/**
 * Vectors for the examples of a README, which name no mode, time or expectation: result files judged as of their own time,
 * one that is accepted and one that is refused.
 */
export function exampleVectors(kit: readonly RawVector[]): { accepted: RawVector; refused: RawVector } {
  const plain = kit.filter(({ files }) => {
    if (files["input.attested"] === undefined) return false;
    const manifest = JSON.parse(Buffer.from(files["manifest.json"] ?? "", "base64").toString("utf8")) as Record<string, unknown>;
    return manifest["mode"] === "archived" && manifest["expect"] === undefined && manifest["nonce"] === null;
  });
  const accepted = plain.find((vector) => expectedOf(vector).exit === 0);
  const refused = plain.find((vector) => expectedOf(vector).code === "result-signature");
  if (accepted === undefined || refused === undefined) throw new Error("the kit lacks result files to show");
  return { accepted, refused };
}
