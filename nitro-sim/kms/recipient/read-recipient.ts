import type { KeyObject } from "node:crypto";
import { Refusal, verifyEvidence, type SignatureBackend, type TrustAnchor, type VerifiedEvidence } from "@caladrius/attestation-verifier";
import { fromBase64, toHex, WireError } from "@caladrius/wire";
import { constraint, invalid, KmsServiceError } from "../errors.ts";
import { readRecipientKey } from "./recipient-key.ts";

/** Against what attestation documents are verified. */
export interface RecipientOptions {
  /** pinned roots: `parseTrustAnchor` of the simulator's, or AWS_NITRO_ROOT_G1; none = nothing verifies */
  readonly roots: readonly TrustAnchor[];
  /** Unix ms */
  readonly nowMs: number;
  readonly signatures: SignatureBackend;
  /** default `MAX_DOCUMENT_AGE_MS` */
  readonly maxAgeMs?: number;
  /** false refuses what stands under a root that says SIMULATED, even one of `roots`; default true */
  readonly allowSimulator?: boolean;
}

/** The `Recipient` of a request, as it came in. */
export interface RecipientMembers {
  readonly KeyEncryptionAlgorithm?: unknown;
  /** base64 text, or the bytes */
  readonly AttestationDocument?: unknown;
}

/** What a verified attestation document says. A debug enclave's PCRs are zero here too: policies decide. */
export interface AttestedRecipient {
  /** RSA of 2048 to 4096 bits, to which alone the answer is encrypted */
  readonly publicKey: KeyObject;
  /** `kms:RecipientAttestation:ImageSha384` (PCR0) and `kms:RecipientAttestation:PCR<n>` -> 96 lower-case hex digits */
  readonly conditions: Readonly<Record<string, string>>;
  readonly moduleId: string;
  /** every PCR of the document -> 48 bytes */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** Unix ms at which the document was made */
  readonly timestampMs: number;
}

/**
 * Verifies the `Recipient` of a request: the algorithm, the attestation document in full (COSE, certificates up to a pinned
 * root, five signatures, age) and the RSA key in it. KMS looks neither at the nonce nor at `user_data`.
 *
 * Which error, from what users measured at AWS: a document that is malformed or does not verify gives ValidationException,
 * one that verifies and is refused by policy (another image, debug, none at all) AccessDeniedException; policy is decided
 * elsewhere. A document out of its time is AccessDeniedException here: it is genuine, and is not accepted any more. (That AWS
 * accepts a repeated document is known; its limit of five minutes is reported, its error name is not.)
 *
 * @throws KmsServiceError ValidationException, AccessDeniedException, SerializationException (no base64)
 */
export async function readRecipient(recipient: RecipientMembers, options: RecipientOptions): Promise<AttestedRecipient> {
  const { KeyEncryptionAlgorithm: algorithm = null, AttestationDocument: document = null } = recipient;
  if (algorithm === null) throw constraint("recipient.keyEncryptionAlgorithm", null, "Member must not be null");
  if (algorithm !== "RSAES_OAEP_SHA_256") {
    const given = typeof algorithm === "string" ? algorithm : typeof algorithm;
    throw constraint("recipient.keyEncryptionAlgorithm", given, "Member must satisfy enum value set: [RSAES_OAEP_SHA_256]");
  }
  if (document === null) throw constraint("recipient.attestationDocument", null, "Member must not be null");
  const { publicKey, pcrs, moduleId, timestampMs } = await verifyDocument(decodeDocument(document), options);
  return { publicKey: readRecipientKey(publicKey), conditions: conditionsOf(pcrs), moduleId, pcrs, timestampMs };
}

function decodeDocument(document: unknown): Uint8Array {
  // https://docs.aws.amazon.com/kms/latest/APIReference/API_RecipientInfo.html
  const limit = (length: number): void => {
    const rule = length === 0 ? "greater than or equal to 1" : `less than or equal to ${MAX_DOCUMENT_BYTES}`;
    if (length === 0 || length > MAX_DOCUMENT_BYTES)
      throw constraint("recipient.attestationDocument", `${length} bytes`, `Member must have length ${rule}`);
  };
  if (document instanceof Uint8Array) {
    limit(document.length);
    return document;
  }
  if (typeof document !== "string") throw new KmsServiceError("SerializationException", "AttestationDocument is not base64");
  limit(Math.floor((document.length / 4) * 3));
  try {
    return fromBase64(document);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new KmsServiceError("SerializationException", "AttestationDocument is not base64");
  }
}

async function verifyDocument(document: Uint8Array, options: RecipientOptions): Promise<VerifiedEvidence> {
  const { roots, nowMs, signatures, maxAgeMs = MAX_DOCUMENT_AGE_MS, allowSimulator = true } = options;
  const anchors = roots.filter(({ simulated }) => allowSimulator || !simulated);
  try {
    return await verifyEvidence(document, { anchors, mode: { kind: "live", nowMs, nonce: null, maxAgeMs }, signatures });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const message = `the attestation document is refused (${error.code}): ${error.message}`;
    throw UNTIMELY.has(error.code) ? new KmsServiceError("AccessDeniedException", message) : invalid(message);
  }
}

function conditionsOf(pcrs: ReadonlyMap<number, Uint8Array>): Readonly<Record<string, string>> {
  const conditions = [...pcrs].map(([index, value]): [string, string] => [`${CONDITION}PCR${index}`, toHex(value)]);
  const image = pcrs.get(0);
  return Object.fromEntries(image === undefined ? conditions : [[`${CONDITION}ImageSha384`, toHex(image)], ...conditions]);
}

/** How old a document may be: five minutes, as users report of AWS. */
export const MAX_DOCUMENT_AGE_MS: number = 5 * 60_000;
/** The limit of the API; the verifier's own is far lower. */
const MAX_DOCUMENT_BYTES = 262_144;
/** Refusals of documents that were, or will be, good. */
const UNTIMELY: ReadonlySet<string> = new Set(["timestamp-age", "timestamp-future", "chain-expired", "chain-not-yet-valid"] as const);
const CONDITION = "kms:RecipientAttestation:";
