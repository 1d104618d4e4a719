import { agreementPermille, plain, ratePerMinute, type AlarmListener, type LabelledBeat } from "./alarm.ts";

/**
 * Extreme bradycardia: `beats` or more consecutive beats with every interval below the limiting rate; extreme tachycardia
 * likewise above (PhysioNet/CinC challenge 2015: below 40/min for 5 beats, above 140/min for 17). The last interval of a slow
 * run counts as soon as it is known to be too long, before the beat that ends it.
 */
export class RateRun {
  readonly #rate: number;
  readonly #limit: { below: boolean; perMinute: number; beats: number };
  readonly #listener: AlarmListener;
  #from = 0;
  #last = 0;
  #count = 0;
  #votes = 0;
  #extreme = 0;
  #isUp = false;

  constructor(rate: number, limit: { below: boolean; perMinute: number; beats: number }, listener: AlarmListener) {
    this.#rate = rate;
    this.#limit = limit;
    this.#listener = listener;
  }

  beat({ at, votes }: LabelledBeat): void {
    const { below, perMinute, beats } = this.#limit;
    const interval = at - this.#last;
    const beyond = this.#count > 0 && (below ? interval * perMinute > 60 * this.#rate : interval * perMinute < 60 * this.#rate);
    if (!beyond) {
      this.end();
      this.#from = at;
    } else if (this.#count === 1) this.#extreme = interval;
    else this.#extreme = below ? Math.max(this.#extreme, interval) : Math.min(this.#extreme, interval);
    this.#last = at;
    this.#count++;
    this.#votes += votes;
    if (this.#count >= beats) this.#rise();
  }

  /** No beat lies between the last one and `to`. */
  decided(to: number): void {
    const { below, perMinute, beats } = this.#limit;
    if (below && this.#count === beats - 1 && (to - this.#last) * perMinute > 60 * this.#rate) this.#rise();
  }

  #rise(): void {
    if (!this.#isUp) this.#listener.rise(this.#code, this.#from);
    this.#isUp = true;
  }

  /** Nothing follows that belongs to the run; no beat lies between its last and `to`. */
  end(to: number = this.#last): void {
    this.decided(to);
    if (this.#isUp) {
      const isWaiting = this.#count < this.#limit.beats;
      if (isWaiting) this.#extreme = Math.max(this.#extreme, to - this.#last);
      this.#listener.tell({
        code: this.#code,
        from: this.#from,
        to: isWaiting ? to : this.#last,
        confidencePermille: agreementPermille(this.#votes, this.#count),
        evidence: [
          ratePerMinute(this.#limit.below ? "lowest-heart-rate" : "highest-heart-rate", this.#extreme, this.#rate),
          plain("beats", this.#count),
        ],
      });
    }
    this.#isUp = false;
    this.#extreme = 0;
    this.#count = 0;
    this.#votes = 0;
  }

  get #code(): "extreme-bradycardia" | "extreme-tachycardia" {
    return this.#limit.below ? "extreme-bradycardia" : "extreme-tachycardia";
  }
}
