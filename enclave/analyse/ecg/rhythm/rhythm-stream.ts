import type { AlarmListener, LabelledBeat, RhythmAlarm, RhythmCode } from "./alarm.ts";
import { BeatShapes } from "./beat-shapes.ts";
import { transientEnd } from "./electrode-transient.ts";
import { Fibrillation } from "./fibrillation.ts";
import { groupOf, LeadRing } from "./lead-ring.ts";
import { Pause } from "./pause.ts";
import { RateRun } from "./rate-run.ts";
import { VentricularRun } from "./ventricular-run.ts";

/** Limits of the rhythm alarms. */
export interface RhythmLimits {
  asystoleMs: number;
  bradycardiaPerMinute: number;
  bradycardiaBeats: number;
  tachycardiaPerMinute: number;
  tachycardiaBeats: number;
  ventricularPerMinute: number;
  ventricularBeats: number;
  fibrillationMs: number;
}

/** The definitions of the PhysioNet/CinC challenge 2015, for adults. */
export const CINC_2015_LIMITS: Readonly<RhythmLimits> = {
  asystoleMs: 4000,
  bradycardiaPerMinute: 40,
  bradycardiaBeats: 5,
  tachycardiaPerMinute: 140,
  tachycardiaBeats: 17,
  ventricularPerMinute: 100,
  ventricularBeats: 5,
  fibrillationMs: 4000,
};

/** A beat as it comes from whoever finds them. */
export interface StreamedBeat {
  /** raw sample, counted from the first that was pushed */
  at: number;
  votes: number;
  /** another classifier's likelihood that the beat is ventricular, in place of the one by shape */
  ventricularPermille?: number;
}

interface Unsure {
  at: number;
  to: number;
}

/** What a stream tells: that a condition has been met, at once, and when it is over what it was. */
export interface RhythmListener {
  /** `now` is the raw sample up to which was pushed */
  rise?(code: RhythmCode, from: number, now: number): void;
  tell(alarm: RhythmAlarm): void;
}

/**
 * All rhythm alarms of one stretch of one or more leads, pushed as samples and beats come: memory is bounded (half a minute
 * of each lead), and however pushes are cut, the alarms are the same. Beats may come up to 25 s after their samples.
 */
export class RhythmStream {
  readonly #rate: number;
  readonly #rings: LeadRing[];
  readonly #shapes: BeatShapes;
  readonly #pause: Pause;
  readonly #runs: readonly [RateRun, RateRun];
  readonly #ventricular: VentricularRun;
  readonly #fibrillation: Fibrillation;
  readonly #waiting: (StreamedBeat | Unsure)[] = [];
  #pushed = 0;
  #decidedTo = 0;

  /**
   * @param rate raw samples per second, 100 to 1000
   * @param microvolts per raw step, of each lead
   * @param shapes what is known of the patient's beats, from an earlier stretch of the same leads
   */
  constructor(rate: number, microvolts: readonly number[], limits: RhythmLimits, shapes: BeatShapes, listener: RhythmListener) {
    this.#rate = rate;
    this.#rings = microvolts.map((step) => new LeadRing(rate, step));
    this.#shapes = shapes;
    shapes.begin();
    const all: AlarmListener = {
      rise: (code, from) => listener.rise?.(code, from, this.#pushed),
      tell: (alarm) => listener.tell({ ...alarm, from: Math.max(0, alarm.from), to: Math.min(alarm.to, this.#pushed) }),
    };
    this.#pause = new Pause(rate, limits.asystoleMs, this.#weakBeat, this.#transientEnd, all);
    this.#runs = [
      new RateRun(rate, { below: true, perMinute: limits.bradycardiaPerMinute, beats: limits.bradycardiaBeats }, all),
      new RateRun(rate, { below: false, perMinute: limits.tachycardiaPerMinute, beats: limits.tachycardiaBeats }, all),
    ];
    this.#ventricular = new VentricularRun(rate, { perMinute: limits.ventricularPerMinute, beats: limits.ventricularBeats }, all);
    this.#fibrillation = new Fibrillation(rate, limits.fibrillationMs, all);
  }

  /** Takes the samples [from, to) of each lead, null where it cannot be judged. */
  push(leads: readonly (Int16Array | Int32Array | null)[], from: number, to: number): void {
    for (let at = from; at < to; at += BLOCK) {
      const end = Math.min(to, at + BLOCK);
      this.#rings.forEach((ring, lead) => ring.push(leads[lead] ?? null, at, end));
      this.#pushed += end - at;
      this.#fibrillation.look(this.#rings);
    }
  }

  /** The next beat. */
  beat(beat: StreamedBeat): void {
    this.#waiting.push(beat);
  }

  /** In raw samples [from, to) no beats are claimed, in place of beats: no rule about beats looks across. */
  unsure(from: number, to: number): void {
    this.#waiting.push({ at: from, to });
  }

  /** All beats before this raw sample have been given; it is not before what was said last. */
  decided(to: number): void {
    this.#decidedTo = to;
    this.#settle(this.#pushed - this.#shapes.lookAhead);
  }

  /** Nothing follows. */
  end(): void {
    this.#decidedTo = this.#pushed;
    this.#settle(Number.POSITIVE_INFINITY);
    this.#pause.end(this.#pushed);
    this.#fibrillation.end();
    this.#runs.forEach((run) => run.end(this.#pushed));
    this.#ventricular.end();
  }

  #settle(ready: number): void {
    for (let next = this.#waiting[0]; next !== undefined && next.at < ready; next = this.#waiting[0]) {
      this.#waiting.shift();
      if ("to" in next) this.#skip(next);
      else this.#take(next);
    }
    const decidedTo = Math.min(this.#decidedTo, this.#waiting[0]?.at ?? this.#decidedTo);
    // Windows for weak beats reach as far ahead as those of beats.
    this.#pause.decided(Math.min(decidedTo, ready));
    this.#fibrillation.decided(decidedTo);
    this.#runs.forEach((run) => run.decided(decidedTo));
  }

  #skip({ at, to }: Unsure): void {
    this.#pause.end(at);
    this.#pause.begin(to);
    this.#runs.forEach((run) => run.end(at));
    this.#ventricular.end();
    this.#shapes.begin();
  }

  #take({ at, votes, ventricularPermille }: StreamedBeat): void {
    this.#pause.decided(at); // before the shapes learn from this beat
    const shape = this.#shapes.judge(this.#rings, at);
    const label = ventricularPermille === undefined ? shape : { ventricularPermille, distance: null, widthRatio: null };
    const beat: LabelledBeat = { at, votes, ...label };
    this.#pause.beat(beat);
    for (const run of this.#runs) run.beat(beat);
    this.#ventricular.beat(beat);
    if (shape.distance > 0 && shape.distance < USUAL_DISTANCE) this.#fibrillation.usualBeat(at);
  }

  readonly #transientEnd = (beat: number, to: number): number => transientEnd(this.#rings, this.#rate, beat, to);

  readonly #weakBeat = (from: number, to: number): number => {
    const group = groupOf(this.#rate);
    for (let i = Math.ceil(from / group); i * group < to; i++) if (this.#shapes.usualAt(this.#rings, i)) return i * group;
    return -1;
  };
}

/** Samples after which the rings are looked at; what is told does not depend on it. */
const BLOCK = 512;
/** Distance from the usual beat up to which a beat is one. */
const USUAL_DISTANCE = 0.1;
