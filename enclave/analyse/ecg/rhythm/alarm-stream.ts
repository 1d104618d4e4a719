import { BeatStream } from "../beat-stream.ts";
import { BeatShapes } from "./beat-shapes.ts";
import { RhythmStream, type RhythmLimits, type RhythmListener } from "./rhythm-stream.ts";

/**
 * The rhythm alarms of one or two leads that come live: finds the beats itself. What it tells is what the detectors
 * ecg-beats and ecg-rhythm say of the whole stretch afterwards, before the pulse has been asked and before stretches are
 * taken out in which the detectors turn out to disagree: that is known 15 s later, which is too late for an alarm.
 */
export class AlarmStream {
  readonly #beats: BeatStream;
  readonly #rhythm: RhythmStream;

  /**
   * @param rate samples per second of both leads, 100 to 1000
   * @param microvolts per raw step, of each lead
   */
  constructor(rate: number, microvolts: readonly number[], limits: RhythmLimits, listener: RhythmListener) {
    this.#rhythm = new RhythmStream(rate, microvolts, limits, new BeatShapes(rate), listener);
    this.#beats = new BeatStream(rate, [microvolts[0] ?? 0, microvolts[1] ?? 0], ({ at, isBeat, votes }) => {
      if (isBeat) this.#rhythm.beat({ at, votes });
    });
  }

  /** Takes the samples [from, to) of the first lead, and of the second where there is one that can be judged, else null. */
  push(first: Int16Array | Int32Array, second: Int16Array | Int32Array | null, from: number, to: number): void {
    for (let at = from; at < to; at += BLOCK) {
      const end = Math.min(to, at + BLOCK);
      this.#rhythm.push([first, second], at, end);
      this.#beats.push(first, second, at, end);
      this.#rhythm.decided(this.#beats.decidedTo);
    }
  }

  /** Nothing follows. */
  end(): void {
    this.#beats.end();
    this.#rhythm.end();
  }
}

/** Samples are kept for half a minute only, so a long push is made of short ones. */
const BLOCK = 512;
