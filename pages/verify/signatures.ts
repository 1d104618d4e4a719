import type { SignatureBackend } from "@caladrius/attestation-verifier";
import { signatures as noble } from "@caladrius/attestation-verifier/signatures/noble";
import { signatures as webcrypto } from "@caladrius/attestation-verifier/signatures/webcrypto";

/**
 * WebCrypto, and plain JavaScript for what this browser lacks of it: all of it on a page that came over plain http from
 * another machine, Ed25519 in browsers before 2025.
 */
export function chooseSignatures(): SignatureBackend {
  if ((globalThis as { crypto?: { subtle?: object } }).crypto?.subtle === undefined) return noble;
  return {
    ...webcrypto,
    async verifyEd25519(publicKey, message, signature) {
      try {
        return await webcrypto.verifyEd25519(publicKey, message, signature);
      } catch (error) {
        if ((error as { name?: unknown }).name !== "NotSupportedError") throw error;
        return noble.verifyEd25519(publicKey, message, signature);
      }
    },
  };
}
