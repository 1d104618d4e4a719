import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { ascii, der, extension, hex, name, positive, utcTime } from "@caladrius/attestation-verifier/generate/der.ts";
import { ECDSA_WITH_SHA384, makeCertificate, spkiOf } from "@caladrius/attestation-verifier/generate/test-pki.ts";

/** A certificate with its private key; whoever has `authority` may issue more. */
export interface Issued {
  certificate: Uint8Array;
  key: KeyObject;
  subject: Uint8Array;
  /** the certificates from this one up to below the root, PEM, as a TLS server sends them */
  chainPem: string;
  keyPem: string;
}

/** What tells one certificate from another. */
export interface Wanted {
  commonName: string;
  /** names for a server; none for an authority */
  dnsNames?: readonly string[];
  /** valid for ten days on either side of this time, unless the limits say otherwise */
  nowMs: number;
  notBeforeMs?: number;
  notAfterMs?: number;
}

const DAY_MS = 86_400_000;

/** A new self-signed authority. */
export function makeAuthority(wanted: Wanted): Issued {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  return issue(null, wanted, privateKey);
}

/** A new certificate under an authority. */
export function issueUnder(issuer: Issued, wanted: Wanted): Issued {
  return issue(issuer, wanted, generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey);
}

function issue(issuer: Issued | null, { commonName, dnsNames, nowMs, notBeforeMs, notAfterMs }: Wanted, key: KeyObject): Issued {
  const subject = name([["CN", commonName]]);
  const server = dnsNames !== undefined;
  const certificate = makeCertificate({
    version: hex("a003020102"),
    serial: positive(createHash("sha256").update(spkiOf(key)).digest().subarray(0, 16)),
    innerAlgorithm: ECDSA_WITH_SHA384,
    issuer: issuer?.subject ?? subject,
    notBefore: utcTime(notBeforeMs ?? nowMs - 10 * DAY_MS),
    notAfter: utcTime(notAfterMs ?? nowMs + 10 * DAY_MS),
    subject,
    spki: spkiOf(key),
    extensions: [
      extension("551d13", true, server ? hex("3000") : hex("30030101ff")), // basicConstraints
      extension("551d0f", true, server ? hex("03020780") : hex("03020106")), // keyUsage
      ...(server ? [extension("551d11", false, der(0x30, ...dnsNames.map((dns) => der(0x82, ascii(dns)))))] : []), // subjectAltName
    ],
    outerAlgorithm: ECDSA_WITH_SHA384,
    signer: issuer?.key ?? key,
    hash: "sha384",
    tbsTail: hex(""),
    finish: (whole) => whole,
    finishSignature: (bits) => bits,
  });
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString("base64")}\n-----END CERTIFICATE-----\n`;
  const chainPem = issuer === null ? "" : pem + issuer.chainPem;
  return { certificate, key, subject, chainPem, keyPem: key.export({ type: "pkcs8", format: "pem" }).toString() };
}
