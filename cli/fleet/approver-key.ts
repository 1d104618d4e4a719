import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";
import { open } from "node:fs/promises";
import { ConfigurationError, type SigningPublicKey } from "@caladrius/wire";
import { about } from "../exit.ts";

/** A key that signs approvals. */
export interface ApproverKey {
  publicKey: SigningPublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/**
 * Reads a private key in PEM: Ed25519 or P-256.
 * @throws FileProblem around ConfigurationError key-file-permissions, key-file-form or an error of the system
 */
export function readApproverKey(path: string): Promise<ApproverKey> {
  return about(path, async () => {
    const file = await open(path, "r");
    try {
      // The open file is asked, not the path, so that nobody can change it in between.
      const { mode, size } = await file.stat();
      if (process.platform !== "win32" && (mode & OTHERS) !== 0)
        throw new ConfigurationError(
          "key-file-permissions",
          `others may read this private key (mode ${(mode & 0o777).toString(8)}): chmod 600 if nobody has`,
        );
      if (size > MAX_PEM_BYTES) throw noKey();
      return approverKey(await file.readFile("utf8"));
    } finally {
      await file.close();
    }
  });
}

function approverKey(pem: string): ApproverKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw noKey();
  }
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  if (key.asymmetricKeyType === "ed25519")
    return {
      publicKey: { alg: "Ed25519", key: new Uint8Array(spki.subarray(-32)) },
      sign: (bytes) => new Uint8Array(sign(null, bytes, key)),
    };
  if (key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1")
    return {
      publicKey: { alg: "ESP256", key: new Uint8Array(spki.subarray(-65)) },
      sign: (bytes) => new Uint8Array(sign("sha256", bytes, { key, dsaEncoding: "ieee-p1363" })),
    };
  throw noKey();
}

function noKey(): ConfigurationError {
  return new ConfigurationError("key-file-form", "no private key of Ed25519 or P-256 in PEM");
}

const OTHERS = 0o077;
const MAX_PEM_BYTES = 32_768;
