/** A sealed message did not open. Says the same whatever the reason: nobody learns from it which check refused. */
export class HpkeOpenError extends Error {
  override readonly name = "HpkeOpenError";
  readonly code = "hpke-open";
  constructor() {
    super("the message does not open with this key");
  }
}

/** Bytes that are no public key, or no seed, of their suite. */
export class HpkeKeyError extends Error {
  override readonly name = "HpkeKeyError";
  readonly code = "hpke-key";
  constructor(detail: string) {
    super(`not a key of its suite: ${detail}`);
  }
}
