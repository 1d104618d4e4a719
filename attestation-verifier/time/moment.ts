import { TAG } from "../evidence/der.ts";
import { refuseForm, type Element } from "./form.ts";

/** A time of day: Unix ms of the whole second, and microseconds behind it, rounded down and up. */
export interface Moment {
  readonly secondMs: number;
  readonly leastMicros: number;
  readonly mostMicros: number;
}

/**
 * Reads a GeneralizedTime as DER has it (X.690 §11.7): YYYYMMDDHHMMSS, a fraction without trailing zeros or none, Z; or a
 * UTCTime as RFC 5280 §4.1.2.5.1 has it: YYMMDDHHMMSSZ, years below 50 in this century. The date must exist; there is no
 * leap second.
 * @throws Refusal time-evidence-form
 */
export function readMoment(time: Element): Moment {
  const { tag, content } = time;
  let text = content.length > 32 ? "" : String.fromCharCode(...content);
  if (tag === TAG.utcTime) text = /^\d{12}Z$/.test(text) ? `${text < "5" ? 20 : 19}${text}` : "";
  else if (tag !== TAG.generalizedTime) text = "";
  const [, digits = "", fraction = ""] = /^(\d{14})(?:\.(\d*[1-9]))?Z$/.exec(text) ?? [];
  const iso = digits.replace(/(....)(..)(..)(..)(..)(..)/, "$1-$2-$3T$4:$5:$6");
  const secondMs = iso === "" ? Number.NaN : Date.parse(`${iso}Z`);
  // Date.parse takes 31 February for 3 March, and 24:00 for the next day
  if (!(secondMs >= 0) || !new Date(secondMs).toISOString().startsWith(iso)) throw refuseForm(time, "no time as DER writes it");
  const leastMicros = Number(fraction.padEnd(6, "0").slice(0, 6));
  return { secondMs, leastMicros, mostMicros: leastMicros + (fraction.length > 6 ? 1 : 0) };
}
