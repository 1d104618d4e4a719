import type { Measurement } from "@caladrius/wire";
import { VITALS } from "../channels.ts";
import type { Prepared, Report } from "../detector.ts";
import { numberOf, type Parameters } from "../parameters.ts";
import { ABSENT } from "../plausibility.ts";
import type { Chart } from "./chart.ts";
import { valueAt } from "./cursor.ts";
import type { Episode } from "./episode.ts";
import { sourcesOf, type Source } from "./sources.ts";
import { ScoreStream } from "./stream.ts";

/**
 * Scores a recording by one chart. A value stands until the next one, at most for the maximum age of its parameter. A
 * missing part is never imputed: there is then no total, the span is not assessed, and "<detector>-partial" names the
 * missing parts and the highest sum of the others. Points are never negative, so that sum is a lower bound and raises the
 * triggers too, as "partial-score".
 */
export function runChart(chart: Chart, prepared: Prepared, report: Report, parameters: Parameters): void {
  const sources = sourcesOf(chart, prepared, parameters, report.spans);
  const cursors = sources.flatMap((source) => source.cursors);
  const feeds = sources.flatMap(({ cursors: own, maxAgeMs }, place) => own.map(() => ({ place, maxAgeMs })));
  const shown = (place: number, episode: Episode): number => valueAtPeak(sources[place], episode.peak.atMs);
  const stream = new ScoreStream(chart, feeds, prepared.fromMs, 1000 * numberOf(parameters, "hold-seconds"), (trigger, episode) => {
    reportEpisode(chart, report, trigger, episode, shown);
  });
  const nextMs = Float64Array.from(cursors, (cursor) => cursor.nextMs);
  for (;;) {
    let next = -1;
    let atMs = Number.POSITIVE_INFINITY;
    for (let k = 0; k < nextMs.length; k++) {
      const ms = nextMs[k] ?? 0;
      if (ms < atMs) {
        atMs = ms;
        next = k;
      }
    }
    const cursor = cursors[next];
    if (cursor === undefined || atMs > prepared.toMs) break;
    cursor.advance();
    nextMs[next] = cursor.nextMs;
    stream.change(next, cursor.standing, atMs);
  }
  stream.finish(prepared.toMs);
}

/** Adds an episode of a chart to the report; `shown` gives the value of a place at its peak, or ABSENT. */
export function reportEpisode(
  chart: Chart,
  report: Pick<Report, "findings" | "spans">,
  trigger: number,
  episode: Episode,
  shown: (place: number, episode: Episode) => number,
): void {
  const { detector } = chart;
  const { onsetMs, endMs, missing } = episode;
  const { code, priority } = chart.triggers[trigger] ?? { code: `${detector}-partial`, priority: "none" };
  const evidence = (): Measurement[] => evidenceOf(chart, episode, shown);
  report.findings.add({ code, detector, channel: null, onsetMs, endMs, priority, technical: trigger < 0, evidence });
  if (trigger >= 0) return;
  const reason = `missing ${chart.shortNames.filter((_, part) => (missing & (1 << part)) !== 0).join(" ")}`;
  report.spans.add({ detector, channel: null, fromMs: onsetMs, toMs: endMs, reason });
}

function evidenceOf(chart: Chart, episode: Episode, shown: (place: number, episode: Episode) => number): Measurement[] {
  const { onsetMs, peak, missing } = episode;
  const parts: Measurement[] = [];
  const absent: Measurement[] = [];
  chart.parts.forEach((part, k) => {
    const value = peak.points[k] ?? -1;
    if (value >= 0) parts.push({ name: `points-${part}`, value, decimals: 0, unit: "{score}" });
    if ((missing & (1 << k)) !== 0) absent.push({ name: `missing-${part}`, value: 1, decimals: 0, unit: "1" });
  });
  const values = chart.shown.flatMap((k): Measurement[] => {
    const place = chart.places[k];
    const value = shown(k, episode);
    if (place === undefined || !("vital" in place) || value === ABSENT) return [];
    const { unit, decimals } = VITALS[place.vital];
    return [{ name: place.vital, value, decimals, unit }];
  });
  return [
    { name: parts.length === chart.parts.length ? "score" : "partial-score", value: peak.sum, decimals: 0, unit: "{score}" },
    { name: "peak-after-onset", value: peak.atMs - onsetMs, decimals: 0, unit: "ms" },
    ...parts,
    ...values,
    ...absent,
  ];
}

function valueAtPeak(source: Source | undefined, atMs: number): number {
  for (const column of source?.columns ?? []) {
    const value = valueAt(column, atMs, source?.maxAgeMs ?? 0);
    if (value !== ABSENT) return value;
  }
  return ABSENT;
}
