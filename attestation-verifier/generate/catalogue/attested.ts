import { encodeCbor, encodeResultFile, type CborValue, type ResultClaims, type ResultFile } from "@caladrius/wire";
import { NOW_MS } from "../test-pki.ts";
import { makeResultFile, trustText, type ResultOptions } from "../test-result.ts";
import { usualChain } from "./base.ts";
import type { Input } from "./vector.ts";

/** A result file under its trust file, judged at the time that its evidence states. */
export function attested(options: ResultOptions = {}, change: Partial<Input> = {}): Partial<Input> {
  const { bytes } = makeResultFile({ chain: usualChain(), ...options });
  return attestedBytes(bytes, change);
}

/** Any bytes in the place of a result file. */
export function attestedBytes(bytes: Uint8Array, change: Partial<Input> = {}): Partial<Input> {
  return { bytes, kind: "attested", trust: resultTrust(), timeMs: change.mode === "live" ? NOW_MS + 120_000 : null, ...change };
}

/** A trust file that pins PCR16. */
export function resultTrust(change: Record<string, unknown> = {}): string {
  return `${JSON.stringify(JSON.parse(trustText(usualChain().root, change)), null, 2)}\n`;
}

/** The parts of a good result file. */
export function goodFile(): ResultFile {
  return makeResultFile({ chain: usualChain() }).file;
}

/** A good result file with other parts. */
export function fileWith(change: Partial<ResultFile>): Uint8Array {
  return encodeResultFile({ ...goodFile(), ...change });
}

/** A good result file as a map, to be written down in other ways. */
export function fileEntries(): [string, CborValue][] {
  const { result, disclosures, identity, evidence } = goodFile();
  return [
    ["caladrius", 1],
    ["result", result],
    ["disclosures", disclosures],
    ["identity", identity],
    ["evidence", evidence],
  ];
}

/** Claims whose moment of issue is this one. */
export function issuedAt(ms: number): Partial<ResultClaims> {
  return { interval: { fromMs: ms, toMs: ms }, iat: Math.ceil(ms / 1000) };
}

/** Map entries as raw CBOR behind a head for so many. */
export function rawMap(entries: readonly (readonly [string, CborValue])[]): Uint8Array[] {
  return [Uint8Array.of(0xa0 | entries.length), ...entries.flatMap(([key, value]) => [encodeCbor(key), encodeCbor(value)])];
}
