import type { Channel, Measurement } from "@caladrius/wire";
import type { Detector, Report } from "../detector.ts";
import { numberOf, required, type Parameters } from "../parameters.ts";
import { clockOf, sampleMs } from "../timing.ts";
import { MAX_SAMPLE, MAX_WINDOW } from "./left-profile.ts";
import { DiscordStream } from "./stream.ts";

const LEAST_RATE = 20; // samples a second; what is slower is a numeric value

/**
 * The stretch of an unknown wave that looks least like anything before it: the top discord of the exact left matrix
 * profile over a bounded history. It reads evenly sampled channels whose code no other detector knows, and does not know
 * either what they mean: their spans stay "unknown-code", because unusual is all that this can say. A finding needs a score
 * of `least-score` and `least-ratio-tenths`/10 times the median score. It takes about 15 microseconds a sample, so it runs
 * only where it is asked for by name, over the first `most-samples` of all such channels together.
 *
 * Finding: "discord" (low). Confidence is the share by which the score lies above the median.
 */
export const discord: Detector = {
  id: "discord",
  version: "1.0.0",
  title: "Top discord of unknown waves (left matrix profile)",
  byNameOnly: true,
  parameters: [
    required("window", 64, 8, MAX_WINDOW),
    required("history", 4096, 256, 16_384),
    required("least-rate", LEAST_RATE, LEAST_RATE, 1_000_000),
    required("least-score", 300, 1, 1415),
    required("least-ratio-tenths", 30, 10, 10_000),
    required("most-samples", 500_000, 1, 16_777_216),
  ],
  applies: ({ unknown }) => unknown.some((channel) => isWave(channel, LEAST_RATE)),
  configure: (parameters) => ({
    run: ({ unknown }, report) => {
      const waves = unknown.filter((channel) => isWave(channel, numberOf(parameters, "least-rate")));
      let room = numberOf(parameters, "most-samples");
      for (const channel of waves) room -= runChannel(channel, Math.min(room, channel.samples.length), report, parameters);
    },
    tables: new Map(),
  }),
};

function isWave({ timing }: Channel, leastRate: number): boolean {
  return timing.kind === "rate" && timing.numerator >= leastRate * timing.denominator;
}

/** Gives how many samples were read. */
function runChannel(channel: Channel, length: number, report: Report, parameters: Parameters): number {
  const window = numberOf(parameters, "window");
  const history = numberOf(parameters, "history");
  if (length <= history) return 0;
  const { samples, missing, code } = channel;
  const { middle, divisor } = scaleOf(channel, length);
  const stream = new DiscordStream(window, history);
  for (let i = 0; i < length; i++) {
    const raw = samples[i] ?? missing;
    stream.push(raw === missing ? Number.NaN : Math.floor((raw - middle) / divisor));
  }
  const { top, topAt, median } = stream;
  if (topAt < 0 || top < numberOf(parameters, "least-score")) return length;
  if (top * 10 < numberOf(parameters, "least-ratio-tenths") * median) return length;
  const clock = clockOf(channel);
  const permille = (name: string, value: number): Measurement => ({ name, value, decimals: 3, unit: "1" });
  report.findings.add({
    code: "discord",
    detector: "discord",
    channel: code,
    onsetMs: sampleMs(clock, topAt - window + 1),
    endMs: sampleMs(clock, topAt),
    priority: "low",
    technical: false,
    confidencePermille: Math.floor((1000 * (top - median)) / top),
    evidence: () => [
      permille("score", top),
      permille("median-score", median),
      { name: "windows", value: stream.scored, decimals: 0, unit: "1" },
    ],
  });
  return length;
}

/** Brings the range of a channel within MAX_SAMPLE by a power of two. */
function scaleOf({ samples, missing }: Channel, length: number): { middle: number; divisor: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    const raw = samples[i] ?? missing;
    if (raw === missing) continue;
    if (raw < low) low = raw;
    if (raw > high) high = raw;
  }
  if (low > high) return { middle: 0, divisor: 1 };
  const middle = Math.floor((low + high) / 2);
  let divisor = 1;
  while ((high - middle) / divisor >= MAX_SAMPLE) divisor *= 2;
  return { middle, divisor };
}
