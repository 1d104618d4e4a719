import { agreementPermille, plain, ratePerMinute, type AlarmListener, type LabelledBeat } from "./alarm.ts";

/**
 * Extreme bradycardia: `beats` or more consecutive beats with every interval below the limiting rate; extreme tachycardia
 * likewise above (PhysioNet/CinC challenge 2015: below 40/min for 5 beats, above 140/min for 17).
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
    if (this.#count === beats) this.#listener.rise(this.#code, this.#from);
  }

  /** Nothing follows that belongs to the run. */
  end(): void {
    if (this.#count >= this.#limit.beats) {
      this.#listener.tell({
        code: this.#code,
        from: this.#from,
        to: this.#last,
        confidencePermille: agreementPermille(this.#votes, this.#count),
        evidence: [
          ratePerMinute(this.#limit.below ? "lowest-heart-rate" : "highest-heart-rate", this.#extreme, this.#rate),
          plain("beats", this.#count),
        ],
      });
    }
    this.#count = 0;
    this.#votes = 0;
  }

  get #code(): "extreme-bradycardia" | "extreme-tachycardia" {
    return this.#limit.below ? "extreme-bradycardia" : "extreme-tachycardia";
  }
}
