import { ABSENT, countAbsent, rawBound, valueOf, type Column, type Runs, type Tally } from "./plausibility.ts";

/** Most runs in one analysis, all channels together: 12 days in which one channel changes every second. */
export const MAX_RUNS: number = 1_048_576;

const MAX_TABLE = 8192;
const MIN_TABLE = 512;
const MAX_BASE = 1_073_741_824; // so that raw - base, taken modulo 2^32, never falls into the table by accident

/**
 * Finds where a channel changes, in one pass for all detectors, and counts what is absent. `identities` gives, by
 * value + 1, a number that is equal for values which no detector tells apart; 0 stands for absent alone. At most `room` runs
 * are kept: what follows is cut off, and the number of samples that were read is returned.
 */
export function findRuns(column: Column, identities: Uint16Array, room: number, tally: Tally): number {
  const length = column.samples.length;
  tally.received += length;
  if (column.clock.times !== null) return countEach(column, 0, tally);
  const table = tableOf(column, identities);
  const runs: Runs = { count: 0, starts: new Int32Array(64), values: new Int16Array(64) };
  let i = 0;
  while (i < length && runs.count < room) {
    const value = valueOf(column, i);
    push(runs, i, value);
    const from = i;
    if (value === ABSENT) {
      while (i < length && valueOf(column, i) === ABSENT) i++;
      countAbsent(column, from, i, tally);
    } else if (table === null) i = endOfRun(column, identities, i);
    else i = endByTable(column.samples, table.identities, table.base, identities[value + 1] ?? 0, i + 1);
  }
  column.runs = runs;
  countEach(column, i, tally);
  return i;
}

/** Counts the absent samples from `from` on, where no runs are made. */
function countEach(column: Column, from: number, tally: Tally): number {
  const { length } = column.samples;
  for (let i = from; i < length; i++) if (valueOf(column, i) === ABSENT) countAbsent(column, i, i + 1, tally);
  return length;
}

/** Identities by raw value minus base, padded with 0 to a power of two. */
interface RawTable {
  base: number;
  identities: Uint16Array;
}

/** A table pays when the raw range of plausible values is small beside the number of samples; else each sample is converted. */
function tableOf(column: Column, identities: Uint16Array): RawTable | null {
  const base = rawBound(column.conversion, column.least) - 1;
  const range = rawBound(column.conversion, column.most) + 2 - base;
  const fits =
    base > -MAX_BASE && base < MAX_BASE && range > 0 && range <= Math.min(MAX_TABLE, Math.max(MIN_TABLE, column.samples.length / 2));
  if (!fits || column.withdrawn !== null) return null;
  let size = 1;
  while (size < range) size *= 2;
  const byRaw = new Uint16Array(size);
  const { slope, intercept, divisor } = column.conversion;
  const { least, most } = column;
  for (let k = 0; k < range; k++) {
    const value = ((base + k) * slope + intercept) / divisor;
    byRaw[k] = value >= least && value <= most ? (identities[Math.floor(value + 0.5) + 1] ?? 0) : 0;
  }
  if (column.missing >= base && column.missing < base + range) byRaw[column.missing - base] = 0;
  return { base, identities: byRaw };
}

/**
 * The hot loop of the numeric detectors: two loads and one comparison a sample, four samples a turn, because the loop costs
 * more than the work in it. All plausible raw values lie in the table.
 */
function endByTable(samples: Int16Array | Int32Array, table: Uint16Array, base: number, identity: number, from: number): number {
  const origin = base | 0; // an integer to the compiler too
  const mask = (table.length - 1) | 0;
  const outside = ~mask;
  const length = samples.length;
  let i = from;
  for (; i + 3 < length; i += 4) {
    const a = ((samples[i] ?? 0) - origin) | 0;
    const b = ((samples[i + 1] ?? 0) - origin) | 0;
    const c = ((samples[i + 2] ?? 0) - origin) | 0;
    const d = ((samples[i + 3] ?? 0) - origin) | 0;
    const strays = (a | b | c | d) & outside;
    const first = ((table[a & mask] ?? 0) ^ identity) | ((table[b & mask] ?? 0) ^ identity);
    const second = ((table[c & mask] ?? 0) ^ identity) | ((table[d & mask] ?? 0) ^ identity);
    if ((strays | first | second) !== 0) break;
  }
  for (; i < length; i++) {
    const k = ((samples[i] ?? 0) - origin) | 0;
    if (((k & outside) | ((table[k & mask] ?? 0) ^ identity)) !== 0) break;
  }
  return i;
}

function endOfRun(column: Column, identities: Uint16Array, from: number): number {
  const { samples } = column;
  const length = samples.length;
  const identity = identities[valueOf(column, from) + 1];
  let i = from + 1;
  // neighbours are often equal, and a division costs more than a comparison
  while (i < length && ((samples[i] === samples[i - 1] && column.withdrawn === null) || identities[valueOf(column, i) + 1] === identity))
    i++;
  return i;
}

function push(runs: Runs, start: number, value: number): void {
  if (runs.count === runs.starts.length) {
    const starts = new Int32Array(2 * runs.count);
    const values = new Int16Array(2 * runs.count);
    starts.set(runs.starts);
    values.set(runs.values);
    runs.starts = starts;
    runs.values = values;
  }
  runs.starts[runs.count] = start;
  runs.values[runs.count++] = value;
}

/**
 * Numbers the values of one vital sign so that two have one number exactly when all tables give them one class. Tables are
 * read by value + 1; number 0 is kept for absent.
 */
export function identitiesOf(most: number, tables: readonly Uint8Array[]): Uint16Array {
  const numbers = new Map<string, number>();
  const identities = new Uint16Array(most + 2);
  for (let value = 0; value <= most; value++) {
    const key = tables.map((table) => table[value + 1] ?? 0).join(" ");
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    identities[value + 1] = number;
  }
  return identities;
}
