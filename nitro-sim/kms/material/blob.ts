import { createHash } from "node:crypto";
import { concatBytes, utf8Encode } from "@caladrius/wire";
import { openWith, sealWith, SEAL_OVERHEAD, type MasterKey } from "../store/master-key.ts";

/**
 * A ciphertext blob of a symmetric key, version 1. Callers treat it as opaque.
 *
 *     0x01 | header: nonce (12), sealed { key id (16), material version u32 }, tag (16)
 *          | body: nonce (12), AES-256-GCM of the plaintext, tag (16)
 *
 * The header is sealed under a key of the service, so nothing in a blob tells which key made it and a changed bit anywhere
 * gives InvalidCiphertextException. The body's associated data is the version, the key id, the material version and the
 * encryption context in canonical form.
 */
export function sealBlob(master: MasterKey, key: MaterialName, secret: Uint8Array, context: Context, plaintext: Uint8Array): Uint8Array {
  const header = nameBytes(key);
  return concatBytes(
    Uint8Array.of(VERSION),
    master.seal("ciphertext header", HEADER, header),
    sealWith(secret, associated(header, context), plaintext),
  );
}

/** Which key material made a blob; null for bytes that this service did not make. */
export function readBlob(master: MasterKey, blob: Uint8Array): MaterialName | null {
  if (blob[0] !== VERSION || blob.length < BODY_AT + SEAL_OVERHEAD) return null;
  const header = master.open("ciphertext header", HEADER, blob.subarray(1, BODY_AT));
  if (header === null) return null;
  const hex = Buffer.from(header.subarray(0, ID_BYTES)).toString("hex");
  const keyId = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  return { keyId, version: new DataView(header.buffer, header.byteOffset).getUint32(ID_BYTES) };
}

/** The plaintext behind a blob that `readBlob` named; null when it was changed or the context is another one. */
export function openBlob(blob: Uint8Array, key: MaterialName, secret: Uint8Array, context: Context): Uint8Array | null {
  return openWith(secret, associated(nameBytes(key), context), blob.subarray(BODY_AT));
}

/** Names one version of a key's material as AWS does, 64 hexadecimal digits. */
export function materialId({ keyId, version }: MaterialName): string {
  return createHash("sha256").update(`caladrius key material ${keyId} ${version}`).digest("hex");
}

/** A key by its UUID and a version of its material. */
export interface MaterialName {
  readonly keyId: string;
  readonly version: number;
}
type Context = Readonly<Record<string, string>>;

function nameBytes({ keyId, version }: MaterialName): Uint8Array {
  const bytes = Buffer.alloc(NAME_BYTES);
  bytes.write(keyId.replaceAll("-", ""), "hex");
  bytes.writeUInt32BE(version, ID_BYTES);
  return bytes;
}

/** Pairs in the order of their keys' code units, each text preceded by its length, so that no two contexts give the same bytes. */
function associated(header: Uint8Array, context: Context): Uint8Array {
  const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return concatBytes(Uint8Array.of(VERSION), header, ...pairs.flat().flatMap(lengthPrefixed));
}

function lengthPrefixed(text: string): Uint8Array[] {
  const bytes = utf8Encode(text);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return [length, bytes];
}

const VERSION = 1;
const HEADER = "blob 1";
const ID_BYTES = 16;
const NAME_BYTES = 20;
const BODY_AT: number = 1 + SEAL_OVERHEAD + NAME_BYTES;
