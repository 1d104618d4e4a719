/** Compares two decimal numbers exactly: negative, zero, positive. Null when one is none. */
export function compareDecimals(a: string, b: string): number | null {
  const [left, right] = [DECIMAL.exec(a), DECIMAL.exec(b)];
  if (left === null || right === null) return null;
  const digits = Math.max(left[2]?.length ?? 0, right[2]?.length ?? 0);
  const scaled = (match: RegExpExecArray): bigint => {
    const size = BigInt(`${(match[1] ?? "").replace("-", "")}${(match[2] ?? "").padEnd(digits, "0")}`);
    return (match[1] ?? "").startsWith("-") ? -size : size;
  };
  return sign(scaled(left) - scaled(right));
}

/** Whether it is an integer or decimal number as numeric conditions take it. */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

function sign(difference: bigint): number {
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

const DECIMAL = /^(-?[0-9]{1,30})(?:\.([0-9]{1,30}))?$/;
