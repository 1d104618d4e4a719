import { AEAD_AES_256_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256, KEM_MLKEM768_X25519 } from "hpke";
import type { SuiteId } from "@caladrius/wire";

/** The suites of wire/suites.ts over WebCrypto; the first is preferred. */
export const CIPHER_SUITES: Readonly<Record<SuiteId, CipherSuite>> = {
  "MLKEM768-X25519": new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_AES_256_GCM),
  X25519: new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_256_GCM),
};

/** In order of preference. Both ends are verified, so nobody on the way can choose the weaker one. */
export const SUITE_ORDER: readonly SuiteId[] = ["MLKEM768-X25519", "X25519"];
