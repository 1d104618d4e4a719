import { decapsulate, encapsulate } from "node:crypto";
import { SUITES } from "@caladrius/wire";
import { expandLabel, extractLabel, labeledExpand, labeledExtract, NOTHING, suiteId } from "./kdf.ts";
import type { Kem } from "./kem.ts";
import { privateKeyFromBytes, publicKeyFromBytes, publicKeyOf, refuseLowOrder, X25519_BYTES } from "./x25519.ts";

const SUITE = suiteId("KEM", SUITES.X25519.kem);

/**
 * DHKEM(X25519, HKDF-SHA256), kem 0x0020 of RFC 9180 §4.1. Node's encapsulation with an X25519 key is exactly this
 * KEM and takes the encapsulated key as bytes: half the cost of a key import and a Diffie-Hellman step of our own.
 */
export const kemX25519: Kem = {
  suite: "X25519",

  // RFC 9180 §7.1.3, X25519
  deriveKeyPair(ikm) {
    const prk = labeledExtract(NOTHING, extractLabel(SUITE, "dkp_prk"), ikm);
    const scalar = labeledExpand(prk, expandLabel(SUITE, "sk", X25519_BYTES), NOTHING);
    const privateKey = privateKeyFromBytes(scalar);
    prk.fill(0);
    scalar.fill(0);
    return { publicKey: publicKeyOf(privateKey), decapsulate: (enc) => decapsulate(privateKey, enc) };
  },

  importPublicKey(bytes) {
    refuseLowOrder(bytes);
    const publicKey = publicKeyFromBytes(bytes);
    return () => {
      const { sharedKey, ciphertext } = encapsulate(publicKey);
      return { sharedSecret: sharedKey, enc: new Uint8Array(ciphertext) };
    };
  },
};
