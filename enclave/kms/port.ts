/**
 * What the enclave asks of a key management service, and nothing more. The service and everything between are
 * hostile: whoever implements this has checked that an answer is for the key asked and came for this enclave alone.
 * That a data key is *the right one* it cannot know: a fleet compares public keys, a job its authentication tag.
 */
export interface Kms {
  /**
   * A fresh data key of 32 bytes and its ciphertext, under exactly this key (full ARN) and encryption context.
   * @throws KmsError
   */
  generateDataKey(keyArn: string, context: Readonly<Record<string, string>>): Promise<{ plaintext: Uint8Array; blob: Uint8Array }>;
  /**
   * The 32 bytes behind a blob of exactly this key and context.
   * @throws KmsError
   */
  decrypt(keyArn: string, blob: Uint8Array, context: Readonly<Record<string, string>>): Promise<Uint8Array>;
}

/** Why there is no data key. */
export type KmsErrorCode = "kms-credentials" | "kms-unreachable" | "kms-denied" | "kms-throttled" | "kms-answer-refused" | "kms-blob";

/** Holds a code and its fixed sentence: no text of the peer, no cause, no key. */
export class KmsError extends Error {
  readonly code: KmsErrorCode;

  constructor(code: KmsErrorCode) {
    super(KMS_ERROR[code]);
    this.name = "KmsError";
    this.code = code;
  }
}

/** What each code means. */
export const KMS_ERROR: Readonly<Record<KmsErrorCode, string>> = Object.freeze({
  "kms-credentials": "no credentials for KMS, or they expired: the host has to hand over new ones",
  "kms-unreachable": "KMS cannot be reached through the host's forwarder under the TLS roots of the constitution",
  "kms-denied": "KMS refuses: the key's policy, the key's state or the attestation",
  "kms-throttled": "KMS asks to come back later",
  "kms-answer-refused": "the answer is not one that KMS gives for the key and the enclave that asked",
  "kms-blob": "KMS says that the encrypted data key is not of this key and context",
});
