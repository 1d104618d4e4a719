import { viewNews2Bands, type VitalView } from "@caladrius/enclave/analyse/view";
import type { Finding, Recording } from "@caladrius/wire";
import { count } from "../verify/format.ts";
import { channelName, PRIORITY, titleOf } from "./labels.ts";
import { markup, type Markup } from "./markup.ts";
import type { RuleInForce } from "./rules.ts";
import { drawTicks, percent, place, type Axis, type DatedAxis } from "./time-axis.ts";
import { shapeOf, type TrendShape } from "./trend-shape.ts";

/** What stands beside the values of a trend. */
export interface TrendContext {
  readonly axis: DatedAxis;
  readonly findings: readonly Finding[];
  /** null: the result withholds which detectors ran */
  readonly rules: readonly RuleInForce[] | null;
  readonly recording: Recording;
}

/** A limit or a band of points, in the canonical unit of the vital sign. */
interface Limit {
  readonly value: number;
  readonly label: string;
}
interface ScoreBand {
  readonly from: number;
  readonly to: number;
  readonly points: number;
}

/** One vital sign over time: values, the bands and limits in force, alarms, and what was missing or rejected. */
export function drawTrend(vital: VitalView, context: TrendContext, id: string, title: string = titleOf(vital.vital.id)): Markup {
  const { axis } = context;
  const shape = shapeOf(vital, axis);
  const unit = UNITS[vital.vital.unit] ?? vital.vital.unit;
  const alarms = context.findings.filter(({ channel, priority }) => channel === vital.code && priority !== "none");
  const limits = limitsOf(vital, context.rules, context.findings);
  const news2 = bandsOf(vital, context);
  const scale = scaleOf(shape, limits, news2);
  const name = `trend-${id}`;
  const svg = markup`<div class="chart"><svg class="scale" width="44" height="${HEIGHT}" aria-hidden="true">${drawScale(scale)}</svg>
<svg class="plot" height="${HEIGHT}" role="img" aria-labelledby="${name}-t"><title id="${name}-t">${title} over time: ${summaryOf(shape, unit)}; ${count(alarms.length, "alarm")}</title>
${news2.flatMap((band) => drawBand(band, scale))}
${alarms.map(({ onsetMs, endMs, priority, code }) => {
  const { x, width } = place(axis, onsetMs, endMs);
  return markup`<g><title>${titleOf(code)}, ${PRIORITY[priority].word}, from ${axis.clock.moment(onsetMs)}</title><rect class="span ${priority}" x="${x}" width="${width}" y="${TOP}" height="${BOTTOM - TOP}"/><rect class="bar ${priority}" x="${x}" width="${width}" y="${BAR_TOP[priority]}" height="${TOP - 3 - BAR_TOP[priority]}"/></g>`;
})}
${drawTicks(axis, TOP, BOTTOM, HEIGHT - 4)}
${scale.marks.map((value) => markup`<line class="rule" x1="0" x2="100%" y1="${y(scale, value)}" y2="${y(scale, value)}"/>`)}
${limits.filter(({ value }) => value >= scale.low && value <= scale.high).map(({ value, label }) => drawLimit(value, label, scale))}
<svg x="0" y="0" width="100%" height="${HEIGHT}" viewBox="0 0 10000 ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><path class="curve" d="${curve(shape, axis, scale)}"/></svg>
${dots(shape, axis, scale)}
${shape.outliers.map(({ atMs, value }) => {
  const at = y(scale, Math.min(scale.high, Math.max(scale.low, value)));
  return markup`<text class="outlier" x="${percent(axis, atMs)}" y="${(Number(at) + 5).toFixed(1)}" text-anchor="middle">×<title>rejected: ${round(value)} ${unit} at ${axis.clock.moment(atMs)}</title></text>`;
})}
${shape.unused.map(({ kind, fromMs, toMs, samples }) => {
  const { x, width } = place(axis, fromMs, toMs);
  return markup`<rect class="unused" fill="url(#${kind})" x="${x}" width="${width}" y="${BOTTOM + 3}" height="9"><title>${kind}: ${count(samples, "sample")} from ${axis.clock.moment(fromMs)}</title></rect>`;
})}
</svg></div>`;
  return markup`<figure class="trend" id="${name}"><figcaption><h3>${title}</h3><p>${channelName(vital.code)}, ${unit}. ${summaryOf(shape, unit)}. ${sources(limits, news2, alarms.length)}</p></figcaption>${svg}</figure>`;
}

function summaryOf({ values, lowest, highest, unused }: TrendShape, unit: string): string {
  const lost = (kind: "missing" | "rejected"): string => {
    const samples = unused.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.samples, 0);
    return samples === 0 ? "" : `, ${samples} ${kind}`;
  };
  const range =
    lowest === null || highest === null ? "no value" : `${count(values, "value")} from ${round(lowest)} to ${round(highest)} ${unit}`;
  return `${range}${lost("missing")}${lost("rejected")}`;
}

function sources(limits: readonly Limit[], news2: readonly ScoreBand[], alarms: number): string {
  const lines =
    limits.length === 0
      ? ""
      : `Alarm limits in force (dashed where in view): ${limits.map(({ label, value }) => `${label} ${value}`).join(", ")}.`;
  const bands = news2.length === 0 ? "" : "Grey bands: points of NEWS2.";
  return [lines, bands, alarms === 0 ? "" : "Bars above the curve: alarms on this channel."].filter((one) => one !== "").join(" ");
}

/** Limits by name, `<vital>-<side>`, of any detector whose parameters are known; else those that findings name. */
function limitsOf({ vital, code }: VitalView, rules: readonly RuleInForce[] | null, findings: readonly Finding[]): readonly Limit[] {
  const factor = vital.decimals === 1 ? 10 : 1;
  const known = (rules ?? []).flatMap(({ parameters }) =>
    SIDES.flatMap((side): Limit[] => {
      const value = parameters?.get(`${vital.id}-${side}`);
      return typeof value === "number" ? [{ value: value / factor, label: side.replace("-", " ") }] : [];
    }),
  );
  if (known.length > 0) return known;
  const named = findings
    .filter(({ channel }) => channel === code)
    .flatMap(({ evidence }) => evidence.filter(({ name }) => name === "limit"));
  return [...new Set(named.map(({ value, decimals }) => value / 10 ** decimals))].map((value) => ({ value, label: "limit" }));
}

/** Bands of NEWS2 where it ran and its scale is known. */
function bandsOf({ vital }: VitalView, { rules, recording }: TrendContext): readonly ScoreBand[] {
  if (rules?.some(({ id }) => id === "news2") !== true) return [];
  // On scale 2 the points depend on oxygen as well: no one set of bands is right for the whole time.
  if (vital.id === "spo2" && recording.events.some(({ kind, value }) => kind === "spo2-scale" && value === "2")) return [];
  const factor = vital.decimals === 1 ? 10 : 1;
  return viewNews2Bands(vital).map(({ from, to, points }) => ({ from: (from - 0.5) / factor, to: (to + 0.5) / factor, points }));
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly marks: readonly number[];
}

/** The values with some room, wide enough to show the limits or bands next to them. */
function scaleOf({ lowest, highest }: TrendShape, limits: readonly Limit[], bands: readonly ScoreBand[]): Scale {
  const [from, to] = [lowest ?? limits[0]?.value ?? 0, highest ?? limits.at(-1)?.value ?? 1];
  const edges = [...limits.map(({ value }) => value), ...bands.slice(1).map((band) => band.from)];
  const below = Math.max(...edges.filter((value) => value < from), Number.NEGATIVE_INFINITY);
  const above = Math.min(...edges.filter((value) => value > to), Number.POSITIVE_INFINITY);
  const room = Math.max((to - from) * 0.15, 2 / 10 ** (to < 60 && to > 24 ? 1 : 0));
  const near = Math.max(to - from, room * 2);
  const low = from - below < near ? below - room / 2 : from - room;
  const high = above - to < near ? above + room / 2 : to + room;
  const step = STEPS.find((one) => (high - low) / one <= 4) ?? 500;
  const marks: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) marks.push(Number(at.toFixed(2)));
  return { low, high, marks };
}

function y({ low, high }: Scale, value: number): string {
  return (BOTTOM - ((value - low) / (high - low)) * (BOTTOM - TOP)).toFixed(1);
}

function drawScale(scale: Scale): Markup[] {
  return scale.marks.map(
    (value) => markup`<text class="tick" x="38" y="${(Number(y(scale, value)) + 4).toFixed(1)}" text-anchor="end">${value}</text>`,
  );
}

function drawBand({ from, to, points }: ScoreBand, scale: Scale): Markup | Markup[] {
  const [low, high] = [Math.max(from, scale.low), Math.min(to, scale.high)];
  if (points === 0 || high <= low) return [];
  const top = Number(y(scale, high));
  const height = Number(y(scale, low)) - top;
  const label =
    height < 12 ? null : markup`<text class="points" x="99.5%" y="${(top + height / 2 + 4).toFixed(1)}" text-anchor="end">${points}</text>`;
  return markup`<g><title>NEWS2: ${count(points, "point")}</title><rect class="band p${points}" x="0" width="100%" y="${top}" height="${height.toFixed(1)}"/>${label}</g>`;
}

function drawLimit(value: number, label: string, scale: Scale): Markup {
  const at = y(scale, value);
  return markup`<line class="limit" x1="0" x2="100%" y1="${at}" y2="${at}"/><text class="limit-label" x="4" y="${(Number(at) - 3).toFixed(1)}">${label} ${value}</text>`;
}

function curve({ points }: TrendShape, axis: Axis, scale: Scale): string {
  const x = (ms: number): string => ((10_000 * (ms - axis.fromMs)) / Math.max(1, axis.toMs - axis.fromMs)).toFixed(0);
  return points
    .map(({ atMs, low, high, joined }) => {
      const at = x(atMs);
      return `${joined ? "L" : "M"}${at} ${y(scale, low)}${high > low ? `V${y(scale, high)}` : ""}`;
    })
    .join("");
}

/** Values that no line leads to or from would not be seen. */
function dots({ points }: TrendShape, axis: Axis, scale: Scale): Markup[] {
  return points
    .filter(({ joined, low, high }, i) => low === high && !joined && points[i + 1]?.joined !== true)
    .map(({ atMs, low }) => markup`<circle class="dot" cx="${percent(axis, atMs)}" cy="${y(scale, low)}" r="2.2"/>`);
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

const TOP = 20;
const BOTTOM = 150;
const HEIGHT = 182;
/** Graver alarms have taller bars. */
const BAR_TOP: Readonly<Record<Finding["priority"], number>> = { high: 2, medium: 7, low: 12, none: 14 };
const SIDES = ["very-low", "low", "high", "very-high"] as const;
const STEPS: readonly number[] = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];
const UNITS: Readonly<Record<string, string>> = { Cel: "°C", "mm[Hg]": "mmHg", "/min": "per minute", "{score}": "points" };
