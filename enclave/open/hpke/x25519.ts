import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import { HpkeKeyError } from "./errors.ts";

export const X25519_BYTES = 32 as const;

/** A private key from its 32 bytes (RFC 7748 §5; clamped when used). */
export function privateKeyFromBytes(scalar: Uint8Array): KeyObject {
  return createPrivateKey({ key: asBuffer(scalar), format: "raw-private", asymmetricKeyType: "x25519" });
}

/** The public key of a private one, 32 bytes. */
export function publicKeyOf(privateKey: KeyObject): Uint8Array {
  return rawPublicKey(createPublicKey(privateKey));
}

/** A key object from 32 bytes. Low-order points pass here: the Diffie-Hellman step refuses them. */
export function publicKeyFromBytes(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: asBuffer(bytes), format: "raw-public", asymmetricKeyType: "x25519" });
}

/** X25519 (RFC 7748 §6.1). @throws when the point is of low order: OpenSSL refuses an all-zero secret (RFC 9180 §7.1.4) */
export function sharedPoint(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  return diffieHellman({ privateKey, publicKey });
}

/** A fresh key pair, its public key as 32 bytes. */
export function ephemeralKeyPair(): { privateKey: KeyObject; publicKey: Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return { privateKey, publicKey: rawPublicKey(publicKey) };
}

/** Refuses keys with which every sender would share a known secret, before anybody seals to them. */
export function refuseLowOrder(publicKey: Uint8Array): void {
  if (LOW_ORDER.some((point) => equalPoints(point, publicKey))) throw new HpkeKeyError("an X25519 point of low order");
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ format: "raw-public" }));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function equalPoints(point: Uint8Array, bytes: Uint8Array): boolean {
  const last = X25519_BYTES - 1;
  for (let i = 0; i < last; i++) if (point[i] !== bytes[i]) return false;
  return point[last] === ((bytes[last] ?? 0) & 0x7f); // RFC 7748 §5: the highest bit is ignored
}

/** u-coordinates of order 1, 2, 4 and 8 on the curve and its twist, with their forms above 2^255 - 19. */
const LOW_ORDER: readonly Uint8Array[] = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((hex) => Buffer.from(hex, "hex"));
