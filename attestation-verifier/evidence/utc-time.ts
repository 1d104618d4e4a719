import type { Code } from "../verdict/code.ts";
import { Refusal } from "../verdict/refusal.ts";

/**
 * Reads the content of a UTCTime as RFC 5280 §4.1.2.5.1 demands it: YYMMDDHHMMSSZ and a date that exists. Years below 50
 * lie in this century. Returns Unix milliseconds.
 * @throws Refusal certificate-time, or the code given
 */
export function parseUtcTime(content: Uint8Array, subject: string, code: Code = "certificate-time"): number {
  const two = (at: number): number => {
    const tens = (content[at] ?? 0) - 0x30;
    const ones = (content[at + 1] ?? 0) - 0x30;
    if (tens < 0 || tens > 9 || ones < 0 || ones > 9) throw refuse(code, subject, `no two digits at byte ${at}`);
    return tens * 10 + ones;
  };
  const yy = two(0);
  const year = yy + (yy < 50 ? 2000 : 1900);
  const month = two(2);
  const day = two(4);
  const hour = two(6);
  const minute = two(8);
  const second = two(10);
  if (content.length !== 13 || content[12] !== 0x5a) throw refuse(code, subject, "no Z at its end");
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) throw refuse(code, subject, "a day that does not exist");
  if (hour > 23 || minute > 59 || second > 59) throw refuse(code, subject, "a time that does not exist");
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function refuse(code: Code, subject: string, actual: string): Refusal {
  return new Refusal(code, { subject, expected: "YYMMDDHHMMSSZ", actual });
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 ? 29 : 28; // 1950..2049 has no century that is no leap year: 2000 is one
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
