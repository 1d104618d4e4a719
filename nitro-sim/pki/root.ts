import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { link, mkdir, open, readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "@caladrius/wire";
import type { Authority } from "./authority.ts";
import { extension, keyIdentifier, signCertificate } from "./certificate.ts";
import { rootName, ROOT_SUBJECT } from "./names.ts";

/** Holds the private key (PKCS #8) and the certificate, so that both appear at once. */
export const ROOT_KEY_FILE = "simulated-root-key.pem";
/** The certificate alone, to be given to verifiers. */
export const ROOT_CERTIFICATE_FILE = "simulated-root.pem";

/**
 * Reads the simulated root of a data directory, or makes one where there is none. Two processes that start at once get
 * the same root.
 *
 * @throws ConfigurationError pki-directory, pki-root-mode, pki-root-file
 */
export async function openRoot(dir: string, nowMs: number): Promise<Authority> {
  const path = join(dir, ROOT_KEY_FILE);
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const text = (await readIfPresent(path)) ?? (await createRoot(path, nowMs));
    if (((await stat(path)).mode & 0o077) !== 0)
      throw new ConfigurationError("pki-root-mode", `${path} must be readable by its owner alone (chmod 600)`);
    const root = decodeRoot(text, path);
    await publishCertificate(join(dir, ROOT_CERTIFICATE_FILE), toPem(root.certificate));
    return root;
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError("pki-directory", `${dir}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A certificate as PEM (RFC 7468), ending in a line feed. */
export function toPem(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

async function createRoot(path: string, nowMs: number): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const notBeforeMs = nowMs - BACKDATED_MS;
  const certificate = signCertificate(
    {
      serial: randomBytes(16),
      issuer: rootName(),
      subject: rootName(),
      notBeforeMs,
      notAfterMs: rootEnd(notBeforeMs),
      publicKey,
      extensions: [
        extension.basicConstraints(true, null),
        extension.subjectKeyIdentifier(keyIdentifier(publicKey)),
        extension.keyUsage("authority"),
      ],
    },
    privateKey,
  );
  const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString() + toPem(certificate);
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
    await link(draft, path); // unlike rename, fails where another process was first
    return text;
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
    return await readFile(path, "utf8");
  } finally {
    await file.close();
    await unlink(draft);
  }
}

// AWS's root runs for 30 years and an hour. A UTCTime ends with 2049, and AWS writes no other kind: stop there.
function rootEnd(notBeforeMs: number): number {
  const end = new Date(notBeforeMs);
  end.setUTCFullYear(end.getUTCFullYear() + 30);
  return Math.min(end.getTime() + 3_600_000, Date.UTC(2049, 11, 31, 23, 59, 59));
}

function decodeRoot(text: string, path: string): Authority {
  const refuse = (why: string): ConfigurationError =>
    new ConfigurationError("pki-root-file", `${path}: ${why}; remove it to get a new simulated root`);
  let certificate: X509Certificate;
  let key;
  try {
    certificate = new X509Certificate(text.slice(text.indexOf("-----BEGIN CERTIFICATE-----")));
    key = createPrivateKey(text);
  } catch {
    throw refuse("not a private key followed by a certificate");
  }
  if (certificate.subject !== ROOT_SUBJECT || certificate.issuer !== ROOT_SUBJECT)
    throw refuse("its subject does not say SIMULATED as ours does");
  if (!certificate.checkPrivateKey(key) || !certificate.verify(certificate.publicKey))
    throw refuse("key and certificate do not belong together");
  if (key.asymmetricKeyDetails?.namedCurve !== "secp384r1") throw refuse("not a P-384 key");
  return {
    issuer: null,
    name: rootName(),
    key,
    keyId: keyIdentifier(createPublicKey(key)),
    certificate: new Uint8Array(certificate.raw),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
  };
}

async function publishCertificate(path: string, pem: string): Promise<void> {
  if ((await readIfPresent(path)) === pem) return;
  const draft = `${path}.${randomBytes(8).toString("hex")}`;
  await writeFile(draft, pem, { flag: "wx", mode: 0o644 });
  await rename(draft, path);
}

async function readIfPresent(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** So that what is issued a moment later under a slightly slower clock still lies inside. */
const BACKDATED_MS = 240_000;
