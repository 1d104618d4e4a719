import { describe, expect, it } from "vitest";
import { VITALS } from "./channels.ts";
import { analyse } from "./index.ts";
import { charted, even, recordingOf, START_MS } from "./recordings.fixture.ts";
import { viewLeads, viewNews2Bands, viewVitals } from "./view.ts";

describe("what the detectors read, to be drawn", () => {
  it("says of each sample what became of it, as the coverage counts them", () => {
    const recording = recordingOf([
      charted("loinc:8867-4", "/min", [
        [0, 70],
        [60, 999],
        [120, -1],
        [180, 71],
      ]),
      charted("loinc:8480-6", "mm[Hg]", [
        [0, 120],
        [60, 60],
      ]),
      charted("loinc:8462-4", "mm[Hg]", [
        [0, 80],
        [60, 90],
      ]),
    ]);
    for (const channel of recording.channels) channel.missing = -1;
    const views = viewVitals(recording);
    expect(views.map((view) => Array.from(view.clock.times ?? [], (_, i) => view.state(i)))).toEqual([
      ["value", "implausible", "missing", "value"],
      ["value", "contradicted"],
      ["value", "contradicted"],
    ]);
    expect(views[0]?.physical(1)).toBe(999);
    expect(views[0]?.physical(2)).toBeNaN();
    expect(views[0]?.timeMs(1)).toBe(START_MS + 60_000);
    const { coverage } = analyse(recording, { detectors: ["thresholds"] });
    const rejected = views
      .flatMap((view) => Array.from(view.clock.times ?? [], (_, i) => view.state(i)))
      .filter((state) => state === "implausible" || state === "contradicted");
    expect(coverage.rejected.reduce((sum, { samples }) => sum + samples, 0)).toBe(rejected.length);
  });

  it("converts units as the detectors do", () => {
    const [fahrenheit] = viewVitals(recordingOf([charted("loinc:8310-5", "[degF]", [[0, 104]])]));
    expect(fahrenheit?.physical(0)).toBeCloseTo(40, 9);
    expect(viewVitals(recordingOf([charted("loinc:8310-5", "K", [[0, 310]])]))).toEqual([]);
  });

  it("gives ECG in microvolts, and nothing where nothing was measured", () => {
    const millivolts = {
      ...even("mdc:131330", "mV", [1000, -500, -32_768, 200]),
      scale: { numerator: 1, offset: 0, denominator: 1000 },
      timing: { kind: "rate" as const, numerator: 250, denominator: 1 },
    };
    const [lead] = viewLeads(recordingOf([millivolts, charted("mdc:131330", "mV", [[0, 1]])]));
    expect([0, 1, 2, 3, 4].map((i) => lead?.microvolts(i))).toEqual([1000, -500, Number.NaN, 200, Number.NaN]);
    expect(lead?.timeMs(1)).toBe(START_MS + 4);
    expect(viewLeads(recordingOf([millivolts, charted("mdc:131330", "mV", [[0, 1]])]))).toHaveLength(1);
  });

  // RCP 2017, chart 1, scale 1
  it.each([
    [
      "respiratory-rate",
      [
        [0, 8, 3],
        [9, 11, 1],
        [12, 20, 0],
        [21, 24, 2],
        [25, 120, 3],
      ],
    ],
    [
      "spo2",
      [
        [0, 91, 3],
        [92, 93, 2],
        [94, 95, 1],
        [96, 100, 0],
      ],
    ],
    [
      "systolic",
      [
        [0, 90, 3],
        [91, 100, 2],
        [101, 110, 1],
        [111, 219, 0],
        [220, 320, 3],
      ],
    ],
    [
      "heart-rate",
      [
        [0, 40, 3],
        [41, 50, 1],
        [51, 90, 0],
        [91, 110, 1],
        [111, 130, 2],
        [131, 350, 3],
      ],
    ],
    [
      "temperature",
      [
        [0, 350, 3],
        [351, 360, 1],
        [361, 380, 0],
        [381, 390, 1],
        [391, 450, 2],
      ],
    ],
    ["glucose", []],
  ] as const)("has the bands of NEWS2 for %s", (id, bands) => {
    expect(viewNews2Bands(VITALS[id]).map(({ from, to, points }) => [from, to, points])).toEqual(bands);
  });
});
