import type { VitalView } from "@caladrius/enclave/analyse/view";
import type { Coverage, Series } from "@caladrius/wire";

/**
 * Heart rate from the beat times that a result discloses, one value a beat, to be drawn as a trend. An interval that
 * reaches over a span in which beats were not looked for gives none.
 */
export function viewBeatRates(series: readonly Series[], coverage: Coverage | null): VitalView[] {
  if (coverage === null) return [];
  const { fromMs, unassessed } = coverage;
  return series.flatMap(({ name, unit, channel, values }): VitalView[] => {
    if (name !== "beats" || unit !== "ms" || channel === null) return [];
    const gaps = unassessed.filter((span) => span.channel === channel || span.channel === null);
    const times: number[] = [];
    const rates: number[] = [];
    for (let i = 1; i < values.length; i++) {
      const [before, at] = [values[i - 1] ?? 0, values[i] ?? 0];
      if (at <= before || gaps.some((span) => span.fromMs < fromMs + at && span.toMs > fromMs + before)) continue;
      times.push(at);
      rates.push(60_000 / (at - before));
    }
    if (times.length === 0) return [];
    const clock = {
      startMs: fromMs,
      length: times.length,
      stepNumerator: 0,
      stepDenominator: 1,
      times: Float64Array.from(times),
      intervalMs: 0,
      endMs: fromMs + (times.at(-1) ?? 0),
    };
    return [
      {
        code: channel,
        vital: { id: "heart-rate", unit: "/min", decimals: 0, least: 0, most: 350, units: new Map() },
        clock,
        timeMs: (i) => fromMs + (times[i] ?? 0),
        state: () => "value",
        physical: (i) => rates[i] ?? Number.NaN,
      },
    ];
  });
}
