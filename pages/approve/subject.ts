import {
  decodeBundle,
  decodeConstitution,
  decodeEmergency,
  decodeFleetRecord,
  decodeRelease,
  decodeStatement,
  decodeStatusList,
  equalBytes,
  toHex,
  type Bundle,
  type Constitution,
  type Emergency,
  type FleetRecord,
  type Release,
  type RoleThreshold,
  type StatusList,
} from "@caladrius/wire";

/** What can be approved here, as its statement says it. */
export type Subject =
  | { readonly kind: "release"; readonly says: Release }
  | { readonly kind: "bundle"; readonly says: Bundle }
  | { readonly kind: "constitution"; readonly says: Constitution }
  | { readonly kind: "fleet-record"; readonly says: FleetRecord }
  | { readonly kind: "status-list"; readonly says: StatusList; readonly before: StatusList | null }
  | { readonly kind: "emergency"; readonly says: Emergency };
/** The name of a kind. */
export type SubjectKind = Subject["kind"];

/**
 * Reads a statement as one of the kind that was asked for; its media type must say the same.
 * @throws WireError, LimitError for anything else; Error for one that names another constitution than the one it is approved under
 */
export function readSubject(kind: string, statement: Uint8Array, previous: Uint8Array | null, constitutionDigest: Uint8Array): Subject {
  const subject = decode(kind, statement, previous);
  const named = constitutionNamedBy(subject);
  if (named !== "none" && (named === null || !equalBytes(named, constitutionDigest)))
    throw new Error(`it names another constitution, ${named === null ? "none" : toHex(named)}`);
  return subject;
}

function decode(kind: string, statement: Uint8Array, previous: Uint8Array | null): Subject {
  switch (kind) {
    case "release":
      return { kind, says: decodeRelease(decodeStatement(statement, kind).payload) };
    case "bundle":
      return { kind, says: decodeBundle(decodeStatement(statement, kind).payload) };
    case "constitution":
      return { kind, says: decodeConstitution(decodeStatement(statement, kind).payload) };
    case "fleet-record":
      return { kind, says: decodeFleetRecord(decodeStatement(statement, kind).payload) };
    case "status-list": {
      const read = (bytes: Uint8Array): StatusList => decodeStatusList(decodeStatement(bytes, kind).payload);
      return { kind, says: read(statement), before: previous === null ? null : read(previous) };
    }
    case "emergency":
      return { kind, says: decodeEmergency(decodeStatement(statement, kind).payload) };
    default:
      throw new Error("nothing of a kind that is approved here");
  }
}

/** A release names none: it may be approved under several. */
function constitutionNamedBy(subject: Subject): Uint8Array | null | "none" {
  if (subject.kind === "release") return "none";
  return subject.kind === "constitution" ? subject.says.predecessor : subject.says.constitutionDigest;
}

/** How many must approve, where the constitution says it; of emergencies the bundle does. */
export function quorumOf(kind: SubjectKind, { quorums }: Constitution): readonly RoleThreshold[] | null {
  return kind === "emergency" ? null : quorums[QUORUM[kind]];
}

/** What people call it. */
export const NOUN: Readonly<Record<SubjectKind, string>> = {
  release: "release",
  bundle: "policy bundle",
  constitution: "constitution",
  "fleet-record": "record of fleet keys",
  "status-list": "status list",
  emergency: "emergency",
};
const QUORUM = {
  release: "release",
  bundle: "bundle",
  constitution: "succession",
  "fleet-record": "fleet",
  "status-list": "status",
} as const;
