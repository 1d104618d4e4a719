import { decodeCbor, encodeCbor, type CborValue } from "./cbor/index.ts";
import { WireError } from "./errors.ts";

/** Algorithms of statements: Ed25519 (RFC 9864), and ESP256 where a passkey or a device signs. */
export const STATEMENT_ALGORITHM = { Ed25519: -19, ESP256: -9 } as const;
/** The name of a signature algorithm. */
export type StatementAlgorithm = keyof typeof STATEMENT_ALGORITHM;

/** Every kind of statement: its media type (typ, RFC 9596) and who may sign it. */
export const STATEMENT = {
  result: { typ: "application/vnd.caladrius.result+cose", signedBy: "result key of the identity" },
  status: { typ: "application/vnd.caladrius.status+cose", signedBy: "result key of the identity" },
  request: { typ: "application/vnd.caladrius.request+cose", signedBy: "submitter" },
  grant: { typ: "application/vnd.caladrius.grant+cose", signedBy: "grant issuer named by the bundle" },
  constitution: { typ: "application/vnd.caladrius.constitution+cose", signedBy: "author, an approver of the constitution itself" },
  bundle: { typ: "application/vnd.caladrius.bundle+cose", signedBy: "author, an approver of the constitution" },
  release: { typ: "application/vnd.caladrius.release+cose", signedBy: "author, an approver of the constitution" },
  approval: { typ: "application/vnd.caladrius.approval+cose", signedBy: "approver of the constitution" },
  "status-list": { typ: "application/vnd.caladrius.status-list+cose", signedBy: "status key of the constitution" },
  "fleet-record": { typ: "application/vnd.caladrius.fleet-record+cose", signedBy: "author, an approver of the constitution" },
  emergency: { typ: "application/vnd.caladrius.emergency+cose", signedBy: "result key of the identity" },
  notice: { typ: "application/vnd.caladrius.notice+cose", signedBy: "result key of the identity" },
  "device-batch": { typ: "application/vnd.caladrius.device-batch+cose", signedBy: "device" },
} as const;
/** The name of a kind of statement. */
export type StatementKind = keyof typeof STATEMENT;

/** A statement whose signature has not been checked. */
export interface DecodedStatement {
  alg: StatementAlgorithm;
  payload: Uint8Array;
  /** 64 bytes: Ed25519, or r || s */
  signature: Uint8Array;
  /** the Sig_structure that the signature covers (RFC 9052 §4.4) */
  toBeSigned: Uint8Array;
}

const ALG = 1;
const TYP = 16;
const SIGNATURE_BYTES = 64;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Protected headers are few and constant: one per kind and algorithm. */
const PROTECTED: Readonly<Record<StatementAlgorithm, Readonly<Record<StatementKind, Uint8Array>>>> = {
  Ed25519: protectedHeaders("Ed25519"),
  ESP256: protectedHeaders("ESP256"),
};

function protectedHeaders(alg: StatementAlgorithm): Record<StatementKind, Uint8Array> {
  const headers = Object.entries(STATEMENT).map(([kind, { typ }]) => [
    kind,
    encodeCbor(
      new Map<number, CborValue>([
        [ALG, STATEMENT_ALGORITHM[alg]],
        [TYP, typ],
      ]),
    ),
  ]);
  return Object.fromEntries(headers) as Record<StatementKind, Uint8Array>;
}

/**
 * Makes an untagged COSE_Sign1 with exactly alg and typ protected, nothing unprotected, no external data.
 * `sign` gets the Sig_structure and returns 64 bytes.
 */
export function encodeStatement(
  kind: StatementKind,
  alg: StatementAlgorithm,
  payload: Uint8Array,
  sign: (toBeSigned: Uint8Array) => Uint8Array,
): Uint8Array {
  const header = PROTECTED[alg][kind];
  const signature = sign(sigStructure(header, payload));
  if (signature.length !== SIGNATURE_BYTES) throw new WireError("statement-shape", `a signature of ${signature.length} bytes`);
  return encodeCbor([header, new Map(), payload, signature]);
}

/**
 * Reads a statement of the kind expected. The signature is not checked here: it covers `toBeSigned`.
 * @throws WireError cbor-*, statement-shape, statement-algorithm, statement-kind
 */
export function decodeStatement(statement: Uint8Array, kind: StatementKind): DecodedStatement {
  const value = decodeCbor(statement, { maxDepth: 2, maxItems: 16 });
  if (!Array.isArray(value) || value.length !== 4) throw new WireError("statement-shape", "not an array of four");
  const [header, unprotected, payload, signature] = value as readonly CborValue[];
  if (!(header instanceof Uint8Array) || !(payload instanceof Uint8Array) || !(signature instanceof Uint8Array))
    throw new WireError("statement-shape", "header, payload and signature must be bytes");
  if (!(unprotected instanceof Map) || unprotected.size !== 0)
    throw new WireError("statement-shape", "the unprotected header must be empty");
  if (signature.length !== SIGNATURE_BYTES) throw new WireError("statement-shape", `a signature of ${signature.length} bytes`);
  const alg = headerAlgorithm(header, kind);
  return { alg, payload, signature, toBeSigned: sigStructure(header, payload) };
}

function headerAlgorithm(header: Uint8Array, kind: StatementKind): StatementAlgorithm {
  const map = decodeCbor(header, { maxBytes: 256, maxDepth: 2, maxItems: 8 });
  if (!(map instanceof Map) || map.size !== 2) throw new WireError("statement-shape", "protected header must hold exactly alg and typ");
  const fields = map as ReadonlyMap<number | string, CborValue>;
  const alg = (Object.keys(STATEMENT_ALGORITHM) as StatementAlgorithm[]).find((one) => STATEMENT_ALGORITHM[one] === fields.get(ALG));
  if (alg === undefined) throw new WireError("statement-algorithm", "expected Ed25519 (-19) or ESP256 (-9)");
  if (fields.get(TYP) !== STATEMENT[kind].typ) throw new WireError("statement-kind", `expected ${STATEMENT[kind].typ}`);
  return alg;
}

function sigStructure(header: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(["Signature1", header, NOTHING, payload]);
}
