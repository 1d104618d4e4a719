import type { Channel, Recording, RecordingEvent } from "@caladrius/wire";

/** 2026-01-01T00:00:00Z */
export const START_MS = 1_767_225_600_000;

/** A channel at an even rate; `numerator`/`denominator` samples per second. */
export function even(code: string, unit: string, samples: readonly number[], over: Partial<Channel> = {}): Channel {
  return {
    code,
    unit,
    startMs: START_MS,
    timing: { kind: "rate", numerator: 1, denominator: 1 },
    samples: Int16Array.from(samples),
    scale: { numerator: 1, offset: 0, denominator: 1 },
    missing: -32_768,
    ...over,
  };
}

/** A charted channel: [seconds after START_MS, raw value]. */
export function charted(code: string, unit: string, values: readonly (readonly [number, number])[], over: Partial<Channel> = {}): Channel {
  return even(
    code,
    unit,
    values.map(([, value]) => value),
    { timing: { kind: "offsets", offsetsMs: Uint32Array.from(values, ([seconds]) => 1000 * seconds) }, ...over },
  );
}

/** A recording of these channels. */
export function recordingOf(channels: Channel[], events: RecordingEvent[] = []): Recording {
  return { subject: "subject-1", device: "device-1", channels, events };
}

/** An event at seconds after START_MS. */
export function event(kind: RecordingEvent["kind"], value: string, seconds = 0): RecordingEvent {
  return { kind, value, atMs: START_MS + 1000 * seconds };
}
