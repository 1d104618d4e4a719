import { TAG, type DerReader } from "../evidence/der.ts";
import { parseUtcTime } from "../evidence/utc-time.ts";

/** A GeneralizedTime, as far as milliseconds tell it and in millionths of a second behind that second. */
export interface Moment {
  /** Unix ms of the whole second */
  readonly secondMs: number;
  /** 0 to 999,999, rounded down and up */
  readonly leastMicros: number;
  readonly mostMicros: number;
}

/**
 * Reads a GeneralizedTime as DER has it (X.690 §11.7): YYYYMMDDHHMMSS, a fraction without trailing zeros or none, Z, and a
 * date that exists. There is no leap second.
 * @throws Refusal time-evidence-form
 */
export function readMoment(reader: DerReader, what: string): Moment {
  const content = reader.content(TAG.generalizedTime, what);
  const text = content.length > 32 ? "" : String.fromCharCode(...content);
  const [, digits = "", fraction = ""] = /^(\d{14})(?:\.(\d*[1-9]))?Z$/.exec(text) ?? [];
  const iso = digits.replace(/^(....)(..)(..)(..)(..)(..)$/, "$1-$2-$3T$4:$5:$6");
  const secondMs = Date.parse(`${iso}.000Z`);
  // Date.parse takes 31 February for 3 March, and 24:00 for the next day
  if (!(secondMs >= 0) || !new Date(secondMs).toISOString().startsWith(iso)) throw reader.refuse(what, "no time as DER writes it");
  const leastMicros = Number(fraction.padEnd(6, "0").slice(0, 6));
  return { secondMs, leastMicros, mostMicros: leastMicros + (fraction.length > 6 ? 1 : 0) };
}

/** Reads a Time of a certificate: UTCTime, or GeneralizedTime without a fraction (RFC 5280 §4.1.2.5). Unix ms. */
export function readCertificateTime(reader: DerReader, what: string): number {
  if (reader.nextIs(TAG.utcTime)) return parseUtcTime(reader.content(TAG.utcTime, what), reader.name, reader.profile.codes.time);
  const { secondMs, mostMicros } = readMoment(reader, what);
  if (mostMicros > 0) throw reader.refuse(what, "a fraction of a second");
  return secondMs;
}
