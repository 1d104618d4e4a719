import type { LeadView } from "@caladrius/enclave/analyse/view";
import type { Finding, UnassessedSpan } from "@caladrius/wire";
import { count } from "../verify/format.ts";
import type { Clock } from "./clock.ts";
import { PRIORITY, titleOf } from "./labels.ts";
import { markup, type Markup } from "./markup.ts";

/** A beat that a result claims. */
export interface BeatMark {
  /** Unix ms */
  readonly atMs: number;
  readonly isVentricular: boolean;
}

/** One stretch of a lead on paper, and what is known of it. */
export interface StripRow {
  readonly lead: LeadView;
  readonly fromMs: number;
  readonly toMs: number;
  readonly findings: readonly Finding[];
  /** null: the result does not disclose them */
  readonly beats: readonly BeatMark[] | null;
  readonly unassessed: readonly UnassessedSpan[];
  /** microvolts at the middle of the paper, and how much of it there is above and below */
  readonly middle: number;
  readonly halfHeightMm: number;
  readonly clock: Clock;
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
${reasons(row, x, bottom)}
${bars.map(({ onsetMs, endMs, priority, code }, i) => {
  const at = HEAD + BAR * i;
  const [from, to] = [x(onsetMs), Math.max(x(endMs), x(onsetMs) + 30)];
  // A name begins with its bar, or as far left as it must to be whole.
  const title = titleOf(code);
  const start = Math.max(LEFT, Math.min(from, WIDTH - 190 * (title.length + 5)));
  return markup`<g><title>${title}, ${PRIORITY[priority].word}</title><rect class="bar ${priority}" x="${from}" y="${at + 300}" width="${to - from}" height="110"/><text class="name" x="${start}" y="${at + 240}">${PRIORITY[priority].mark} ${title}</text></g>`;
})}
${seconds(row, x, bottom)}
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

function beats({ beats: all, fromMs, toMs }: StripRow, x: (ms: number) => number, top: number): Markup[] {
  const shown = (all ?? []).filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const [others, ventricular] = [shown.filter((one) => !one.isVentricular), shown.filter((one) => one.isVentricular)];
  const triangles = others.map(({ atMs }) => `M${x(atMs)} ${top + 190}l-75-150h150z`).join("");
  return [
    ...(others.length === 0 ? [] : [markup`<path class="beats" d="${triangles}"><title>${count(others.length, "beat")}</title></path>`]),
    ...ventricular.map(
      ({ atMs }) =>
        markup`<text class="ventricular" x="${x(atMs)}" y="${top + 290}" text-anchor="middle">V<title>taken for ventricular</title></text>`,
    ),
  ];
}

/** Each reason once, where its first span begins, one above the other so that those of several detectors stay apart. */
function reasons({ unassessed, halfHeightMm }: StripRow, x: (ms: number) => number, bottom: number): Markup[] {
  const first = new Map<string, number>();
  for (const { fromMs, toMs, reason } of unassessed) {
    const from = Math.max(x(fromMs), LEFT) + 60;
    if (x(toMs) - from >= LEAST_REASON) first.set(reason, Math.min(from, first.get(reason) ?? from));
  }
  return [...first]
    .slice(0, Math.floor((200 * halfHeightMm) / REASON_LINE))
    .map(([reason, at], i) => markup`<text class="reason" x="${at}" y="${bottom - 120 - REASON_LINE * i}">not assessed: ${reason}</text>`);
}

function seconds({ fromMs, toMs, clock }: StripRow, x: (ms: number) => number, bottom: number): Markup[] {
  const marks: Markup[] = [];
  for (let ms = Math.ceil(fromMs / 1000) * 1000; ms <= toMs; ms += 1000) {
    const at = x(ms);
    const isNamed = (ms - Math.ceil(fromMs / 1000) * 1000) % 2000 === 0 && at < WIDTH - 900;
    marks.push(markup`<path class="second" d="M${at} ${bottom}v100"/>`);
    if (isNamed) marks.push(markup`<text class="clock" x="${at}" y="${bottom + 380}" text-anchor="middle">${clock.label(ms)}</text>`);
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
/** A narrower span than this has its reason in its title alone. */
const LEAST_REASON = 1500;
const REASON_LINE = 330;
/** Samples per second beyond which several share a tenth of a millimetre. */
const DENSE = 500;
