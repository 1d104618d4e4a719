import { ABSENT } from "../plausibility.ts";
import type { Chart } from "./chart.ts";
import { EpisodeTracker, type Episode, type Snapshot } from "./episode.ts";

/** One channel or kind of event that feeds a score. Sources of one place stand together, the preferred one first. */
export interface StreamSource {
  place: number;
  /** how long a value may stand, in ms; Infinity for ever */
  maxAgeMs: number;
}

/** Takes an episode: the index of the trigger that raised it, or -1 for a time without a total. Keep nothing of it. */
export type EmitEpisode = (trigger: number, episode: Episode) => void;

/**
 * A score over time, causal, in bounded state. Feed it with `push` (values as they come, in order of time: it lets them
 * expire itself) or with `change` (classes from a cursor that does), then `finish`. All that happens in one millisecond
 * counts together.
 */
export class ScoreStream {
  readonly #chart: Chart;
  readonly #placeOf: Uint8Array;
  readonly #firstOf: Uint16Array; // first source of each place; one more at the end
  readonly #maxAgeMs: Float64Array;
  readonly #lastMs: Float64Array;
  readonly #classes: Uint8Array; // by source
  readonly #standing: Uint8Array; // by place
  readonly #now: Snapshot;
  readonly #trackers: readonly EpisodeTracker[];
  readonly #partial: EpisodeTracker;
  #earliestMs: number = Number.POSITIVE_INFINITY; // no value expires before this
  #before = -1;
  #most = 0; // points of the worst part

  constructor(chart: Chart, sources: readonly StreamSource[], fromMs: number, holdMs: number, emit: EmitEpisode) {
    this.#chart = chart;
    this.#placeOf = Uint8Array.from(sources, ({ place }) => place);
    this.#firstOf = Uint16Array.from({ length: chart.places.length + 1 }, (_, p) => sources.filter(({ place }) => place < p).length);
    this.#maxAgeMs = Float64Array.from(sources, ({ maxAgeMs }) => maxAgeMs);
    this.#lastMs = new Float64Array(sources.length).fill(NEVER);
    this.#classes = new Uint8Array(sources.length);
    this.#standing = new Uint8Array(chart.places.length);
    const points = new Int8Array(chart.parts.length).fill(-1);
    this.#now = { atMs: fromMs, points, sum: 0, values: new Int16Array(sources.length).fill(ABSENT) };
    this.#trackers = chart.triggers.map((_, k) => new EpisodeTracker(this.#now, holdMs, (episode) => emit(k, episode)));
    this.#partial = new EpisodeTracker(this.#now, holdMs, (episode) => emit(-1, episode));
  }

  /** Takes a plausible value (fixed point) of a measured source, not earlier than what came before. ABSENT says nothing. */
  push(source: number, value: number, atMs: number): void {
    if (value === ABSENT) return;
    const place = this.#chart.places[this.#placeOf[source] ?? 0];
    if (place !== undefined && "vital" in place) this.#stand(source, place.classes[value + 1] ?? 0, value, atMs);
  }

  /** Takes an event of a source that reads events. */
  pushEvent(source: number, value: string, atMs: number): void {
    const place = this.#chart.places[this.#placeOf[source] ?? 0];
    if (place !== undefined && "event" in place) this.#stand(source, place.classOf(value), ABSENT, atMs);
  }

  /** From `atMs` on, a source stands at this class; 0 for nothing. */
  change(source: number, found: number, atMs: number): void {
    this.#reach(atMs);
    this.#classes[source] = found;
    const place = this.#placeOf[source] ?? 0;
    this.#standing[place] = this.#classOf(place);
    this.#chart.score(place, this.#standing, this.#now.points);
  }

  /** The score as it stands at `atMs`, which nothing later may precede: the sum of the parts that are known, a bit for each that is missing. */
  scoreAt(atMs: number): { sum: number; missing: number } {
    this.#expire(atMs);
    this.#reach(atMs);
    const missing = this.#add();
    return { sum: this.#now.sum, missing };
  }

  /** Ends what stands at the end of the recording. */
  finish(toMs: number): void {
    this.#expire(toMs);
    this.#settle();
    for (const tracker of this.#trackers) tracker.finish(toMs);
    this.#partial.finish(toMs);
  }

  #stand(source: number, found: number, value: number, atMs: number): void {
    if (found === 0) return;
    if (atMs > this.#earliestMs) this.#expire(atMs - 1);
    this.#reach(atMs);
    this.#now.values[source] = value;
    this.#lastMs[source] = atMs;
    if (this.#classes[source] === found) return;
    this.#earliestMs = Math.min(this.#earliestMs, atMs + (this.#maxAgeMs[source] ?? 0));
    this.change(source, found, atMs);
  }

  /** Lets values expire whose time is over at `atMs`, in order of time. */
  #expire(atMs: number): void {
    for (;;) {
      let next = -1;
      let earliest = Number.POSITIVE_INFINITY;
      for (let k = 0; k < this.#classes.length; k++) {
        const endMs = (this.#lastMs[k] ?? 0) + (this.#maxAgeMs[k] ?? 0);
        if (this.#classes[k] === 0 || this.#lastMs[k] === NEVER || endMs >= earliest) continue;
        earliest = endMs;
        next = k;
      }
      this.#earliestMs = earliest;
      if (earliest > atMs) return;
      this.change(next, 0, earliest);
      this.#now.values[next] = ABSENT;
    }
  }

  #reach(atMs: number): void {
    if (atMs <= this.#now.atMs) return;
    this.#settle();
    this.#now.atMs = atMs;
  }

  #classOf(place: number): number {
    const end = this.#firstOf[place + 1] ?? 0;
    for (let k = this.#firstOf[place] ?? 0; k < end; k++) if (this.#classes[k] !== 0) return this.#classes[k] ?? 0;
    return 0;
  }

  /** Sums the points that are known and gives a bit for each part that is missing. */
  #add(): number {
    const now = this.#now;
    let missing = 0;
    now.sum = 0;
    this.#most = 0;
    for (let part = 0; part < now.points.length; part++) {
      const points = now.points[part] ?? -1;
      if (points < 0) missing |= 1 << part;
      else {
        now.sum += points;
        if (points > this.#most) this.#most = points;
      }
    }
    return missing;
  }

  /** What stood at `now.atMs` is final: gives it to the trackers. */
  #settle(): void {
    const now = this.#now;
    const missing = this.#add();
    const most = this.#most;
    const { triggers } = this.#chart;
    let conditions = missing;
    for (let k = 0; k < triggers.length; k++) if (stands(triggers[k], now.sum, most)) conditions |= 65_536 << k;
    if (conditions === 0 && this.#before === 0) return; // nothing stands and nothing stood: the common case
    this.#before = conditions;
    for (let k = 0; k < triggers.length; k++) this.#trackers[k]?.take((conditions & (65_536 << k)) !== 0, now, missing);
    this.#partial.take(missing !== 0, now, missing);
  }
}

/** In place of the time of a value: classes from a cursor expire by themselves. */
const NEVER = -1;

function stands(trigger: Chart["triggers"][number] | undefined, sum: number, most: number): boolean {
  return trigger !== undefined && (sum >= trigger.leastSum || most >= trigger.leastPart);
}
