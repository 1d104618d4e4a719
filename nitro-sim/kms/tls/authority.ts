import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, X509Certificate, type KeyObject } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { ConfigurationError, utf8Encode } from "@caladrius/wire";
import { extension, keyIdentifier, signCertificate } from "../../pki/certificate.ts";
import { bitString, der, objectIdentifier, octetString, sequence, setOfOne, TRUE, utf8String } from "../../pki/der.ts";
import { toPem } from "../../pki/root.ts";
import { openPrivateFile } from "../private-file.ts";

/** What the server shows and what its clients must trust. */
export interface ServerIdentity {
  readonly keyPem: string;
  readonly certificatePem: string;
  /** the certificate authority's certificate: what goes into AWS_CA_BUNDLE or a constitution's tlsRoots */
  readonly caPem: string;
  /** DER */
  readonly caCertificate: Uint8Array;
  /** the file that holds `caPem` */
  readonly caPath: string;
}

/**
 * The server's certificate for `names`, new at every start, under a certificate authority that a data folder keeps.
 * Times are the system's, not the service's clock: clients judge certificates by the system's.
 * @param names host names and IPv4 addresses
 * @throws ConfigurationError kms-certificate-authority, kms-file-mode, kms-data
 */
export async function openServerIdentity(dir: string, names: readonly string[], nowMs: number): Promise<ServerIdentity> {
  const text = Buffer.from(await openPrivateFile(join(dir, "tls-authority.pem"), () => makeAuthority(nowMs))).toString("utf8");
  const { key, certificate, pem: caPem } = readAuthority(text, join(dir, "tls-authority.pem"), nowMs);
  const caPath = join(dir, "ca.pem");
  await writeFile(`${caPath}.${process.pid}`, caPem, { mode: 0o644 });
  await rename(`${caPath}.${process.pid}`, caPath);

  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const leaf = signCertificate(
    {
      serial: randomBytes(16),
      issuer: authorityName(keyIdentifier(createPublicKey(key))),
      subject: commonName(names[0] ?? "localhost"),
      notBeforeMs: nowMs - BACKDATED_MS,
      notAfterMs: nowMs + LEAF_MS,
      publicKey,
      extensions: [
        extension.basicConstraints(false, null),
        wrap("2.5.29.15", true, bitString(Uint8Array.of(0x80), 7)), // digitalSignature
        wrap("2.5.29.37", false, sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))), // id-kp-serverAuth
        wrap("2.5.29.17", false, sequence(...names.map(generalName))),
        extension.subjectKeyIdentifier(keyIdentifier(publicKey)),
        extension.authorityKeyIdentifier(keyIdentifier(createPublicKey(key))),
      ],
    },
    key,
  );
  return {
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificatePem: toPem(leaf),
    caPem,
    caCertificate: new Uint8Array(certificate.raw),
    caPath,
  };
}

function makeAuthority(nowMs: number): string {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const keyId = keyIdentifier(publicKey);
  const certificate = signCertificate(
    {
      serial: randomBytes(16),
      issuer: authorityName(keyId),
      subject: authorityName(keyId),
      notBeforeMs: nowMs - BACKDATED_MS,
      notAfterMs: nowMs + AUTHORITY_MS,
      publicKey,
      extensions: [extension.basicConstraints(true, 0), extension.keyUsage("authority"), extension.subjectKeyIdentifier(keyId)],
    },
    privateKey,
  );
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString() + toPem(certificate);
}

function readAuthority(text: string, path: string, nowMs: number): { key: KeyObject; certificate: X509Certificate; pem: string } {
  try {
    const pem = text.slice(text.indexOf("-----BEGIN CERTIFICATE-----"));
    const certificate = new X509Certificate(pem);
    const key = createPrivateKey(text);
    if (certificate.checkPrivateKey(key) && certificate.validToDate.getTime() > nowMs + LEAF_MS) return { key, certificate, pem };
  } catch {
    // told below
  }
  throw new ConfigurationError(
    "kms-certificate-authority",
    `${path} is not a certificate authority with a year left; remove it to get a new one, which clients then must be given`,
  );
}

/** Two services have authorities of different names, so that one trust store can hold both. */
function authorityName(keyId: Uint8Array): Uint8Array {
  return commonName(`Caladrius simulated KMS ${Buffer.from(keyId).toString("hex").slice(0, 8)}`);
}

function commonName(text: string): Uint8Array {
  return sequence(setOfOne(sequence(objectIdentifier("2.5.4.3"), utf8String(text.slice(0, 64)))));
}

/** GeneralName: dNSName [2] or iPAddress [7] (RFC 5280 §4.2.1.6). */
function generalName(name: string): Uint8Array {
  return isIPv4(name) ? der(0x87, Uint8Array.from(name.split(".").map(Number))) : der(0x82, utf8Encode(name));
}

function wrap(oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(objectIdentifier(oid), ...(critical ? [TRUE] : []), octetString(value));
}

const DAY_MS = 86_400_000;
const BACKDATED_MS = DAY_MS;
const LEAF_MS: number = 365 * DAY_MS;
const AUTHORITY_MS: number = 3650 * DAY_MS;
