/**
 * What the verifier needs from a cryptographic library. Three files implement it (node.ts, webcrypto.ts, noble.ts); the
 * caller passes one in. An answer may be a promise, so that synchronous libraries cost no detour.
 *
 * Every method answers `false`, and never throws, for keys and signatures of another length, points that are not on the
 * curve, and numbers out of range. ECDSA signatures are r || s, and a high s is as good as a low one (AWS emits both).
 */
export interface SignatureBackend {
  /** ECDSA on P-384 with SHA-384 (RFC 9053 §2.1): uncompressed point of 97 bytes, signature of 96. */
  verifyEs384(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /** ECDSA on P-256 with SHA-256 (RFC 9864 ESP256): uncompressed point of 65 bytes, signature of 64. */
  verifyEs256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /**
   * Ed25519 as RFC 8032 §5.1.7 without the cofactor: key of 32 bytes, signature of 64. A key or an R of small
   * order, or not in canonical form, is refused.
   */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
  /**
   * RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.2): modulus of 2048 to 4096 bits, odd exponent from 3 to below 2^32, signature as
   * long as the modulus. For time stamps alone: nothing of AWS's or ours is signed with RSA.
   */
  verifyRsa(publicKey: RsaPublicKey, hash: HashName, message: Uint8Array, signature: Uint8Array): boolean | Promise<boolean>;
}

/** An RSA key as two big-endian numbers without leading zeros (RFC 7518 §6.3.1). */
export interface RsaPublicKey {
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
}

/** Hashes of the SHA-2 family, by WebCrypto's names for them. */
export type HashName = "SHA-256" | "SHA-384" | "SHA-512";
