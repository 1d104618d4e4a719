import type { Revocation } from "@caladrius/wire";

/** What a status list takes away, found at once (`indexRevocations` of the verifier makes it). */
export interface Revocations {
  /** @param atMs Unix ms, the latest that it may be now */
  isRevoked(what: Revocation["what"], id: Uint8Array, atMs: number): boolean;
  /** the same of the release with an image of this PCR0 */
  isImageRevoked(pcr0: Uint8Array, atMs: number): boolean;
}
