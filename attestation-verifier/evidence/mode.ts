/**
 * At which time evidence is judged. Two modes, never mixed:
 * live = evidence made for the caller now; archived = evidence kept from then.
 */
export type TimeMode = LiveMode | ArchivedMode;

/** Evidence that was made for the caller just now, judged by the caller's clock. */
export interface LiveMode {
  readonly kind: "live";
  /** Unix ms */
  readonly nowMs: number;
  /** the caller's nonce, 1 to 512 bytes, which the document must repeat; null = none was asked for */
  readonly nonce: Uint8Array | null;
  /** how old a document may be; one of nonce and maximum age must be given */
  readonly maxAgeMs: number | null;
  /** how far the document's clock may be ahead; default `DEFAULT_SKEW_MS` */
  readonly skewMs?: number;
}

/** Evidence that was kept, judged as of then. */
export interface ArchivedMode {
  readonly kind: "archived";
  /** Unix ms; null = the time the document itself states, which nothing else proves */
  readonly atMs: number | null;
  /** a nonce that the document must repeat; null = none */
  readonly nonce: Uint8Array | null;
}

/** One minute: the parent's clock and the caller's are both kept by NTP. */
export const DEFAULT_SKEW_MS = 60_000;
