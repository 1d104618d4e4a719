import { vitalOf } from "@caladrius/enclave/analyse/view";
import type { Priority } from "@caladrius/wire";

/** Priorities from the gravest on, with the marks that alarm displays give them (IEC 60601-1-8 §6.3.2.2). */
export const PRIORITY: Readonly<Record<Priority, { readonly word: string; readonly mark: string }>> = {
  high: { word: "high", mark: "!!!" },
  medium: { word: "medium", mark: "!!" },
  low: { word: "low", mark: "!" },
  none: { word: "information", mark: "i" },
};
export const RANK: readonly Priority[] = ["high", "medium", "low", "none"];

/** "ECG lead II (mdc:131330)", "Heart rate (loinc:8867-4)" for channels with a name of their own, else the code. */
export function channelName(code: string | null): string {
  if (code === null) return "all channels";
  const short = shortChannelName(code);
  return short === code ? code : `${short} (${code})`;
}

/** "ECG lead II", "Heart rate"; the code for channels without a name of their own. */
export function shortChannelName(code: string): string {
  const lead = LEADS.get(code);
  if (lead !== undefined) return `ECG lead ${lead}`;
  const vital = vitalOf(code);
  return vital === null ? code : titleOf(vital);
}

/** "Heart rate" for heart-rate, "NEWS2 high" for news2-high: the code in words, with nothing added. */
export function titleOf(id: string): string {
  const known = TITLES.get(id);
  if (known !== undefined) return known;
  const words = wordsOf(id);
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

/** "points SpO2" for points-spo2, in the middle of a sentence. */
export function wordsOf(id: string): string {
  return id
    .split("-")
    .map((word) => WORDS.get(word) ?? word)
    .join(" ");
}

const TITLES: ReadonlyMap<string, string> = new Map([
  ["spo2", "Oxygen saturation"],
  ["systolic", "Systolic pressure"],
  ["diastolic", "Diastolic pressure"],
  ["gcs", "Glasgow coma score"],
  ["fio2", "Inspired oxygen"],
  ["qsofa-positive", "qSOFA positive"],
  ["qsofa-partial", "qSOFA partial"],
]);

/** Words that are written otherwise than in a code. */
const WORDS: ReadonlyMap<string, string> = new Map(
  ["ECG", "FiO2", "GCS", "MEWS", "NEWS2", "qSOFA", "SpO2"].map((word) => [word.toLowerCase(), word]),
);

/** IEEE 11073-10101: MDC_ECG_ELEC_POTL (131328) and the numbers of its leads. */
const LEADS: ReadonlyMap<string, string> = new Map(
  Object.entries({ I: 1, II: 2, V1: 3, V2: 4, V3: 5, V4: 6, V5: 7, V6: 8, III: 61, aVR: 62, aVL: 63, aVF: 64 }).map(([name, number]) => [
    `mdc:${131_328 + number}`,
    name,
  ]),
);
