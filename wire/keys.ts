import { WireError } from "./errors.ts";
import { bytes, oneOf, refine, struct, tuple, type Schema } from "./schema/index.ts";
import { SUITES, type SuiteId } from "./suites.ts";
import type { StatementAlgorithm } from "./statement.ts";

/** A public key that signs statements: Ed25519 raw (32 bytes) or P-256 uncompressed (65 bytes). */
export interface SigningPublicKey {
  alg: StatementAlgorithm;
  key: Uint8Array;
}

/** An HPKE public key and its suite. */
export interface SealingPublicKey {
  suite: SuiteId;
  publicKey: Uint8Array;
}

/** Schema of a signing key, whose length must be its algorithm's. */
export const signingPublicKey: Schema<SigningPublicKey> = refine(
  struct<SigningPublicKey>({ alg: ["alg", oneOf("Ed25519", "ESP256")], key: ["key", bytes(32, 65)] }),
  (value) => value,
  (value, path) => {
    const expected = value.alg === "Ed25519" ? 32 : 65;
    if (value.key.length !== expected)
      throw new WireError("schema-range", `${path}.key: expected ${expected} bytes for ${value.alg}, got ${value.key.length}`);
    return value;
  },
);

/** Schema of a sealing key, whose length must be its suite's. */
export const sealingPublicKey: Schema<SealingPublicKey> = refine(
  tuple<SealingPublicKey>([
    ["suite", oneOf("MLKEM768-X25519", "X25519")],
    ["publicKey", bytes(32, 1216)],
  ]),
  (value) => value,
  (value, path) => {
    const expected = SUITES[value.suite].publicKeyBytes;
    if (value.publicKey.length !== expected)
      throw new WireError(
        "schema-range",
        `${path}.publicKey: expected ${expected} bytes for ${value.suite}, got ${value.publicKey.length}`,
      );
    return value;
  },
);
