import type { Clock } from "./clock.ts";
import { markup, type Markup } from "./markup.ts";

/** A stretch of time that is drawn from left to right. */
export interface Axis {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A stretch of time with how its moments are written. */
export interface DatedAxis extends Axis {
  readonly clock: Clock;
}

/** Where a time lies, in percent with two digits, cut to the stretch. */
export function percent({ fromMs, toMs }: Axis, ms: number): string {
  const share = toMs > fromMs ? (ms - fromMs) / (toMs - fromMs) : 0;
  return `${(100 * Math.min(1, Math.max(0, share))).toFixed(2)}%`;
}

/** Start and width of a span in percent; what is too short to be seen gets a width that is. */
export function place(axis: Axis, fromMs: number, toMs: number): { x: string; width: string } {
  const [from, to] = [Number.parseFloat(percent(axis, fromMs)), Number.parseFloat(percent(axis, toMs))];
  const width = Math.max(to - from, LEAST_PERCENT);
  return { x: `${Math.min(from, 100 - width).toFixed(2)}%`, width: `${width.toFixed(2)}%` };
}

/** Round times inside a stretch, at most six. */
export function ticksOf({ fromMs, toMs }: Axis): readonly number[] {
  const step = STEPS.find((one) => (toMs - fromMs) / one <= 5) ?? 7 * DAY * Math.ceil((toMs - fromMs) / (35 * DAY));
  const ticks: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs && ticks.length < 6; at += step) ticks.push(at);
  return ticks;
}

/** The ticks as labels at a height, and as lines above them. */
export function drawTicks(axis: DatedAxis, top: number, bottom: number, baseline: number): Markup[] {
  const ticks = ticksOf(axis);
  const isFine = ticks.some((ms) => ms % 60_000 !== 0);
  const hasDays = axis.toMs - axis.fromMs > DAY;
  return ticks.map((ms) => {
    const x = percent(axis, ms);
    const share = Number.parseFloat(x);
    const anchor = share < 6 ? "start" : share > 94 ? "end" : "middle";
    const label = axis.clock.label(ms, { day: hasDays, seconds: isFine && !hasDays });
    return markup`<line class="rule" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/><text class="tick" x="${x}" y="${baseline}" text-anchor="${anchor}">${label}</text>`;
  });
}

const LEAST_PERCENT = 0.35;
const DAY = 86_400_000;
const STEPS: readonly number[] = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
].map((seconds) => 1000 * seconds);
