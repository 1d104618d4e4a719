import { encodeCbor } from "@caladrius/wire";
import { concat, hex } from "../der.ts";
import { defaultFields, encodeFields, signDocument } from "../test-document.ts";
import { signFixed, testKey } from "../test-keys.ts";
import { keyOf, NOW_MS } from "../test-pki.ts";
import { assemble, ES384, signatureOver, sigStructure, usualChain, usualPayload } from "./base.ts";
import { group, type Vector } from "./vector.ts";

const genuine = (): Uint8Array => signatureOver(ES384, usualPayload());
/** A document with another signature. */
const signed = (signature: Uint8Array): Uint8Array => assemble({ signature: encodeCbor(signature) });
const r = (): Uint8Array => genuine().slice(0, 48);
const s = (): Uint8Array => genuine().slice(48);
const zero = new Uint8Array(48);
const flipped = (at: number): Uint8Array => genuine().with(at, (genuine()[at] ?? 0) ^ 1);
const otherPayload = (): Uint8Array => encodeFields({ ...defaultFields(usualChain()), timestamp: NOW_MS - 1000 });
const N = hex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973");

/** Rules 9 and 10: the signature of the document. */
export const SIGNATURE: readonly Vector[] = [
  ...group(
    "reject-9",
    {
      reason: "A COSE signature of ES384 is r || s in 96 bytes. Accepting other forms gives one document many encodings.",
      source: "RFC 9053 §2.1",
      expect: "envelope-signature-length",
    },
    [
      [
        "signature-der",
        "The signature is good, but in DER.",
        () => signed(signFixed(keyOf("leaf"), "sha384", sigStructure(ES384, usualPayload()), "der")),
        { source: "Oxorio audit of UTEXO enclave-signer, I-05" },
      ],
      ["signature-64-bytes", "The signature has 64 bytes, as one of ES256 has.", () => signed(genuine().subarray(0, 64))],
      ["signature-95-bytes", "The last byte of the signature is missing.", () => signed(genuine().subarray(0, 95))],
      ["signature-97-bytes", "A zero byte follows s inside the signature.", () => signed(concat(genuine(), hex("00")))],
      [
        "signature-chunked",
        "The signature comes in chunks.",
        () => assemble({ signature: concat(hex("5f"), encodeCbor(r()), encodeCbor(s()), hex("ff")) }),
        { expect: "envelope-shape", source: "RFC 8949 §4.2.1" },
      ],
      [
        "signature-long-head",
        "The signature's length takes two bytes.",
        () => assemble({ signature: concat(hex("590060"), genuine()) }),
        { expect: "envelope-shape", source: "RFC 8949 §4.2.1" },
      ],
    ],
  ),
  ...group(
    "reject-9",
    {
      reason:
        "r and s must lie between 1 and n - 1, and the verifying equation must hold. A library that throws on such a signature says no, too.",
      source: "FIPS 186-5 §6.4.2",
      expect: "document-signature",
    },
    [
      ["signature-zero", "r and s are zero.", () => signed(new Uint8Array(96)), { source: "FIPS 186-5 §6.4.2; CVE-2022-21449" }],
      ["signature-r-zero", "r is zero.", () => signed(concat(zero, s()))],
      ["signature-s-zero", "s is zero.", () => signed(concat(r(), zero))],
      ["signature-r-order", "r is the order of the curve.", () => signed(concat(N, s()))],
      ["signature-s-order", "s is the order of the curve.", () => signed(concat(r(), N))],
      ["signature-beyond-order", "r and s are 2^384 - 1.", () => signed(new Uint8Array(96).fill(0xff))],
      ["signature-s-flipped", "One bit of s is flipped.", () => signed(flipped(95))],
      [
        "signature-sha256",
        "The signature is over SHA-256 of the right bytes.",
        () => signed(signatureOver(ES384, usualPayload(), "sha256")),
      ],
      [
        "signature-over-payload",
        "The signature is over the payload instead of the Sig_structure.",
        () => signed(signFixed(keyOf("leaf"), "sha384", usualPayload(), "compact")),
        { source: "RFC 9052 §4.4" },
      ],
      [
        "signature-other-key",
        "The signature was made with a key of nobody's certificate.",
        () => signDocument(usualPayload(), testKey("another leaf")),
        { source: "worldcoin/world-chain#698" },
      ],
    ],
  ),
  ...group(
    "reject-10",
    {
      reason: "A signature speaks for its own payload alone.",
      source: "RFC 9052 §4.4",
      expect: "document-signature",
    },
    [
      [
        "payload-of-another-document",
        "The payload of one genuine document stands under the signature of another of the same enclave.",
        () => assemble({ payload: encodeCbor(otherPayload()) }),
      ],
      [
        "payload-flipped",
        "One bit of PCR0 is flipped.",
        () => {
          const fields = defaultFields(usualChain());
          const pcrs = new Map(fields["pcrs"] as ReadonlyMap<number, Uint8Array>);
          pcrs.set(0, new Uint8Array(48).fill(0x10).with(0, 0x11));
          return { bytes: assemble({ payload: encodeCbor(encodeFields({ ...fields, pcrs })) }) };
        },
      ],
      [
        "payload-other-nonce",
        "A nonce was written into the payload after it was signed.",
        () => {
          const payload = encodeFields({ ...defaultFields(usualChain()), nonce: new Uint8Array(16).fill(7) });
          return { bytes: assemble({ payload: encodeCbor(payload) }), nonce: new Uint8Array(16).fill(7) };
        },
      ],
      [
        "payload-definite",
        "The payload is written anew with a definite map, its values unchanged.",
        () => {
          const payload = encodeFields(defaultFields(usualChain()), false);
          return assemble({ payload: encodeCbor(payload) });
        },
      ],
    ],
  ),
];
