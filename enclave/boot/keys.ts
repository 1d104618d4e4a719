import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { encodeKeySet, equalBytes, type SuiteId } from "@caladrius/wire";
import { sha256 } from "../crypto.ts";
import { deriveKeyPair, type HpkeKeyPair } from "../open/hpke.ts";

/** HPKE keys of one period, and the seed behind salts and decoys of the jobs sealed to them. */
export interface KeySetKeys {
  /** encoded key set; SHA-256 of it is the key id */
  encoded: Uint8Array;
  keyId: Uint8Array;
  pairs: ReadonlyMap<SuiteId, HpkeKeyPair>;
  disclosureSeed: KeyObject;
}

const SUITE_ORDER: readonly SuiteId[] = ["MLKEM768-X25519", "X25519"];
const SEED_BYTES = 32;

/** Derives the keys of one period from its seed. The same seed gives the same key set in any enclave of a fleet. */
export function deriveKeySet(seed: Uint8Array, fleet: string | null): KeySetKeys {
  const derive = <T>(label: string, use: (secret: Uint8Array) => T): T => {
    const secret = new Uint8Array(hkdfSync("sha256", seed, "caladrius key set", label, SEED_BYTES));
    const made = use(secret);
    secret.fill(0);
    return made;
  };
  const pairs = new Map(SUITE_ORDER.map((suite) => [suite, derive(`hpke ${suite}`, (secret) => deriveKeyPair(suite, secret))]));
  const encoded = encodeKeySet({
    keys: SUITE_ORDER.flatMap((suite) => pairs.get(suite) ?? []).map(({ suite, publicKey }) => ({ suite, publicKey })),
    fleet,
  });
  return { encoded, keyId: sha256(encoded), pairs, disclosureSeed: derive("disclosures", (secret) => createSecretKey(secret)) };
}

/** The live key sets: the current one and the one before it. */
export class KeyRing {
  #live: KeySetKeys[];

  constructor(first: KeySetKeys) {
    this.#live = [first];
  }

  get current(): KeySetKeys {
    const [newest] = this.#live;
    if (newest === undefined) throw new RangeError("a key ring is never empty");
    return newest;
  }

  /** Puts a new set in front; of the older ones only the last stays. */
  rotate(next: KeySetKeys): void {
    this.#live = [next, this.current];
  }

  find(keyId: Uint8Array): KeySetKeys | null {
    return this.#live.find((keys) => equalBytes(keys.keyId, keyId)) ?? null;
  }
}
