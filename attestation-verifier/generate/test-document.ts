import type { KeyObject } from "node:crypto";
import { encodeCbor, type CborValue } from "@caladrius/wire";
import { concat, hex } from "./der.ts";
import { signFixed } from "./test-keys.ts";
import { makeChain, MODULE_ID, NOW_MS, pcr, PCR4, type TestChain } from "./test-pki.ts";

/** Fields of a payload; every one may be replaced by anything CBOR can say. */
export type Fields = Record<string, CborValue>;

export function defaultFields(chain: TestChain): Fields {
  const pcrs = new Map<number, CborValue>([
    [0, pcr(0x10)],
    [1, pcr(0x11)],
    [2, pcr(0x12)],
    [3, pcr(0)],
    [4, PCR4],
  ]);
  for (let index = 5; index < 16; index++) pcrs.set(index, pcr(0));
  return {
    module_id: MODULE_ID,
    digest: "SHA384",
    timestamp: NOW_MS,
    pcrs,
    certificate: chain.certificate,
    cabundle: chain.cabundle,
    public_key: null,
    user_data: null,
    nonce: null,
  };
}

/** The payload map in AWS's key order, definite or as AWS writes it since August 2025. */
export function encodeFields(fields: Fields, indefinite = true): Uint8Array {
  const entries = Object.entries(fields).flatMap(([key, value]) => [encodeCbor(key), encodeCbor(value)]);
  return indefinite ? concat(hex("bf"), ...entries, hex("ff")) : concat(Uint8Array.of(0xa0 | Object.keys(fields).length), ...entries);
}

/** COSE_Sign1 over any payload, signed by any key. */
export function signDocument(payload: Uint8Array, key: KeyObject): Uint8Array {
  const protectedHeader = hex("a1013822");
  const toBeSigned = encodeCbor(["Signature1", protectedHeader, new Uint8Array(0), payload]);
  const signature = signFixed(key, "sha384", toBeSigned, "compact");
  return concat(hex("84"), encodeCbor(protectedHeader), hex("a0"), encodeCbor(payload), encodeCbor(signature));
}

/** A whole document; without arguments it is a good one under a fresh chain's root. */
export function makeDocument({
  chain = makeChain(),
  fields = {},
  payload,
}: { chain?: TestChain; fields?: Fields; payload?: (all: Fields) => Uint8Array } = {}): { bytes: Uint8Array; root: Uint8Array } {
  const all = { ...defaultFields(chain), ...fields };
  return { bytes: signDocument((payload ?? encodeFields)(all), chain.leafKey), root: chain.root };
}
