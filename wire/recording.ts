import { WireError } from "./errors.ts";
import { array, bytes, decodeWith, encodeWith, int, oneOf, refine, struct, text, tuple, version, type Schema } from "./schema/index.ts";
import { DEFAULT_CBOR_LIMITS } from "./cbor/index.ts";

/** Vital signs of one subject, in columns (recording.cddl). */
export interface Recording {
  /** pseudonym of the subject, 1 to 128 characters */
  subject: string;
  /** identifier of the device, 1 to 128 characters */
  device: string;
  /** at most 64 */
  channels: Channel[];
  /** at most 4096, in order of time */
  events: RecordingEvent[];
}

/** One signal of one subject. Sample i stands for (samples[i] * numerator + offset) / denominator in `unit`. */
export interface Channel {
  /** "loinc:8867-4" or "mdc:131330" (IEEE 11073-10101) */
  code: string;
  /** UCUM code, such as "/min" or "mm[Hg]" */
  unit: string;
  /** Unix time of sample 0 in milliseconds */
  startMs: number;
  timing: ChannelTiming;
  samples: Int16Array | Int32Array;
  scale: Scale;
  /** the raw value that means "no sample" */
  missing: number;
}

/**
 * Either a rational rate in samples per second (sample i is at startMs + i * 1000 * denominator / numerator), or one
 * offset in milliseconds per sample, strictly increasing, for values charted at irregular times.
 */
export type ChannelTiming = { kind: "rate"; numerator: number; denominator: number } | { kind: "offsets"; offsetsMs: Uint32Array };

/** Fixed-point scale of raw samples: all three are integers, the denominator is positive. */
export interface Scale {
  numerator: number;
  offset: number;
  denominator: number;
}

/** A state that holds from `atMs` on: oxygen on|off, consciousness A|C|V|P|U, spo2-scale 1|2. */
export interface RecordingEvent {
  atMs: number;
  kind: "oxygen" | "consciousness" | "spo2-scale";
  value: string;
}

/** Most samples in one channel, so that 24 h at 360 Hz must travel as a stream. */
export const MAX_CHANNEL_SAMPLES = 16_777_216;

const EVENT_VALUES: Record<RecordingEvent["kind"], readonly string[]> = {
  oxygen: ["on", "off"],
  consciousness: ["A", "C", "V", "P", "U"],
  "spo2-scale": ["1", "2"],
};

const MAX_TIME_MS = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
const INT32 = 2 ** 31;

interface Rate {
  numerator: number;
  denominator: number;
}

interface WireChannel {
  code: string;
  unit: string;
  startMs: number;
  rate?: Rate;
  offsets?: Uint8Array;
  width: number;
  samples: Uint8Array;
  scale: Scale;
  missing: number;
}

const rateTerm: Schema<number> = int(1, 1_000_000);
const scaleTerm: Schema<number> = int(-INT32, 2 ** 40);
const wireChannel: Schema<WireChannel> = struct<WireChannel>(
  {
    code: ["code", text(5, 40)],
    unit: ["unit", text(1, 32)],
    startMs: ["start", int(0, MAX_TIME_MS)],
    rate: [
      "rate",
      tuple<Rate>([
        ["numerator", rateTerm],
        ["denominator", rateTerm],
      ]),
    ],
    offsets: ["offsets", bytes(0, 4 * MAX_CHANNEL_SAMPLES)],
    width: ["width", int(2, 4)],
    samples: ["samples", bytes(0, 4 * MAX_CHANNEL_SAMPLES)],
    scale: [
      "scale",
      tuple<Scale>([
        ["numerator", scaleTerm],
        ["offset", scaleTerm],
        ["denominator", scaleTerm],
      ]),
    ],
    missing: ["missing", int(-INT32, INT32 - 1)],
  },
  ["rate", "offsets"],
);

const channel: Schema<Channel> = refine(wireChannel, channelToWire, channelFromWire);

const event: Schema<RecordingEvent> = refine(
  struct<RecordingEvent>({
    atMs: ["at", int(0, MAX_TIME_MS)],
    kind: ["kind", oneOf("oxygen", "consciousness", "spo2-scale")],
    value: ["value", text(1, 3)],
  }),
  (value) => value,
  (value, path) => {
    if (!EVENT_VALUES[value.kind].includes(value.value))
      throw new WireError("schema-range", `${path}.value: expected one of ${EVENT_VALUES[value.kind].join(", ")}`);
    return value;
  },
);

interface WireRecording extends Recording {
  version: number;
}

const recording: Schema<WireRecording> = struct<WireRecording>({
  version: ["v", version(1)],
  subject: ["subject", text(1, 128)],
  device: ["device", text(1, 128)],
  channels: ["channels", array(channel, 1, 64)],
  events: ["events", array(event, 0, 4096)],
});

/**
 * Encodes a recording; samples travel as little-endian byte strings.
 * @throws WireError schema-*, recording-consistency
 */
export function encodeRecording(value: Recording): Uint8Array {
  checkRecording(value);
  return encodeWith(recording, { version: 1, ...value });
}

/**
 * Decodes a recording. Sample arrays are views of the bytes where these are aligned: keep them unchanged while it lives.
 * @throws WireError cbor-*, schema-*, recording-consistency; LimitError limit-*
 */
export function decodeRecording(encoded: Uint8Array): Recording {
  const { subject, device, channels, events } = decodeWith(recording, encoded, "recording", { ...DEFAULT_CBOR_LIMITS, maxDepth: 6 });
  const value: Recording = { subject, device, channels, events };
  checkRecording(value);
  return value;
}

function checkRecording(value: Recording): void {
  requireLittleEndian();
  let previous = 0;
  value.events.forEach((one, i) => {
    if (one.atMs < previous) throw new WireError("recording-consistency", `events[${i}] is earlier than the one before`);
    previous = one.atMs;
  });
}

function channelToWire(value: Channel): WireChannel {
  const common = {
    code: value.code,
    unit: value.unit,
    startMs: value.startMs,
    width: value.samples.BYTES_PER_ELEMENT,
    samples: littleEndian(value.samples),
    scale: value.scale,
    missing: value.missing,
  };
  checkChannel(value, "channel");
  if (value.timing.kind === "rate") return { ...common, rate: value.timing };
  return { ...common, offsets: littleEndian(value.timing.offsetsMs) };
}

function channelFromWire(wire: WireChannel, path: string): Channel {
  if (wire.width !== 2 && wire.width !== 4) throw new WireError("schema-range", `${path}.width: expected 2 or 4, got ${wire.width}`);
  if (wire.samples.length % wire.width !== 0)
    throw new WireError("recording-consistency", `${path}.samples: ${wire.samples.length} bytes are no whole number of samples`);
  const value: Channel = {
    code: wire.code,
    unit: wire.unit,
    startMs: wire.startMs,
    timing: timingFromWire(wire, path),
    samples: wire.width === 2 ? columnOf(Int16Array, wire.samples) : columnOf(Int32Array, wire.samples),
    scale: wire.scale,
    missing: wire.missing,
  };
  checkChannel(value, path);
  return value;
}

function timingFromWire(wire: WireChannel, path: string): ChannelTiming {
  const { rate, offsets } = wire;
  if (rate !== undefined && offsets === undefined) return { kind: "rate", ...rate };
  if (rate !== undefined || offsets === undefined)
    throw new WireError("recording-consistency", `${path}: exactly one of rate and offsets must be there`);
  if (offsets.length % 4 !== 0) throw new WireError("recording-consistency", `${path}.offsets: no whole number of offsets`);
  return { kind: "offsets", offsetsMs: columnOf(Uint32Array, offsets) };
}

function checkChannel(value: Channel, path: string): void {
  if (!/^(loinc:\d{1,7}-\d|mdc:\d{1,10})$/.test(value.code))
    throw new WireError("schema-range", `${path}.code: expected loinc:NNNN-N or mdc:NNNN`);
  if (value.scale.denominator < 1 || value.scale.numerator < 1)
    throw new WireError("schema-range", `${path}.scale: numerator and denominator must be positive`);
  if (value.samples.length > MAX_CHANNEL_SAMPLES) throw new WireError("schema-range", `${path}.samples: at most ${MAX_CHANNEL_SAMPLES}`);
  if (value.samples instanceof Int16Array && (value.missing < -32768 || value.missing > 32767))
    throw new WireError("schema-range", `${path}.missing: outside 16 bits`);
  if (value.timing.kind === "rate") {
    const { numerator, denominator } = value.timing;
    const spanMs = (value.samples.length * 1000 * denominator) / numerator;
    if (!(value.startMs + spanMs <= MAX_TIME_MS)) throw new WireError("recording-consistency", `${path}: ends behind the year 9999`);
    return;
  }
  const { offsetsMs } = value.timing;
  if (offsetsMs.length !== value.samples.length)
    throw new WireError("recording-consistency", `${path}: ${offsetsMs.length} offsets for ${value.samples.length} samples`);
  for (let i = 1; i < offsetsMs.length; i++) {
    if ((offsetsMs[i] as number) <= (offsetsMs[i - 1] as number))
      throw new WireError("recording-consistency", `${path}.offsets[${i}]: not later than the one before`);
  }
}

/**
 * Samples travel as the memory of little-endian machines: others are refused, both ways.
 * @param one a 16-bit 1 as it lies in memory
 */
export function requireLittleEndian(one: Uint8Array = ONE): void {
  if (one[0] !== 1) throw new WireError("recording-consistency", "big-endian machines are not supported");
}

const ONE: Uint8Array = new Uint8Array(new Uint16Array([1]).buffer);

function littleEndian(values: Int16Array | Int32Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A column: a view of the bytes where these are aligned, else a copy. */
function columnOf<C>(Column: ColumnType<C>, source: Uint8Array): C {
  const width = Column.BYTES_PER_ELEMENT;
  if (source.byteOffset % width === 0) return new Column(source.buffer, source.byteOffset, source.length / width);
  const copy = new Uint8Array(source.length);
  copy.set(source);
  return new Column(copy.buffer, 0, source.length / width);
}

interface ColumnType<C> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): C;
}
