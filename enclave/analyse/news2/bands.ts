import { slotOf, type Bands, type Slot } from "../scores/bands.ts";

export type { Slot };

/** Parts of NEWS2 (Royal College of Physicians 2017), in the order of its chart. */
export const PARTS = ["respiration", "spo2", "oxygen", "systolic", "pulse", "consciousness", "temperature"] as const;

/** Short names for the list of missing parts. */
export const SHORT_NAMES: readonly string[] = ["RR", "SpO2", "O2", "SBP", "pulse", "ACVPU", "temp"];

/** Which SpO2 rule holds: scale 1; scale 2 on air; scale 2 on oxygen; scale 2 while oxygen is not known. */
export const SPO2_RULE = { scale1: 0, scale2Air: 1, scale2Oxygen: 2, scale2Unknown: 3 } as const;

const RESPIRATION: Bands = [
  [8, 3],
  [11, 1],
  [20, 0],
  [24, 2],
  [120, 3],
];
const SYSTOLIC: Bands = [
  [90, 3],
  [100, 2],
  [110, 1],
  [219, 0],
  [320, 3],
];
const PULSE: Bands = [
  [40, 3],
  [50, 1],
  [90, 0],
  [110, 1],
  [130, 2],
  [350, 3],
];
const TEMPERATURE: Bands = [
  [350, 3],
  [360, 1],
  [380, 0],
  [390, 1],
  [450, 2],
];

/** Both scales of oxygen saturation are cut at these values; column = SPO2_RULE, -1 = cannot be told. */
const SPO2: readonly (readonly [number, readonly [number, number, number, number]])[] = [
  [83, [3, 3, 3, 3]],
  [85, [3, 2, 2, 2]],
  [87, [3, 1, 1, 1]],
  [91, [3, 0, 0, 0]],
  [92, [2, 0, 0, 0]],
  [93, [2, 0, 1, -1]],
  [94, [1, 0, 1, -1]],
  [95, [1, 0, 2, -1]],
  [96, [0, 0, 2, -1]],
  [100, [0, 0, 3, -1]],
];

/** Slots by vital sign. Points of SpO2 are read by 4 * class + SPO2_RULE. */
export const SLOTS: Readonly<Record<"respiration" | "spo2" | "systolic" | "pulse" | "temperature" | "gcs" | "fio2", Slot>> = {
  respiration: slotOf(RESPIRATION),
  spo2: spo2Slot(),
  systolic: slotOf(SYSTOLIC),
  pulse: slotOf(PULSE),
  temperature: slotOf(TEMPERATURE),
  gcs: slotOf([
    [14, 3],
    [15, 0],
  ]),
  fio2: slotOf([
    [21, 0],
    [100, 2],
  ]),
};

function spo2Slot(): Slot {
  const { classes } = slotOf(SPO2.map(([upTo]) => [upTo, 0]));
  return { classes, points: Int8Array.from([-1, -1, -1, -1, ...SPO2.flatMap(([, points]) => points)]) };
}
