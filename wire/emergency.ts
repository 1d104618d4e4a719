import { encodeCbor } from "./cbor/index.ts";
import { emergencyAnswers, type EmergencyState } from "./emergency-state.ts";
import { disclosureLevelSchema, type DisclosureLevel } from "./findings.ts";
import { signingPublicKey, type SigningPublicKey } from "./keys.ts";
import { bytes, decodeWith, encodeWith, int, nullable, oneOf, struct, text, version, type Schema } from "./schema/index.ts";

/** What approvers of an emergency sign: who asks for what, at which enclave. The enclave signs it with its result key. */
export interface Emergency {
  version: number;
  /** 16 random bytes */
  id: Uint8Array;
  /** of the enclave that keeps it; it ends with that boot */
  bootId: Uint8Array;
  constitutionDigest: Uint8Array;
  requester: SigningPublicKey;
  subject: string;
  ward: string | null;
  /** HL7 v3 PurposeOfUse code */
  purpose: string;
  level: DisclosureLevel;
  reason: string;
  /** Unix ms, by the enclave's clock */
  openedAtMs: number;
  /** how long it lasts from its approval */
  validSeconds: number;
}

/** What an auditor opens, a statement of kind notice: numbered within a boot, so that one held back leaves a gap. */
export interface Notice {
  version: number;
  bootId: Uint8Array;
  /** counts the notices of this boot from 1; 0 stands for "nothing happened" and has no event */
  number: number;
  event: NoticeEvent | null;
}

/** Something that happened to an emergency. */
export interface NoticeEvent {
  what: "opened" | "granted" | "refused" | "used";
  /** statement of kind emergency */
  emergency: Uint8Array;
  /** who answered so far */
  answers: EmergencyState["answers"];
  /** the job that it happened with */
  jobDigest: Uint8Array;
  /** Unix ms */
  atMs: number;
  /** how often an emergency was used since boot */
  uses: number;
}

const MS = 2 ** 48;

const emergency: Schema<Emergency> = struct<Emergency>({
  version: ["v", version(1)],
  id: ["id", bytes(16)],
  bootId: ["boot", bytes(16)],
  constitutionDigest: ["constitution", bytes(48)],
  requester: ["requester", signingPublicKey],
  subject: ["subject", text(1, 128)],
  ward: ["ward", nullable(text(1, 64))],
  purpose: ["purpose", text(1, 32)],
  level: ["level", disclosureLevelSchema],
  reason: ["reason", text(1, 1024)],
  openedAtMs: ["openedAt", int(0, MS)],
  validSeconds: ["validSeconds", int(60, 24 * 3600)],
});

const notice: Schema<Notice> = struct<Notice>({
  version: ["v", version(1)],
  bootId: ["boot", bytes(16)],
  number: ["number", int(0, 2 ** 40)],
  event: [
    "event",
    nullable(
      struct<NoticeEvent>({
        what: ["what", oneOf("opened", "granted", "refused", "used")],
        emergency: ["emergency", bytes(1, 4096)],
        answers: ["answers", emergencyAnswers],
        jobDigest: ["job", bytes(32)],
        atMs: ["at", int(0, MS)],
        uses: ["uses", int(0, 2 ** 40)],
      }),
    ),
  ],
});

/** Encodes the payload of an emergency statement. */
export const encodeEmergency = (value: Emergency): Uint8Array => encodeWith(emergency, value);
/** Reads the payload of an emergency statement. @throws WireError, LimitError */
export const decodeEmergency = (payload: Uint8Array): Emergency =>
  decodeWith(emergency, payload, "emergency", { maxBytes: 4096, maxDepth: 2, maxItems: 64 });

/** Encodes the payload of a notice statement. */
export const encodeNotice = (value: Notice): Uint8Array => encodeWith(notice, value);
/** Reads the payload of a notice statement. @throws WireError, LimitError */
export const decodeNotice = (payload: Uint8Array): Notice =>
  decodeWith(notice, payload, "notice", { maxBytes: 16 * 1024, maxDepth: 5, maxItems: 1024 });

/** Padded size of a notice before sealing, whatever stands in it. */
export const NOTICE_PADDED_BYTES = 12_288;

/** HPKE info of a sealed notice: auditors know the deployment before they open one, and the boot only after. */
export function noticeInfo(constitutionDigest: Uint8Array): Uint8Array {
  return encodeCbor(["caladrius notice", constitutionDigest]);
}
