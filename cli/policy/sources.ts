import { createPublicKey, X509Certificate, type KeyObject } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Sources } from "@caladrius/policies/authoring";
import type { SigningPublicKey } from "@caladrius/wire";

/** Reads the files that a description names, relative to it. */
export function sourcesBeside(description: string): Sources {
  const folder = dirname(resolve(description));
  return {
    file(path) {
      const full = resolve(folder, path);
      const stats = statSync(full);
      if (!stats.isFile() || stats.size > MAX_BYTES) throw new Error(`no file of at most ${MAX_BYTES} bytes`);
      return new Uint8Array(readFileSync(full));
    },
    publicKey,
    isKey,
    certificates,
  };
}

function publicKey(pem: Uint8Array): SigningPublicKey | string {
  const text = new TextDecoder().decode(pem);
  // Whoever founds a deployment needs no private key of anybody else.
  if (text.includes("PRIVATE KEY")) return "a private key: give its public half (openssl pkey -in KEY -pubout)";
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    return "no public key in PEM";
  }
  const spki = key.export({ format: "der", type: "spki" });
  if (key.asymmetricKeyType === "ed25519") return { alg: "Ed25519", key: new Uint8Array(spki.subarray(-32)) };
  if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1")
    return { alg: "ESP256", key: new Uint8Array(spki.subarray(-65)) };
  return `a key of ${key.asymmetricKeyType ?? "another kind"}: Ed25519 or P-256 is needed`;
}

/** Node refuses points that are not on the curve. */
function isKey({ alg, key }: SigningPublicKey): boolean {
  const part = (from: number): string => Buffer.from(key.subarray(from, from + 32)).toString("base64url");
  const sound = alg === "Ed25519" ? key.length === 32 : key.length === 65 && key[0] === 4;
  if (!sound) return false;
  const jwk = alg === "Ed25519" ? { kty: "OKP", crv: "Ed25519", x: part(0) } : { kty: "EC", crv: "P-256", x: part(1), y: part(33) };
  try {
    createPublicKey({ key: jwk, format: "jwk" });
    return true;
  } catch {
    return false;
  }
}

function certificates(pem: Uint8Array): Uint8Array[] {
  const blocks = new TextDecoder().decode(pem).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new Uint8Array(new X509Certificate(block).raw));
  } catch {
    return [];
  }
}

const MAX_BYTES = 1024 * 1024;
