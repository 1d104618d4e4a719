import type { Priority } from "@caladrius/wire";
import { VITALS, type Vital, type VitalId } from "./channels.ts";
import type { Detector, Prepared, Report } from "./detector.ts";
import { numberOf, optional, required, type Parameters, type ParameterSpec } from "./parameters.ts";
import { ABSENT, valueOf, type Column } from "./plausibility.ts";
import { sampleMs } from "./timing.ts";

/** Default limits in the canonical fixed-point unit (temperature in tenths): very-low, low, high, very-high, hysteresis. */
const LIMITS: Readonly<Partial<Record<VitalId, readonly [number | null, number | null, number | null, number | null, number]>>> = {
  "heart-rate": [40, 50, 120, 140, 2],
  "respiratory-rate": [6, 8, 30, 40, 1],
  spo2: [85, 90, null, null, 1],
  systolic: [70, 90, 180, 220, 3],
  diastolic: [40, 50, 110, 130, 3],
  temperature: [340, 350, 385, 400, 2],
  glucose: [null, null, null, null, 3], // the bands of detector "glucose" alarm unless somebody sets limits
};

const SIDES = ["very-low", "low", "high", "very-high"] as const;
const PRIORITIES: readonly Priority[] = ["high", "medium", "medium", "high"];
const VITAL_IDS = Object.keys(LIMITS) as VitalId[];

const PARAMETERS: readonly ParameterSpec[] = [
  ...VITAL_IDS.flatMap((id) => limitsOf(id)),
  required("minimum-seconds", 10, 0, 3600),
  required("gap-seconds", 60, 1, 86_400),
  required("charted-gap-seconds", 14_400, 1, 604_800),
];

/**
 * Alarm limits per vital sign. A condition begins with the first value beyond its limit (below a low limit, above a high
 * one) and ends with the first value that is back inside by the hysteresis. In evenly sampled channels it must stand for
 * `minimum-seconds`, unless one sample covers that time; every charted value counts alone. An absence longer than
 * `gap-seconds` (`charted-gap-seconds` between charted values) ends the condition at the last value and is reported as
 * not assessed. Limits that are null do not alarm. "very-low" and "very-high" are of high priority, the others medium.
 */
export const thresholds: Detector = {
  id: "thresholds",
  version: "1.1.0",
  title: "Alarm limits per vital sign with hysteresis and minimum duration",
  parameters: PARAMETERS,
  applies: (prepared) => prepared.columns.some((column) => LIMITS[column.vital.id] !== undefined),
  configure: (parameters) => {
    const rules = new Map(VITAL_IDS.map((id): [VitalId, Rule] => [id, ruleOf(VITALS[id], parameters)]));
    const times: Times = {
      minimumMs: 1000 * numberOf(parameters, "minimum-seconds"),
      gapMs: 1000 * numberOf(parameters, "gap-seconds"),
      chartedGapMs: 1000 * numberOf(parameters, "charted-gap-seconds"),
    };
    return {
      run: (prepared, report) => run(prepared, report, rules, times),
      tables: new Map(Array.from(rules, ([id, { masks }]) => [id, masks])),
    };
  },
};

interface Times {
  minimumMs: number;
  gapMs: number;
  chartedGapMs: number;
}

interface Rule {
  /** by value + 1: bits 0-3 say which conditions begin, bits 4-7 which stand; NOTHING for an absent value */
  masks: Uint8Array;
  limits: readonly (number | null)[];
}

const NOTHING = 0x0f; // conditions that begin but do not stand: impossible for a value, so it marks its absence

function limitsOf(id: VitalId): ParameterSpec[] {
  const { least, most, decimals } = VITALS[id];
  const factor = decimals === 1 ? 10 : 1;
  const [veryLow = null, low = null, high = null, veryHigh = null, hysteresis] = LIMITS[id] ?? [];
  const sides = [veryLow, low, high, veryHigh].map((standard, side) =>
    optional(`${id}-${SIDES[side] ?? ""}`, standard, least * factor, most * factor),
  );
  return [...sides, required(`${id}-hysteresis`, hysteresis ?? 0, 0, most * factor)];
}

function ruleOf(vital: Vital, parameters: Parameters): Rule {
  const limits = SIDES.map((side) => parameters.get(`${vital.id}-${side}`) ?? null);
  const hysteresis = numberOf(parameters, `${vital.id}-hysteresis`);
  const most = vital.most * (vital.decimals === 1 ? 10 : 1);
  const masks = new Uint8Array(most + 2);
  masks[0] = NOTHING;
  for (let value = 0; value <= most; value++) {
    limits.forEach((limit, side) => {
      if (limit === null) return;
      const beyond = side < 2 ? limit - value : value - limit;
      if (beyond > 0) masks[value + 1] = (masks[value + 1] ?? 0) | (1 << side);
      if (beyond > -hysteresis) masks[value + 1] = (masks[value + 1] ?? 0) | (16 << side);
    });
  }
  return { masks, limits };
}

function run(prepared: Prepared, report: Report, rules: ReadonlyMap<VitalId, Rule>, times: Times): void {
  for (const column of prepared.columns) {
    const rule = rules.get(column.vital.id);
    if (rule === undefined || column.samples.length === 0) continue;
    if (column.clock.times === null) scanEven(new Conditions(column, rule, times, report), column, rule, times);
    else scanCharted(new Conditions(column, rule, times, report), column, rule, times);
  }
}

function scanEven(conditions: Conditions, { runs, clock }: Column, { masks }: Rule, times: Times): void {
  const gapMs = Math.max(times.gapMs, clock.intervalMs);
  let standing = 0;
  let absentFrom = 0;
  for (let r = 0; r < runs.count; r++) {
    const mask = masks[(runs.values[r] ?? ABSENT) + 1] ?? 0;
    if (mask === standing) continue;
    const i = runs.starts[r] ?? 0;
    if (mask === NOTHING) absentFrom = i;
    else {
      if (standing === NOTHING) conditions.absence(absentFrom, sampleMs(clock, absentFrom), sampleMs(clock, i), gapMs);
      conditions.apply(mask, i);
    }
    standing = mask;
  }
  if (standing === NOTHING) {
    conditions.absence(absentFrom, sampleMs(clock, absentFrom), clock.endMs, gapMs);
    conditions.closeAll(absentFrom, sampleMs(clock, absentFrom));
  } else conditions.closeAll(clock.length, clock.endMs);
}

function scanCharted(conditions: Conditions, column: Column, { masks }: Rule, times: Times): void {
  const { clock } = column;
  let last = -1;
  for (let i = 0; i < clock.length; i++) {
    const mask = masks[valueOf(column, i) + 1] ?? 0;
    if (mask === NOTHING) continue;
    conditions.absence(last + 1, last < 0 ? clock.startMs : sampleMs(clock, last), sampleMs(clock, i), times.chartedGapMs);
    conditions.apply(mask, i);
    last = i;
  }
  const lastMs = last < 0 ? clock.startMs : sampleMs(clock, last);
  conditions.absence(last + 1, lastMs, clock.endMs, times.chartedGapMs);
  conditions.closeAll(last + 1, lastMs);
}

/** The four conditions of one channel. */
class Conditions {
  readonly #column: Column;
  readonly #rule: Rule;
  readonly #report: Report;
  readonly #minimumMs: number;
  readonly #onset: Int32Array = new Int32Array(4).fill(-1); // index of the first sample, -1 while closed
  #open = 0;

  constructor(column: Column, rule: Rule, times: Times, report: Report) {
    this.#column = column;
    this.#rule = rule;
    this.#report = report;
    const { intervalMs } = column.clock;
    this.#minimumMs = column.clock.times === null && intervalMs < times.minimumMs ? times.minimumMs : 0;
  }

  /** Takes the mask of sample i. */
  apply(mask: number, i: number): void {
    if ((this.#open | (mask & 15)) === 0) return;
    for (let side = 0; side < 4; side++) {
      const open = (this.#open & (1 << side)) !== 0;
      if (open && (mask & (16 << side)) === 0) this.#close(side, i, sampleMs(this.#column.clock, i));
      else if (!open && (mask & (1 << side)) !== 0) {
        this.#open |= 1 << side;
        this.#onset[side] = i;
      }
    }
  }

  /** Takes an absence that begins at sample `from`. */
  absence(from: number, fromMs: number, toMs: number, limitMs: number): void {
    if (toMs - fromMs <= limitMs) return;
    this.#report.spans.add({ detector: "thresholds", channel: this.#column.code, fromMs, toMs, reason: "no-value" });
    this.closeAll(from, fromMs);
  }

  /** Ends what stands; `end` is the index behind the last sample of it. */
  closeAll(end: number, endMs: number): void {
    for (let side = 0; side < 4; side++) if ((this.#open & (1 << side)) !== 0) this.#close(side, end, endMs);
  }

  #close(side: number, end: number, endMs: number): void {
    const { vital, clock, code } = this.#column;
    const from = this.#onset[side] ?? 0;
    this.#open &= ~(1 << side);
    const onsetMs = sampleMs(clock, from);
    if (endMs - onsetMs < this.#minimumMs) return;
    this.#report.findings.add({
      code: `${vital.id}-${SIDES[side] ?? ""}`,
      detector: "thresholds",
      channel: code,
      onsetMs,
      endMs,
      priority: PRIORITIES[side] ?? "medium",
      technical: false,
      evidence: () => [
        {
          name: side < 2 ? "lowest" : "highest",
          value: extreme(this.#column, from, end, side < 2),
          decimals: vital.decimals,
          unit: vital.unit,
        },
        { name: "limit", value: this.#rule.limits[side] ?? 0, decimals: vital.decimals, unit: vital.unit },
      ],
    });
  }
}

/** Lowest or highest value in [from, end); each sample lies in at most four conditions, so this stays linear. */
function extreme(column: Column, from: number, end: number, lowest: boolean): number {
  let found = valueOf(column, from);
  for (let i = from + 1; i < end; i++) {
    const value = valueOf(column, i);
    if (value !== ABSENT && (lowest ? value < found : value > found)) found = value;
  }
  return found;
}
