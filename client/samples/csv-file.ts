import type { Recording, RecordingEvent } from "@caladrius/wire";
import { valueText } from "./values.ts";

/** A 1 Hz recording as CSV: one row a second, events in the row of their second. */
export function csvFile(recording: Recording): string {
  const { channels, events } = recording;
  const startMs = channels[0]?.startMs ?? 0;
  const seconds = Math.max(...channels.map((channel) => channel.samples.length));
  const names = channels.map(({ code, unit }) => `${code.replace("loinc:", "")} [${unit}]`);
  const lines = [`# device: ${recording.device}`, ["time", "subject", ...names, ...EVENT_KINDS].join(",")];
  for (let second = 0; second < seconds; second++) {
    const atMs = startMs + 1000 * second;
    const values = channels.map((channel) => valueText(channel, second) ?? "");
    const states = EVENT_KINDS.map((kind) => events.find((event) => event.kind === kind && event.atMs === atMs)?.value ?? "");
    lines.push([new Date(atMs).toISOString(), recording.subject, ...values, ...states].join(","));
  }
  return `${lines.join("\n")}\n`;
}

const EVENT_KINDS: readonly RecordingEvent["kind"][] = ["oxygen", "consciousness"];
