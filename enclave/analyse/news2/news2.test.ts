import type { Analysis, Channel, Finding, RecordingEvent } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "../index.ts";
import { charted, even, event, recordingOf, START_MS } from "../recordings.fixture.ts";

interface Vitals {
  rr: number;
  spo2: number;
  sbp: number;
  pulse: number;
  temp: number; // tenths
}

const NORMAL: Vitals = { rr: 16, spo2: 97, sbp: 120, pulse: 70, temp: 370 };
const ON_AIR = [event("oxygen", "off"), event("consciousness", "A")];

function channels(vitals: Vitals): Channel[] {
  return [
    charted("loinc:9279-1", "/min", [[0, vitals.rr]]),
    charted("loinc:2708-6", "%", [[0, vitals.spo2]]),
    charted("loinc:8480-6", "mm[Hg]", [[0, vitals.sbp]]),
    charted("loinc:8867-4", "/min", [[0, vitals.pulse]]),
    charted("loinc:8310-5", "Cel", [[0, vitals.temp]], { scale: { numerator: 1, offset: 0, denominator: 10 } }),
  ];
}

function news2(list: Channel[], events: RecordingEvent[], parameters: [string, number][] = []): Analysis {
  return analyse(recordingOf(list, events), { detectors: ["news2"], parameters: new Map([["news2", new Map(parameters)]]) });
}

/** Points of one part. Three more parts at 3 points make sure that a finding shows all of them. */
function points(part: string, vitals: Partial<Vitals>, events: RecordingEvent[]): number | undefined {
  const loud = part === "pulse" ? { rr: 30, sbp: 80 } : part === "respiration" ? { pulse: 140, sbp: 80 } : { pulse: 140, rr: 30 };
  const { findings } = news2(channels({ ...NORMAL, ...loud, ...vitals }), events);
  return evidence(findings, "news2-medium", `points-${part}`);
}

function evidence(findings: readonly Finding[], code: string, name: string): number | undefined {
  return findings.find((finding) => finding.code === code)?.evidence.find((one) => one.name === name)?.value;
}

/** Points on both sides of every edge: [last value below, its points, first value above, its points]. */
function edges(table: readonly (readonly [number, number])[], from: number, to: number): [number, number][] {
  const at = (value: number): number => table.find(([upTo]) => value <= upTo)?.[1] ?? Number.NaN;
  const values = new Set([from, to, ...table.flatMap(([upTo]) => [upTo - 1, upTo, upTo + 1])]);
  return Array.from(values, (value): [number, number] => [value, at(value)]).filter(([value]) => value >= from && value <= to);
}

// RCP 2017, chart 1: written here again, apart from the tables under test
const RR = edges(
  [
    [8, 3],
    [11, 1],
    [20, 0],
    [24, 2],
    [999, 3],
  ],
  0,
  120,
);
const SBP = edges(
  [
    [90, 3],
    [100, 2],
    [110, 1],
    [219, 0],
    [999, 3],
  ],
  20,
  320,
);
const PULSE = edges(
  [
    [40, 3],
    [50, 1],
    [90, 0],
    [110, 1],
    [130, 2],
    [999, 3],
  ],
  0,
  350,
);
const TEMP = edges(
  [
    [350, 3],
    [360, 1],
    [380, 0],
    [390, 1],
    [999, 2],
  ],
  240,
  450,
);
const SCALE_1 = edges(
  [
    [91, 3],
    [93, 2],
    [95, 1],
    [999, 0],
  ],
  0,
  100,
);
const SCALE_2_AIR = edges(
  [
    [83, 3],
    [85, 2],
    [87, 1],
    [999, 0],
  ],
  0,
  100,
);
const SCALE_2_OXYGEN = edges(
  [
    [83, 3],
    [85, 2],
    [87, 1],
    [92, 0],
    [94, 1],
    [96, 2],
    [999, 3],
  ],
  0,
  100,
);

describe("NEWS2 bands, every edge and its neighbours", () => {
  it.each(RR)("respiration %i/min: %i", (rr, expected) => expect(points("respiration", { rr }, ON_AIR)).toBe(expected));
  it.each(SBP)("systolic %i mmHg: %i", (sbp, expected) => expect(points("systolic", { sbp }, ON_AIR)).toBe(expected));
  it.each(PULSE)("pulse %i/min: %i", (pulse, expected) => expect(points("pulse", { pulse }, ON_AIR)).toBe(expected));
  it.each(TEMP)("temperature %i tenths: %i", (temp, expected) => expect(points("temperature", { temp }, ON_AIR)).toBe(expected));
  it.each(SCALE_1)("SpO2 %i %% on scale 1: %i", (spo2, expected) => {
    expect(points("spo2", { spo2 }, ON_AIR)).toBe(expected);
    expect(points("spo2", { spo2 }, [event("oxygen", "on"), event("consciousness", "A")])).toBe(expected);
    expect(points("spo2", { spo2 }, [...ON_AIR, event("spo2-scale", "1")])).toBe(expected);
  });
  it.each(SCALE_2_AIR)("SpO2 %i %% on scale 2, air: %i", (spo2, expected) => {
    expect(points("spo2", { spo2 }, [...ON_AIR, event("spo2-scale", "2")])).toBe(expected);
  });
  it.each(SCALE_2_OXYGEN)("SpO2 %i %% on scale 2, oxygen: %i", (spo2, expected) => {
    expect(points("spo2", { spo2 }, [event("oxygen", "on"), event("consciousness", "A"), event("spo2-scale", "2")])).toBe(expected);
  });
  it.each([
    ["A", 0],
    ["C", 3],
    ["V", 3],
    ["P", 3],
    ["U", 3],
  ] as const)("consciousness %s: %i", (value, expected) => {
    expect(points("consciousness", {}, [event("oxygen", "off"), event("consciousness", value)])).toBe(expected);
  });
  it("oxygen scores 2", () => {
    expect(points("oxygen", {}, [event("oxygen", "on"), event("consciousness", "A")])).toBe(2);
    expect(points("oxygen", {}, ON_AIR)).toBe(0);
  });
});

describe("NEWS2 rounding", () => {
  const tenth = { scale: { numerator: 1, offset: 0, denominator: 10 } };
  it("rounds to integers before banding, half up", () => {
    const at = (rr: number): number | undefined => {
      const list = channels({ ...NORMAL, pulse: 140, sbp: 80 });
      list[0] = charted("loinc:9279-1", "/min", [[0, rr]], tenth);
      return evidence(news2(list, ON_AIR).findings, "news2-medium", "points-respiration");
    };
    expect([at(204), at(205), at(245), at(244)]).toEqual([0, 2, 3, 2]);
  });
  it("rounds temperature to one decimal, from Fahrenheit too", () => {
    const at = (raw: number, unit: string): number | undefined => {
      const list = channels({ ...NORMAL, pulse: 140, rr: 30 });
      list[4] = charted("loinc:8310-5", unit, [[0, raw]], { scale: { numerator: 1, offset: 0, denominator: 100 } });
      return evidence(news2(list, ON_AIR).findings, "news2-medium", "points-temperature");
    };
    expect([at(3804, "Cel"), at(3805, "Cel"), at(3504, "Cel"), at(3505, "Cel")]).toEqual([0, 1, 3, 1]);
    expect([at(10_040, "[degF]"), at(10_058, "[degF]")]).toEqual([0, 1]); // 38.0 and 38.1 °C
  });
});

describe("NEWS2 totals and missing parts", () => {
  it("gives 20 at most", () => {
    const { findings } = news2(channels({ rr: 30, spo2: 80, sbp: 80, pulse: 140, temp: 340 }), [
      event("oxygen", "on"),
      event("consciousness", "V"),
    ]);
    expect(findings.map(({ code, priority }) => [code, priority])).toEqual([
      ["news2-high", "high"],
      ["news2-medium", "medium"],
      ["news2-single", "medium"],
    ]);
    expect(evidence(findings, "news2-high", "score")).toBe(20);
    expect(evidence(findings, "news2-high", "temperature")).toBe(340);
  });
  it("finds nothing in a normal set and says that it assessed it", () => {
    const { findings, coverage, alarmSummary } = news2(channels(NORMAL), ON_AIR);
    expect(findings).toEqual([]);
    expect(coverage.unassessed).toEqual([]);
    expect(alarmSummary).toEqual({ anyAlarm: false, highestPriority: "none", secondsNotAssessed: 0 });
  });
  it("tells 4, 5, 6 and 7 apart", () => {
    const codes = (vitals: Partial<Vitals>): string[] => news2(channels({ ...NORMAL, ...vitals }), ON_AIR).findings.map(({ code }) => code);
    expect(codes({ rr: 22, pulse: 115 })).toEqual([]); // 4
    expect(codes({ rr: 22, pulse: 115, temp: 385 })).toEqual(["news2-medium"]); // 5
    expect(codes({ rr: 22, pulse: 115, sbp: 95 })).toEqual(["news2-medium"]); // 6
    expect(codes({ rr: 22, pulse: 115, sbp: 95, temp: 385 })).toEqual(["news2-high", "news2-medium"]); // 7
    expect(codes({ rr: 30 })).toEqual(["news2-single"]); // 3 in one part
  });
  it.each([
    [0, "missing RR", "respiration"],
    [1, "missing SpO2", "spo2"],
    [2, "missing SBP", "systolic"],
    [3, "missing pulse", "pulse"],
    [4, "missing temp", "temperature"],
  ])("without channel %i there is no total", (left, reason, part) => {
    const all = channels({ rr: 22, spo2: 93, sbp: 95, pulse: 115, temp: 395 }); // 2 each, 10 together
    const { findings, coverage } = news2(
      all.filter((_, i) => i !== left),
      ON_AIR,
    );
    expect(evidence(findings, "news2-partial", "partial-score")).toBe(8);
    expect(evidence(findings, "news2-partial", "score")).toBeUndefined();
    expect(evidence(findings, "news2-partial", `missing-${part}`)).toBe(1);
    expect(evidence(findings, "news2-high", "partial-score")).toBe(8); // a lower bound of the score
    expect(coverage.unassessed).toMatchObject([{ detector: "news2", channel: null, reason }]);
  });
  it("counts missing oxygen and consciousness events as missing parts", () => {
    const { findings, coverage } = news2(channels(NORMAL), []);
    expect(findings.map(({ code, priority, technical }) => [code, priority, technical])).toEqual([["news2-partial", "none", true]]);
    expect(coverage.unassessed[0]?.reason).toBe("missing O2 ACVPU");
  });
  it("cannot score SpO2 from 93 % on scale 2 while oxygen is unknown", () => {
    const events = [event("consciousness", "A"), event("spo2-scale", "2")];
    expect(news2(channels({ ...NORMAL, spo2: 93 }), events).coverage.unassessed[0]?.reason).toBe("missing SpO2 O2");
    expect(news2(channels({ ...NORMAL, spo2: 92 }), events).coverage.unassessed[0]?.reason).toBe("missing O2");
  });
  it("takes consciousness from a coma score and oxygen from an inspired fraction, the worse of two", () => {
    const with_ = (gcs: number, fio2: number, events: RecordingEvent[]): Finding[] => {
      const more = [charted("loinc:9269-2", "{score}", [[0, gcs]]), charted("loinc:3150-6", "%", [[0, fio2]])];
      return news2([...channels({ ...NORMAL, rr: 30, pulse: 140 }), ...more], events).findings;
    };
    expect(evidence(with_(15, 21, []), "news2-medium", "score")).toBe(6);
    expect(evidence(with_(14, 22, []), "news2-medium", "score")).toBe(11);
    expect(evidence(with_(14, 40, ON_AIR), "news2-medium", "score")).toBe(11);
  });
  it("does not use an implausible value", () => {
    const { coverage, findings } = news2(channels({ ...NORMAL, pulse: 351 }), ON_AIR);
    expect(coverage.rejected).toEqual([{ reason: "heart-rate-implausible", samples: 1 }]);
    expect(evidence(findings, "news2-partial", "missing-pulse")).toBe(1);
  });
});

describe("NEWS2 over time", () => {
  const rates = (pulse: number[]): Channel[] => [
    even(
      "loinc:9279-1",
      "/min",
      pulse.map(() => 22),
    ),
    even(
      "loinc:2708-6",
      "%",
      pulse.map(() => 97),
    ),
    even(
      "loinc:8480-6",
      "mm[Hg]",
      pulse.map(() => 120),
    ),
    even("loinc:8867-4", "/min", pulse),
    even(
      "loinc:8310-5",
      "Cel",
      pulse.map(() => 37),
    ),
  ];
  it("gives onset, end and peak of an episode", () => {
    const pulse = Array.from({ length: 600 }, (_, i) => (i >= 200 && i < 400 ? (i < 300 ? 135 : 120) : 70));
    const { findings } = news2(rates(pulse), ON_AIR);
    expect(findings.map(({ code, onsetMs, endMs }) => [code, (onsetMs - START_MS) / 1000, (endMs - START_MS) / 1000])).toEqual([
      ["news2-medium", 200, 300],
      ["news2-single", 200, 300],
    ]);
  });
  it("joins episodes across short interruptions", () => {
    const pulse = Array.from({ length: 600 }, (_, i) => (i >= 200 && i < 400 && i % 20 !== 0 ? 135 : 70));
    expect(news2(rates(pulse), ON_AIR).findings.filter(({ code }) => code === "news2-medium")).toHaveLength(1);
    expect(news2(rates(pulse), ON_AIR, [["hold-seconds", 0]]).findings.filter(({ code }) => code === "news2-medium").length).toBe(10);
  });
  it("lets a value expire at its maximum age", () => {
    const list = rates(Array.from({ length: 7200 }, (_, i) => (i < 100 ? 70 : -32_768)));
    const { coverage } = news2(list, ON_AIR);
    expect(coverage.unassessed).toEqual([
      { detector: "news2", channel: null, fromMs: START_MS + 99_000 + 3_600_000, toMs: START_MS + 7_200_000, reason: "missing pulse" },
    ]);
    expect(news2(list, ON_AIR, [["max-age-pulse-seconds", 50]]).coverage.unassessed[0]?.fromMs).toBe(START_MS + 149_000);
  });
  it("lets charted values expire too, and events", () => {
    const list = [
      ...channels(NORMAL),
      charted("loinc:8462-4", "mm[Hg]", [
        [0, 70],
        [90_000, 70],
      ]),
    ];
    const { coverage, findings } = news2(list, ON_AIR);
    expect(coverage.unassessed).toMatchObject([{ fromMs: START_MS + 3_600_000, toMs: START_MS + 90_000_000 }]);
    expect(findings[0]?.evidence.filter(({ name }) => name.startsWith("missing"))).toHaveLength(7);
  });
  it("follows changes of oxygen and scale", () => {
    const list = rates(Array.from({ length: 300 }, () => 115));
    const events = [...ON_AIR, event("oxygen", "on", 100), event("spo2-scale", "2", 200)];
    const { findings } = news2(list, events);
    expect(findings.map(({ code, onsetMs }) => [code, (onsetMs - START_MS) / 1000])).toEqual(
      [
        ["news2-medium", 100],
        ["news2-high", 200],
        ["news2-single", 200],
      ].toSorted((a, b) => Number(a[1]) - Number(b[1])),
    );
  });
  it("prefers the heart rate of the ECG and falls back to the oximeter", () => {
    const ecg = even(
      "mdc:147842",
      "/min",
      Array.from({ length: 300 }, (_, i) => (i < 100 ? 70 : -32_768)),
    );
    const oximeter = even(
      "mdc:149530",
      "/min",
      Array.from({ length: 300 }, () => 135),
    );
    const list = [oximeter, ...rates(Array.from({ length: 300 }, () => -32_768)), ecg];
    const { findings } = news2(list, ON_AIR, [["max-age-pulse-seconds", 10]]);
    expect(findings.find(({ code }) => code === "news2-medium")?.onsetMs).toBe(START_MS + 109_000);
  });
});
