import { createHmac } from "node:crypto";
import { encodeCbor } from "@caladrius/wire";
import { hex } from "../der.ts";
import { keyOf, spkiOf } from "../test-pki.ts";
import { assemble, signatureOver, sigStructure, usualPayload } from "./base.ts";
import { group, type Vector } from "./vector.ts";

/** A document with another protected header, its signature made over that header. */
const under = (header: string, hash = "sha384"): Uint8Array =>
  assemble({ header: encodeCbor(hex(header)), signature: encodeCbor(signatureOver(hex(header), usualPayload(), hash)) });

/** A document that claims HMAC 384/384, its tag made with the public key as secret. */
function macUnderPublicKey(): Uint8Array {
  const header = hex("a10106");
  const tag = createHmac("sha384", spkiOf(keyOf("leaf")))
    .update(sigStructure(header, usualPayload()))
    .digest();
  return assemble({ header: encodeCbor(header), signature: encodeCbor(new Uint8Array(tag)) });
}

/** Rule 7: the protected header is the four bytes a1 01 38 22. */
export const HEADER: readonly Vector[] = group(
  "reject-7",
  {
    reason:
      "Attestation documents are signed with ES384 and say so in exactly {1: -35}. Choosing the algorithm by what the sender wrote is algorithm confusion; the signature here is good over the header that is there.",
    source: "AWS attestation_process.md §3.1; RFC 9053 §2.1",
    expect: "envelope-protected",
  },
  [
    ["alg-es256", "The protected header says ES256, and the signature is over SHA-256.", () => under("a10126", "sha256")],
    ["alg-es512", "The protected header says ES512, and the signature is over SHA-512.", () => under("a1013823", "sha512")],
    ["alg-ps384", "The protected header says PS384.", () => under("a1013825"), { source: "RFC 8230 §2" }],
    ["alg-eddsa", "The protected header says EdDSA.", () => under("a10127"), { source: "RFC 9053 §2.2" }],
    ["alg-hmac", "The protected header says HMAC 384/384, over a good signature.", () => under("a10106"), { source: "RFC 9053 §3.1" }],
    [
      "alg-hmac-under-public-key",
      "The protected header says HMAC 384/384, and the tag was made with the public key as secret.",
      macUnderPublicKey,
      { source: "RFC 9053 §3.1" },
    ],
    [
      "alg-minus-1",
      "The protected header says algorithm -1, as QEMU's machine does, over a good signature.",
      () => under("a10120"),
      { expect: "envelope-qemu", source: "QEMU hw/virtio/virtio-nsm.c" },
    ],
    ["alg-reserved", "The protected header says algorithm 0, which is reserved.", () => under("a10100")],
    ["alg-text", "The protected header says ES384 as a text.", () => under("a101654553333834")],
    ["alg-text-label", 'The protected header has the text label "alg".', () => under("a163616c673822")],
    [
      "header-crit",
      "The protected header has a critical label that nobody knows.",
      () => under("a3013822028118631863f6"),
      { source: "RFC 9052 §3.1" },
    ],
    ["header-alg-twice", "The protected header says ES384 and then ES256.", () => under("a20138220126"), { source: "RFC 9052 §3" }],
    ["header-extra-label", "The protected header holds a content type beside the algorithm.", () => under("a20138220300")],
    ["header-indefinite", "The protected header is a map of indefinite length.", () => under("bf013822ff"), { source: "RFC 8949 §4.2.1" }],
    [
      "header-long-integer",
      "The protected header's algorithm takes two bytes more than it needs.",
      () => under("a101390022"),
      { source: "RFC 8949 §4.2.1" },
    ],
    ["header-trailing-byte", "A byte follows the map inside the protected header.", () => under("a101382200"), { source: "RFC 8949 §5.1" }],
    ["header-empty", "The protected header is a byte string of no bytes.", () => under("")],
  ],
);
