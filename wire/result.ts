import { array, bool, bytes, decodeWith, encodeWith, int, literal, struct, tuple, type Schema } from "./schema/index.ts";

/** EAT profile of attested results (RFC 9711 §4.3.2). */
export const RESULT_PROFILE = "tag:caladrius.example,2026:result#1";

/** Claims that stand in the clear in every result. One job gives one result, the same bytes for every recipient. */
export interface ResultClaims {
  profile: typeof RESULT_PROFILE;
  /** end of the interval in Unix seconds, rounded up */
  iat: number;
  /** the submitter's */
  nonce: Uint8Array;
  /** the moment of issue lies within, Unix ms */
  interval: { fromMs: number; toMs: number };
  /** SHA-384 of the identity */
  identityDigest: Uint8Array;
  /** SHA-256 of the sealed job: what tells jobs apart */
  jobDigest: Uint8Array;
  constitutionDigest: Uint8Array;
  policy: { digest: Uint8Array; version: number };
  /** number of the status list in force */
  statusListVersion: number;
  flags: {
    breakGlass: boolean;
    statusStale: boolean;
    /** the status list repeats the nonce of this boot */
    statusFresh: boolean;
  };
  /** how often an emergency was used since boot, this job included */
  emergencyUses: number;
  /** SHA-256 of each disclosure and of decoys, sorted, padded to 16, 32, 64 … */
  disclosureDigests: Uint8Array[];
}

const MS = 2 ** 48;

const claims: Schema<ResultClaims> = struct<ResultClaims>({
  profile: [265, literal(RESULT_PROFILE)], // RFC 9711 eat_profile
  iat: [6, int(0, 2 ** 40)], // RFC 8392 iat
  nonce: [10, bytes(8, 64)], // RFC 9711 eat_nonce
  interval: [
    -70001,
    tuple<ResultClaims["interval"]>([
      ["fromMs", int(0, MS)],
      ["toMs", int(0, MS)],
    ]),
  ],
  identityDigest: [-70002, bytes(48)],
  jobDigest: [-70003, bytes(32)],
  constitutionDigest: [-70004, bytes(48)],
  policy: [
    -70005,
    tuple<ResultClaims["policy"]>([
      ["digest", bytes(48)],
      ["version", int(0, 2 ** 40)],
    ]),
  ],
  statusListVersion: [-70006, int(0, 2 ** 40)],
  flags: [
    -70007,
    tuple<ResultClaims["flags"]>([
      ["breakGlass", bool],
      ["statusStale", bool],
      ["statusFresh", bool],
    ]),
  ],
  emergencyUses: [-70009, int(0, 2 ** 40)],
  disclosureDigests: [-70008, array(bytes(32), 16, 4096)],
});

/** Encodes the payload of a result statement. */
export const encodeResultClaims = (value: ResultClaims): Uint8Array => encodeWith(claims, value);
/** @throws WireError, LimitError */
export const decodeResultClaims = (payload: Uint8Array): ResultClaims =>
  decodeWith(claims, payload, "result", { maxBytes: 256 * 1024, maxDepth: 3, maxItems: 8192 });

/** How many digests an array holds for `disclosures` real ones: the next of 16, 32, 64 … */
export function disclosureArrayLength(disclosures: number): number {
  let length = 16;
  while (length < disclosures) length *= 2;
  return length;
}

/** Tells the host, in the clear, that a job was answered, and nothing about the answer. */
export interface OuterStatus {
  jobDigest: Uint8Array;
  /** SHA-256 of each sealed reply */
  replyDigests: Uint8Array[];
  state: "answered" | "cannot-open";
  iat: number;
}

const outerStatus: Schema<{ jobDigest: Uint8Array; replyDigests: Uint8Array[]; answered: boolean; iat: number }> = struct({
  jobDigest: ["job", bytes(32)],
  replyDigests: ["replies", array(bytes(32), 0, 8)],
  answered: ["answered", bool],
  iat: ["iat", int(0, 2 ** 40)],
});

/** Encodes the payload of a status statement. */
export const encodeOuterStatus = (value: OuterStatus): Uint8Array =>
  encodeWith(outerStatus, {
    jobDigest: value.jobDigest,
    replyDigests: value.replyDigests,
    answered: value.state === "answered",
    iat: value.iat,
  });
/** @throws WireError, LimitError */
export function decodeOuterStatus(payload: Uint8Array): OuterStatus {
  const { jobDigest, replyDigests, answered, iat } = decodeWith(outerStatus, payload, "status", { maxBytes: 4096 });
  return { jobDigest, replyDigests, state: answered ? "answered" : "cannot-open", iat };
}
