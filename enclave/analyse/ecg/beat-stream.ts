import { LeadStream } from "./lead-stream.ts";
import { QrsCuts } from "./qrs-cuts.ts";
import { Vote, type Voted } from "./vote.ts";

/** Beats of one or two leads that were sampled together, pushed as they come: memory is bounded and so is the delay. */
export class BeatStream {
  readonly #rate: number;
  readonly #microvolts: readonly [number, number];
  readonly #vote: Vote;
  readonly #first: LeadStream;
  readonly #firstCuts: QrsCuts;
  #second: { stream: LeadStream; cuts: QrsCuts; from: number } | null = null;
  /** where the second lead was judged: [from, to) */
  readonly #paired: [number, number][] = [];
  #pushed = 0;
  #decidedTo = 0;

  /**
   * @param rate samples per second of both leads, 100 to 1000
   * @param microvolts per raw step, of the first and of the second lead
   * @param tell gets every deflection that was looked at, in order, by raw sample from the first that was pushed
   */
  constructor(rate: number, microvolts: readonly [number, number], tell: (voted: Voted) => void) {
    this.#rate = rate;
    this.#microvolts = microvolts;
    this.#vote = new Vote(rate, tell);
    this.#first = new LeadStream({ rate, microvolts: microvolts[0] }, (said) => this.#vote.take(0, said, this.#firstCuts.at(said.at)));
    this.#firstCuts = new QrsCuts(rate);
  }

  /** Takes the samples [from, to) of the first lead, and of the second where it can be judged there, else null. */
  push(first: Int16Array | Int32Array, second: Int16Array | Int32Array | null, from: number, to: number): void {
    for (let at = from; at < to; at += BLOCK) {
      const end = Math.min(to, at + BLOCK);
      this.#firstCuts.push(first, at, end);
      this.#first.push(first, at, end);
      if (second === null) this.#endSecond();
      else this.#pushSecond(second, at, end);
      this.#pushed += end - at;
      this.#decide();
    }
  }

  /** Nothing before this raw sample, counted from the first that was pushed, will be told any more. */
  get decidedTo(): number {
    return this.#decidedTo;
  }

  /** Nothing follows. */
  end(): void {
    this.#endSecond();
    this.#first.end();
    this.#vote.decide(Number.POSITIVE_INFINITY, this.#isPaired);
  }

  #pushSecond(samples: Int16Array | Int32Array, from: number, to: number): void {
    if (this.#second === null) {
      const offset = this.#pushed;
      const cuts = new QrsCuts(this.#rate);
      const lead = { rate: this.#rate, microvolts: this.#microvolts[1] };
      const stream = new LeadStream(lead, ({ detector, at }) => this.#vote.take(1, { detector, at: at + offset }, cuts.at(at)));
      this.#second = { stream, cuts, from: offset };
      this.#paired.push([offset, Number.POSITIVE_INFINITY]);
    }
    this.#second.cuts.push(samples, from, to);
    this.#second.stream.push(samples, from, to);
  }

  #endSecond(): void {
    this.#second?.stream.end();
    const open = this.#paired.at(-1);
    if (this.#second !== null && open !== undefined) open[1] = this.#pushed;
    this.#second = null;
  }

  #decide(): void {
    const first = this.#first.decidedTo;
    const decidedTo = this.#second === null ? first : Math.min(first, this.#second.from + this.#second.stream.decidedTo);
    this.#vote.decide(decidedTo, this.#isPaired);
    this.#decidedTo = Math.max(this.#decidedTo, this.#vote.undecidedFrom(decidedTo));
    while (this.#paired.length > 1 && (this.#paired[0]?.[1] ?? 0) < decidedTo - MOST_DELAY_SECONDS * this.#rate) this.#paired.shift();
  }

  readonly #isPaired = (at: number): boolean => this.#paired.some(([from, to]) => at >= from && at < to);
}

/** Samples after which decisions are asked for; they do not depend on it. */
const BLOCK = 2048;
/** Longer than any decision takes. */
const MOST_DELAY_SECONDS = 30;
