import { encodeCbor, toHex, type CborValue } from "@caladrius/wire";
import { encodePemCertificate } from "../../trust/pem.ts";
import { concat, der, extension, hex } from "../der.ts";
import { defaultFields, encodeFields, signDocument, type Fields } from "../test-document.ts";
import { signFixed } from "../test-keys.ts";
import { keyOf, makeChain, pcr, PCR4, type CertificateParts, type Place, type TestChain } from "../test-pki.ts";

export const HOUR_MS = 3_600_000;

let usual: TestChain | null = null;
/** The chain that most vectors share. */
export function usualChain(): TestChain {
  usual ??= makeChain();
  return usual;
}

/** A document whose fields differ from the usual ones. */
export function documentWith(fields: Fields = {}, chain: TestChain = usualChain()): Uint8Array {
  return signDocument(encodeFields({ ...defaultFields(chain), ...fields }), chain.leafKey);
}

/** A document whose payload is whatever the function makes of the usual fields; its signature is good. */
export function payloadOf(make: (fields: Fields) => Uint8Array): Uint8Array {
  return signDocument(make(defaultFields(usualChain())), usualChain().leafKey);
}

/** The usual payload with raw CBOR between its last entry and its break. */
export function payloadWithMore(...more: Uint8Array[]): Uint8Array {
  return payloadOf((fields) => concat(encodeFields(fields).slice(0, -1), ...more, hex("ff")));
}

/** The usual payload with one field written as raw CBOR, in its place. */
export function payloadWithRaw(name: string, raw: Uint8Array): Uint8Array {
  return payloadOf((fields) => {
    const entries = Object.entries(fields).flatMap(([key, value]) => [encodeCbor(key), key === name ? raw : encodeCbor(value)]);
    return concat(hex("bf"), ...entries, hex("ff"));
  });
}

export type Edit = (parts: Record<Place, CertificateParts>) => void;

/** A document under a chain that differs from the usual one, every certificate signed by its issuer. */
export function documentUnder(edit: Edit, fields: Fields = {}): Uint8Array {
  return documentWith(fields, makeChain(edit));
}

/** A document whose zonal certificate has so many bytes, by an extension that nobody knows. */
export function documentWithZonalOf(bytes: number): Uint8Array {
  // The signature's length varies by a few bytes with what it covers
  for (let filler = bytes - 700; filler < bytes; filler++) {
    const chain = makeChain((p) => p.zonal.extensions.push(extension(UNKNOWN_EXTENSION, false, new Uint8Array(filler))));
    if (chain.cabundle[2]?.length === bytes) return documentWith({}, chain);
  }
  throw new Error(`no zonal certificate of ${bytes} bytes`);
}

/** Registers 0 to 15 of the usual image, as every genuine document has them, and others. */
export function registers(more: Readonly<Record<number, Uint8Array>> = {}): Map<number, CborValue> {
  const zeros = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [index, pcr(0)]));
  const all: Record<number, Uint8Array> = { ...zeros, 0: pcr(0x10), 1: pcr(0x11), 2: pcr(0x12), 4: PCR4, ...more };
  return new Map(Object.entries(all).map(([index, value]) => [Number(index), value]));
}

/** The items of a document, each as raw CBOR; `head` opens the array. */
export interface Items {
  head: Uint8Array;
  header: Uint8Array;
  unprotected: Uint8Array;
  payload: Uint8Array;
  signature: Uint8Array;
}

/** The items of a good document. */
export function usualItems(): Items {
  const payload = usualPayload();
  return {
    head: hex("84"),
    header: encodeCbor(ES384),
    unprotected: hex("a0"),
    payload: encodeCbor(payload),
    signature: encodeCbor(signatureOver(ES384, payload)),
  };
}

/** A document of the usual items but for those given. */
export function assemble(items: Partial<Items>): Uint8Array {
  const { head, header, unprotected, payload, signature } = { ...usualItems(), ...items };
  return concat(head, header, unprotected, payload, signature);
}

/** The usual payload map. */
export function usualPayload(): Uint8Array {
  return encodeFields(defaultFields(usualChain()));
}

/** r || s of the usual key over a Sig_structure (RFC 9052 §4.4) with any protected header. */
export function signatureOver(header: Uint8Array, payload: Uint8Array, hash = "sha384"): Uint8Array {
  return signFixed(keyOf("leaf"), hash, sigStructure(header, payload), "compact");
}

export function sigStructure(header: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(["Signature1", header, new Uint8Array(0), payload]);
}

/** A trust file for the usual root and image; a key that is undefined is left out. */
export function trustFile(change: Record<string, unknown> = {}, root: Uint8Array = usualChain().root): string {
  const pcrs = [imageSet()];
  return `${JSON.stringify({ roots: [encodePemCertificate(root)], pcrs, ...change }, null, 2)}\n`;
}

/** The usual set of expected measurements, and others. */
export function imageSet(more: Readonly<Record<number, unknown>> = {}): Record<string, unknown> {
  return { 0: toHex(pcr(0x10)), 1: toHex(pcr(0x11)), 2: toHex(pcr(0x12)), ...more };
}

/** Takes an extension out of a certificate and puts others behind the rest. */
export function replaceExtension(parts: CertificateParts, oid: string, ...by: Uint8Array[]): void {
  const wanted = toHex(der(0x06, hex(oid)));
  parts.extensions = [...parts.extensions.filter((one) => !toHex(one).includes(wanted)), ...by];
}

/** An extension with its value given as hex. */
export function rawExtension(oid: string, critical: boolean, value: string): Uint8Array {
  return extension(oid, critical, hex(value));
}

/** an arc for private use, under which no extension of X.509 lies */
export const UNKNOWN_EXTENSION = "2b0601040182370102";
/** {1: -35}, what AWS writes */
export const ES384: Uint8Array = hex("a1013822");
