import { signingPublicKey, type SigningPublicKey } from "./keys.ts";
import { bytes, decodeWith, encodeWith, int, nullable, struct, version, type Schema } from "./schema/index.ts";

/** What a device signs about a recording of its own. Its number tells what is missing, its predecessor in which order. */
export interface DeviceBatch {
  version: number;
  /** the key that signs */
  device: SigningPublicKey;
  /** 0 for the first, then counting by one */
  sequence: number;
  /** SHA-256 of the payload of the statement before, null for the first */
  previous: Uint8Array | null;
  /** SHA-256 of the encoded recording */
  recordingDigest: Uint8Array;
}

const deviceBatch: Schema<DeviceBatch> = struct<DeviceBatch>({
  version: ["v", version(1)],
  device: ["device", signingPublicKey],
  sequence: ["sequence", int(0, 2 ** 40)],
  previous: ["previous", nullable(bytes(32))],
  recordingDigest: ["recording", bytes(32)],
});

/** Encodes the payload of a device-batch statement. */
export const encodeDeviceBatch = (value: DeviceBatch): Uint8Array => encodeWith(deviceBatch, value);
/** Reads the payload of a device-batch statement. @throws WireError, LimitError */
export const decodeDeviceBatch = (payload: Uint8Array): DeviceBatch =>
  decodeWith(deviceBatch, payload, "device batch", { maxBytes: 1024, maxDepth: 2, maxItems: 16 });
