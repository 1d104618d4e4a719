import { analyse } from "@caladrius/enclave/analyse";
import {
  Cusum,
  DiscordStream,
  Ewma,
  GlucoseStream,
  Hampel,
  NEWS2_CHART,
  ScoreStream,
  TrendStream,
  type TrendRule,
} from "@caladrius/enclave/analyse/streams";
import { monitorMinutes, nabValues, seeded } from "./numerics.ts";
import { numericHour } from "./recordings.ts";
import { percentiles, type Report } from "./report.ts";

/**
 * What a value costs in each of the streaming detectors, and how a trend detector that stays quiet finds a shift: injected
 * at seeded times into a monitor's record, and noise of the Numenta benchmark in which there is nothing to find.
 */
export function run(report: Report): Promise<void> {
  costs(report);
  shifts(report);
  noise(report);
  return Promise.resolve();
}

function costs(report: Report): void {
  const random = seeded(7);
  const rates = Int32Array.from({ length: VALUES }, (_, i) =>
    Math.round(80 + 6 * Math.sin(i / 400) + 6 * random() + (random() < 0.002 ? 60 : 0)),
  );
  const average = new Ewma(200);
  add(report, "EWMA", rates, (value) => average.push(value));
  const cusum = new Cusum(80, 10);
  add(report, "CUSUM", rates, (value, i) => cusum.push(value, i));
  for (const window of [15, 61]) {
    const hampel = new Hampel(window, 30, 0);
    add(report, `Hampel, window ${window}`, rates, (value, i) => hampel.push(value, i));
  }
  const trend = new TrendStream(HEART_RATE, 0, SILENT);
  const ofTrend = add(report, "trend: Hampel, EWMA and CUSUM", rates, (value, i) => trend.push(value, 1000 * i));
  const compression = { low: 70, rate: 2, depth: 25, longestMs: 3_600_000 };
  const limits = { bands: [54, 70, 180, 250], hysteresis: 3, rate: 4, gapMs: 900_000, compression };
  const glucose = new GlucoseStream(limits, 0, { condition: () => {}, step: () => {}, compression: () => {}, unassessed: () => {} });
  add(report, "glucose", rates, (value, i) => glucose.push(value, 300_000 * i));
  const sources = [0, 1, 2, 3, 4].map((place) => ({ place, maxAgeMs: 3_600_000 }));
  const news2 = new ScoreStream(NEWS2_CHART, sources, 0, 60_000, () => {});
  const near = [16, 96, 120, 80, 370];
  const ofScore = add(report, "NEWS2", rates, (value, i) => news2.push(i % 5, (near[i % 5] ?? 0) + ((value - 80) >> 1), 200 * i));
  against(report, "numerics together (trend and NEWS2)", ofTrend + ofScore, 1);
  const hour = numericHour();
  const values = hour.channels.reduce((sum, { samples }) => sum + samples.length, 0);
  const rounds = Array.from({ length: 15 }, () => timed(() => analyse(hour, { detectors: [] })) / values);
  against(report, "whole analysis of an hour of six numerics", percentiles(rounds).p50, 1);
  const discord = new DiscordStream(64, 4096);
  const ofDiscord = add(report, "discord, window 64, history 4096", rates.subarray(0, 60_000), (value, i) =>
    discord.push(value + ((i % 80) - 40) * 10),
  );
  report.add("discord: points a second", 1e6 / ofDiscord, "points/s", {
    name: "50 000 points/s (at least)",
    ratio: 1e6 / ofDiscord / 50_000,
    target: null,
  });
}

/** Microseconds a value: the middle of five runs over the same stream of values. */
function add(report: Report, name: string, values: Int32Array, push: (value: number, i: number) => unknown): number {
  const rounds = Array.from({ length: ROUNDS }, (_, round) =>
    timed(() => {
      for (let i = 0; i < values.length; i++) push(values[i] ?? 0, round * values.length + i);
    }),
  );
  const cost = percentiles(rounds).p50 / values.length;
  report.add(name, cost, "µs/point");
  return cost;
}

function against(report: Report, name: string, cost: number, target: number): void {
  report.add(name, cost, "µs/point", { name: "1 µs/point", ratio: cost, target });
}

/** Microseconds of processor time, so that whoever else runs on the machine does not count. */
function timed(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Shifts of a monitor's record from a seeded moment on: how long until one is told, and what is told without any. */
function shifts(report: Report): void {
  for (const [signal, rule] of [
    ["HR", HEART_RATE],
    ["RESP", RESPIRATION],
  ] as const) {
    const minutes = monitorMinutes(signal);
    if (minutes === null) return report.progress("no monitor numerics: left out");
    const days = minutes.length / 1440;
    const quiet = told(
      rule,
      minutes.map((tenths) => tenths / 10),
      MINUTE_MS,
    );
    report.add(`${signal}: trends without a shift`, quiet.length / days, "a day");
    for (const times of [1, 1.5, 2]) {
      const random = seeded(11);
      const delays: number[] = [];
      let missed = 0;
      for (let trial = 0; trial < 200; trial++) {
        const from = 60 + Math.floor(random() * (minutes.length - 240));
        const sign = random() < 0.5 ? -1 : 1;
        const shifted = minutes.map((tenths, i) => tenths / 10 + (i >= from ? sign * times * rule.shift : 0));
        const found = told(rule, shifted.slice(0, from + 120), MINUTE_MS).find(
          ({ toldMs, up }) => toldMs >= from * MINUTE_MS && up === sign > 0,
        );
        if (found === undefined) missed++;
        else delays.push(found.toldMs / MINUTE_MS - from);
      }
      const what = `${signal}: shift of ${times * rule.shift}`;
      report.add(`${what}: found within 2 h`, (200 - missed) / 200, "of 200");
      report.add(`${what}: delay, middle`, percentiles(delays).p50, "min");
    }
  }
}

/** Noise in which there is nothing to find: a rule of four spreads of the first day. */
function noise(report: Report): void {
  for (const file of ["art_noisy", "art_flatline"]) {
    const values = nabValues(`artificialNoAnomaly/${file}.csv`);
    if (values === null) return report.progress("no Numenta excerpts: left out");
    const tenths = values.map((value) => 10 * value);
    const day = tenths.slice(0, 288);
    const mean = day.reduce((sum, value) => sum + value, 0) / 288;
    const spread = Math.sqrt(day.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 287);
    const rule: TrendRule = { ...HEART_RATE, baselineValues: 288, blockMs: 300_000, shift: Math.max(1, Math.round(2 * spread)), noise: 1 };
    const days = values.length / 288;
    report.add(`NAB ${file}: trends`, told(rule, tenths, 300_000).length / days, "a day");
    const random = seeded(13);
    const delays: number[] = [];
    for (let trial = 0; trial < 50; trial++) {
      const from = 600 + Math.floor(random() * 2000);
      const shifted = tenths.slice(0, from + 288).map((value, i) => value + (i >= from ? rule.shift : 0));
      const found = told(rule, shifted, 300_000).find(({ toldMs }) => toldMs >= from * 300_000);
      if (found !== undefined) delays.push(found.toldMs / 300_000 - from);
    }
    report.add(`NAB ${file}: shift of ${rule.shift / 10} found in a day`, delays.length / 50, "of 50");
    report.add(`NAB ${file}: delay, middle`, percentiles(delays).p50, "values");
  }
}

/** When trends are told, over values at even times; a trend is told when the stream calls it one, not when it began. */
function told(rule: TrendRule, values: readonly number[], stepMs: number): { up: boolean; toldMs: number }[] {
  const found: { up: boolean; toldMs: number }[] = [];
  const stream = new TrendStream(rule, 0, SILENT);
  let standing = 0;
  values.forEach((value, i) => {
    if (!Number.isNaN(value) && value >= 0) stream.push(Math.round(value), i * stepMs);
    if (stream.standing === standing) return;
    standing = stream.standing;
    if (standing !== 0) found.push({ up: standing > 0, toldMs: i * stepMs });
  });
  return found;
}

const VALUES = 400_000;
const ROUNDS = 5;
const MINUTE_MS = 60_000;
const SILENT = { trend: () => {}, artefact: () => {}, unassessed: () => {} };
/** The parameters by which detector "trend" reads heart and respiratory rate. */
const HEART_RATE: TrendRule = {
  hampelWindow: 15,
  hampelTenths: 30,
  artefactLeast: 20,
  blockMs: MINUTE_MS,
  baselineValues: 20,
  baselineMs: 30 * MINUTE_MS,
  ewmaPermille: 200,
  shift: 20,
  noise: 5,
  decisionTenths: 80,
  minimumMs: 10 * MINUTE_MS,
  gapMs: 60 * MINUTE_MS,
};
const RESPIRATION: TrendRule = { ...HEART_RATE, artefactLeast: 6, shift: 6, noise: 2 };
