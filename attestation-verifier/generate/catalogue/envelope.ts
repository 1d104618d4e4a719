import { encodeCbor } from "@caladrius/wire";
import { ascii, concat, hex } from "../der.ts";
import { signDocument } from "../test-document.ts";
import { assemble, documentWith, ES384, signatureOver, usualChain, usualItems, usualPayload } from "./base.ts";
import { group, type Vector } from "./vector.ts";

const good = (): Uint8Array => documentWith();
const text = (encoding: "base64" | "hex" | "base64url"): Uint8Array => ascii(Buffer.from(good()).toString(encoding));
const withNonce = (): Uint8Array => documentWith({ nonce: new Uint8Array(20).fill(1) });
/** A byte string in two chunks (RFC 8949 §3.2.3). */
const chunked = (bytes: Uint8Array): Uint8Array =>
  concat(hex("5f"), encodeCbor(bytes.slice(0, 64)), encodeCbor(bytes.slice(64)), hex("ff"));
/** A byte string whose length takes eight bytes. */
const longHead = (bytes: Uint8Array): Uint8Array => concat(hex(`5b${bytes.length.toString(16).padStart(16, "0")}`), bytes);

/** Rules 1 to 6 and 8: the frame around payload and signature. */
export const ENVELOPE: readonly Vector[] = [
  ...group(
    "reject-1",
    {
      reason: "Whoever carries the document can add bytes that no signature covers; two readers may then see two documents.",
      source: "RFC 8949 §5.1",
      expect: "envelope-trailing-bytes",
    },
    [
      ["trailing-zero", "A zero byte follows the document.", () => concat(good(), hex("00"))],
      ["trailing-line-end", "A line end follows the document.", () => concat(good(), hex("0a"))],
      ["trailing-document", "Another genuine document follows the document.", () => concat(good(), withNonce())],
    ],
  ),
  ...group(
    "reject-2",
    {
      reason:
        "An attestation document is these bytes and nothing else; a verifier that guesses encodings has several names for one document.",
      source: "AWS attestation_process.md §3.1",
      expect: "envelope-shape",
    },
    [
      ["leading-zero", "A zero byte stands before the document.", () => concat(hex("00"), good())],
      ["text-base64", "The document comes as base64 text.", () => text("base64")],
      ["text-hex", "The document comes as hex text.", () => text("hex")],
      ["wrapped-in-byte-string", "The document comes inside a CBOR byte string.", () => encodeCbor(good())],
      ["nothing", "There are no bytes at all.", () => hex(""), { expect: "envelope-size" }],
      ["half", "The second half of the document is missing.", () => good().subarray(0, 2200)],
      ["one-byte-short", "The last byte of the document is missing.", () => good().slice(0, -1)],
      ["payload-alone", "The payload comes without envelope, so nothing is signed.", () => usualPayload()],
    ],
  ),
  ...group(
    "reject-3",
    {
      reason:
        "COSE_Sign1 is an array of exactly four, and AWS writes it in the shortest form: any other head is another encoding of one document.",
      source: "RFC 9052 §4.2",
      expect: "envelope-shape",
    },
    [
      ["array-of-three", "The array has three elements, without signature.", () => assemble({ head: hex("83"), signature: hex("") })],
      ["array-of-five", "The array has a fifth element.", () => concat(assemble({ head: hex("85") }), hex("40"))],
      ["array-indefinite", "The array is of indefinite length.", () => concat(assemble({ head: hex("9f") }), hex("ff"))],
      ["array-long-head", "The array's length takes a byte of its own.", () => assemble({ head: hex("9804") })],
    ],
  ),
  ...group(
    "reject-4",
    {
      reason: "Tag 18 says COSE_Sign1, once and in one byte. Another tag gives the same bytes another meaning.",
      source: "RFC 9052 §2",
      expect: "envelope-tag",
    },
    [
      ["tag-cose-mac0", "Tag 17 (COSE_Mac0) stands before the document.", () => concat(hex("d1"), good())],
      ["tag-cose-sign", "Tag 98 (COSE_Sign) stands before the document.", () => concat(hex("d862"), good())],
      ["tag-cwt", "Tag 61 (CWT) stands before the document.", () => concat(hex("d83d"), good())],
      ["tag-cwt-and-sign1", "Tags 61 and 18 stand before the document, as a CWT would have them.", () => concat(hex("d83dd2"), good())],
      ["tag-self-described", "Tag 55799 (self-described CBOR) stands before the document.", () => concat(hex("d9d9f7"), good())],
      ["tag-twice", "Tag 18 stands before the document twice.", () => concat(hex("d2d2"), good()), { expect: "envelope-shape" }],
      ["tag-long-form", "Tag 18 is written in two bytes.", () => concat(hex("d812"), good()), { source: "RFC 8949 §4.2.1" }],
    ],
  ),
  ...group(
    "reject-5",
    {
      reason:
        "No signature covers the unprotected header. AWS leaves it empty, and a library that reads keys or algorithms from it takes them from the attacker.",
      source: "RFC 9052 §3; AWS attestation_process.md §3.1",
      expect: "envelope-unprotected",
    },
    [
      ["unprotected-kid", "The unprotected header holds a kid.", () => assemble({ unprotected: hex("a1044101") })],
      ["unprotected-alg", "The unprotected header says ES256.", () => assemble({ unprotected: hex("a10126") })],
      [
        "unprotected-x5chain",
        "The unprotected header holds a certificate chain (x5chain).",
        () => assemble({ unprotected: concat(hex("a11821"), encodeCbor(usualChain().certificate)) }),
        { source: "RFC 9360 §2" },
      ],
      [
        "unprotected-text",
        "The unprotected header holds a text that a report might show as verified.",
        () => assemble({ unprotected: concat(hex("a1"), encodeCbor("image"), encodeCbor("trusted")) }),
        { source: "tinfoilsh/tinfoil-js#192" },
      ],
    ],
  ),
  ...group(
    "reject-6",
    {
      reason:
        "The header is a map in one byte. Declared counts must be compared with the bytes that are left before anything is allocated.",
      source: "RFC 8949 §10",
      expect: "envelope-shape",
    },
    [
      ["unprotected-null", "The unprotected header is null.", () => assemble({ unprotected: hex("f6") })],
      ["unprotected-array", "The unprotected header is an array.", () => assemble({ unprotected: hex("80") })],
      ["unprotected-bytes", "The unprotected header stands inside a byte string.", () => assemble({ unprotected: hex("41a0") })],
      ["unprotected-missing", "The unprotected header is left out of an array of four.", () => assemble({ unprotected: hex("") })],
      [
        "unprotected-giant",
        "The unprotected header declares 2^48 entries.",
        () => assemble({ unprotected: hex("bb0001000000000000") }),
        { expect: "envelope-unprotected" },
      ],
      [
        "unprotected-long-head",
        "The empty unprotected header takes two bytes.",
        () => assemble({ unprotected: hex("b800") }),
        { expect: "envelope-unprotected", source: "RFC 8949 §4.2.1" },
      ],
      [
        "unprotected-indefinite",
        "The empty unprotected header is of indefinite length.",
        () => assemble({ unprotected: hex("bfff") }),
        { expect: "envelope-unprotected", source: "RFC 8949 §4.2.1" },
      ],
    ],
  ),
  ...group(
    "reject-8",
    {
      reason:
        "The signature covers the content of one definite byte string, its length in the shortest form: other forms are other documents with the same signature.",
      source: "RFC 9052 §4.2, §4.4",
      expect: "envelope-shape",
    },
    [
      ["payload-null", "The payload is null, as if it came by another way.", () => assemble({ payload: hex("f6") })],
      [
        "payload-text",
        "The payload stands in a text string.",
        () => assemble({ payload: concat(hex("79"), usualItems().payload.subarray(1)) }),
      ],
      [
        "payload-tagged",
        "The payload carries tag 24 (encoded CBOR).",
        () => assemble({ payload: concat(hex("d818"), usualItems().payload) }),
      ],
      ["payload-inline", "The payload is the map itself, without byte string.", () => assemble({ payload: usualPayload() })],
      ["payload-chunked", "The payload comes in chunks.", () => assemble({ payload: chunked(usualPayload()) })],
      ["payload-long-head", "The payload's length takes eight bytes.", () => assemble({ payload: longHead(usualPayload()) })],
      [
        "payload-longer-than-document",
        "The payload declares more bytes than the document has.",
        () => assemble({ payload: concat(hex("59ffff"), usualPayload()) }),
      ],
      [
        "payload-empty",
        "The payload is empty, under a good signature.",
        () => signDocument(hex(""), usualChain().leafKey),
        { expect: "envelope-size" },
      ],
      ["header-chunked", "The protected header comes in chunks.", () => assemble({ header: hex("5f42a101423822ff") })],
      ["header-long-head", "The protected header's length takes a byte of its own.", () => assemble({ header: hex("5804a1013822") })],
      [
        "header-inline",
        "The protected header is the map itself, without byte string.",
        () => assemble({ header: ES384, signature: encodeCbor(signatureOver(ES384, usualPayload())) }),
      ],
    ],
  ),
];
