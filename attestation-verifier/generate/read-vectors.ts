import { readdirSync, readFileSync } from "node:fs";
import { fromHex } from "@caladrius/wire";

/** One vector of the committed kit, ready to be judged. */
export interface KitVector {
  readonly id: string;
  readonly title: string;
  readonly rule: string;
  readonly reason: string;
  readonly source: string;
  readonly kind: "cose" | "attested";
  readonly bytes: Uint8Array;
  /** text of the trust file */
  readonly trust: string;
  readonly mode: "live" | "archived";
  /** Unix ms; null = the document's own time */
  readonly timeMs: number | null;
  readonly nonce: Uint8Array | null;
  readonly maxAgeSeconds: number | null;
  /** what the caller of a result file knows; null = nothing */
  readonly expect: { readonly jobDigest: Uint8Array | null; readonly nonce: Uint8Array | null; readonly policyVersion: number | null };
  readonly consistency: "enforce" | "report";
  readonly crls: readonly Uint8Array[];
  /** what stands in expected.json */
  readonly expected: {
    readonly exit: number;
    readonly status: string;
    readonly code: string;
    readonly reasons?: string[];
    readonly stage: string;
  };
}

interface Manifest {
  title: string;
  rule: string;
  reason: string;
  source: string;
  mode: "live" | "archived";
  time: string | null;
  nonce: string | null;
  maxAgeSeconds: number | null;
  expect?: { jobDigest?: string; nonce?: string; policyVersion?: number };
  consistency?: "report";
  crls?: string[];
}

/** The kit as it is committed, in the order of its numbers. For tests; the command that others run reads it with more care. */
export function readVectors(folder: URL = new URL("../vectors/", import.meta.url)): KitVector[] {
  return readdirSync(folder)
    .toSorted()
    .map((id) => {
      const read = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(`${id}/${file}`, folder)));
      const json = (file: string): unknown => JSON.parse(Buffer.from(read(file)).toString("utf8"));
      const manifest = json("manifest.json") as Manifest;
      const kind = readdirSync(new URL(id, folder)).includes("input.cose") ? "cose" : "attested";
      const bytes = (hex: string | null | undefined): Uint8Array | null => (hex === null || hex === undefined ? null : fromHex(hex));
      const { title, rule, reason, source, mode, time, maxAgeSeconds, expect = {} } = manifest;
      return {
        id,
        title,
        rule,
        reason,
        source,
        kind,
        bytes: read(`input.${kind}`),
        trust: Buffer.from(read("trust.json")).toString("utf8"),
        mode,
        timeMs: time === null ? null : Date.parse(time),
        nonce: bytes(manifest.nonce),
        maxAgeSeconds,
        expect: { jobDigest: bytes(expect.jobDigest), nonce: bytes(expect.nonce), policyVersion: expect.policyVersion ?? null },
        consistency: manifest.consistency ?? "enforce",
        crls: (manifest.crls ?? []).map(read),
        expected: json("expected.json") as KitVector["expected"],
      };
    });
}
