import { decodeCbor, encodeCbor, type CborValue } from "./cbor/index.ts";
import { WireError } from "./errors.ts";
import type { DisclosureLevel } from "./findings.ts";
import { pad, paddingRoom, unpad } from "./padding.ts";
import { array, bytes, decodeWith, encodeWith, struct, version, type Schema } from "./schema/index.ts";
import { sizeBucket } from "./sizes.ts";

/** What a recipient gets, sealed: everything a result file needs. */
export interface ReplyContent {
  version: number;
  /** the result statement */
  result: Uint8Array;
  disclosures: Uint8Array[];
  identity: Uint8Array;
  evidence: Uint8Array;
}

const MAX_REPLY_BYTES = 32 * 1024 * 1024;

const replyContent: Schema<ReplyContent> = struct<ReplyContent>({
  version: ["v", version(1)],
  result: ["result", bytes(1, 512 * 1024)],
  disclosures: ["disclosures", array(bytes(1, 9 * 1024 * 1024), 0, 4096)],
  identity: ["identity", bytes(1, 16 * 1024)],
  evidence: ["evidence", bytes(1, 16 * 1024)],
});

/** Room for result, identity and evidence; what a level adds grows with the job, so that size tells the host nothing new. */
const BASE_BYTES = 24 * 1024;
const ALARM_BYTES = 16 * 1024;
const SHARE = { findings: 16, full: 8 } as const;
/** Eight replies of this size, the most that a job can ask for, still fit one message to the host. */
const MOST_PADDED_BYTES = 4 * 1024 * 1024;

/** Size of a reply before sealing: depends on level and padded job size alone. */
export function replyPaddedBytes(level: DisclosureLevel, jobPaddedBytes: number): number {
  if (level === "alarm") return ALARM_BYTES;
  return Math.min(sizeBucket(BASE_BYTES + Math.floor(jobPaddedBytes / SHARE[level])), MOST_PADDED_BYTES);
}

/** Bytes that the content of a reply may have. */
export function replyRoom(level: DisclosureLevel, jobPaddedBytes: number): number {
  return paddingRoom(replyPaddedBytes(level, jobPaddedBytes));
}

/** Encodes the content of a reply, unpadded. */
export function encodeReplyContent(value: ReplyContent): Uint8Array {
  return encodeWith(replyContent, value);
}

/** Pads encoded content to the size for its level and job. @throws WireError sealed-job-padding when it does not fit */
export function padReply(encoded: Uint8Array, level: DisclosureLevel, jobPaddedBytes: number): Uint8Array {
  return pad(encoded, replyPaddedBytes(level, jobPaddedBytes));
}

/** Reads opened content. @throws WireError, LimitError */
export function decodeReplyContent(padded: Uint8Array): ReplyContent {
  return decodeWith(replyContent, unpad(padded), "reply", { maxBytes: MAX_REPLY_BYTES });
}

/** HPKE info of a reply: bound to the sealed job that it answers. */
export function replyInfo(jobDigest: Uint8Array): Uint8Array {
  return encodeCbor(["reply", jobDigest]);
}

/** A sealed reply as it travels. */
export interface SealedReply {
  enc: Uint8Array;
  ciphertext: Uint8Array;
}

/** Encodes a sealed reply. */
export function encodeSealedReply(reply: SealedReply): Uint8Array {
  return encodeCbor([reply.enc, reply.ciphertext]);
}

/** @throws WireError, LimitError */
export function decodeSealedReply(sealed: Uint8Array): SealedReply {
  const value = decodeCbor(sealed, { maxBytes: MAX_REPLY_BYTES, maxDepth: 1, maxItems: 4 });
  if (!Array.isArray(value) || value.length !== 2) throw new WireError("schema-type", "sealed reply: expected an array of two");
  const [enc, ciphertext] = value as readonly CborValue[];
  if (!(enc instanceof Uint8Array) || !(ciphertext instanceof Uint8Array))
    throw new WireError("schema-type", "sealed reply: expected bytes");
  return { enc, ciphertext };
}
