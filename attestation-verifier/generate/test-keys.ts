import { checkPrimeSync, createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";

/** Curves of test keys, by Node's names for them. */
export type TestCurve = "P-256" | "P-384" | "P-521" | "secp256k1";

/**
 * A TEST KEY, derived from its label: everybody can make it, so nothing that it signs is worth anything.
 * The scalar is SHA-384 of "caladrius test key: <label>" reduced to the curve's order.
 */
export function testKey(label: string, curve: TestCurve = "P-384"): KeyObject {
  const { Point } = CURVES[curve];
  const scalar = (BigInt(`0x${digestOf(label).toString("hex")}`) % (Point.Fn.ORDER - 1n)) + 1n;
  const { x, y } = Point.BASE.multiply(scalar).toAffine();
  const coordinate = (value: bigint): string => base64url(value, Point.Fp.BYTES);
  const jwk = { kty: "EC", crv: curve, x: coordinate(x), y: coordinate(y), d: base64url(scalar, Point.Fn.BYTES) };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

/** A TEST KEY for RSA, whose primes are the first two behind what the label digests to. */
export function rsaTestKey(label: string, bits = 1024): KeyObject {
  const p = primeBehind(`${label} p`, bits / 2);
  const q = primeBehind(`${label} q`, bits / 2);
  const d = inverse(RSA_EXPONENT, (p - 1n) * (q - 1n));
  const number = (value: bigint): string => base64url(value, Math.ceil(value.toString(16).length / 2));
  const jwk = {
    kty: "RSA",
    n: number(p * q),
    e: number(RSA_EXPONENT),
    d: number(d),
    p: number(p),
    q: number(q),
    dp: number(d % (p - 1n)),
    dq: number(d % (q - 1n)),
    qi: number(inverse(q, p)),
  };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

/** A TEST KEY for Ed25519. */
export function ed25519TestKey(label: string): KeyObject {
  const seed = digestOf(label).subarray(0, 32);
  const jwk = {
    kty: "OKP",
    crv: "Ed25519",
    x: Buffer.from(ed25519.getPublicKey(seed)).toString("base64url"),
    d: seed.toString("base64url"),
  };
  return createPrivateKey({ key: jwk, format: "jwk" });
}

/** SubjectPublicKeyInfo of a key, public or private. */
export function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array((key.type === "private" ? createPublicKey(key) : key).export({ format: "der", type: "spki" }));
}

/**
 * Signs so that the same bytes come out each time: ECDSA with the nonce of RFC 6979 and whichever s it gives, RSA as
 * PKCS #1 v1.5. `form` is how ECDSA writes r and s: DER for certificates, r || s for COSE.
 */
export function signFixed(key: KeyObject, hash: string, message: Uint8Array, form: "der" | "compact"): Uint8Array {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  if (namedCurve === undefined) return new Uint8Array(sign(hash, message, key));
  const digest = createHash(hash).update(message).digest();
  const secret = Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
  const memory = `${form} ${secret.toString("hex")} ${digest.toString("hex")}`;
  let signature = signed.get(memory);
  if (signature === undefined) {
    const curve = CURVES[CURVE_OF[namedCurve as keyof typeof CURVE_OF]];
    signature = curve.sign(new Uint8Array(digest), new Uint8Array(secret), { lowS: false, prehash: false, format: form });
    signed.set(memory, signature);
  }
  return signature.slice();
}

/** The other signature that verifies wherever this one does: r and n - s. Takes and gives either form. */
export function twinOf(signature: Uint8Array, form: "der" | "compact"): Uint8Array {
  const { r, s } = p384.Signature.fromBytes(signature, form);
  return new p384.Signature(r, P384_ORDER - s).toBytes(form);
}

/** Whether s lies above half the order. */
export function hasHighS(signature: Uint8Array, form: "der" | "compact" = "der"): boolean {
  return p384.Signature.fromBytes(signature, form).hasHighS();
}

function digestOf(label: string): Buffer {
  return createHash("sha384").update(`caladrius test key: ${label}`).digest();
}

function primeBehind(label: string, bits: number): bigint {
  const bytes = createHash("shake256", { outputLength: bits / 8 })
    .update(`caladrius test key: ${label}`)
    .digest();
  // the two highest bits, so that the product of two has twice as many, and the lowest
  let candidate = BigInt(`0x${bytes.toString("hex")}`) | (3n << BigInt(bits - 2)) | 1n;
  while (candidate % RSA_EXPONENT === 1n || !checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

/** Extended Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next] = [modulus, value % modulus];
  let [t, nextT] = [0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, nextT] = [nextT, t - quotient * nextT];
  }
  return ((t % modulus) + modulus) % modulus;
}

function base64url(value: bigint, bytes: number): string {
  return Buffer.from(value.toString(16).padStart(2 * bytes, "0"), "hex").toString("base64url");
}

const CURVES = { "P-256": p256, "P-384": p384, "P-521": p521, secp256k1 } as const;
const CURVE_OF = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521", secp256k1: "secp256k1" } as const;
const P384_ORDER = p384.Point.Fn.ORDER;
const RSA_EXPONENT = 65_537n;
/** Signing takes milliseconds, and most certificates of two test chains are the same. */
const signed = new Map<string, Uint8Array>();
