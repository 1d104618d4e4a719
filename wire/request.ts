import { WireError } from "./errors.ts";
import { disclosureLevelSchema, type DisclosureLevel } from "./findings.ts";
import { sealingPublicKey, signingPublicKey, type SealingPublicKey, type SigningPublicKey } from "./keys.ts";
import { array, bytes, decodeWith, encodeWith, int, nullable, oneOf, refine, struct, text, tuple, type Schema } from "./schema/index.ts";
import { streamPosition, type StreamPosition } from "./stream-position.ts";

/** What a submitter asks for. Sealed with the recording: the host learns none of it. */
export interface Request {
  submitter: SigningPublicKey;
  /** who gets a reply, the submitter first */
  recipients: Recipient[];
  /** pseudonym of the subject; recording and grants must name the same */
  subject: string;
  ward: string | null;
  /** HL7 v3 PurposeOfUse code */
  purpose: string;
  /** detector ids; empty = all that apply */
  detectors: string[];
  /** 8 to 64 bytes of the submitter, repeated in the result */
  nonce: Uint8Array;
  /** lowest versions that the enclave must have in force */
  floors: { policyVersion: number; statusVersion: number };
  grants: { grant: Uint8Array; use: number }[];
  stream?: StreamPosition;
  /** what is asked about an emergency; absent in ordinary jobs */
  emergency?: EmergencyStep;
}

/**
 * What a job does about an emergency. `open` asks for one, `list` shows an approver what waits, `answer` carries an
 * approver's word, `use` reads a recording under one that was granted. Only `use` has anything analysed.
 */
export interface EmergencyStep {
  step: "open" | "list" | "answer" | "use";
  /** which emergency: for `answer` and `use` */
  id: Uint8Array | null;
  /** for `open`: why, in words for those who decide */
  reason: string | null;
  /** for `answer`: the approval, null for a refusal */
  approval: Uint8Array | null;
}

/** A recipient of a reply. */
export interface Recipient {
  key: SealingPublicKey;
  level: DisclosureLevel;
}

const emergencyStep: Schema<EmergencyStep> = refine(
  struct<EmergencyStep>({
    step: ["step", oneOf("open", "list", "answer", "use")],
    id: ["id", nullable(bytes(16))],
    reason: ["reason", nullable(text(1, 1024))],
    approval: ["approval", nullable(bytes(1, 4096))],
  }),
  soundStep,
  soundStep,
);

/** Each step carries what it needs and nothing else. */
function soundStep(value: EmergencyStep, path = "emergency"): EmergencyStep {
  const { step, id, reason, approval } = value;
  const sound =
    (id !== null) === (step === "answer" || step === "use") &&
    (reason !== null) === (step === "open") &&
    (approval === null || step === "answer");
  if (!sound) throw new WireError("schema-range", `${path}: a part that step ${step} has not, or lacks`);
  return value;
}

/** Most recipients of one job. */
export const MAX_RECIPIENTS = 8;

const request: Schema<Request> = struct<Request>(
  {
    submitter: ["submitter", signingPublicKey],
    recipients: [
      "recipients",
      array(struct<Recipient>({ key: ["key", sealingPublicKey], level: ["level", disclosureLevelSchema] }), 1, MAX_RECIPIENTS),
    ],
    subject: ["subject", text(1, 128)],
    ward: ["ward", nullable(text(1, 64))],
    purpose: ["purpose", text(1, 32)],
    detectors: ["detectors", array(text(1, 64), 0, 32)],
    nonce: ["nonce", bytes(8, 64)],
    floors: [
      "floors",
      struct<Request["floors"]>({ policyVersion: ["policy", int(0, 2 ** 40)], statusVersion: ["status", int(0, 2 ** 40)] }),
    ],
    grants: [
      "grants",
      array(struct<{ grant: Uint8Array; use: number }>({ grant: ["grant", bytes(1, 8192)], use: ["use", int(1, 2 ** 40)] }), 0, 8),
    ],
    stream: ["stream", streamPosition],
    emergency: ["emergency", emergencyStep],
  },
  ["stream", "emergency"],
);

/** What the submitter signs: the request bound to this sealed job, this key set, this constitution, this recording. */
export interface SignedRequest {
  /** clear header of the sealed job */
  headerBytes: Uint8Array;
  /** SHA-256, 32 bytes */
  keySetDigest: Uint8Array;
  /** SHA-384, 48 bytes */
  constitutionDigest: Uint8Array;
  request: Request;
  /** SHA-256 of the encoded recording */
  recordingDigest: Uint8Array;
}

const signedRequest: Schema<SignedRequest> = tuple<SignedRequest>([
  ["headerBytes", bytes(1, 512)],
  ["keySetDigest", bytes(32)],
  ["constitutionDigest", bytes(48)],
  ["request", request],
  ["recordingDigest", bytes(32)],
]);

/** Encodes the payload of a request statement. */
export function encodeSignedRequest(value: SignedRequest): Uint8Array {
  return encodeWith(signedRequest, value);
}

/** Reads the payload of a request statement. @throws WireError, LimitError */
export function decodeSignedRequest(payload: Uint8Array): SignedRequest {
  return decodeWith(signedRequest, payload, "request", { maxBytes: 64 * 1024, maxDepth: 8, maxItems: 1024 });
}
