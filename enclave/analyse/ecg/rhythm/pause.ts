import { agreementPermille, plain, type AlarmListener, type LabelledBeat } from "./alarm.ts";

/** Finds the first deflection of the usual QRS's shape in [from, to), however small; -1 where there is none. */
export type WeakBeat = (from: number, to: number) => number;

/** Where the recovery from an electrode transient at the last beat is over: that beat where there was none, beyond `to` where it goes on. */
export type TransientEnd = (beat: number, to: number) => number;

/**
 * Asystole: no QRS for a time (PhysioNet/CinC challenge 2015: 4 s), between beats or to the ends of what could be judged.
 * Deflections that are too small to count as beats but have the shape of the patient's own QRS break a pause; what
 * remains below the limit then is reported as ecg-low-amplitude instead. While the lead recovers from an electrode transient
 * no pause is counted; that is reported as ecg-electrode-transient.
 */
export class Pause {
  readonly #rate: number;
  readonly #limit: number;
  readonly #weak: WeakBeat;
  readonly #transientEnd: TransientEnd;
  readonly #listener: AlarmListener;
  /** last QRS, or where judging began */
  #beat: number;
  /** last QRS or weak one */
  #mark: number;
  /** up to where weak ones were looked for */
  #searched: number;
  /** whether the pause is counted: it is known whether a transient began it, and that is over */
  #isCounted = false;
  #isSkipped = false;
  #weakBeats = 0;
  #longest = 0;
  #isUp = false;
  readonly #votes: number[] = [];

  constructor(rate: number, limitMs: number, weak: WeakBeat, transientEnd: TransientEnd, listener: AlarmListener) {
    this.#rate = rate;
    this.#limit = (limitMs * rate) / 1000;
    this.#weak = weak;
    this.#transientEnd = transientEnd;
    this.#listener = listener;
    this.#beat = 0;
    this.#mark = 0;
    this.#searched = 0;
  }

  beat({ at, votes }: LabelledBeat): void {
    this.end(at);
    this.begin(at);
    this.#votes.push(votes);
    if (this.#votes.length > MEMORY) this.#votes.shift();
  }

  /** From here on a pause is counted. */
  begin(at: number): void {
    this.#beat = at;
    this.#mark = at;
    this.#searched = at;
    this.#isCounted = false;
    this.#isSkipped = false;
    this.#weakBeats = 0;
    this.#longest = 0;
  }

  /** No beat lies between the last one and `to`. */
  decided(to: number): void {
    if (to - this.#beat < this.#limit || !this.#count(to)) return;
    for (;;) {
      const at = this.#weak(Math.max(this.#searched, this.#mark + APART_SECONDS * this.#rate), Math.min(to, this.#mark + this.#limit));
      if (at < 0) break;
      this.#meetWeak(at);
    }
    if (to - this.#mark < this.#limit) {
      this.#searched = Math.max(this.#searched, this.#mark);
      return;
    }
    if (!this.#isUp) this.#listener.rise("asystole", this.#mark);
    this.#isUp = true;
    const at = this.#weak(Math.max(this.#searched, this.#mark + this.#limit), to);
    this.#searched = to;
    if (at < 0) return;
    this.#searched = at;
    this.#meetWeak(at);
    this.decided(to);
  }

  /** Nothing that can be judged follows. */
  end(to: number): void {
    this.decided(to);
    if (to - this.#beat >= this.#limit && !this.#isCounted) this.#skipTo(to);
    // Behind a transient a weak one just before `to` is no more than where the beat there begins.
    const own = this.#isSkipped && to - this.#mark < APART_SECONDS * this.#rate ? 1 : 0;
    this.#close(to);
    if (this.#weakBeats > own && this.#longest < this.#limit) this.#tellWeak(to);
  }

  /** Whether the pause is counted by now. */
  #count(to: number): boolean {
    if (this.#isCounted) return true;
    const from = this.#transientEnd(this.#beat, to);
    if (from > to) return false;
    if (from > this.#beat) this.#skipTo(from);
    this.#isCounted = true;
    return true;
  }

  /** The pause is not counted before `to`. */
  #skipTo(to: number): void {
    this.#mark = to;
    this.#searched = to;
    this.#isSkipped = true;
    this.#listener.tell({
      code: "ecg-electrode-transient",
      from: this.#beat,
      to,
      confidencePermille: this.#agreement,
      evidence: [{ name: "recovery", value: this.#ms(to - this.#beat), decimals: 0, unit: "ms" }],
    });
  }

  #meetWeak(at: number): void {
    this.#close(at);
    this.#mark = at;
    this.#weakBeats++;
  }

  #close(to: number): void {
    const pause = to - this.#mark;
    this.#longest = Math.max(this.#longest, pause);
    if (pause < this.#limit) return;
    this.#isUp = false;
    this.#listener.tell({
      code: "asystole",
      from: this.#mark,
      to,
      confidencePermille: this.#agreement,
      evidence: [{ name: "pause", value: this.#ms(pause), decimals: 0, unit: "ms" }],
    });
  }

  #tellWeak(to: number): void {
    const evidence = [
      { name: "longest-pause", value: this.#ms(this.#longest), decimals: 0, unit: "ms" },
      plain("weak-beats", this.#weakBeats),
    ];
    const from = this.#beat;
    this.#listener.tell({ code: "ecg-low-amplitude", from, to, confidencePermille: this.#agreement, evidence });
  }

  #ms(samples: number): number {
    return Math.round((1000 * samples) / this.#rate);
  }

  get #agreement(): number {
    return agreementPermille(
      this.#votes.reduce((sum, votes) => sum + votes, 0),
      this.#votes.length,
    );
  }
}

/** Beats whose votes tell how well beats are seen. */
const MEMORY = 8;
/** A weak beat lies at least so far behind the beat before it: behind its T wave. */
const APART_SECONDS = 0.4;
