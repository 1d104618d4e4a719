import { workingOf, type Working } from "./band-pass.ts";
import { BlockDetector, PeakDetector } from "./decide.ts";
import { EnergyBank, type Lead } from "./energy.ts";

/** Beats that the three detectors of one lead say, each in order of time. */
export interface Said {
  /** which detector: 0 squared slope, 1 absolute slope, 2 block of energy */
  detector: number;
  /** raw sample, counted from the first that was pushed */
  at: number;
}

/** Three published detectors on one lead, pushed sample by sample: tells what each says, and how far all have decided. */
export class LeadStream {
  readonly #bank: EnergyBank;
  readonly #working: Working;
  readonly #square: PeakDetector;
  readonly #average: PeakDetector;
  readonly #block: BlockDetector;
  #pushed = 0;

  constructor(lead: Pick<Lead, "rate" | "microvolts">, say: (said: Said) => void) {
    this.#working = workingOf(lead.rate);
    const { rate, group, delay } = this.#working;
    const edge = Math.round(lead.rate * EDGE_SECONDS);
    const sayAs =
      (detector: number) =>
      (at: number): void => {
        const raw = (at - delay) * group + (group >> 1);
        if (raw >= edge && raw < this.#pushed - edge) say({ detector, at: raw });
      };
    this.#square = new PeakDetector(rate, { levels: "means", threshold: 0.25, searchBack: 1.66 }, sayAs(0));
    this.#average = new PeakDetector(rate, { levels: "medians", threshold: 0.35, searchBack: 1.5 }, sayAs(1));
    this.#block = new BlockDetector(rate, sayAs(2));
    this.#bank = new EnergyBank(lead, {
      squaredSlope: (peak) => this.#square.take(peak),
      absoluteSlope: (peak) => this.#average.take(peak),
      block: (at, energy) => this.#block.take(at, energy),
      tick: (now) => this.#tick(now - this.#bank.lookAhead),
    });
  }

  push(samples: Int16Array | Int32Array, from: number, to: number): void {
    this.#pushed += to - from;
    this.#bank.push(samples, from, to);
  }

  end(): void {
    this.#bank.end();
    const now = Math.floor(this.#pushed / this.#working.group) + this.#working.delay + this.#bank.lookAhead;
    this.#square.end(now);
    this.#average.end(now);
    this.#block.end();
  }

  /** Nothing before this raw sample will be said any more. */
  get decidedTo(): number {
    const { group, delay } = this.#working;
    return (Math.min(this.#square.decidedTo, this.#average.decidedTo, this.#block.decidedTo) - delay) * group;
  }

  #tick(now: number): void {
    if (now <= 0) return;
    this.#square.tick(now);
    this.#average.tick(now);
    this.#block.tick(now);
  }
}

/** So near to where the signal begins or ends a deflection may be half of anything. */
const EDGE_SECONDS = 0.05;
