import { fromHex, toHex } from "@caladrius/wire";
import { TAG, type DerReader } from "../evidence/der.ts";
import { readCritical } from "../evidence/extensions.ts";
import { Refusal } from "../verdict/refusal.ts";
import { readHash } from "./algorithms.ts";
import { readAny, readEach, readInside, readInteger, readNumber, readWhole } from "./form.ts";
import { readMoment } from "./moment.ts";

/** What a time-stamping authority says (RFC 3161 §2.4.2), read and not yet verified. */
export interface TimeStampInfo {
  /** SHA-256 of what is stamped; null where another hash was taken */
  readonly imprint: Uint8Array | null;
  /** genTime, Unix ms, rounded down */
  readonly genTimeMs: number;
  /** genTime less and plus the accuracy, rounded outwards */
  readonly fromMs: number;
  readonly atMs: number;
}

/** id-ct-TSTInfo, 1.2.840.113549.1.9.16.1.4 */
export const TST_INFO: Uint8Array = fromHex("2a864886f70d0109100104");

/**
 * Reads a TSTInfo. Policy, serial number, ordering, nonce and name are for whoever asked for the token, and pass unread;
 * no extension is known, so a critical one is refused.
 * @throws Refusal time-evidence-form, time-evidence-unsupported
 */
export function readTimeStampInfo(der: Uint8Array): TimeStampInfo {
  return readWhole(der, "time stamp", (reader) =>
    readInside(reader, TAG.sequence, "TSTInfo", () => {
      const version = readNumber(reader, TAG.integer, "version");
      if (version !== 1)
        throw new Refusal("time-evidence-unsupported", { subject: "TSTInfo version", expected: "1", actual: `${version}` });
      reader.content(TAG.oid, "policy");
      const imprint = readImprint(reader);
      readInteger(reader, "serial number");
      const { secondMs, leastMicros, mostMicros } = readMoment(reader, "genTime");
      const accuracyMicros = reader.nextIs(TAG.sequence) ? readAccuracy(reader) : UNSTATED_MICROS;
      readCritical(reader); // ordering, BOOLEAN DEFAULT FALSE as well
      if (reader.nextIs(TAG.integer)) readInteger(reader, "nonce");
      if (reader.nextIs(TAG.context0)) readInside(reader, TAG.context0, "tsa", () => readAny(reader, "tsa"));
      if (reader.nextIs(TAG.context1)) readExtensions(reader);
      return {
        imprint,
        genTimeMs: secondMs + Math.floor(leastMicros / 1000),
        fromMs: secondMs + Math.floor((leastMicros - accuracyMicros) / 1000),
        atMs: secondMs + Math.ceil((mostMicros + accuracyMicros) / 1000),
      };
    }),
  );
}

function readImprint(reader: DerReader): Uint8Array | null {
  return readInside(reader, TAG.sequence, "messageImprint", () => {
    const hash = readHash(reader, "hashAlgorithm");
    const digest = reader.content(TAG.octetString, "hashedMessage");
    return hash === "SHA-256" ? digest : null;
  });
}

/** Accuracy in microseconds: seconds, and 1 to 999 of each of the two smaller units. */
function readAccuracy(reader: DerReader): number {
  return readInside(reader, TAG.sequence, "accuracy", () => {
    let micros = reader.nextIs(TAG.integer) ? readNumber(reader, TAG.integer, "seconds") * 1_000_000 : 0;
    for (const [tag, unit] of [
      [TAG.context0Primitive, 1000],
      [TAG.context1Primitive, 1],
    ] as const) {
      if (!reader.nextIs(tag)) continue;
      const value = readNumber(reader, tag, "accuracy");
      if (value < 1 || value > 999) throw reader.refuse("accuracy", `${value}`);
      micros += value * unit;
    }
    return micros;
  });
}

function readExtensions(reader: DerReader): void {
  const seen = new Set<string>();
  readEach(reader, TAG.context1, "extensions", () =>
    readInside(reader, TAG.sequence, "extension", () => {
      const oid = toHex(reader.content(TAG.oid, "extension"));
      if (seen.has(oid)) throw reader.refuse("extensions", `${oid} twice`);
      seen.add(oid);
      if (readCritical(reader)) throw new Refusal("time-evidence-unsupported", { subject: "TSTInfo, critical extension", actual: oid });
      reader.content(TAG.octetString, "extension");
    }),
  );
}

/** Where the token does not state its accuracy: the second to which a genTime without a fraction is exact (RFC 3161 §2.4.2). */
const UNSTATED_MICROS = 1_000_000;
