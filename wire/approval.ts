import { encodeCbor } from "./cbor/index.ts";
import { bytes, decodeWith, encodeWith, int, oneOf, struct, text, type Schema } from "./schema/index.ts";
import { STATEMENT, type StatementKind } from "./statement.ts";

/** One person's approval of one statement, in one role. */
export interface Approval {
  kind: StatementKind;
  /** SHA-384 of the approved bytes (`approvedBytes`) */
  digest: Uint8Array;
  person: string;
  role: string;
  /** Unix seconds, as the approver's machine said */
  at: number;
}

const approval: Schema<Approval> = struct<Approval>({
  kind: ["kind", oneOf("constitution", "bundle", "release", "fleet-record", "status-list", "emergency")] as const,
  digest: ["digest", bytes(48)],
  person: ["person", text(1, 128)],
  role: ["role", text(1, 128)],
  at: ["at", int(0, 2 ** 40)],
});

/** Encodes the payload of an approval statement. */
export const encodeApproval = (value: Approval): Uint8Array => encodeWith(approval, value);
/** @throws WireError, LimitError */
export const decodeApproval = (payload: Uint8Array): Approval =>
  decodeWith(approval, payload, "approval", { maxBytes: 2048, maxDepth: 1, maxItems: 16 });

/** What approvers approve is the SHA-384 of these bytes: kind, deployment and statement, so that none stands for another. */
export function approvedBytes(kind: StatementKind, constitutionDigest: Uint8Array, statement: Uint8Array): Uint8Array {
  return encodeCbor([STATEMENT[kind].typ, constitutionDigest, statement]);
}
