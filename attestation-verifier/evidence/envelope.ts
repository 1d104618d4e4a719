import { equalBytes, toHex } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";

/** A COSE_Sign1 whose signature has not been verified. Fields are views of the received bytes. */
export interface Envelope {
  readonly payload: Uint8Array;
  /** r || s, 96 bytes */
  readonly signature: Uint8Array;
  /** Sig_structure, what the signature covers (RFC 9052 §4.4) */
  readonly toBeSigned: Uint8Array;
}

/** Payloads hold at most 16384 bytes (AWS attestation_process.md §3.1); the frame around one takes 113. */
export const MAX_PAYLOAD_BYTES = 16_384;
const MAX_DOCUMENT_BYTES = MAX_PAYLOAD_BYTES + 113;

/**
 * Takes an attestation document apart: COSE_Sign1 with or without tag 18, every length definite and in its shortest form,
 * exactly {1: -35} protected, nothing unprotected, nothing behind it (RFC 9052 §4.2).
 * @throws Refusal envelope-*
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length === 0 || bytes.length > MAX_DOCUMENT_BYTES)
    throw new Refusal("envelope-size", { expected: `1 to ${MAX_DOCUMENT_BYTES} bytes`, actual: `${bytes.length}` });
  let at = 0;
  if ((bytes[0] as number) >> 5 === MAJOR.tag) {
    if (bytes[0] !== COSE_SIGN1_TAG) throw new Refusal("envelope-tag", { expected: "d2 or none", actual: byteAt(bytes, 0) });
    at = 1;
  }
  if (bytes[at] !== ARRAY_OF_FOUR)
    throw new Refusal("envelope-shape", { subject: "document", expected: "array of 4 (84)", actual: byteAt(bytes, at) });
  const header = readByteString(bytes, at + 1, "protected header");
  const protectedHeader = bytes.subarray(header.start, header.end);
  if (equalBytes(protectedHeader, QEMU_HEADER)) throw new Refusal("envelope-qemu");
  if (!equalBytes(protectedHeader, ES384_HEADER))
    throw new Refusal("envelope-protected", { expected: toHex(ES384_HEADER), actual: toHex(protectedHeader.subarray(0, 16)) });
  if (bytes[header.end] !== EMPTY_MAP) {
    const isMap = (bytes[header.end] ?? 0) >> 5 === MAJOR.map;
    throw new Refusal(isMap ? "envelope-unprotected" : "envelope-shape", {
      subject: "unprotected header",
      expected: "a0",
      actual: byteAt(bytes, header.end),
    });
  }
  const body = readByteString(bytes, header.end + 1, "payload");
  if (body.start === body.end || body.end - body.start > MAX_PAYLOAD_BYTES)
    throw new Refusal("envelope-size", {
      subject: "payload",
      expected: `1 to ${MAX_PAYLOAD_BYTES} bytes`,
      actual: `${body.end - body.start}`,
    });
  const tail = readByteString(bytes, body.end, "signature");
  if (tail.end - tail.start !== SIGNATURE_BYTES)
    throw new Refusal("envelope-signature-length", { expected: `${SIGNATURE_BYTES}`, actual: `${tail.end - tail.start}` });
  if (tail.end !== bytes.length) throw new Refusal("envelope-trailing-bytes", { actual: `${bytes.length - tail.end} bytes` });
  return {
    payload: bytes.subarray(body.start, body.end),
    signature: bytes.subarray(tail.start, tail.end),
    toBeSigned: sigStructure(bytes.subarray(header.end + 1, body.end)),
  };
}

/** Reads the head of a definite byte string in shortest form (RFC 8949 §3.1, §4.2.1); compares its length with what is left. */
function readByteString(bytes: Uint8Array, at: number, what: string): { start: number; end: number } {
  const initial = bytes[at] ?? -1;
  const info = initial & 31;
  let length = info;
  let start = at + 1;
  if (initial >> 5 !== MAJOR.bytes || info > 25)
    throw new Refusal("envelope-shape", {
      subject: what,
      expected: "a definite byte string of at most 65535 bytes",
      actual: byteAt(bytes, at),
    });
  if (info === 24) {
    length = bytes[at + 1] ?? 0;
    start = at + 2;
  } else if (info === 25) {
    length = ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    start = at + 3;
  }
  if ((info === 24 && length < 24) || (info === 25 && length < 256))
    throw new Refusal("envelope-shape", { subject: what, expected: "its length in the shortest form", actual: `${length}` });
  if (start + length > bytes.length)
    throw new Refusal("envelope-shape", {
      subject: what,
      expected: `${length} bytes`,
      actual: `${Math.max(0, bytes.length - start)} left`,
    });
  return { start, end: start + length };
}

/** ["Signature1", protected, h'', payload]; `payload` comes with its head, which was checked to be the shortest. */
function sigStructure(payload: Uint8Array): Uint8Array {
  const structure = new Uint8Array(SIG_STRUCTURE_HEAD.length + payload.length);
  structure.set(SIG_STRUCTURE_HEAD);
  structure.set(payload, SIG_STRUCTURE_HEAD.length);
  return structure;
}

function byteAt(bytes: Uint8Array, at: number): string {
  return at < bytes.length ? toHex(bytes.subarray(at, at + 1)) : "the end";
}

const MAJOR = { bytes: 2, map: 5, tag: 6 } as const;
const COSE_SIGN1_TAG = 0xd2;
const ARRAY_OF_FOUR = 0x84;
const EMPTY_MAP = 0xa0;
const SIGNATURE_BYTES = 96;
const ES384_HEADER: Uint8Array = Uint8Array.of(0xa1, 0x01, 0x38, 0x22); // {1: -35}
const QEMU_HEADER: Uint8Array = Uint8Array.of(0xa1, 0x01, 0x20); // {1: -1}
// 84, text "Signature1", byte string {1: -35}, empty byte string
const SIG_STRUCTURE_HEAD: Uint8Array = Uint8Array.of(
  0x84,
  0x6a,
  0x53,
  0x69,
  0x67,
  0x6e,
  0x61,
  0x74,
  0x75,
  0x72,
  0x65,
  0x31,
  0x44,
  0xa1,
  0x01,
  0x38,
  0x22,
  0x40,
);
