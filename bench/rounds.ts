import { percentiles } from "./report.ts";

/** Something to be timed: `batch` runs it so many times and tells each call's time and the processor time of all. */
export interface Candidate {
  readonly name: string;
  batch(calls: number): Promise<Batch>;
}

export interface Batch {
  readonly wallUs: readonly number[];
  readonly cpuUs: number;
}

/** What a call takes: the middle, the tenth that the neighbours left alone, and processor time, which does not count them. */
export type Costs = Readonly<Record<Measure, number>>;
export type Measure = (typeof MEASURES)[number];
export const MEASURES = ["p50", "p10", "CPU"] as const;

export interface Timing {
  readonly name: string;
  readonly calls: number;
  /** microseconds per call */
  readonly costs: Costs;
  /** times the first candidate: the middle of what the rounds gave, each against the first candidate's in that round */
  readonly ratios: Costs;
}

/** A candidate in this process. `prepare` makes one call ready and is not timed; by default there is nothing to make ready. */
export function inProcess(name: string, run: () => unknown, prepare: () => () => unknown = () => run): Candidate {
  return {
    name,
    async batch(calls) {
      const ready = Array.from({ length: calls }, () => prepare());
      const wallUs: number[] = [];
      const before = process.cpuUsage();
      for (const call of ready) {
        const began = performance.now();
        await call();
        wallUs.push((performance.now() - began) * 1000);
      }
      const { user, system } = process.cpuUsage(before);
      return { wallUs, cpuUs: user + system };
    },
  };
}

/**
 * Times all candidates in turns, so that whatever else the machine does hits all alike; every other round goes backwards.
 * Quick ones are called more often in each round, so that each gets a like share of the time.
 */
export async function timeInTurns(candidates: readonly Candidate[], rounds: number): Promise<readonly Timing[]> {
  const all = [];
  for (const candidate of candidates) all.push({ candidate, calls: await warmUp(candidate), rounds: [] as Costs[] });
  for (let round = 0; round < rounds; round++)
    for (const one of round % 2 === 0 ? all : all.toReversed()) {
      const { wallUs, cpuUs } = await one.candidate.batch(one.calls);
      const { p50, p10 } = percentiles(wallUs);
      one.rounds.push({ p50, p10, CPU: cpuUs / one.calls });
    }
  const first = all[0]?.rounds ?? [];
  return all.map((one) => ({
    name: one.candidate.name,
    calls: one.calls * rounds,
    costs: middles(one.rounds),
    ratios: middles(one.rounds.map((costs, i) => mapCosts((measure) => costs[measure] / (first[i]?.[measure] ?? Number.NaN)))),
  }));
}

/** Calls it until the compiler has seen enough of it, and tells how many calls are its share of a round. */
async function warmUp(candidate: Candidate): Promise<number> {
  const tookUs: number[] = [];
  for (let spentUs = 0; tookUs.length < WARM_UP && spentUs < WARM_UP_US;) {
    const [took = 0] = (await candidate.batch(1)).wallUs;
    tookUs.push(took);
    spentUs += took;
  }
  return Math.max(LEAST_CALLS, Math.min(MOST_CALLS, Math.round(SHARE_US / percentiles(tookUs).p10)));
}

function middles(rounds: readonly Costs[]): Costs {
  return mapCosts((measure) => percentiles(rounds.map((costs) => costs[measure])).p50);
}

function mapCosts(cost: (measure: Measure) => number): Costs {
  return { p50: cost("p50"), p10: cost("p10"), CPU: cost("CPU") };
}

const WARM_UP = 400;
const WARM_UP_US = 1_500_000;
const SHARE_US = 40_000;
const LEAST_CALLS = 2;
const MOST_CALLS = 200;
