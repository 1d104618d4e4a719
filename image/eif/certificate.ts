import { X509Certificate } from "node:crypto";

/**
 * DER of the one X.509 certificate that a PEM text holds, with nothing but white space around it (RFC 7468 §5).
 * @throws Error in words: not one PEM certificate, not base64, bytes after the certificate, or what OpenSSL says
 */
export function decodeCertificatePem(pem: string): Uint8Array {
  const base64 = PEM.exec(pem)?.[1]?.replaceAll(/\s/g, "");
  if (base64 === undefined) throw new Error("not one PEM certificate and nothing else");
  const der = Buffer.from(base64, "base64");
  if (der.toString("base64") !== base64) throw new Error("not base64");
  // OpenSSL reads the first certificate and is silent about what follows it.
  const { raw } = new X509Certificate(der);
  if (!raw.equals(der)) throw new Error(`a certificate of ${raw.length} bytes in ${der.length}`);
  return new Uint8Array(der);
}

const PEM = /^\s*-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;
