import { createHash } from "node:crypto";
import {
  decodeApproved,
  decodeStatement,
  decodeStatusList,
  equalBytes,
  LimitError,
  MAX_STATUS_LIST_BYTES,
  WireError,
} from "@caladrius/wire";

/** A status list as the host sees it: bytes to hand over, and what they say. Whether it is genuine, enclaves and verifiers judge. */
export interface StatusListFile {
  /** the statement with its approvals */
  file: Uint8Array;
  /** what is signed */
  payload: Uint8Array;
  number: number;
  issuedAtMs: number;
  expiresAtMs: number;
}

/** Reads a status list for the deployment of a constitution. @throws WireError, LimitError */
export function readStatusList(file: Uint8Array, constitution: Uint8Array): StatusListFile {
  if (file.length > MAX_STATUS_LIST_BYTES) throw new LimitError("file-size", "larger than a status list may be");
  const { payload } = decodeStatement(decodeApproved(file).statement, "status-list");
  const { number, issuedAt, expiresAt, constitutionDigest } = decodeStatusList(payload);
  if (!equalBytes(constitutionDigest, createHash("sha384").update(constitution).digest()))
    throw new WireError("schema-range", "status list: under another constitution than this host's");
  return { file, payload: new Uint8Array(payload), number, issuedAtMs: issuedAt * 1000, expiresAtMs: expiresAt * 1000 };
}
