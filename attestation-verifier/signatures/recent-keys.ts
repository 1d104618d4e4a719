import { equalBytes } from "@caladrius/wire";

/**
 * What a library made of the public keys used last, found again by their exact bytes: importing a key costs a third of a
 * verification and more. The one unused for longest goes first. Nothing is kept about signatures.
 */
export class RecentKeys<T> {
  readonly #most: number;
  readonly #entries: { readonly publicKey: Uint8Array; readonly imported: T }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** The imported key; `make` is called for one that is not there, and what it throws is not kept. No two kinds of key have one length. */
  get(publicKey: Uint8Array, make: (publicKey: Uint8Array) => T): T {
    const at = this.#entries.findIndex((one) => equalBytes(one.publicKey, publicKey));
    const [known] = at < 0 ? [] : this.#entries.splice(at, 1);
    const own = known?.publicKey ?? new Uint8Array(publicKey); // slice() of a Node Buffer would be a view
    const entry = known ?? { publicKey: own, imported: make(own) };
    if (this.#entries.unshift(entry) > this.#most) this.#entries.pop();
    return entry.imported;
  }
}

/** As many keys as three chains with their results have. */
export const DEFAULT_MOST_KEYS = 16;
