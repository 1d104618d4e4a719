import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeCbor,
  decodeForeignCbor,
  decodeNsmRequest,
  decodeNsmResponse,
  decodeStatement,
  fromHex,
  STATEMENT,
  type CborValue,
  type StatementKind,
} from "./index.ts";

interface Expected {
  accept?: boolean;
  value?: string;
  code?: string;
  acceptAs?: StatementKind;
}

const DECODERS: Record<string, (bytes: Uint8Array) => string> = {
  cbor: (bytes) => show(decodeCbor(bytes)),
  foreign: (bytes) => show(decodeForeignCbor(bytes)),
  "nsm-request": (bytes) => decodeNsmRequest(bytes).kind,
  "nsm-response": (bytes) => decodeNsmResponse(bytes).kind,
  "result-statement": (bytes) => decodeStatement(bytes, "result").alg,
};

const folder = new URL("vectors/", import.meta.url);

describe("vectors", () => {
  for (const name of readdirSync(folder)) {
    const read = (file: string): string => readFileSync(new URL(`${name}/${file}`, folder), "utf8");
    const { decoder } = JSON.parse(read("manifest.json")) as { decoder: string };
    const expected = JSON.parse(read("expected.json")) as Expected;
    const bytes = fromHex(read("input.hex").trim());
    it(name, () => {
      if (decoder === "statements") {
        for (const kind of Object.keys(STATEMENT) as StatementKind[]) {
          if (kind === expected.acceptAs) expect(decodeStatement(bytes, kind).alg).toBe("Ed25519");
          else expect(codeOf(() => decodeStatement(bytes, kind))).toBe("statement-kind");
        }
        return;
      }
      const decode = DECODERS[decoder];
      if (decode === undefined) throw new Error(`no decoder ${decoder}`);
      if (expected.accept === true) expect(decode(bytes)).toBe(expected.value);
      else expect(codeOf(() => decode(bytes))).toBe(expected.code);
    });
  }
});

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

function show(value: CborValue): string {
  if (value instanceof Map)
    return `{${[...(value as ReadonlyMap<string, CborValue>)].map(([key, entry]) => `${key}:${show(entry)}`).join(",")}}`;
  return JSON.stringify(value);
}
