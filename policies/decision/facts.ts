import type { Channel, Recording } from "@caladrius/wire";

/** What a decision needs to know of a recording. */
export interface RecordingFacts {
  device: string;
  /** codes of its channels, each once, sorted */
  channels: readonly string[];
  /** first and last sample or event, Unix ms; null for a recording that holds none */
  span: { fromMs: number; toMs: number } | null;
}

/** Reads off a decoded recording what grants and policies ask for. Samples that are marked missing count like others. */
export function recordingFacts(recording: Recording): RecordingFacts {
  const spans = recording.channels.filter(({ samples }) => samples.length > 0).map(channelSpan);
  for (const { atMs } of recording.events) spans.push({ fromMs: atMs, toMs: atMs });
  return {
    device: recording.device,
    channels: [...new Set(recording.channels.map(({ code }) => code))].toSorted(),
    span:
      spans.length === 0
        ? null
        : { fromMs: Math.min(...spans.map(({ fromMs }) => fromMs)), toMs: Math.max(...spans.map(({ toMs }) => toMs)) },
  };
}

/** Sample i of a rate lies at start + i * 1000 * denominator / numerator; the last is rounded up to a whole millisecond. */
function channelSpan({ startMs, timing, samples }: Channel): { fromMs: number; toMs: number } {
  if (timing.kind === "offsets")
    return { fromMs: startMs + (timing.offsetsMs[0] ?? 0), toMs: startMs + (timing.offsetsMs[samples.length - 1] ?? 0) };
  const lengthMs = BigInt(samples.length - 1) * 1000n * BigInt(timing.denominator);
  const numerator = BigInt(timing.numerator);
  return { fromMs: startMs, toMs: startMs + Number((lengthMs + numerator - 1n) / numerator) };
}
