import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dateMs } from "./date.ts";
import { globOf, matchesGlob } from "./glob.ts";
import { inRange, isRange } from "./ip.ts";
import { compareDecimals } from "./numeric.ts";

describe("wildcards", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "."), maxLength: 12 });

  it("match as the regular expression of the pattern does", () => {
    fc.assert(
      fc.property(text, text, (pattern, value) => {
        const whole = new RegExp(`^${pattern.replaceAll(".", "[.]").replaceAll("*", ".*").replaceAll("?", ".")}$`, "s");
        expect(matchesGlob(globOf(pattern), value)).toBe(whole.test(value));
      }),
      { numRuns: 2000 },
    );
  });

  it("take no time for patterns that make regular expressions hang", () => {
    const start = performance.now();
    expect(matchesGlob(globOf(`${"*a".repeat(200)}b`), "a".repeat(2000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("count a character beyond 16 bits as one", () => {
    expect(matchesGlob(globOf("a?b"), "a😀b")).toBe(true);
  });
});

describe("numbers", () => {
  it("compare as decimals of any length", () => {
    const scale = 10n ** 20n;
    const written = (value: bigint): string => {
      const digits = (value < 0n ? -value : value).toString().padStart(21, "0");
      return `${value < 0n ? "-" : ""}${digits.slice(0, -20)}.${digits.slice(-20)}`;
    };
    const value = fc.bigInt({ min: -5n * scale, max: 5n * scale });
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(compareDecimals(written(a), written(b))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it.each(["", "1e3", "0x10", "1.", ".5", "+1", "NaN", "1".repeat(31)])("are none: %j", (value) => {
    expect(compareDecimals(value, "1")).toBeNull();
  });

  it("treat -0 as 0", () => {
    expect(compareDecimals("-0.0", "0")).toBe(0);
  });
});

describe("dates", () => {
  it.each([
    ["2026", Date.UTC(2026, 0, 1)],
    ["2026-03", Date.UTC(2026, 2, 1)],
    ["2026-03-04", Date.UTC(2026, 2, 4)],
    ["2026-03-04T05:06Z", Date.UTC(2026, 2, 4, 5, 6)],
    ["2026-03-04T05:06:07.5Z", Date.UTC(2026, 2, 4, 5, 6, 7, 500)],
    ["2026-03-04T05:06:07-08:30", Date.UTC(2026, 2, 4, 13, 36, 7)],
    ["1772600767", 1_772_600_767_000],
  ])("read %s", (text, ms) => {
    expect(dateMs(text)).toBe(ms);
  });

  it.each(["", "26", "2026-13", "2026-02-29", "2026-3-4", "2026-03-04T05:06", "2026-03-04T24:00Z", "2026-03-04T05:06:60Z", "0050", "-1"])(
    "are none: %j",
    (text) => {
      expect(dateMs(text)).toBeNull();
    },
  );

  it("read what toISOString writes", () => {
    const date = fc.date({ min: new Date("0100-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true });
    fc.assert(fc.property(date, (one) => void expect(dateMs(one.toISOString())).toBe(one.getTime())));
  });
});

describe("addresses", () => {
  it.each([
    ["10.1.2.3", "10.0.0.0/8", true],
    ["11.1.2.3", "10.0.0.0/8", false],
    ["10.1.2.3", "10.1.2.99/24", true],
    ["10.1.2.3", "0.0.0.0/0", true],
    ["10.1.2.3", "::/0", false],
    ["::ffff:10.1.2.3", "10.1.2.3", false],
    ["::1", "::1", true],
    ["2001:db8::1", "2001:DB8:0:0::/64", true],
    ["2001:db8:0:1::1", "2001:db8::/64", false],
    ["::ffff:1.2.3.4", "::ffff:102:304/128", true],
  ])("%s in %s: %s", (address, range, expected) => {
    expect(inRange(address, range)).toBe(expected);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/1/2",
    "1:2",
    ":::",
    "1::2::3",
    "::1/129",
    "g::",
    "1.2.3.4::",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
  ])("is none: %j", (text) => {
    expect(isRange(text)).toBe(false);
  });

  it("holds every address of a range, whatever the prefix", () => {
    const byte = fc.nat(255);
    const address = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join("."));
    fc.assert(fc.property(address, fc.nat(32), (one, prefix) => inRange(one, `${one}/${prefix}`)));
  });
});
