import { MAX_CHANNEL_SAMPLES } from "@caladrius/wire";
import { MISSING_16, MISSING_32 } from "./columns.ts";
import { quote, ReadError } from "./problems.ts";

/** Raw samples of one SampledData: each stands for raw / 10^decimals, before factor and origin. */
export interface SampledValues {
  samples: Int16Array | Int32Array;
  missing: number;
  decimals: number;
  /** how many tokens were E (no value), U (above the limit) or L (below it) */
  tokensMissing: number;
}

/**
 * Reads the `data` of a SampledData (FHIR R4 §2.24.0.12): decimal numbers without exponent, or E, U or L, separated by
 * white space.
 * @param where path of the element, for messages
 * @throws ReadError fhir-sampled-data, recording-limit, value-range
 */
export function parseSampledValues(data: string, where: string): SampledValues {
  const { count, decimals } = survey(data, where);
  const wide = new Int32Array(count);
  const scale = 10 ** decimals;
  let tokensMissing = 0;
  let narrow = true;
  let index = 0;
  for (const [start, end] of tokens(data)) {
    const value = parseToken(data, start, end, scale, () => `${where}, sample ${index}`);
    if (value === null) tokensMissing++;
    else if (value <= MISSING_16 || value >= -MISSING_16) narrow = false;
    wide[index++] = value ?? MISSING_32;
  }
  if (!narrow) return { samples: wide, missing: MISSING_32, decimals, tokensMissing };
  const samples = Int16Array.from(wide, (value) => (value === MISSING_32 ? MISSING_16 : value));
  return { samples, missing: MISSING_16, decimals, tokensMissing };
}

/** Counts samples and decimals before memory is taken for them. */
function survey(data: string, where: string): { count: number; decimals: number } {
  let count = 0;
  let decimals = 0;
  for (const [start, end] of tokens(data)) {
    if (++count > MAX_CHANNEL_SAMPLES) throw new ReadError("recording-limit", where, `at most ${MAX_CHANNEL_SAMPLES} samples`, "more");
    for (let at = start; at < end; at++) if (data.charCodeAt(at) === POINT) decimals = Math.max(decimals, end - at - 1);
  }
  if (decimals > MAX_DECIMALS) throw new ReadError("fhir-sampled-data", where, `at most ${MAX_DECIMALS} decimals`, String(decimals));
  return { count, decimals };
}

function* tokens(data: string): Generator<[number, number]> {
  let at = 0;
  for (;;) {
    while (isSpace(data.charCodeAt(at))) at++;
    if (at >= data.length) return;
    const start = at;
    while (at < data.length && !isSpace(data.charCodeAt(at))) at++;
    yield [start, at];
  }
}

function parseToken(data: string, start: number, end: number, scale: number, where: () => string): number | null {
  const first = data.charCodeAt(start);
  if (end - start === 1 && (first === 0x45 || first === 0x55 || first === 0x4c)) return null; // E, U, L
  let at = first === MINUS || first === PLUS ? start + 1 : start;
  let value = 0;
  let digits = 0;
  let step = scale;
  let point = false;
  for (; at < end; at++) {
    const digit = data.charCodeAt(at) - 0x30;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
      if (point) step /= 10;
    } else if (!point && digits > 0 && digit === POINT - 0x30) point = true;
    else break;
  }
  if (at < end || digits === 0 || data.charCodeAt(end - 1) === POINT) {
    throw new ReadError("fhir-sampled-data", where(), "a decimal number, E, U or L", quote(data.slice(start, Math.min(end, start + 80))));
  }
  const raw = (first === MINUS ? -value : value) * Math.round(step);
  if (Math.abs(raw) > -MISSING_32 - 1)
    throw new ReadError("value-range", where(), "a number within 32 bits", quote(data.slice(start, Math.min(end, start + 80))));
  return raw;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

const POINT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;
const MAX_DECIMALS = 9;
