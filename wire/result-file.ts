import { array, bytes, decodeWith, encodeWith, struct, version, type Schema } from "./schema/index.ts";

/** Media type and extension of result files. */
export const RESULT_FILE_TYPE = "application/vnd.caladrius.attested+cbor";

/** A result with all that is needed to verify it offline. */
export interface ResultFile {
  version: number;
  /** the result statement */
  result: Uint8Array;
  /** what this holder discloses; any may be taken out */
  disclosures: Uint8Array[];
  identity: Uint8Array;
  /** NSM document */
  evidence: Uint8Array;
  /** release statement and the approvals over it */
  release?: Uint8Array;
  approvals?: Uint8Array[];
  /** checkpoint, inclusion proof and cosignatures */
  receipt?: Uint8Array;
  /** RFC 3161 token or witnessed receipt over the digest of the result */
  timeEvidence?: Uint8Array;
}

const resultFile: Schema<ResultFile> = struct<ResultFile>(
  {
    version: ["caladrius", version(1)],
    result: ["result", bytes(1, 512 * 1024)],
    disclosures: ["disclosures", array(bytes(1, 9 * 1024 * 1024), 0, 4096)],
    identity: ["identity", bytes(1, 16 * 1024)],
    evidence: ["evidence", bytes(1, 16 * 1024)],
    release: ["release", bytes(1, 64 * 1024)],
    approvals: ["approvals", array(bytes(1, 4096), 0, 64)],
    receipt: ["receipt", bytes(1, 64 * 1024)],
    timeEvidence: ["timeEvidence", bytes(1, 64 * 1024)],
  },
  ["release", "approvals", "receipt", "timeEvidence"],
);

/** Encodes a result file. */
export const encodeResultFile = (value: ResultFile): Uint8Array => encodeWith(resultFile, value);
/** @throws WireError schema-version for another version, cbor-*, schema-*; LimitError */
export const decodeResultFile = (file: Uint8Array): ResultFile =>
  decodeWith(resultFile, file, "result file", { maxBytes: 32 * 1024 * 1024, maxDepth: 3 });
