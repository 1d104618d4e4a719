import { describe, expect, it } from "vitest";
import { bundle, code, MDC, observation, only, quantity, read, values, type Fields } from "./fhir.fixture.ts";

describe("sampled data", () => {
  const sampled = (fields: Fields): Fields =>
    observation({
      code: code("131328", MDC),
      component: [
        {
          code: code("131330", "urn:oid:2.16.840.1.113883.6.24"),
          valueSampledData: {
            origin: quantity(-5.12, "mV"),
            period: 2.7777777777777777,
            factor: 0.005,
            dimensions: 1,
            data: "1024 1025 E 1023",
            ...fields,
          },
        },
      ],
    });

  it("keeps origin, factor and period as exact integers", () => {
    const result = read(sampled({}));
    const [channel] = only(result).channels;
    expect(channel).toMatchObject({
      code: "mdc:131330",
      unit: "mV",
      timing: { numerator: 360, denominator: 1 },
      scale: { numerator: 1, offset: -1024, denominator: 200 },
    });
    expect(values(channel!)).toEqual([0, 0.005, null, -0.005]);
    expect(result.recordings[0]?.notUsed).toEqual([{ reason: "outside-limits", count: 1 }]);
  });

  it("reads microvolts, decimals and wide numbers", () => {
    const [micro] = only(read(sampled({ origin: quantity(0, "uV"), factor: 1, data: "1500\n-1500.5  U L" }))).channels;
    expect(values(micro!)).toEqual([1.5, -1.5005, null, null]);
    const [wide] = only(read(sampled({ origin: quantity(0, "mV"), factor: undefined, data: "-32768 100000 E" }))).channels;
    expect(wide?.samples).toBeInstanceOf(Int32Array);
    expect(values(wide!)).toEqual([-32768, 100000, null]);
  });

  it("reads dimensions that stand in turn, each as a channel", () => {
    const { channels } = only(read(sampled({ dimensions: 2, data: "1024 0 1025 1 E 2 1023 3" })));
    expect(channels.map(values)).toEqual([
      [0, 0.005, null, -0.005],
      [-5.12, -5.115, -5.11, -5.105],
    ]);
    expect(channels[0]?.timing).toEqual(channels[1]?.timing);
  });

  it("carries values outside the declared limits, which are of the data itself, as missing", () => {
    const result = read(sampled({ lowerLimit: 1023.5, upperLimit: 1024 }));
    expect(values(only(result).channels[0]!)).toEqual([0, null, null, null]);
    expect(result.recordings[0]?.notUsed).toEqual([{ reason: "outside-limits", count: 3 }]);
  });

  it("tells a wave that never moves", () => {
    expect(read(sampled({ data: "7 ".repeat(100) })).warnings.map((warning) => warning.code)).toContain("value-flat");
    expect(read(sampled({ data: "7 ".repeat(99) })).warnings.map((warning) => warning.code)).not.toContain("value-flat");
  });

  it.each<[string, Fields, string]>([
    ["a word", { data: "1 two 3" }, "fhir-sampled-data"],
    ["an exponent", { data: "1 2e3" }, "fhir-sampled-data"],
    ["a lone point", { data: "1 2." }, "fhir-sampled-data"],
    ["many decimals", { data: "0.0000000001" }, "fhir-sampled-data"],
    ["no samples", { data: " " }, "fhir-sampled-data"],
    ["more than 32 bits", { data: "99999999999" }, "value-range"],
    ["no dimensions", { dimensions: 0 }, "fhir-sampled-data"],
    ["half a dimension", { dimensions: 1.5 }, "fhir-sampled-data"],
    ["dimensions of unlike length", { dimensions: 3 }, "fhir-sampled-data"],
    ["limits in the wrong order", { lowerLimit: 5, upperLimit: 4 }, "fhir-sampled-data"],
    ["NaN", { data: "1 NaN 3" }, "fhir-sampled-data"],
    ["another token", { data: "1 F 3" }, "fhir-sampled-data"],
    ["no period", { period: undefined }, "fhir-sampled-data"],
    ["an interval of R5 in its place", { period: undefined, interval: 4, intervalUnit: "ms" }, "fhir-sampled-data"],
    ["a factor that turns it over", { factor: -0.005 }, "value-range"],
    ["a factor as text", { factor: "0.005" }, "fhir-shape"],
    ["a negative period", { period: -4 }, "fhir-sampled-data"],
    ["a factor of zero", { factor: 0 }, "value-range"],
    ["another unit", { origin: quantity(0, "mm[Hg]") }, "fhir-unit"],
    ["no origin", { origin: undefined }, "fhir-sampled-data"],
  ])("refuses %s", (_name, fields, expectedCode) => {
    const result = read(sampled(fields));
    expect(result.recordings).toEqual([]);
    expect(result.problems).toMatchObject([{ code: expectedCode }]);
  });

  const timedStrip = (seconds: number): Fields => ({
    ...sampled({ period: 4, data: Array.from({ length: 500 }, (_, i) => i).join(" ") }),
    effectiveDateTime: undefined,
    effectivePeriod: { start: "2026-01-01T08:00:00Z", end: `2026-01-01T08:00:0${seconds}Z` },
  });

  it("compares the number of samples with the period of the observation", () => {
    expect(read(timedStrip(2)).problems).toEqual([]);
    expect(read(timedStrip(3)).problems).toMatchObject([
      { code: "fhir-sampled-data", expected: "750 samples for the observation's period", actual: "500" },
    ]);
  });

  const stripAt = (startMs: number, data: string): Fields => ({
    ...sampled({ period: 4, data }),
    effectiveDateTime: new Date(startMs).toISOString(),
  });

  it("joins strips on one grid, drops repeats and refuses contradictions", () => {
    const joined = read(bundle(stripAt(20, "6 7"), stripAt(0, "1 2 3"), stripAt(4, "2 3"), stripAt(12, "9")));
    expect(Array.from(only(joined).channels[0]!.samples)).toEqual([1, 2, 3, 9, -32768, 6, 7]);
    const contradiction = read(bundle(stripAt(0, "1 2 3"), stripAt(4, "2 4")));
    expect(contradiction.problems).toMatchObject([{ code: "wave-overlap" }]);
    const apart = only(read(bundle(stripAt(0, "1 2"), stripAt(86_400_000, "3 4"))));
    expect(apart.channels.map((channel) => channel.samples.length)).toEqual([2, 2]);
  });
});
