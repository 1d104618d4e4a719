import { existsSync, readFileSync } from "node:fs";
import type { Analysis, Channel } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { analyse } from "../../index.ts";
import { even, recordingOf, START_MS } from "../../recordings.fixture.ts";
import { readLeads } from "../mitdb.ts";
import { BeatShapes } from "./beat-shapes.ts";
import { CINC_2015_LIMITS, RhythmStream } from "./rhythm-stream.ts";
import { every, lead, RATE, samplesOf, sinus, streamed, timing, ventricular } from "./waves.fixture.ts";

/** A pleth wave with one pulse 250 ms behind each time. */
function pleth(beatsMs: readonly number[], seconds: number, code = "mdc:150452"): Channel {
  const samples = samplesOf(
    beatsMs.flatMap((atMs) => [
      { atMs: atMs + 250, widthMs: 300, height: 900 },
      { atMs: atMs + 450, widthMs: 300, height: 300 },
    ]),
    seconds,
  );
  return even(code, code === "mdc:150452" ? "1" : "mm[Hg]", [], { samples, timing });
}

const run = (...channels: Channel[]): Analysis => analyse(recordingOf(channels), { detectors: ["ecg-rhythm"] });
const told = (analysis: Analysis): [string, string][] => analysis.findings.map(({ code, priority }) => [code, priority]);

/** Half a minute of sinus rhythm, so many ventricular beats, and sinus rhythm again. */
function burst(beats: number, intervalMs: number): Int16Array {
  const wide = every(intervalMs, 29_800, 29_800 + beats * intervalMs);
  const after = (wide.at(-1) ?? 0) + 900;
  return samplesOf(
    [...every(800, 500, 29_400), ...every(800, after, 58_000)].flatMap((at) => sinus(at)).concat(wide.flatMap(ventricular)),
    60,
  );
}

/** Ten seconds of a wave of about 4 Hz whose height and period change, as in fibrillation, in the middle of sinus rhythm. */
function fibrillating(): Int16Array {
  const waves = [...every(800, 500, 29_800), ...every(800, 41_000, 59_000)].flatMap((at) => sinus(at));
  for (let [at, i] = [30_000, 0]; at < 40_000; at += 105 + ((i * 37) % 50), i++)
    waves.push({ atMs: at, widthMs: 240, height: (i % 2 === 0 ? 1 : -1) * (100 + ((i * 53) % 60)) });
  return samplesOf(waves, 60);
}

const paused = (): Int16Array =>
  samplesOf(
    [...every(800, 500, 30_000), ...every(800, 37_000, 59_000)].flatMap((at) => sinus(at)),
    60,
  );

/** Half a minute of usual beats, six intervals of so many ms, and usual beats again. */
function slow(intervalMs: number): Int16Array {
  const beats = [...every(800, 500, 29_400), ...every(intervalMs, 29_300, 29_300 + 6.5 * intervalMs)];
  return samplesOf(
    [...beats, ...every(800, 30_100 + 6 * intervalMs, 59_000)].flatMap((at) => sinus(at)),
    60,
  );
}

describe("ecg-rhythm", () => {
  it("finds ventricular tachycardia from 5 beats on, above 100/min", () => {
    expect(told(run(lead(burst(5, 400))))).toEqual([["ventricular-tachycardia", "high"]]);
    expect(told(run(lead(burst(4, 400))))).toEqual([]);
    expect(told(run(lead(burst(8, 590))))).toEqual([["ventricular-tachycardia", "high"]]);
    expect(told(run(lead(burst(8, 640))))).toEqual([]);
  });
  it("names rate and beats of a ventricular tachycardia, and where it was", () => {
    const [finding] = run(lead(burst(9, 400))).findings;
    expect(finding?.evidence.find(({ name }) => name === "ventricular-beats")?.value).toBe(9);
    expect(finding?.evidence.find(({ name }) => name === "highest-heart-rate")?.value).toBeCloseTo(1500, -2);
    expect(Math.abs((finding?.onsetMs ?? 0) - START_MS - 29_800)).toBeLessThan(100);
    expect(finding?.confidencePermille).toBeGreaterThan(600);
  });
  it("does not take a fast narrow rhythm for ventricular tachycardia", () => {
    const beats = [...every(800, 500, 30_000), ...every(450, 30_000, 36_000), ...every(800, 36_000, 59_000)];
    expect(
      told(
        run(
          lead(
            samplesOf(
              beats.flatMap((at) => sinus(at)),
              60,
            ),
          ),
        ),
      ),
    ).toEqual([]);
  });
  it("finds fibrillation, and none in sinus rhythm", () => {
    const { findings } = run(lead(fibrillating()));
    const found = findings.find(({ code }) => code === "ventricular-fibrillation");
    expect(found?.priority).toBe("high");
    expect(found?.onsetMs).toBeGreaterThan(START_MS + 27_000);
    expect(found?.endMs).toBeLessThan(START_MS + 44_000);
    expect(found?.evidence.find(({ name }) => name === "mean-leakage")?.value).toBeLessThan(450);
  });
  it("finds beats of low amplitude in a pause instead of an asystole", () => {
    const waves = [...every(800, 500, 30_000), ...every(800, 37_000, 59_000)].flatMap((at) => sinus(at));
    const weak = every(800, 30_500, 36_500).flatMap((at) => sinus(at, 0.07));
    expect(told(run(lead(samplesOf([...waves, ...weak], 60))))).toEqual([["ecg-low-amplitude", "medium"]]);
    expect(told(run(lead(samplesOf(waves, 60))))).toEqual([["asystole", "high"]]);
  });
  it("finds a slow rhythm from 5 beats on, and one that stops before the fifth", () => {
    const ending = (beats: number, seconds: number): Int16Array =>
      samplesOf(
        [...every(800, 500, 20_000), ...every(1600, 19_700, 19_700 + beats * 1600)].flatMap((at) => sinus(at)),
        seconds,
      );
    expect(told(run(lead(ending(5, 27))))).toEqual([["extreme-bradycardia", "high"]]);
    expect(told(run(lead(ending(4, 27))))).toEqual([["extreme-bradycardia", "high"]]);
    expect(told(run(lead(ending(4, 25))))).toEqual([]);
  });
  it("says where the usual beat was not learned", () => {
    const { coverage } = run(lead(samplesOf([...sinus(500), ...sinus(1300)], 4)));
    expect(coverage.unassessed).toContainEqual({
      detector: "ecg-rhythm",
      channel: "mdc:131330",
      fromMs: START_MS,
      toMs: START_MS + 4000,
      reason: "usual-beat-not-learned",
    });
  });
});

describe("cross-check by the pulse", () => {
  const throughout = every(800, 500, 59_000);
  it.each([
    ["pleth", "mdc:150452"],
    ["arterial pressure", "mdc:150036"],
  ])("makes a technical finding of an asystole through which the %s goes on", (_, code) => {
    const { findings, alarmSummary } = run(lead(paused()), pleth(throughout, 60, code));
    expect(findings.map((finding) => [finding.code, finding.priority, finding.technical])).toEqual([
      ["ecg-alarm-contradicted", "low", true],
    ]);
    expect(findings[0]?.evidence.map(({ name }) => name)).toEqual(["contradicted-asystole", "pulse-rate", "pause"]);
    expect(findings[0]?.evidence[1]?.value).toBeCloseTo(750, -1);
    expect(alarmSummary.highestPriority).toBe("low");
  });
  it("keeps an asystole in which the pulse stops too, with more confidence, and one without a pulse wave as it was", () => {
    const [alone] = run(lead(paused())).findings;
    const [confirmed] = run(lead(paused()), pleth([...every(800, 500, 30_000), ...every(800, 37_000, 59_000)], 60)).findings;
    expect([alone?.code, confirmed?.code]).toEqual(["asystole", "asystole"]);
    expect(confirmed?.evidence.map(({ name }) => name)).toEqual(["pause", "pulse-stopped-after"]);
    const lacking = 1000 - (alone?.confidencePermille ?? 0);
    expect(confirmed?.confidencePermille).toBe((alone?.confidencePermille ?? 0) + Math.round(lacking / 2));
  });
  it("does not trust a pulse that is irregular, that stops before the end or that begins in the alarm", () => {
    const jagged = throughout.map((at, i) => at + [0, 330, -300, 150, -200][i % 5]!);
    expect(told(run(lead(paused()), pleth(jagged, 60)))).toEqual([["asystole", "high"]]);
    expect(told(run(lead(paused()), pleth(every(800, 500, 33_000), 60)))).toEqual([["asystole", "high"]]);
    expect(told(run(lead(paused()), pleth(every(800, 31_500, 59_000), 60)))).toEqual([["asystole", "high"]]);
    expect(told(run(lead(paused()), pleth([], 60)))).toEqual([["asystole", "high"]]);
  });
  it("contradicts fibrillation and a ventricular tachycardia that the pulse does not follow, and no other", () => {
    expect(told(run(lead(fibrillating()), pleth(throughout, 60))).filter(([, priority]) => priority === "high")).not.toContainEqual([
      "ventricular-fibrillation",
      "high",
    ]);
    expect(told(run(lead(burst(9, 400)), pleth(throughout, 60)))).toEqual([["ecg-alarm-contradicted", "low"]]);
    const followed = [...every(800, 500, 29_400), ...every(400, 29_800, 33_300), ...every(800, 34_400, 59_000)];
    expect(told(run(lead(burst(9, 400)), pleth(followed, 60)))).toEqual([["ventricular-tachycardia", "high"]]);
    const slow = [...every(800, 500, 20_000), ...every(1600, 20_000, 40_000)];
    expect(
      told(
        run(
          lead(
            samplesOf(
              slow.flatMap((at) => sinus(at)),
              40,
            ),
          ),
          pleth(every(800, 500, 39_000), 40),
        ),
      ),
    ).toEqual([["extreme-bradycardia", "high"]]);
  });
  it("is not misled by a pulse wave that runs over its bits", () => {
    const wave = pleth(throughout, 60);
    wave.samples = wave.samples.map((value: number) => ((value * 5) << 20) >> 20) as Int16Array;
    expect(told(run(lead(paused()), wave))).toEqual([["ecg-alarm-contradicted", "low"]]);
  });
});

describe("rhythm alarms as a stream", () => {
  it.each([
    ["pause", paused()],
    ["ventricular tachycardia", burst(9, 400)],
    ["fibrillation", fibrillating()],
    ["slow rhythm", slow(1600)],
    ["very slow rhythm", slow(2200)],
  ])("says of a %s what the whole recording says, however it is cut, and within 10 s", (_, samples) => {
    const whole = run(lead(samples)).findings.map(({ code, onsetMs, evidence }) => [code, onsetMs, evidence]);
    expect(whole.length).toBeGreaterThan(0);
    const pieces = [() => samples.length, () => 1, () => 97, (i: number) => 1 + ((i * 7919) % 1500)];
    for (const cut of pieces) {
      const [alarms] = streamed([samples], RATE, [5], cut);
      expect(alarms.map(({ code, from, evidence }) => [code, START_MS + Math.floor((1000 * from) / RATE), evidence])).toEqual(whole);
    }
    const [, delays] = streamed([samples], RATE, [5], () => 25);
    for (const delay of delays) expect(delay).toBeLessThanOrEqual(10);
  });
});

describe("labels of another classifier", () => {
  it("take the place of those by shape", () => {
    const alarmsOf = (ventricularPermille: number | undefined): string[] => {
      const told: string[] = [];
      const fast = every(400, 30_000, 34_000);
      const beats = [...every(800, 500, 29_600), ...fast, ...every(800, 34_800, 59_000)];
      const samples = samplesOf(
        beats.flatMap((at) => sinus(at)),
        60,
      );
      const stream = new RhythmStream(RATE, [5], CINC_2015_LIMITS, new BeatShapes(RATE), { tell: ({ code }) => told.push(code) });
      stream.push([samples], 0, samples.length);
      for (const atMs of beats) {
        const label = fast.includes(atMs) && ventricularPermille !== undefined ? { ventricularPermille } : {};
        stream.beat({ at: (atMs * RATE) / 1000, votes: 3, ...label });
      }
      stream.end();
      return told;
    };
    expect(alarmsOf(undefined)).toEqual([]);
    expect(alarmsOf(900)).toEqual(["ventricular-tachycardia"]);
    expect(alarmsOf(500)).toEqual([]);
  });
});

describe("stretches in which no beats are claimed", () => {
  const alarmsOf = (unsure: readonly [number, number] | null): string[] => {
    const told: string[] = [];
    const samples = paused();
    const stream = new RhythmStream(RATE, [5], CINC_2015_LIMITS, new BeatShapes(RATE), { tell: ({ code }) => told.push(code) });
    stream.push([samples], 0, samples.length);
    for (const atMs of every(800, 500, 30_000)) stream.beat({ at: (atMs * RATE) / 1000, votes: 3 });
    if (unsure !== null) stream.unsure(unsure[0] * RATE, unsure[1] * RATE);
    for (const atMs of every(800, 37_000, 59_000)) stream.beat({ at: (atMs * RATE) / 1000, votes: 3 });
    stream.end();
    return told;
  };
  it("are no pause, and end the pause before them", () => {
    expect(alarmsOf(null)).toEqual(["asystole"]);
    expect(alarmsOf([31, 36])).toEqual([]);
    expect(alarmsOf([35, 36])).toEqual(["asystole"]);
    expect(alarmsOf([31, 32])).toEqual(["asystole"]);
  });
});

const DATABASE = new URL("../../../../../shared/vitals/mitdb-ds1/", import.meta.url);

describe("ecg-rhythm on MIT-BIH records", () => {
  it("says of two leads in pieces what it says of the whole", { skip: !existsSync(new URL("205.dat", DATABASE)) }, () => {
    const leads = readLeads(readFileSync(new URL("205.dat", DATABASE)));
    const whole = run(...leads).findings.map(({ code, onsetMs, confidencePermille }) => [code, onsetMs, confidencePermille]);
    const [alarms] = streamed(
      leads.map(({ samples }) => samples),
      360,
      [5, 5],
      (i) => 1 + ((i * 7919) % 5000),
    );
    expect(whole.filter(([code]) => code === "ventricular-tachycardia").length).toBeGreaterThanOrEqual(3);
    expect(alarms.map(({ code, from, confidencePermille }) => [code, Math.floor(from / 0.36), confidencePermille])).toEqual(whole);
  });
});
