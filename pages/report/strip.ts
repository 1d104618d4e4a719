import type { LeadView } from "@caladrius/enclave/analyse/view";
import type { Finding, UnassessedSpan } from "@caladrius/wire";
import { PRIORITY } from "./labels.ts";
import { markup, type Markup } from "./markup.ts";

/** One stretch of a lead on paper, and what is known of it. */
export interface StripRow {
  readonly lead: LeadView;
  readonly fromMs: number;
  readonly toMs: number;
  readonly findings: readonly Finding[];
  /** Unix ms; null: the result does not disclose them */
  readonly beatsMs: readonly number[] | null;
  readonly unassessed: readonly UnassessedSpan[];
  /** microvolts at the middle of the paper, and how much of it there is above and below */
  readonly middle: number;
  readonly halfHeightMm: number;
}

/** Seconds in one row: 150 mm of paper, which an A4 page takes. */
export const ROW_SECONDS = 6;

/** Middle and half height of paper that holds a stretch of a lead, at most 50 mm; all beyond is cut and said to be. */
export function paperFor(lead: LeadView, fromMs: number, toMs: number): { middle: number; halfHeightMm: number; isCut: boolean } {
  const [first, last] = samplesIn(lead, fromMs, toMs);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = first; i < last; i++) {
    const value = lead.microvolts(i);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high < low) return { middle: 0, halfHeightMm: LEAST_HALF_MM, isCut: false };
  const middle = Math.round((low + high) / 2 / 100) * 100;
  const needed = Math.ceil(((high - low) / 200 + 2) / 5) * 5;
  return { middle, halfHeightMm: Math.min(MOST_HALF_MM, Math.max(LEAST_HALF_MM, needed)), isCut: needed > MOST_HALF_MM };
}

/** A row at 25 mm/s and 10 mm/mV: a calibration pulse of 1 mV and 0.2 s, then the signal. Units are hundredths of a millimetre. */
export function drawRow(row: StripRow, id: string, title: string): Markup {
  const { fromMs, toMs, halfHeightMm, findings } = row;
  const bars = findings.slice(0, MOST_BARS);
  const top = HEAD + BAR * bars.length;
  const bottom = top + 200 * halfHeightMm;
  const height = bottom + FOOT;
  const x = (ms: number): number => Math.round(LEFT + ((Math.min(toMs, Math.max(fromMs, ms)) - fromMs) / 1000) * 2500);
  const y = (microvolts: number): number =>
    Math.round(Math.min(bottom, Math.max(top, top + 100 * halfHeightMm - (microvolts - row.middle))));
  const zero = top + 100 * halfHeightMm;
  return markup`<svg class="ecg" width="${WIDTH / 100}mm" height="${height / 100}mm" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}"><title id="${id}">${title}</title>
<rect class="paper" x="0" y="${top}" width="${WIDTH}" height="${bottom - top}"/>
${row.unassessed.map(({ fromMs: a, toMs: b, reason }) => markup`<g><title>not assessed: ${reason}</title><rect class="void" fill="url(#open-mm)" x="${x(a)}" y="${top}" width="${Math.max(20, x(b) - x(a))}" height="${bottom - top}"/></g>`)}
<path class="minor" d="${grid(100, top, bottom)}"/><path class="major" d="${grid(500, top, bottom)}"/>
<path class="calibration" d="M100 ${zero + 500}h200v-1000h500v1000h200"/>
<path class="trace" d="${trace(row, x, y)}"/>
${beats(row, x, top)}
${row.unassessed.flatMap(({ fromMs: a, toMs: b, reason }) => words(Math.max(x(a), LEFT) + 60, bottom - 120, x(b), `not assessed: ${reason}`))}
${bars.map(({ onsetMs, endMs, priority, code }, i) => {
  const at = HEAD + BAR * i;
  const [from, to] = [x(onsetMs), Math.max(x(endMs), x(onsetMs) + 30)];
  // A name begins with its bar, or as far left as it must to be whole.
  const start = Math.max(LEFT, Math.min(from, WIDTH - 190 * (code.length + 5)));
  return markup`<g><title>${code}, ${PRIORITY[priority].word}</title><rect class="bar ${priority}" x="${from}" y="${at + 300}" width="${to - from}" height="110"/><text class="name" x="${start}" y="${at + 240}">${PRIORITY[priority].mark} ${code}</text></g>`;
})}
${seconds(fromMs, toMs, x, bottom)}
</svg>`;
}

/** First sample at or after a time, and the first at or after another. */
function samplesIn({ clock }: LeadView, fromMs: number, toMs: number): readonly [number, number] {
  const at = (ms: number): number =>
    Math.min(clock.length, Math.max(0, Math.ceil(((ms - clock.startMs) * clock.stepDenominator) / clock.stepNumerator)));
  return [at(fromMs), at(toMs)];
}

/** The signal; where several samples fall on a tenth of a millimetre their lowest and highest. No line crosses missing samples. */
function trace({ lead, fromMs, toMs }: StripRow, x: (ms: number) => number, y: (microvolts: number) => number): string {
  const [first, last] = samplesIn(lead, fromMs, toMs);
  const isDense = (lead.clock.stepDenominator * 1000) / lead.clock.stepNumerator > DENSE;
  const parts: string[] = [];
  let [column, low, high] = [-1, 0, 0];
  let isDown = false;
  const put = (at: number, value: number): void => {
    parts.push(`${isDown ? "L" : "M"}${at} ${y(value)}`);
    isDown = true;
  };
  const flush = (): void => {
    if (column < 0) return;
    put(column, low);
    if (high > low) put(column, high);
    column = -1;
  };
  for (let i = first; i < last; i++) {
    const value = lead.microvolts(i);
    if (Number.isNaN(value)) {
      flush();
      isDown = false;
      continue;
    }
    const at = x(lead.timeMs(i));
    const place = isDense ? Math.floor(at / 10) * 10 : at;
    if (place !== column) {
      flush();
      [column, low, high] = [place, value, value];
    } else [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  flush();
  return parts.join("");
}

function beats({ beatsMs, fromMs, toMs }: StripRow, x: (ms: number) => number, top: number): Markup | null {
  const shown = (beatsMs ?? []).filter((ms) => ms >= fromMs && ms < toMs);
  if (shown.length === 0) return null;
  return markup`<path class="beats" d="${shown.map((ms) => `M${x(ms)} ${top + 190}l-75-150h150z`).join("")}"><title>${shown.length} beats</title></path>`;
}

function words(from: number, baseline: number, until: number, text: string): Markup[] {
  return until - from < 190 * 8 ? [] : [markup`<text class="reason" x="${from}" y="${baseline}">${text}</text>`];
}

function seconds(fromMs: number, toMs: number, x: (ms: number) => number, bottom: number): Markup[] {
  const marks: Markup[] = [];
  for (let ms = Math.ceil(fromMs / 1000) * 1000; ms <= toMs; ms += 1000) {
    const at = x(ms);
    const isNamed = (ms - Math.ceil(fromMs / 1000) * 1000) % 2000 === 0 && at < WIDTH - 900;
    marks.push(markup`<path class="second" d="M${at} ${bottom}v100"/>`);
    if (isNamed)
      marks.push(
        markup`<text class="clock" x="${at}" y="${bottom + 380}" text-anchor="middle">${new Date(ms).toISOString().slice(11, 19)}</text>`,
      );
  }
  return marks;
}

function grid(step: number, top: number, bottom: number): string {
  const lines: string[] = [];
  for (let at = 0; at <= WIDTH; at += step) lines.push(`M${at} ${top}V${bottom}`);
  for (let at = top; at <= bottom; at += step) lines.push(`M0 ${at}H${WIDTH}`);
  return lines.join("");
}

/** Where the signal begins, behind the calibration pulse. */
const LEFT = 1500;
const WIDTH = LEFT + ROW_SECONDS * 2500;
const HEAD = 50;
const BAR = 450;
const FOOT = 450;
const MOST_BARS = 4;
const LEAST_HALF_MM = 10;
const MOST_HALF_MM = 25;
/** Samples per second beyond which several share a tenth of a millimetre. */
const DENSE = 500;
