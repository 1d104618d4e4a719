import { randomBytes, type KeyObject } from "node:crypto";
import { InvariantError } from "@caladrius/wire";
import { sequence, unsignedInteger } from "../../pki/der.ts";
import { CURVE, multiply, modulo, inverse, type Curve, type Point, add } from "./curve.ts";

// node:crypto signs messages only, so ECDSA over a digest is computed here. Not in constant time: who can time this
// service runs on the same machine and could read its master key as well.

/** ECDSA over a digest (FIPS 186-5 §6.4.1 from step 3), DER. */
export function signDigestEc(key: KeyObject, digest: Uint8Array): Uint8Array {
  const curve = curveOf(key);
  const secret = fromBase64Url(key.export({ format: "jwk" }).d);
  const z = hashToInteger(digest, curve);
  for (;;) {
    const k = randomScalar(curve);
    const r = modulo(multiply(curve, k, curve.g)?.x ?? 0n, curve.n);
    const s = modulo(inverse(k, curve.n) * (z + r * secret), curve.n);
    if (r !== 0n && s !== 0n) return sequence(unsignedInteger(toBytes(r)), unsignedInteger(toBytes(s)));
  }
}

/** ECDSA over a digest (FIPS 186-5 §6.4.2 from step 3); the signature in DER. */
export function verifyDigestEc(publicKey: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const curve = curveOf(publicKey);
  const [r, s] = readSignature(signature) ?? [0n, 0n];
  if (r <= 0n || r >= curve.n || s <= 0n || s >= curve.n) return false;
  const jwk = publicKey.export({ format: "jwk" });
  const q: Point = { x: fromBase64Url(jwk.x), y: fromBase64Url(jwk.y) };
  const w = inverse(s, curve.n);
  const point = add(
    curve,
    multiply(curve, modulo(hashToInteger(digest, curve) * w, curve.n), curve.g),
    multiply(curve, modulo(r * w, curve.n), q),
  );
  return point !== null && modulo(point.x, curve.n) === r;
}

function curveOf(key: KeyObject): Curve {
  const curve = CURVE[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (curve === undefined) throw new InvariantError("kms-curve", "a key of a curve that no spec names");
  return curve;
}

/** The leftmost bits of the digest, as many as the order has (FIPS 186-5 §6.4.1 step 2). */
function hashToInteger(digest: Uint8Array, { n }: Curve): bigint {
  const excess = digest.length * 8 - n.toString(2).length;
  const value = fromBytes(digest);
  return excess > 0 ? value >> BigInt(excess) : value;
}

/** Uniform in 1 .. n-1 (FIPS 186-5 appendix A.3.2, by rejection). */
function randomScalar({ n }: Curve): bigint {
  const bits = n.toString(2).length;
  for (;;) {
    const k = fromBytes(randomBytes(Math.ceil(bits / 8))) >> BigInt((8 - (bits % 8)) % 8);
    if (k > 0n && k < n) return k;
  }
}

/** Reads SEQUENCE { INTEGER r, INTEGER s } in DER and nothing else; null for other bytes. */
function readSignature(bytes: Uint8Array): readonly [bigint, bigint] | null {
  const header = bytes[1] === 0x81 ? 3 : 2;
  const length = header === 3 ? bytes[2] : bytes[1];
  if (bytes[0] !== 0x30 || length !== bytes.length - header) return null;
  const rLength = bytes[header + 1] ?? 0;
  const r = bytes.subarray(header + 2, header + 2 + rLength);
  const s = bytes.subarray(header + 2 + rLength + 2);
  if (r.length === 0 || s.length === 0 || r.length > MAX_INTEGER_BYTES || s.length > MAX_INTEGER_BYTES) return null;
  const again = sequence(unsignedInteger(r), unsignedInteger(s));
  return Buffer.compare(again, bytes) === 0 ? [fromBytes(r), fromBytes(s)] : null; // one encoding for one signature
}

function fromBase64Url(text: string | undefined): bigint {
  return fromBytes(Buffer.from(text ?? "", "base64url"));
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString("hex")}`);
}

function toBytes(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

const MAX_INTEGER_BYTES = 67;
