/** What an enclave remembers of jobs that it answered, as decisions read it. Nothing is written while one is made. */
export interface DecisionMemory {
  /**
   * Which job a use of a grant was spent with: its digest, or null for none.
   * "full": there is no room to remember another. "forgotten": the grant ended so long ago that its uses are not kept.
   */
  spentWith(grant: GrantUse, nowFromMs: number): Uint8Array | "full" | "forgotten" | null;
  /** The newest statement of a device that was answered; null for none, "full" where there is no room for another device. */
  newestOf(thumbprint: Uint8Array, registered: boolean): NewestBatch | "full" | null;
}

/** A use of a grant: what may be spent once. Two grants of one id by one issuer share their uses. */
export interface GrantUse {
  /** SHA-256 of the issuer's raw public key, and the grant's id */
  issuer: Uint8Array;
  id: Uint8Array;
  use: number;
  /** end of the grant, Unix seconds: from then on nothing must be remembered */
  notAfter: number;
}

/** The newest statement of a device. */
export interface NewestBatch {
  sequence: number;
  /** SHA-256 of its payload */
  digest: Uint8Array;
}
