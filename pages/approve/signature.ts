/**
 * An ECDSA signature of P-256 as WebAuthn gives it, DER of (r, s), as 64 bytes r || s.
 * @returns null for anything else
 */
export function rawSignature(der: Uint8Array): Uint8Array | null {
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) return null;
  const r = readInteger(der, 2);
  const s = r === null ? null : readInteger(der, r.end);
  if (r === null || s === null || s.end !== der.length) return null;
  const raw = new Uint8Array(64);
  raw.set(r.value, 32 - r.value.length);
  raw.set(s.value, 64 - s.value.length);
  return raw;
}

function readInteger(der: Uint8Array, at: number): { value: Uint8Array; end: number } | null {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  if (der[at] !== INTEGER || length === 0 || end > der.length) return null;
  const value = der.subarray(der[at + 2] === 0 ? at + 3 : at + 2, end); // a zero stands before a high bit
  return value.length > 32 ? null : { value, end };
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
