import { TAG } from "../evidence/der.ts";
import { findHash } from "./algorithms.ts";
import { readExtensions } from "./extensions.ts";
import { readFields, readFrom, readNumber, refuseForm, refuseUnsupported, type Element } from "./form.ts";
import { readMoment } from "./moment.ts";

/** What a time-stamping authority says (RFC 3161 §2.4.2), read and not yet verified. */
export interface TimeStampInfo {
  /** SHA-256 of what is stamped, 32 bytes; null where it is no such digest */
  readonly imprint: Uint8Array | null;
  /** genTime, Unix ms, rounded down */
  readonly genTimeMs: number;
  /** genTime less and plus the accuracy, rounded outwards */
  readonly fromMs: number;
  readonly atMs: number;
}

/**
 * Reads a TSTInfo. Policy, serial number, ordering, nonce and name are for whoever asked for the token, and are not looked
 * at; no extension is known, so a critical one is refused.
 * @throws Refusal time-evidence-form, time-evidence-unsupported
 */
export function readTimeStampInfo(content: Uint8Array): TimeStampInfo {
  const [info] = readFields(readFrom(content, "TSTInfo"), TAG.sequence);
  const [version, , imprint, , genTime, accuracy, , , , extensions] = readFields(
    info,
    TAG.integer, // version
    TAG.oid, // policy
    TAG.sequence, // messageImprint
    TAG.integer, // serialNumber
    TAG.generalizedTime, // genTime
    -TAG.sequence, // accuracy
    -TAG.boolean, // ordering
    -TAG.integer, // nonce
    -TAG.context0, // tsa
    -TAG.context1, // extensions
  );
  if (readNumber(version) !== 1) throw refuseUnsupported(info, "another version");
  const critical = extensions.tag > 0 ? readExtensions(extensions).find((extension) => extension.critical) : undefined;
  if (critical !== undefined) throw refuseUnsupported(info, `critical extension ${critical.oid}`);
  const { secondMs, leastMicros, mostMicros } = readMoment(genTime);
  const accuracyMicros = accuracy.tag > 0 ? readAccuracy(accuracy) : UNSTATED_MICROS;
  const [hash, digest] = readFields(imprint, TAG.sequence, TAG.octetString);
  return {
    imprint: findHash(hash) === "SHA-256" && digest.content.length === 32 ? digest.content : null,
    genTimeMs: secondMs + Math.floor(leastMicros / 1000),
    fromMs: secondMs + Math.floor((leastMicros - accuracyMicros) / 1000),
    atMs: secondMs + Math.ceil((mostMicros + accuracyMicros) / 1000),
  };
}

/** Accuracy in microseconds: seconds, thousandths and millionths. */
function readAccuracy(accuracy: Element): number {
  const fields = readFields(accuracy, -TAG.integer, -TAG.context0Primitive, -TAG.context1Primitive);
  const [seconds = 0, millis = 0, micros = 0] = fields.map((field) => readNumber(field));
  if (millis > 999 || micros > 999) throw refuseForm(accuracy, "an accuracy out of range");
  return (seconds * 1000 + millis) * 1000 + micros;
}

/** Where the token does not state its accuracy: the second to which a genTime without a fraction is exact (RFC 3161 §2.4.2). */
const UNSTATED_MICROS = 1_000_000;
