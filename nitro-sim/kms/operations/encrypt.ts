import { constants, createPublicKey, privateDecrypt, publicEncrypt } from "node:crypto";
import type { Conditions } from "../authorize.ts";
import { contextConditions, demandAlgorithm, demandUsable, type Call, type NamedKey } from "../call.ts";
import { invalid, KmsServiceError } from "../errors.ts";
import { materialId, openBlob, readBlob, sealBlob } from "../material/blob.ts";
import { privateKeyOf } from "../material/make.ts";
import { ENCRYPTION_ALGORITHMS, SPEC, type EncryptionAlgorithm } from "../material/specs.ts";
import { encryptionContext, refuseGrantTokens } from "../protocol/input.ts";
import type { Operation, Output } from "./operation.ts";
import { forRecipient } from "./recipient.ts";

/** Operations that encrypt and decrypt what the caller sends. */
export const ENCRYPT_OPERATIONS: Readonly<Record<string, Operation>> = {
  Encrypt: { run: encrypt },
  Decrypt: { run: decrypt, recipient: true },
  ReEncrypt: { run: reEncrypt },
};

function encrypt(call: Call): Output {
  const plaintext = call.input.requiredBlob("Plaintext", 1, 4096);
  const algorithm = call.input.oneOf("EncryptionAlgorithm", ENCRYPTION_ALGORITHMS) ?? "SYMMETRIC_DEFAULT";
  const context = readContext(call, "EncryptionContext", algorithm);
  refuseGrantTokens(call.input);
  const key = call.key();
  call.authorize(key, cryptoConditions(algorithm, context));
  demandUsable(key, "ENCRYPT_DECRYPT");
  demandAlgorithm(key, algorithm);
  call.endDryRun();
  return { CiphertextBlob: encryptUnder(call, key, algorithm, context, plaintext).blob, KeyId: key.arn, EncryptionAlgorithm: algorithm };
}

function decrypt(call: Call): Output {
  const opened = open(call, {
    action: "Decrypt",
    keyMember: "KeyId",
    algorithmMember: "EncryptionAlgorithm",
    contextMember: "EncryptionContext",
    conditions: () => ({}),
  });
  call.endDryRun();
  return {
    KeyId: opened.key.arn,
    EncryptionAlgorithm: opened.algorithm,
    KeyMaterialId: opened.materialId,
    ...forRecipient(call.recipient, "Plaintext", opened.plaintext()),
  };
}

function reEncrypt(call: Call): Output {
  const algorithm = call.input.oneOf("DestinationEncryptionAlgorithm", ENCRYPTION_ALGORITHMS) ?? "SYMMETRIC_DEFAULT";
  const context = readContext(call, "DestinationEncryptionContext", algorithm);
  const destination = call.key("DestinationKeyId");
  const same = (source: NamedKey): Conditions => ({ "kms:ReEncryptOnSameKey": String(source.id === destination.id) });
  const source = open(call, {
    action: "ReEncryptFrom",
    keyMember: "SourceKeyId",
    algorithmMember: "SourceEncryptionAlgorithm",
    contextMember: "SourceEncryptionContext",
    conditions: same,
  });
  call.authorize(destination, { ...cryptoConditions(algorithm, context), ...same(source.key) }, "ReEncryptTo");
  demandUsable(destination, "ENCRYPT_DECRYPT");
  demandAlgorithm(destination, algorithm);
  call.endDryRun();
  const made = encryptUnder(call, destination, algorithm, context, source.plaintext());
  return {
    CiphertextBlob: made.blob,
    SourceKeyId: source.key.arn,
    KeyId: destination.arn,
    SourceEncryptionAlgorithm: source.algorithm,
    DestinationEncryptionAlgorithm: algorithm,
    SourceKeyMaterialId: source.materialId,
    DestinationKeyMaterialId: made.materialId,
  };
}

/** A ciphertext whose key was found and may be used by the caller. */
interface Opened {
  readonly key: NamedKey;
  readonly algorithm: EncryptionAlgorithm;
  /** of symmetric keys */
  readonly materialId: string | undefined;
  /** @throws KmsServiceError InvalidCiphertextException */
  readonly plaintext: () => Uint8Array;
}

/** Members that say what to decrypt have other names in Decrypt and ReEncrypt. */
interface OpenOptions {
  readonly action: string;
  readonly keyMember: string;
  readonly algorithmMember: string;
  readonly contextMember: string;
  readonly conditions: (key: NamedKey) => Conditions;
}

function open(call: Call, { action, keyMember, algorithmMember, contextMember, conditions }: OpenOptions): Opened {
  const { input, store } = call;
  const blob = input.requiredBlob("CiphertextBlob", 1, 6144);
  const algorithm = input.oneOf(algorithmMember, ENCRYPTION_ALGORITHMS) ?? "SYMMETRIC_DEFAULT";
  const context = readContext(call, contextMember, algorithm);
  refuseGrantTokens(input);
  const named = call.optionalKey(keyMember);
  const allow = (key: NamedKey): void => {
    call.authorize(key, { ...cryptoConditions(algorithm, context), ...conditions(key) }, action);
    demandUsable(key, "ENCRYPT_DECRYPT");
    demandAlgorithm(key, algorithm);
  };
  if (algorithm !== "SYMMETRIC_DEFAULT") {
    if (named === null) throw invalid(`${keyMember} must be given for ${algorithm}`);
    allow(named);
    return { key: named, algorithm, materialId: undefined, plaintext: () => decryptRsa(call, named, algorithm, blob) };
  }
  if (named !== null) allow(named);
  const material = readBlob(store.master, blob);
  if (material === null) throw new KmsServiceError("InvalidCiphertextException");
  if (named !== null && named.id !== material.keyId)
    throw new KmsServiceError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  const key = named ?? keyOfBlob(call, material.keyId, allow);
  return {
    key,
    algorithm,
    materialId: materialId(material),
    plaintext: () => {
      const secret = store.secret(key.id, material.version);
      const plaintext = secret === null ? null : openBlob(blob, material, secret, context);
      if (plaintext === null) throw new KmsServiceError("InvalidCiphertextException");
      return plaintext;
    },
  };
}

/** The key that a blob names itself. One that is gone and one the caller may not use get the same answer, as AWS gives. */
function keyOfBlob(call: Call, keyId: string, allow: (key: NamedKey) => void): NamedKey {
  const hidden = new KmsServiceError(
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
  );
  const record = call.store.key(keyId);
  if (record === null) throw hidden;
  const key = call.named(record);
  try {
    allow(key);
  } catch (error) {
    throw error instanceof KmsServiceError && error.type === "AccessDeniedException" ? hidden : error;
  }
  return key;
}

/** Encrypts under the key's newest material; symmetric keys name it. */
export function encryptUnder(
  call: Call,
  key: NamedKey,
  algorithm: EncryptionAlgorithm,
  context: Readonly<Record<string, string>>,
  plaintext: Uint8Array,
): { readonly blob: Uint8Array; readonly materialId: string | undefined } {
  const { version, secret } = call.store.currentSecret(key.id);
  if (algorithm !== "SYMMETRIC_DEFAULT") return { blob: encryptRsa(key, secret, algorithm, plaintext), materialId: undefined };
  const material = { keyId: key.id, version };
  return { blob: sealBlob(call.store.master, material, secret, context, plaintext), materialId: materialId(material) };
}

/** Conditions of the operations that encrypt or decrypt. */
export function cryptoConditions(algorithm: EncryptionAlgorithm, context: Readonly<Record<string, string>>): Conditions {
  return { "kms:EncryptionAlgorithm": algorithm, ...contextConditions(context) };
}

function readContext({ input }: Call, member: string, algorithm: EncryptionAlgorithm): Readonly<Record<string, string>> {
  const context = encryptionContext(input, member);
  if (algorithm !== "SYMMETRIC_DEFAULT" && Object.keys(context).length > 0)
    throw invalid("An encryption context cannot be used with asymmetric keys.");
  return context;
}

function encryptRsa(key: NamedKey, secret: Uint8Array, algorithm: RsaAlgorithm, plaintext: Uint8Array): Uint8Array {
  const most = (SPEC[key.spec].size ?? 0) / 8 - 2 * HASH_BYTES[algorithm] - 2;
  if (plaintext.length > most)
    throw invalid(`Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${most} bytes.`);
  return publicEncrypt({ key: createPublicKey(privateKeyOf(secret)), ...oaep(algorithm) }, plaintext);
}

function decryptRsa(call: Call, key: NamedKey, algorithm: RsaAlgorithm, blob: Uint8Array): Uint8Array {
  try {
    return privateDecrypt({ key: privateKeyOf(call.store.currentSecret(key.id).secret), ...oaep(algorithm) }, blob);
  } catch {
    throw new KmsServiceError("InvalidCiphertextException");
  }
}

function oaep(algorithm: RsaAlgorithm): { padding: number; oaepHash: string } {
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: algorithm === "RSAES_OAEP_SHA_1" ? "sha1" : "sha256" };
}

type RsaAlgorithm = Exclude<EncryptionAlgorithm, "SYMMETRIC_DEFAULT">;
const HASH_BYTES: Readonly<Record<RsaAlgorithm, number>> = { RSAES_OAEP_SHA_1: 20, RSAES_OAEP_SHA_256: 32 };
