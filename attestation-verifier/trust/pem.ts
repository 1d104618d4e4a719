import { fromBase64, toBase64 } from "@caladrius/wire";

/** The DER of exactly one PEM certificate (RFC 7468 §5.1), nothing but line ends around it; null for anything else. */
export function decodePemCertificate(pem: string): Uint8Array | null {
  const body = /^-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/=]{1,64}\r?\n){1,80})-----END CERTIFICATE-----\s*$/.exec(pem)?.[1];
  if (body === undefined) return null;
  try {
    return fromBase64(body.replaceAll(/\r?\n/g, ""));
  } catch {
    return null; // not canonical base64
  }
}

/** One PEM certificate with lines of 64 characters and a line end behind it. */
export function encodePemCertificate(der: Uint8Array): string {
  const lines = toBase64(der).replaceAll(/.{64}(?=.)/g, "$&\n");
  return ["-----BEGIN CERTIFICATE-----", lines, "-----END CERTIFICATE-----", ""].join("\n");
}
