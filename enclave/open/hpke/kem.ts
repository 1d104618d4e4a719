import type { SuiteId } from "@caladrius/wire";

/** What a KEM gives the sender: the shared secret, and what the recipient needs to find it. */
export interface Encapsulation {
  sharedSecret: Uint8Array;
  enc: Uint8Array;
}

/** A recipient's keys. The private ones stay inside node:crypto key objects, which the function alone reaches. */
export interface KemKeyPair {
  publicKey: Uint8Array;
  /** @throws any error when `enc` yields no secret */
  decapsulate(enc: Uint8Array): Uint8Array;
}

/** Makes a shared secret for one recipient, with fresh randomness at each call. */
export type Encapsulate = () => Encapsulation;

/** A key encapsulation mechanism (RFC 9180 §4.1), synchronous. */
export interface Kem {
  suite: SuiteId;
  /** DeriveKeyPair from input keying material of 32 bytes */
  deriveKeyPair(ikm: Uint8Array): KemKeyPair;
  /** DeserializePublicKey. @throws HpkeKeyError */
  importPublicKey(publicKey: Uint8Array): Encapsulate;
}
