/**
 * HPKE suites (RFC 9180), each with HKDF-SHA256 and AES-256-GCM. The id is what travels; 0x0011 (P-384) is reserved.
 * 0x647a is MLKEM768-X25519 of draft-ietf-hpke-pq.
 */
export const SUITES = {
  "MLKEM768-X25519": { kem: 0x647a, kdf: 0x0001, aead: 0x0002, encBytes: 1120, publicKeyBytes: 1216 },
  X25519: { kem: 0x0020, kdf: 0x0001, aead: 0x0002, encBytes: 32, publicKeyBytes: 32 },
} as const;

/** Name of a suite. */
export type SuiteId = keyof typeof SUITES;

/** Bytes that AES-256-GCM adds. */
export const AEAD_TAG_BYTES = 16;

/**
 * Not HPKE: AES-256-GCM under a data key that KMS made and encrypted for one job. The encapsulated key is KMS's
 * ciphertext; the nonce is twelve zero bytes, as each data key encrypts once.
 */
export const KMS_SUITE = "KMS-A256GCM";

/** How a sealed job may be sealed. */
export type JobSuiteId = SuiteId | typeof KMS_SUITE;
