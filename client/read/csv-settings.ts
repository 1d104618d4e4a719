import { csvClock, type CsvTime, type EpochUnit } from "./csv-time.ts";
import { quote, ReadError } from "./problems.ts";
import { rateFromHz, type Rate } from "./rate.ts";

/** What the `# key: value` lines before the header say. */
export interface CsvSettings {
  subject: string;
  device: string | null;
  /** reads the file's times */
  clock: (text: string, unit: EpochUnit) => CsvTime;
  /** of evenly sampled files, which have no time column */
  sampled: { startMs: number; rate: Rate } | null;
}

/**
 * Takes the `#` lines off the start of a CSV text. Where none names the subject it is the file's name without its ending.
 * @param zone of local times, where the caller says it; a line `# zone:` of the file comes first
 * @throws ReadError csv-header
 */
export function parseCsvSettings(text: string, file: string, zone: string | null): { settings: CsvSettings; rest: string; lines: number } {
  const values = new Map<string, { value: string; where: string }>();
  let rest = text;
  let lines = 0;
  for (; rest.startsWith("#"); lines++) {
    const end = rest.indexOf("\n");
    const line = end < 0 ? rest : rest.slice(0, end);
    rest = end < 0 ? "" : rest.slice(end + 1);
    const colon = line.indexOf(":");
    const key = line.slice(1, Math.max(1, colon)).trim();
    if (!KEYS.has(key)) continue; // a remark
    const value = line.slice(colon + 1).trim();
    const where = `line ${lines + 1}`;
    if (values.has(key)) throw new ReadError("csv-header", where, `${key} once`, "again");
    values.set(key, { value, where });
  }
  const name = file.replace(/^.*[/\\]/, "").replace(/\.csv$/i, "");
  const device = values.get("device");
  const own = values.get("zone") ?? { value: zone, where: "zone" };
  const clock = csvClock(own.value);
  if (clock === null) throw new ReadError("csv-zone", own.where, "a zone such as Europe/Berlin, UTC or +01:00", quote(own.value ?? ""));
  return {
    settings: {
      clock,
      subject: parseName(values.get("subject") ?? { value: name, where: "file name" }),
      device: device === undefined ? null : parseName(device),
      sampled: parseSampled(values, clock),
    },
    rest,
    lines,
  };
}

function parseSampled(values: ReadonlyMap<string, { value: string; where: string }>, clock: CsvSettings["clock"]): CsvSettings["sampled"] {
  const [start, rateText] = [values.get("start"), values.get("rate")];
  if (start === undefined && rateText === undefined) return null;
  if (start === undefined || rateText === undefined) {
    throw new ReadError(
      "csv-header",
      (start ?? rateText)?.where ?? "",
      "start and rate together",
      start === undefined ? "rate alone" : "start alone",
    );
  }
  const time = clock(start.value, null);
  if ("expected" in time) throw new ReadError("csv-header", start.where, time.expected, quote(start.value));
  const rate = rateFromHz(rateText.value);
  if (rate === null) throw new ReadError("csv-header", rateText.where, "samples per second", quote(rateText.value));
  return { startMs: time.atMs, rate };
}

function parseName({ value, where }: { value: string; where: string }): string {
  if (value.length < 1 || value.length > 128) throw new ReadError("csv-header", where, "1 to 128 characters", quote(value));
  return value;
}

const KEYS: ReadonlySet<string> = new Set(["subject", "device", "start", "rate", "zone"]);
