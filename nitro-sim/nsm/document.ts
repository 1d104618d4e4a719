import { concatBytes, encodeCbor, type CborValue } from "@caladrius/wire";

/** What one attestation document states. Certificates are DER; `cabundle` begins with the root. */
export interface DocumentFields {
  moduleId: string;
  timestampMs: number;
  /** Locked registers alone, 48 bytes each. */
  pcrs: ReadonlyMap<number, Uint8Array>;
  certificate: Uint8Array;
  cabundle: readonly Uint8Array[];
  publicKey: Uint8Array | null;
  userData: Uint8Array | null;
  nonce: Uint8Array | null;
}

/**
 * Makes an attestation document byte for byte in the form that AWS has written since August 2025: an untagged
 * COSE_Sign1 (RFC 9052 §4.2) with protected {1: -35}, whose payload is a map of indefinite length in AWS's key order;
 * everything else has a definite length, and what is absent is null.
 *
 * @param sign ES384 over the bytes given: r || s, 96 bytes
 */
export function encodeDocument(fields: DocumentFields, sign: (toBeSigned: Uint8Array) => Uint8Array): Uint8Array {
  const payload = encodeCbor(encodePayload(fields));
  // RFC 9052 §4.4 Sig_structure ["Signature1", protected, external_aad, payload].
  const signature = sign(concatBytes(Uint8Array.of(0x84), encodeCbor("Signature1"), PROTECTED, EMPTY_BYTES, payload));
  return concatBytes(Uint8Array.of(0x84), PROTECTED, EMPTY_MAP, payload, encodeCbor(signature));
}

function encodePayload(fields: DocumentFields): Uint8Array {
  const entries: readonly (readonly [string, CborValue])[] = [
    ["module_id", fields.moduleId],
    ["digest", "SHA384"],
    ["timestamp", fields.timestampMs],
    ["pcrs", fields.pcrs],
    ["certificate", fields.certificate],
    ["cabundle", fields.cabundle],
    ["public_key", fields.publicKey],
    ["user_data", fields.userData],
    ["nonce", fields.nonce],
  ];
  return concatBytes(Uint8Array.of(0xbf), ...entries.flatMap(([key, value]) => [encodeCbor(key), encodeCbor(value)]), Uint8Array.of(0xff));
}

/** The byte string a1 01 38 22 = {1: -35}. */
const PROTECTED = Uint8Array.of(0x44, 0xa1, 0x01, 0x38, 0x22);
const EMPTY_MAP = Uint8Array.of(0xa0);
const EMPTY_BYTES = Uint8Array.of(0x40);
