import { makeSampleRecordings, SAMPLES_START_MS } from "@caladrius/client/samples";
import { encodeRecording, type Channel, type Recording } from "@caladrius/wire";

/** What the golden file is about, by name: the project's samples, and three that only stress arithmetic. All are generated. */
export function goldenRecordings(): Map<string, Uint8Array> {
  const made = [...makeSampleRecordings(), noisyEcg("noisy-ecg-360", 360, 11), noisyEcg("noisy-ecg-257", 257, 12), wildNumerics()];
  return new Map(made.map((recording) => [recording.subject, encodeRecording(recording)]));
}

/** Two leads, three minutes: beats of changing rate and height under noise that comes and goes, a flat line and a gap. */
function noisyEcg(subject: string, rate: number, seed: number): Recording {
  const next = integers(seed);
  const length = 180 * rate;
  const leads = [new Int16Array(length), new Int16Array(length)] as const;
  for (let at = rate, beat = 0; at < length - rate; at += Math.floor(rate * 0.5) + ((next() % rate) >> 1), beat++) {
    const height = 80 + (next() % 200) * (beat % 9 === 0 ? -1 : 1);
    for (let i = -10; i <= 10; i++) leads.forEach((lead, k) => (lead[at + i]! += Math.trunc((height * (10 - Math.abs(i))) / (10 + 5 * k))));
  }
  for (const lead of leads) {
    let wander = 0;
    for (let i = 0; i < length; i++) {
      const strength = Math.floor(i / (20 * rate)) % 3;
      wander = Math.trunc((wander * 63) / 64) + (next() % 9) - 4;
      lead[i]! += wander + (next() % (1 + 60 * strength)) - 30 * strength;
    }
    lead.fill(lead[100 * rate] ?? 0, 100 * rate, 105 * rate);
  }
  leads[0].fill(-32_768, 150 * rate, 153 * rate);
  const channels = leads.map((samples, k): Channel => ({ ...EVEN, code: `mdc:${131_330 + k}`, unit: "mV", samples, missing: -32_768 }));
  for (const channel of channels) Object.assign(channel, { timing: { kind: "rate", numerator: rate, denominator: 1 }, scale: STEPS });
  return { subject, device: "generated", channels, events: [] };
}

/** Two hours of six vital signs that jump, fall out, and take values that cannot be. */
function wildNumerics(): Recording {
  const next = integers(13);
  const channels = NUMERICS.map(({ code, unit, usual, spread, tenths }): Channel => {
    let value = usual;
    const samples = Int16Array.from({ length: 7200 }, () => {
      const throwOf = next() % 1000;
      value += (next() % 3) - 1 + Math.sign(usual - value) * (next() % 7 === 0 ? 1 : 0);
      return throwOf < 4 ? -32_768 : throwOf < 6 ? 9999 : throwOf < 20 ? value + (next() % (2 * spread)) - spread : value;
    });
    return { ...EVEN, code, unit, samples, scale: { numerator: 1, offset: 0, denominator: tenths ? 10 : 1 } };
  });
  const events = [{ atMs: SAMPLES_START_MS + 1_800_000, kind: "oxygen" as const, value: "on" }];
  return { subject: "wild-numerics", device: "generated", channels, events };
}

/** Integers from 0 to 32767, by a linear congruential generator: the same on every machine. */
function integers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state >> 16;
  };
}

const STEPS = { numerator: 1, offset: 0, denominator: 200 };
const EVEN: Omit<Channel, "code" | "unit" | "samples"> = {
  startMs: SAMPLES_START_MS,
  timing: { kind: "rate", numerator: 1, denominator: 1 },
  scale: { numerator: 1, offset: 0, denominator: 1 },
  missing: -32_768,
};
const NUMERICS = [
  { code: "loinc:8867-4", unit: "/min", usual: 84, spread: 60, tenths: false },
  { code: "loinc:9279-1", unit: "/min", usual: 18, spread: 12, tenths: false },
  { code: "loinc:2708-6", unit: "%", usual: 94, spread: 8, tenths: false },
  { code: "loinc:8480-6", unit: "mm[Hg]", usual: 118, spread: 70, tenths: false },
  { code: "loinc:8310-5", unit: "Cel", usual: 371, spread: 25, tenths: true },
  { code: "loinc:2339-0", unit: "mg/dL", usual: 120, spread: 110, tenths: false },
] as const;
