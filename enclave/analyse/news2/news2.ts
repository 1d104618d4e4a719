import type { Measurement } from "@caladrius/wire";
import { VITALS, type VitalId } from "../channels.ts";
import type { Detector, Prepared, Report } from "../detector.ts";
import type { Candidate } from "../findings.ts";
import { numberOf, required, type Parameters } from "../parameters.ts";
import { ABSENT } from "../plausibility.ts";
import { PARTS, SHORT_NAMES } from "./bands.ts";
import { valueAt } from "./cursor.ts";
import { EpisodeTracker, type Episode, type Snapshot } from "./episode.ts";
import { scorePlace, standingOf } from "./score.ts";
import { AGE_PARAMETERS, NEWS2_TABLES, NEWS2_VITALS, sourcesOf, type Source } from "./sources.ts";

/**
 * National Early Warning Score 2 (Royal College of Physicians 2017), for adults of 16 years and more, not in pregnancy.
 *
 * Values are rounded first (integers; temperature to one decimal), then banded. SpO2 scale 2 is used only while a
 * recorded "spo2-scale" = "2" stands. A value stands until the next one, at most for the maximum age of its parameter.
 * Consciousness comes from events or from a Glasgow coma score (15: alert; below: 3 points), the worse counts; oxygen
 * from events or from an inspired fraction above 21 %. A missing part is never imputed: there is then no total, the span
 * is not assessed, and "news2-partial" names the missing parts and the highest sum of the others. Because points are
 * never negative that sum is a lower bound, so it raises the findings below too, as "partial-score".
 *
 * Findings: "news2-high" (7 or more, high), "news2-medium" (5 or more, medium), "news2-single" (one part at 3, medium).
 */
export const news2: Detector = {
  id: "news2",
  version: "1.0.0",
  title: "National Early Warning Score 2",
  parameters: [...AGE_PARAMETERS, required("hold-seconds", 60, 0, 86_400)],
  applies: (prepared) => prepared.columns.some((column) => NEWS2_VITALS.includes(column.vital.id)),
  configure: (parameters) => ({ run: (prepared, report) => run(prepared, report, parameters), tables: NEWS2_TABLES }),
};

function run(prepared: Prepared, report: Report, parameters: Parameters): void {
  const sources = sourcesOf(prepared, parameters, report.spans);
  const holdMs = 1000 * numberOf(parameters, "hold-seconds");
  const emit =
    (code: string, priority: Candidate["priority"], technical: boolean): ((episode: Episode) => void) =>
    (episode) =>
      report.findings.add({
        code,
        detector: "news2",
        channel: null,
        onsetMs: episode.onsetMs,
        endMs: episode.endMs,
        priority,
        technical,
        evidence: () => evidenceOf(episode, sources),
      });
  const high = new EpisodeTracker(holdMs, emit("news2-high", "high", false));
  const medium = new EpisodeTracker(holdMs, emit("news2-medium", "medium", false));
  const single = new EpisodeTracker(holdMs, emit("news2-single", "medium", false));
  const notePartial = emit("news2-partial", "none", true);
  const partial = new EpisodeTracker(holdMs, (episode) => {
    notePartial(episode);
    const reason = `missing ${SHORT_NAMES.filter((_, part) => (episode.missing & (1 << part)) !== 0).join(" ")}`;
    report.spans.add({ detector: "news2", channel: null, fromMs: episode.onsetMs, toMs: episode.endMs, reason });
  });
  let before = -1;
  sweep(prepared, sources, (now) => {
    let missing = 0;
    let three = false;
    now.sum = 0;
    for (let part = 0; part < 7; part++) {
      const points = now.points[part] ?? -1;
      if (points < 0) missing |= 1 << part;
      else {
        now.sum += points;
        three ||= points === 3;
      }
    }
    const conditions = missing | (three ? 128 : 0) | (now.sum >= 5 ? 256 : 0) | (now.sum >= 7 ? 512 : 0);
    if (conditions === 0 && before === 0) return; // nothing stands and nothing stood: the common case
    before = conditions;
    high.take(now.sum >= 7, now, missing);
    medium.take(now.sum >= 5, now, missing);
    single.take(three, now, missing);
    partial.take(missing !== 0, now, missing);
  });
  for (const tracker of [high, medium, single, partial]) tracker.finish(prepared.toMs);
}

/** Walks all cursors together, from change to change, and gives the points of all parts from each such moment on. */
function sweep(prepared: Prepared, sources: readonly Source[], take: (now: Snapshot) => void): void {
  const cursors = sources.flatMap((source) => source.cursors);
  const placeOf = Uint8Array.from(sources.flatMap((source, place) => source.cursors.map(() => place)));
  const nextMs = Float64Array.from(cursors, (cursor) => cursor.nextMs);
  const standing = new Uint8Array(sources.length);
  const now: Snapshot = { atMs: prepared.fromMs, points: new Int8Array(7).fill(-1), sum: 0 };
  const count = cursors.length;
  for (;;) {
    let next = -1;
    let atMs = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) {
      const ms = nextMs[k] ?? 0;
      if (ms < atMs) {
        atMs = ms;
        next = k;
      }
    }
    if (atMs > now.atMs) {
      take(now);
      if (atMs > prepared.toMs) return;
      now.atMs = atMs;
    }
    const cursor = cursors[next];
    if (cursor === undefined) return;
    cursor.advance();
    nextMs[next] = cursor.nextMs;
    const place = placeOf[next] ?? 0;
    standing[place] = standingOf(sources[place]?.cursors ?? []);
    scorePlace(place, standing, now.points);
  }
}

/** Vital sign behind each part of the chart that is measured. */
const MEASURED_PARTS: readonly (readonly [place: number, vital: VitalId])[] = [
  [0, "respiratory-rate"],
  [1, "spo2"],
  [2, "systolic"],
  [3, "heart-rate"],
  [4, "temperature"],
];

function evidenceOf({ onsetMs, peak, missing }: Episode, sources: readonly Source[]): Measurement[] {
  const parts: Measurement[] = [];
  const absent: Measurement[] = [];
  PARTS.forEach((part, k) => {
    const value = peak.points[k] ?? -1;
    if (value >= 0) parts.push({ name: `points-${part}`, value, decimals: 0, unit: "{score}" });
    if ((missing & (1 << k)) !== 0) absent.push({ name: `missing-${part}`, value: 1, decimals: 0, unit: "1" });
  });
  return [
    { name: parts.length === 7 ? "score" : "partial-score", value: peak.sum, decimals: 0, unit: "{score}" },
    { name: "peak-after-onset", value: peak.atMs - onsetMs, decimals: 0, unit: "ms" },
    ...parts,
    ...MEASURED_PARTS.flatMap(([place, vital]) => measured(sources[place], vital, peak.atMs)),
    ...absent,
  ];
}

function measured(source: Source | undefined, vital: VitalId, atMs: number): Measurement[] {
  const { unit, decimals } = VITALS[vital];
  for (const column of source?.columns ?? []) {
    const value = valueAt(column, atMs, source?.maxAgeMs ?? 0);
    if (value !== ABSENT) return [{ name: vital, value, decimals, unit }];
  }
  return [];
}
