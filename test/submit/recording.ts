import type { Recording } from "@caladrius/wire";

/** Ten minutes of heart rate and saturation, once a minute. */
export function smallRecording(subject: string): Recording {
  const channel = (code: string, unit: string, values: number[]): Recording["channels"][number] => ({
    code,
    unit,
    startMs: 1_767_254_400_000,
    timing: { kind: "rate", numerator: 1, denominator: 60 },
    samples: Int16Array.from(values),
    scale: { numerator: 1, offset: 0, denominator: 1 },
    missing: -32768,
  });
  return {
    subject,
    device: "monitor-1",
    channels: [
      channel("loinc:8867-4", "/min", [72, 73, 71, 70, 140, 141, 72, 71, 70, 72]),
      channel("loinc:59408-5", "%", [97, 97, 96, 97, 97, 96, 97, 97, 97, 96]),
    ],
    events: [],
  };
}
