import type { Priority } from "@caladrius/wire";

/** Priorities from the gravest on, with the marks that alarm displays give them (IEC 60601-1-8 §6.3.2.2). */
export const PRIORITY: Readonly<Record<Priority, { readonly word: string; readonly mark: string }>> = {
  high: { word: "high", mark: "!!!" },
  medium: { word: "medium", mark: "!!" },
  low: { word: "low", mark: "!" },
  none: { word: "information", mark: "i" },
};
export const RANK: readonly Priority[] = ["high", "medium", "low", "none"];

/** "ECG lead II (mdc:131330)" for channels with a name of their own, else the code. */
export function channelName(code: string | null): string {
  if (code === null) return "all channels";
  const lead = LEADS.get(code);
  return lead === undefined ? code : `ECG lead ${lead} (${code})`;
}

/** "Heart rate" for heart-rate. */
export function titleOf(id: string): string {
  const known = TITLES[id];
  return known ?? `${id.slice(0, 1).toUpperCase()}${id.slice(1).replaceAll("-", " ")}`;
}

const TITLES: Readonly<Record<string, string>> = {
  spo2: "Oxygen saturation (SpO2)",
  systolic: "Systolic pressure",
  diastolic: "Diastolic pressure",
  gcs: "Glasgow coma score",
  fio2: "Inspired oxygen (FiO2)",
};

/** IEEE 11073-10101: MDC_ECG_ELEC_POTL (131328) and the numbers of its leads. */
const LEADS: ReadonlyMap<string, string> = new Map(
  Object.entries({ I: 1, II: 2, V1: 3, V2: 4, V3: 5, V4: 6, V5: 7, V6: 8, III: 61, aVR: 62, aVL: 63, aVF: 64 }).map(([name, number]) => [
    `mdc:${131_328 + number}`,
    name,
  ]),
);
