import type { Scale } from "@caladrius/wire";
import { gcd, type Rational } from "./rational.ts";

/** The integer scale for physical = raw * factor + offset, exactly; null where a recording cannot hold it. */
export function scaleOf(factor: Rational, offset: Rational): Scale | null {
  const common = (factor.d * offset.d) / gcd(factor.d, offset.d);
  const numerator = (factor.n * common) / factor.d;
  const shift = (offset.n * common) / offset.d;
  const divisor = gcd(gcd(numerator, common), shift);
  const parts = [numerator / divisor, shift / divisor, common / divisor] as const;
  if (parts[0] < 1n || parts[0] > MAX_PART || parts[1] < MIN_OFFSET || parts[1] > MAX_PART || parts[2] > MAX_PART) return null;
  return { numerator: Number(parts[0]), offset: Number(parts[1]), denominator: Number(parts[2]) };
}

const MAX_PART = 2n ** 40n;
const MIN_OFFSET = -(2n ** 31n);
