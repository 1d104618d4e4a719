import { LimitError } from "./errors.ts";
import { array, bytes, decodeWith, encodeWith, int, nullable, oneOf, struct, text, version, type Schema } from "./schema/index.ts";

/** The kill switch: what was revoked since when, and which policy is the lowest allowed. */
export interface StatusList {
  version: number;
  /** counts up */
  number: number;
  constitutionDigest: Uint8Array;
  /** Unix seconds; at most 24 h apart */
  issuedAt: number;
  expiresAt: number;
  /** repeats an enclave's boot nonce to be fresh for it */
  bootNonce: Uint8Array | null;
  lowestPolicyVersion: number;
  revocations: Revocation[];
  releases: ReleaseStatus[];
}

/** Where a release stands. Images are named as well, so that an enclave knows itself without having its release. */
export interface ReleaseStatus {
  /** SHA-384 of the release's statement */
  digest: Uint8Array;
  /** PCR0 of each image of the release */
  images: Uint8Array[];
  lifecycle: Lifecycle;
}

/** Stages of a release, in their order. */
export type Lifecycle = "candidate" | "active" | "deprecated" | "revoked";

/** One thing that no longer counts, since when and why. */
export interface Revocation {
  what: "grant" | "release" | "key" | "device";
  /** a grant's id, SHA-384 of a release's statement, SHA-256 of the raw public key of anyone who signs, of a device likewise */
  id: Uint8Array;
  /** Unix seconds */
  since: number;
  reason: string;
}

/** A list is good for at most this long. */
export const MAX_STATUS_LIST_SECONDS: number = 24 * 3600;

const statusList: Schema<StatusList> = struct<StatusList>({
  version: ["v", version(1)],
  number: ["number", int(1, 2 ** 40)],
  constitutionDigest: ["constitution", bytes(48)],
  issuedAt: ["issuedAt", int(0, 2 ** 40)],
  expiresAt: ["expiresAt", int(0, 2 ** 40)],
  bootNonce: ["bootNonce", nullable(bytes(16, 64))],
  lowestPolicyVersion: ["lowestPolicyVersion", int(0, 2 ** 40)],
  revocations: [
    "revocations",
    array(
      struct<Revocation>({
        what: ["what", oneOf("grant", "release", "key", "device")],
        id: ["id", bytes(16, 64)],
        since: ["since", int(0, 2 ** 40)],
        reason: ["reason", text(1, 128)],
      }),
      0,
      10_000,
    ),
  ],
  releases: [
    "releases",
    array(
      struct<ReleaseStatus>({
        digest: ["digest", bytes(48)],
        images: ["images", array(bytes(48), 1, 8)],
        lifecycle: ["lifecycle", oneOf("candidate", "active", "deprecated", "revoked")],
      }),
      0,
      1000,
    ),
  ],
});

/**
 * Encodes the payload of a status-list statement.
 * @throws LimitError limit-bytes for one that is larger than anybody reads: a list that nobody takes revokes nothing
 */
export function encodeStatusList(value: StatusList): Uint8Array {
  const payload = encodeWith(statusList, value);
  if (payload.length > MAX_PAYLOAD_BYTES)
    throw new LimitError("limit-bytes", `a status list of ${payload.length} bytes, at most ${MAX_PAYLOAD_BYTES}`);
  return payload;
}
/** Reads the payload of a status-list statement. @throws WireError, LimitError */
export const decodeStatusList = (payload: Uint8Array): StatusList =>
  decodeWith(statusList, payload, "status list", { maxBytes: MAX_PAYLOAD_BYTES, maxDepth: 4, maxItems: MAX_ITEMS });

/** With as many approvals as fit beside it, a list is at most 1 MiB. */
const MAX_PAYLOAD_BYTES = 768 * 1024;
/** 10,000 revocations are 90,000, and 1000 releases of 8 images 16,000. */
const MAX_ITEMS = 131_072;
