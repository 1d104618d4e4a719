import { Agreement } from "./agreement.ts";
import { BeatStream } from "./beat-stream.ts";
import type { Segment } from "./energy.ts";
import type { EcgGroup, GroupLead } from "./groups.ts";
import type { Voted } from "./vote.ts";

/** What is found on the leads of a group. */
export type Found = Pick<EcgGroup, "beats" | "votes" | "disputed" | "uncertain">;

/**
 * Finds the beats of a lead with the next one beside it. Where its detectors disagree too much, the first of the others
 * whose own agree stands in.
 */
export function findBeats(first: GroupLead, others: readonly GroupLead[]): Found {
  const list = new VotedList(first.lead.rate);
  const uncertain: Segment[] = [];
  for (const segment of first.usable) {
    list.breakOff();
    const own = judge(first, others[0] ?? null, segment);
    const apart = Math.floor(first.lead.rate * LEAST_APART_SECONDS);
    let from = segment.from;
    for (const stretch of own.uncertain) {
      const standIn = standInFor(stretch, first.lead.rate, others);
      if (standIn === null) {
        uncertain.push(stretch);
        continue;
      }
      list.addWithin(own.voted, from, stretch.from, 0);
      list.addWithin(standIn, stretch.from, stretch.to, apart);
      from = stretch.to;
    }
    list.addWithin(own.voted, from, segment.to, from === segment.from ? 0 : apart);
  }
  return { ...list.finish(), uncertain };
}

interface Judged {
  /** every deflection that the lead's detectors or the second lead's saw, in samples of the lead */
  voted: readonly Voted[];
  uncertain: readonly Segment[];
}

/** Judges one segment of a lead, with what can be judged of a second one meanwhile. */
function judge({ lead }: GroupLead, second: GroupLead | null, segment: Segment): Judged {
  const { from, to } = segment;
  const judged = { voted: [] as Voted[], uncertain: [] as Segment[] };
  const agreement = new Agreement(lead.rate, (one) => judged.uncertain.push({ from: from + one.from, to: from + one.to }));
  const stream = new BeatStream(lead.rate, [lead.microvolts, second?.lead.microvolts ?? 0], (voted) => {
    agreement.push(voted);
    judged.voted.push({ ...voted, at: from + voted.at });
  });
  let at = from;
  for (const paired of second?.usable ?? []) {
    if (paired.to <= from || paired.from >= to) continue;
    const [begin, end] = [Math.max(paired.from, from), Math.min(paired.to, to)];
    if (begin > at) stream.push(lead.samples, null, at, begin);
    stream.push(lead.samples, second?.lead.samples ?? null, begin, end);
    at = end;
  }
  if (at < to) stream.push(lead.samples, null, at, to);
  stream.end();
  agreement.end(to - from);
  return judged;
}

/** What another lead alone sees in a stretch, if all of it can be judged there and its detectors agree. */
function standInFor({ from, to }: Segment, rate: number, others: readonly GroupLead[]): readonly Voted[] | null {
  const around = Math.round(LEARN_SECONDS * rate);
  for (const other of others) {
    const usable = other.usable.find((one) => one.from <= from && one.to >= to);
    if (usable === undefined) continue;
    const judged = judge(other, null, { from: Math.max(usable.from, from - around), to: Math.min(usable.to, to + around) });
    if (!judged.uncertain.some((one) => one.from < to && one.to > from)) return judged.voted;
  }
  return null;
}

/** Beats and disputed deflections, in order. */
class VotedList {
  readonly #beats = new Growing(Int32Array);
  readonly #votes = new Growing(Uint8Array);
  readonly #disputed = new Growing(Int32Array);
  readonly #second: number;
  readonly #intervals: number[] = [];
  #last = Number.NEGATIVE_INFINITY;

  constructor(rate: number) {
    this.#second = Math.round(rate);
  }

  /** Adds what lies in [from, to), but the beats that lie nearer than `apart` to the last one before. */
  addWithin(all: readonly Voted[], from: number, to: number, apart: number): void {
    const before = this.#last;
    for (const { at, isBeat, votes, isDisputed } of all) {
      if (at < from || at >= to || at - before < apart) continue;
      if (isDisputed) this.#disputed.add(at);
      if (!isBeat) continue;
      this.#notePause(at);
      this.#beats.add(at);
      this.#votes.add(votes);
      this.#last = at;
    }
  }

  /** A segment or another lead begins: what lies between is no interval. */
  breakOff(): void {
    this.#last = Number.NEGATIVE_INFINITY;
    this.#intervals.length = 0;
  }

  /** In a pause a beat may have been missed, wherever in it. */
  #notePause(at: number): void {
    const interval = at - this.#last;
    const sorted = this.#intervals.toSorted((a, b) => a - b);
    if (sorted.length >= 3 && interval > PAUSE * (sorted[sorted.length >> 1] ?? 0)) {
      const first = this.#last + Math.min(this.#second, interval >> 1);
      for (let mark = first; mark < at; mark += 2 * this.#second) this.#disputed.add(mark);
    }
    if (interval < Number.POSITIVE_INFINITY) this.#intervals.push(interval);
    if (this.#intervals.length > 8) this.#intervals.shift();
  }

  finish(): Pick<Found, "beats" | "votes" | "disputed"> {
    return { beats: this.#beats.finish(), votes: this.#votes.finish(), disputed: this.#disputed.finish().toSorted() };
  }
}

/** Values that come one after the other. */
class Growing<A extends Int32Array | Uint8Array> {
  #values: A;
  #count = 0;
  readonly #Type: new (length: number) => A;

  constructor(Type: new (length: number) => A) {
    this.#Type = Type;
    this.#values = new Type(1024);
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const larger = new this.#Type(2 * this.#count);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count++] = value;
  }

  finish(): A {
    return this.#values.subarray(0, this.#count) as A;
  }
}

/** A pause lasts more than so many usual intervals. */
const PAUSE = 2;
/** No two beats are nearer to each other where one lead takes over from another. */
const LEAST_APART_SECONDS = 0.25;
/** A lead that stands in is judged from so long before to so long after, so that its detectors have learned. */
const LEARN_SECONDS = 15;
