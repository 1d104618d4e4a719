import type { Code } from "../verdict/code.ts";
import { Refusal } from "../verdict/refusal.ts";

/**
 * Reads the content of a UTCTime as RFC 5280 §4.1.2.5.1 demands it: YYMMDDHHMMSSZ and a date that exists. Years below 50
 * lie in this century. Returns Unix milliseconds.
 * @throws Refusal certificate-time, or the code given
 */
export function parseUtcTime(content: Uint8Array, subject: string, code: Code = "certificate-time"): number {
  if (content.length !== 13 || content[12] !== 0x5a) throw refuse(code, subject, `${content.length} bytes`);
  for (let i = 0; i < 12; i++) {
    const digit = content[i] ?? 0;
    if (digit < 0x30 || digit > 0x39) throw refuse(code, subject, `byte ${digit}`);
  }
  const two = (at: number): number => ((content[at] ?? 0) - 0x30) * 10 + (content[at + 1] ?? 0) - 0x30;
  const year = two(0) + (two(0) < 50 ? 2000 : 1900);
  const month = two(2);
  const day = two(4);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) throw refuse(code, subject, "a day that does not exist");
  if (two(6) > 23 || two(8) > 59 || two(10) > 59) throw refuse(code, subject, "a time that does not exist");
  return Date.UTC(year, month - 1, day, two(6), two(8), two(10));
}

function refuse(code: Code, subject: string, actual: string): Refusal {
  return new Refusal(code, { subject, expected: "YYMMDDHHMMSSZ", actual });
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 ? 29 : 28; // 1950..2049 has no century that is no leap year: 2000 is one
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
