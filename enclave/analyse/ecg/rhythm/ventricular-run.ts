import { plain, ratePerMinute, type AlarmListener, type LabelledBeat } from "./alarm.ts";

/** When consecutive beats are ventricular tachycardia. */
export interface VentricularLimits {
  /** PhysioNet/CinC challenge 2015: 5 */
  beats: number;
  /** … and faster than 100/min */
  perMinute: number;
}

/**
 * Ventricular tachycardia: so many consecutive ventricular beats, faster on average than the limiting rate. Ventricular is
 * what the label of a beat says, whoever gave it: the beats of the run must be likely on average and none unlikely. Beats
 * that were judged by their shape must together be wider than the usual beat and of another shape.
 */
export class VentricularRun {
  readonly #rate: number;
  readonly #limits: VentricularLimits;
  readonly #listener: AlarmListener;
  readonly #window: LabelledBeat[] = [];
  #open: { from: number; to: number; beats: number; permille: number; shortest: number } | null = null;

  constructor(rate: number, limits: VentricularLimits, listener: AlarmListener) {
    this.#rate = rate;
    this.#limits = limits;
    this.#listener = listener;
  }

  beat(beat: LabelledBeat): void {
    this.#window.push(beat);
    if (this.#window.length > this.#limits.beats) this.#window.shift();
    const first = this.#window[0];
    if (first === undefined) return;
    const open = this.#open;
    if (!this.#isTachycardia()) {
      if (open !== null && first.at > open.to) this.#close();
      return;
    }
    const mean = (beat.at - first.at) / (this.#window.length - 1);
    const permille = this.#window.reduce((sum, { ventricularPermille }) => sum + ventricularPermille, 0);
    if (open === null || first.at > open.to) {
      this.#close();
      this.#listener.rise("ventricular-tachycardia", first.at);
      this.#open = { from: first.at, to: beat.at, beats: this.#window.length, permille, shortest: mean };
      return;
    }
    for (const { at, ventricularPermille } of this.#window) {
      if (at <= open.to) continue;
      open.beats++;
      open.permille += ventricularPermille;
    }
    open.to = beat.at;
    open.shortest = Math.min(open.shortest, mean);
  }

  end(): void {
    this.#close();
    this.#window.length = 0;
  }

  #isTachycardia(): boolean {
    const { beats, perMinute } = this.#limits;
    const first = this.#window[0];
    const last = this.#window.at(-1);
    if (this.#window.length < beats || first === undefined || last === undefined) return false;
    if ((last.at - first.at) * perMinute >= 60 * this.#rate * (beats - 1)) return false;
    let permille = 0;
    let width = 0;
    let distance = 0;
    for (const beat of this.#window) {
      if (beat.ventricularPermille < LEAST_PERMILLE) return false;
      permille += beat.ventricularPermille;
      width += beat.widthRatio === null ? 0 : beat.widthRatio - MEAN_WIDTH;
      distance += beat.distance === null ? 0 : beat.distance - MEAN_DISTANCE;
    }
    return permille >= MEAN_PERMILLE * beats && width >= 0 && distance >= 0;
  }

  #close(): void {
    if (this.#open === null) return;
    const { from, to, beats, permille, shortest } = this.#open;
    this.#open = null;
    this.#listener.tell({
      code: "ventricular-tachycardia",
      from,
      to,
      confidencePermille: Math.min(1000, Math.round(permille / beats)),
      evidence: [ratePerMinute("highest-heart-rate", shortest, this.#rate), plain("ventricular-beats", beats)],
    });
  }
}

/** Of every beat, of the beats on average: likelihood, width and distance from the usual beat. Chosen on MIT-BIH DS1. */
const LEAST_PERMILLE = 300;
const MEAN_PERMILLE = 625;
const MEAN_WIDTH = 1.1;
const MEAN_DISTANCE = 0.3;
