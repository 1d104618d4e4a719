import { createHash, createPrivateKey, createPublicKey, decapsulate, encapsulate, hash } from "node:crypto";
import { SUITES, utf8Encode } from "@caladrius/wire";
import { HpkeKeyError } from "./errors.ts";
import { suiteId, uint16 } from "./kdf.ts";
import type { Kem } from "./kem.ts";
import {
  ephemeralKeyPair,
  privateKeyFromBytes,
  publicKeyFromBytes,
  publicKeyOf,
  refuseLowOrder,
  sharedPoint,
  X25519_BYTES,
} from "./x25519.ts";

const MLKEM_SEED_BYTES = 64; // d || z, FIPS 203 §7.1
const MLKEM_PUBLIC_BYTES = 1184;
const MLKEM_CIPHERTEXT_BYTES = 1088;
const MLKEM_KEY = { asymmetricKeyType: "ml-kem-768" } as const;

const SUITE = suiteId("KEM", SUITES["MLKEM768-X25519"].kem);
const VERSION = utf8Encode("HPKE-v1");
const COMBINER_LABEL = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c); // draft-connolly-cfrg-xwing-kem §5.3: \./ over /^\

/**
 * MLKEM768-X25519 (X-Wing), kem 0x647a of draft-ietf-hpke-pq: both secrets must break before a message opens.
 * Public keys and encapsulated keys are the ML-KEM part, then the X25519 part.
 */
export const kemMlkem768X25519: Kem = {
  suite: "MLKEM768-X25519",

  deriveKeyPair(ikm) {
    const seed = labeledDerive(ikm, "DeriveKeyPair", 32);
    const expanded = shake256(seed, MLKEM_SEED_BYTES + X25519_BYTES); // draft-irtf-cfrg-hybrid-kems, expandDecapsKeyG
    const mlkem = createPrivateKey({ key: expanded.subarray(0, MLKEM_SEED_BYTES), format: "raw-seed", ...MLKEM_KEY });
    const x25519 = privateKeyFromBytes(expanded.subarray(MLKEM_SEED_BYTES));
    seed.fill(0);
    expanded.fill(0);
    const x25519Public = publicKeyOf(x25519);
    return {
      publicKey: new Uint8Array(Buffer.concat([createPublicKey(mlkem).export({ format: "raw-public" }), x25519Public])),
      decapsulate(enc) {
        const x25519Enc = enc.subarray(MLKEM_CIPHERTEXT_BYTES);
        const mlkemSecret = decapsulate(mlkem, enc.subarray(0, MLKEM_CIPHERTEXT_BYTES));
        return combine(mlkemSecret, sharedPoint(x25519, publicKeyFromBytes(x25519Enc)), x25519Enc, x25519Public);
      },
    };
  },

  importPublicKey(bytes) {
    const x25519Bytes = Uint8Array.from(bytes.subarray(MLKEM_PUBLIC_BYTES));
    refuseLowOrder(x25519Bytes);
    const mlkem = importMlkem(bytes.subarray(0, MLKEM_PUBLIC_BYTES));
    const x25519 = publicKeyFromBytes(x25519Bytes);
    return () => {
      const { sharedKey, ciphertext } = encapsulate(mlkem);
      const ephemeral = ephemeralKeyPair();
      const sharedSecret = combine(sharedKey, sharedPoint(ephemeral.privateKey, x25519), ephemeral.publicKey, x25519Bytes);
      return { sharedSecret, enc: new Uint8Array(Buffer.concat([ciphertext, ephemeral.publicKey])) };
    };
  },
};

/** C2PRI combiner: SHA3-256(ss_PQ || ss_T || ct_T || ek_T || label). Wipes both secrets. */
function combine(mlkemSecret: Uint8Array, x25519Secret: Uint8Array, x25519Enc: Uint8Array, x25519Public: Uint8Array): Uint8Array {
  const input = Buffer.concat([mlkemSecret, x25519Secret, x25519Enc, x25519Public, COMBINER_LABEL]);
  const sharedSecret = hash("sha3-256", input, "buffer");
  input.fill(0);
  mlkemSecret.fill(0);
  x25519Secret.fill(0);
  return sharedSecret;
}

function importMlkem(bytes: Uint8Array): ReturnType<typeof createPublicKey> {
  try {
    return createPublicKey({ key: Buffer.from(bytes), format: "raw-public", ...MLKEM_KEY });
  } catch {
    throw new HpkeKeyError("ML-KEM-768 coefficients out of range"); // FIPS 203 §7.2, modulus check
  }
}

/** LabeledDerive of a one-stage KDF (draft-ietf-hpke-pq §5) with SHAKE256 and no context. */
function labeledDerive(ikm: Uint8Array, label: string, length: number): Buffer {
  const name = utf8Encode(label);
  const input = Buffer.concat([ikm, VERSION, SUITE, uint16(name.length), name, uint16(length)]);
  const output = shake256(input, length);
  input.fill(0);
  return output;
}

function shake256(input: Uint8Array, outputLength: number): Buffer {
  return createHash("shake256", { outputLength }).update(input).digest();
}
