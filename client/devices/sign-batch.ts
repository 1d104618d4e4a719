import { createHash } from "node:crypto";
import {
  decodeDeviceBatch,
  decodeStatement,
  encodeDeviceBatch,
  encodeStatement,
  equalBytes,
  toHex,
  type SigningPublicKey,
} from "@caladrius/wire";
import { join } from "node:path";
import { readNumbers, takeNumber } from "../numbers.ts";

/** A device's private key. */
export interface DeviceKey {
  readonly publicKey: SigningPublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/** Signs recordings of one device in order. */
export interface DeviceSigner {
  /** A device-batch statement over SHA-256 of an encoded recording. @throws errors of the system */
  sign(recordingDigest: Uint8Array): Promise<Uint8Array>;
}

/**
 * Signs recordings as one device: each statement has the next number and names the one before. Statements are kept in a
 * folder beside the device's key, so that no number is given twice; a recording that was signed lately keeps its number,
 * and may be sent again.
 * @param folder of the ledger: one folder in it for each key
 */
export function openDeviceSigner(key: DeviceKey, folder: string): DeviceSigner {
  const own = join(folder, toHex(sha256(key.publicKey.key)));
  return {
    async sign(recordingDigest) {
      const before = (await readNumbers(own)).findLast(({ content }) => equalBytes(digestOf(content), recordingDigest));
      if (before !== undefined) return before.content;
      const taken = await takeNumber(own, 0, (sequence, newest) => {
        const previous = newest === null ? null : sha256(payloadOf(newest.content));
        const payload = encodeDeviceBatch({ version: 1, device: key.publicKey, sequence, previous, recordingDigest });
        return encodeStatement("device-batch", key.publicKey.alg, payload, (bytes) => key.sign(bytes));
      });
      return taken.content;
    },
  };
}

function digestOf(statement: Uint8Array): Uint8Array {
  return decodeDeviceBatch(payloadOf(statement)).recordingDigest;
}

function payloadOf(statement: Uint8Array): Uint8Array {
  return decodeStatement(statement, "device-batch").payload;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
