import { decodeDeviceBatch, decodeStatement, equalBytes, type DeviceBatch, type DeviceRules } from "@caladrius/wire";
import type { DenialCode } from "./denial.ts";
import type { RecordingFacts } from "./facts.ts";
import type { DecisionMemory, NewestBatch } from "./memory.ts";
import { sameKey, type DecisionCrypto } from "./read-grant.ts";
import type { Revocations } from "./revocations.ts";

/** What a bundle may have told instead of refused, as coverage names it. */
export type DeviceFlag = "device-unknown" | "device-gap" | "device-replay";

/** A recording's device, as far as its signature shows it. */
export interface SignedByDevice {
  /** SHA-256 of the raw public key */
  thumbprint: Uint8Array;
  /** of a registered device, as the bundle has it */
  name: string | null;
  sequence: number;
  /** SHA-256 of the payload of the device's statement: of a signature by ECDSA anybody makes another */
  digest: Uint8Array;
  flags: readonly DeviceFlag[];
}

/** What the device's statement is held against. */
export interface DeviceCheck {
  rules: DeviceRules;
  /** the statement that the job carries, null for none */
  batch: Uint8Array | null;
  recordingDigest: Uint8Array;
  recording: RecordingFacts | null;
  subject: string;
  /** Unix ms, the latest that it may be now */
  nowMs: number;
  revocations: Revocations;
  memory: DecisionMemory;
}

/** A device, or none where the bundle demands none; or why not. */
export type DeviceJudgement = { code: DenialCode; device: null } | { code: null; device: SignedByDevice | null };

/**
 * Judges what a device signed about a recording by the rules of the bundle. An enclave knows the numbers that it answered
 * since boot: the first statement of a device that it sees is taken as it comes, and the number is disclosed.
 */
export function judgeDevice(check: DeviceCheck, crypto: DecisionCrypto): DeviceJudgement {
  const { rules, batch, recording, subject, revocations, memory } = check;
  if (batch === null) return rules.unsigned === "deny" ? deny("denied-device-unsigned") : { code: null, device: null };
  const genuine = readBatch(batch, check.recordingDigest, crypto);
  if (genuine === null) return deny("denied-device");
  const { read, payload } = genuine;
  const thumbprint = crypto.sha256(read.device.key);
  if (revocations.isRevoked("device", thumbprint, check.nowMs) || revocations.isRevoked("key", thumbprint, check.nowMs))
    return deny("denied-device-revoked");

  const registered = rules.registered.find(({ key }) => sameKey(key, read.device));
  const flags: DeviceFlag[] = [];
  if (registered === undefined && rules.unknown === "deny") return deny("denied-device-unknown");
  if (registered === undefined) flags.push("device-unknown");
  // Who is not registered may not go by the name of one that is.
  const named = rules.registered.find(({ name }) => name === recording?.device);
  if (named !== registered) return deny("denied-device-name");
  if (registered !== undefined && registered.subject !== null && registered.subject !== subject) return deny("denied-device-subject");

  const digest = crypto.sha256(payload);
  const newest = memory.newestOf(thumbprint, registered !== undefined);
  if (newest === "full") return deny("denied-device-memory");
  const order = newest === null ? null : misnumbered(read, digest, newest);
  if (order === "device-gap" && rules.gap === "deny") return deny("denied-device-gap");
  if (order === "device-replay" && rules.replay === "deny") return deny("denied-device-replay");
  if (order !== null) flags.push(order);
  return { code: null, device: { thumbprint, name: registered?.name ?? null, sequence: read.sequence, digest, flags } };
}

/** A statement by the device that it names, over this recording. */
function readBatch(
  batch: Uint8Array,
  recordingDigest: Uint8Array,
  { verify }: DecisionCrypto,
): { read: DeviceBatch; payload: Uint8Array } | null {
  try {
    const { alg, payload, toBeSigned, signature } = decodeStatement(batch, "device-batch");
    const read = decodeDeviceBatch(payload);
    const sound =
      alg === read.device.alg &&
      equalBytes(read.recordingDigest, recordingDigest) &&
      (read.previous === null) === (read.sequence === 0) &&
      verify(read.device, toBeSigned, signature);
    return sound ? { read, payload } : null;
  } catch {
    return null;
  }
}

/** The same statement again is neither; the next one must name this one. */
function misnumbered({ sequence, previous }: DeviceBatch, digest: Uint8Array, newest: NewestBatch): DeviceFlag | null {
  if (sequence < newest.sequence) return "device-replay";
  if (sequence === newest.sequence) return equalBytes(digest, newest.digest) ? null : "device-replay";
  if (sequence > newest.sequence + 1) return "device-gap";
  return previous !== null && equalBytes(previous, newest.digest) ? null : "device-replay";
}

function deny(code: DenialCode): DeviceJudgement {
  return { code, device: null };
}
