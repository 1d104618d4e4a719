import type { Channel, Recording, RecordingEvent } from "@caladrius/wire";
import { channelFromPoints } from "./columns.ts";
import { distinctPoints, type CollectedPoint } from "./points.ts";
import { eventsFrom } from "./events.ts";
import { MAX_TIME_MS } from "./instant.ts";
import { DEFAULT_READ_LIMITS, type ReadLimits } from "./limits.ts";
import { implausible, implausibleSamples, invertedPressures, jumps, tooLarge } from "./plausible.ts";
import { ReadError, toProblem, type ReadCode, type ReadProblem, type ReadWarning } from "./problems.ts";
import { joinWaves } from "./waves.ts";

/** Why values of a file were counted and left out, or carried as missing. */
export type NotUsedReason =
  | "status-not-final" // registered, preliminary, unknown: may come again as final
  | "status-withdrawn" // cancelled, entered-in-error
  | "code-not-read" // a signal that no channel stands for
  | "file-not-fhir" // a JSON file in a folder that is no FHIR resource
  | "not-an-observation" // another resource of a Bundle
  | "value-absent" // dataAbsentReason or an empty cell: carried as missing
  | "comparator" // "<" or ">" a value: carried as missing
  | "outside-limits" // SampledData tokens E, U, L or values outside its limits, or WFDB's own mark: carried as missing
  | "duplicate" // the same value of the same time once more
  | "conflict"; // another value of the same time: see `Collector`

export interface NotUsed {
  reason: NotUsedReason;
  count: number;
}

/** The recording of one subject, and what became of the rest. */
export interface ReadRecording {
  recording: Recording;
  /** files that it came from, in the order they were read */
  sources: string[];
  notUsed: NotUsed[];
  /** the source has no date: times count from its start, and show as 1970-01-01 */
  relativeTime: boolean;
}

/** What reading gives: one recording per subject, in order of first appearance, and what was not read. */
export interface ReadResult {
  recordings: ReadRecording[];
  problems: ReadProblem[];
  /** what was read, and used, and deserves a look */
  warnings: ReadWarning[];
  /** what belongs to no subject */
  notUsed: NotUsed[];
}

/** Where a value stands, for warnings. */
export interface Place {
  file: string;
  /** a line or a path */
  where: string;
}

interface SubjectParts {
  devices: Set<string>;
  sources: Set<string>;
  points: Map<string, { unit: string; points: CollectedPoint[] }>;
  waves: { channel: Channel; lane: string; id: string | null }[];
  relativeTime: boolean;
  events: { event: RecordingEvent; id: string | null }[];
  /** ids of resources that were withdrawn, by whatever file */
  withdrawn: Set<string>;
  counts: Map<NotUsedReason, number>;
  total: number;
}

/**
 * Gathers what several files say about several subjects. Of two different values of one signal, subject and time the
 * corrected one stays, else the smaller one, whatever the order in the files; the other is counted as `conflict`.
 */
export class Collector {
  readonly limits: ReadLimits;
  readonly #opened = new Set<string>();
  readonly #subjects = new Map<string, SubjectParts>();
  readonly #nameSpaces = new Map<string, string>();
  readonly #problems: ReadProblem[] = [];
  readonly #warnings = new Map<string, ReadWarning>();
  readonly #problemCounts = new Map<string, number>();
  readonly #counts = new Map<NotUsedReason, number>();

  constructor(limits: Partial<ReadLimits> = {}) {
    this.limits = { ...DEFAULT_READ_LIMITS, ...limits };
  }

  /** Runs one part of a file; what cannot be read becomes a problem and the rest goes on. */
  attempt(file: string, part: () => void): void {
    try {
      part();
    } catch (error) {
      this.problem(file, error);
    }
  }

  /** Notes that a file is being read, so that one that gives nothing at all is told. */
  open(file: string): void {
    this.#opened.add(file);
  }

  /** Takes down a `ReadError`; anything else is a bug and goes on. */
  problem(file: string, error: unknown): void {
    if (!(error instanceof ReadError)) throw error;
    const count = (this.#problemCounts.get(file) ?? 0) + 1;
    this.#problemCounts.set(file, count);
    if (count <= this.limits.maxProblems) this.#problems.push(toProblem(file, error));
  }

  /** Takes down what is used all the same; `error` is made for the first of its code in a file alone. */
  warn(file: string, code: ReadCode, error: () => ReadError): void {
    const key = JSON.stringify([file, code]);
    const warning = this.#warnings.get(key);
    if (warning === undefined) this.#warnings.set(key, { ...toProblem(file, error()), count: 1 });
    else warning.count++;
  }

  /** Whether so much of a file is wrong that the rest of it is not read. */
  gaveUp(file: string): boolean {
    return (this.#problemCounts.get(file) ?? 0) >= MAX_FAULTS;
  }

  count(reason: NotUsedReason, subject: string | null, count = 1): void {
    const counts = subject === null ? this.#counts : this.#parts(subject).counts;
    counts.set(reason, (counts.get(reason) ?? 0) + count);
  }

  /** Where a subject's name was first met: in another name space the same name may be another patient. */
  nameSpace(subject: string, space: string): string {
    const before = this.#nameSpaces.get(subject);
    if (before === undefined) this.#nameSpaces.set(subject, space);
    return before ?? space;
  }

  /** Leaves out whatever a resource of this id says, in earlier versions too. */
  withdraw(subject: string, id: string): void {
    this.#parts(subject).withdrawn.add(id);
  }

  /** Notes that a file speaks of a subject, and of which device (null where it does not say). @throws ReadError fhir-subject */
  source(subject: string, file: string, device: string | null): void {
    const parts = this.#parts(subject);
    parts.sources.add(file);
    if (device !== null) parts.devices.add(device);
  }

  /** @throws ReadError recording-limit, value-range */
  point(subject: string, code: string, unit: string, point: CollectedPoint, place: Place): void {
    const parts = this.#parts(subject);
    if (++parts.total > this.limits.maxPoints) {
      throw new ReadError("recording-limit", `subject ${subject}`, `at most ${this.limits.maxPoints} values`, "more");
    }
    const limit = point.value === null ? null : tooLarge(unit, point.value);
    if (limit !== null) throw new ReadError("value-range", place.where, limit, "a larger one");
    let column = parts.points.get(code);
    if (column === undefined) parts.points.set(code, (column = { unit, points: [] }));
    column.points.push(point);
    if (point.value === null) return;
    const warning = implausible(code, unit, Number(point.value.n) / Number(point.value.d), place.where);
    if (warning !== null) this.warn(place.file, "value-implausible", warning);
  }

  /** Notes that a source of this subject has no date. */
  relative(subject: string): void {
    this.#parts(subject).relativeTime = true;
  }

  /**
   * @param lane tells leads of one code apart: strips join within a lane alone
   * @throws ReadError time-range
   */
  wave(subject: string, channel: Channel, place: Place, lane: string = "", id: string | null = null): void {
    this.#tell(place.file, "value-implausible", implausibleSamples(channel, place.where));
    const { timing, startMs, samples } = channel;
    const spanMs = timing.kind === "rate" ? (samples.length * 1000 * timing.denominator) / timing.numerator : 0;
    if (startMs + spanMs > MAX_TIME_MS)
      throw new ReadError("time-range", channel.code, "samples before the year 10000", `${spanMs / 1000} s`);
    this.#parts(subject).waves.push({ channel, lane, id });
  }

  event(subject: string, event: RecordingEvent, id: string | null = null): void {
    this.#parts(subject).events.push({ event, id });
  }

  /** Makes the recordings; the collector is used up. */
  finish(): ReadResult {
    const recordings: ReadRecording[] = [];
    const heard = new Set<string>();
    for (const [subject, parts] of this.#subjects) {
      const file = [...parts.sources].join(", ");
      const channels: Channel[] = [];
      const isLeft = ({ id = null }: { id?: string | null }): boolean => this.#isLeft(subject, id);
      const distinct = new Map([...parts.points].map(([code, { points }]) => [code, this.#distinct(subject, points.filter(isLeft))]));
      this.#tell(file, "value-implausible", invertedPressures(subject, distinct));
      for (const [code, column] of [...parts.points].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const points = distinct.get(code) ?? [];
        if (points.length === 0) continue;
        this.#tell(file, "value-jump", jumps(code, points));
        this.attempt(file, () => channels.push(channelFromPoints(code, column.unit, points)));
      }
      for (const wave of joinWaves(parts.waves.filter(isLeft), (error) => this.problem(file, error))) channels.push(wave);
      if (channels.length > MAX_CHANNELS) {
        const actual = `${channels.length}: the first ${MAX_CHANNELS} are kept`;
        this.problem(file, new ReadError("recording-limit", `subject ${subject}`, `at most ${MAX_CHANNELS} channels`, actual));
        channels.length = MAX_CHANNELS;
      }
      const states = parts.events.filter(isLeft).map(({ event }) => event);
      const events = eventsFrom(states, (error) => this.problem(file, error));
      if (channels.length === 0) {
        if (events.length > 0) this.problem(file, new ReadError("file-empty", `subject ${subject}`, "signals", "events alone"));
        for (const [reason, count] of parts.counts) this.count(reason, null, count);
        continue;
      }
      const [device = "unspecified", ...others] = [...parts.devices].toSorted();
      if (others.length > 0)
        this.warn(
          file,
          "fhir-device",
          () => new ReadError("fhir-device", `subject ${subject}`, "one device", [device, ...others].join(", ")),
        );
      const recording: Recording = { subject, device: others.length === 0 ? device : "several", channels, events };
      for (const source of parts.sources) heard.add(source);
      recordings.push({ recording, sources: [...parts.sources], notUsed: listOf(parts.counts), relativeTime: parts.relativeTime });
    }
    for (const file of this.#opened) {
      if (heard.has(file) || this.#problemCounts.has(file)) continue;
      this.#problems.push(toProblem(file, new ReadError("file-empty", "file", "values of a signal that is read", "none")));
    }
    for (const [file, count] of this.#problemCounts) {
      if (count <= this.limits.maxProblems) continue;
      const actual = `${count - this.limits.maxProblems} more`;
      this.#problems.push(toProblem(file, new ReadError("more-problems", "file", `at most ${this.limits.maxProblems}`, actual)));
    }
    return { recordings, problems: this.#problems, warnings: [...this.#warnings.values()], notUsed: listOf(this.#counts) };
  }

  #parts(subject: string): SubjectParts {
    let parts = this.#subjects.get(subject);
    if (parts === undefined) {
      parts = {
        devices: new Set(),
        sources: new Set(),
        points: new Map(),
        waves: [],
        relativeTime: false,
        events: [],
        withdrawn: new Set(),
        counts: new Map(),
        total: 0,
      };
      this.#subjects.set(subject, parts);
    }
    return parts;
  }

  #tell(file: string, code: ReadCode, warnings: Iterable<() => ReadError>): void {
    for (const warning of warnings) this.warn(file, code, warning);
  }

  #isLeft(subject: string, id: string | null): boolean {
    const isWithdrawn = id !== null && this.#parts(subject).withdrawn.has(id);
    if (isWithdrawn) this.count("status-withdrawn", subject);
    return !isWithdrawn;
  }

  #distinct(subject: string, points: readonly CollectedPoint[]): CollectedPoint[] {
    const { kept, duplicates, conflicts } = distinctPoints(points);
    if (duplicates > 0) this.count("duplicate", subject, duplicates);
    if (conflicts > 0) this.count("conflict", subject, conflicts);
    return kept;
  }
}

function listOf(counts: ReadonlyMap<NotUsedReason, number>): NotUsed[] {
  return [...counts].map(([reason, count]) => ({ reason, count })).toSorted((a, b) => (a.reason < b.reason ? -1 : 1));
}

const MAX_CHANNELS = 64;
const MAX_FAULTS = 10_000;
