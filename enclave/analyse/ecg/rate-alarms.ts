import type { Measurement } from "@caladrius/wire";
import type { FindingList } from "../findings.ts";

/** Limits of the heart rate alarms (PhysioNet/CinC challenge 2015 definitions). */
export interface RateLimits {
  asystoleMs: number;
  bradycardiaPerMinute: number;
  bradycardiaBeats: number;
  tachycardiaPerMinute: number;
  tachycardiaBeats: number;
}

/** Beats of one segment, Unix ms, with the segment's bounds. */
export interface BeatRun {
  channel: string;
  fromMs: number;
  toMs: number;
  beatsMs: Float64Array;
}

/**
 * Asystole: no QRS for `asystoleMs`, between beats or to the ends of what could be judged. Extreme bradycardia:
 * `bradycardiaBeats` or more consecutive beats with every interval below the limiting rate; extreme tachycardia likewise
 * above. All are of high priority.
 */
export function rateAlarms(run: BeatRun, limits: RateLimits, findings: FindingList): void {
  asystole(run, limits.asystoleMs, findings);
  runs(run, limits.bradycardiaBeats, limits.bradycardiaPerMinute, true, findings);
  runs(run, limits.tachycardiaBeats, limits.tachycardiaPerMinute, false, findings);
}

function asystole({ channel, fromMs, toMs, beatsMs }: BeatRun, leastMs: number, findings: FindingList): void {
  let lastMs = fromMs;
  for (let i = 0; i <= beatsMs.length; i++) {
    const nextMs = i < beatsMs.length ? (beatsMs[i] ?? 0) : toMs;
    if (nextMs - lastMs >= leastMs) {
      const pause: Measurement = { name: "pause", value: nextMs - lastMs, decimals: 0, unit: "ms" };
      report(findings, "asystole", channel, lastMs, nextMs, () => [pause]);
    }
    lastMs = nextMs;
  }
}

function runs({ channel, beatsMs }: BeatRun, beats: number, perMinute: number, below: boolean, findings: FindingList): void {
  let first = 0; // first beat of the run of intervals that are all beyond the limit
  let extremeMs = 0;
  for (let i = 1; i <= beatsMs.length; i++) {
    const intervalMs = (beatsMs[i] ?? 0) - (beatsMs[i - 1] ?? 0);
    const beyond = i < beatsMs.length && (below ? intervalMs * perMinute > 60_000 : intervalMs * perMinute < 60_000);
    if (beyond) {
      extremeMs = i - 1 === first ? intervalMs : below ? Math.max(extremeMs, intervalMs) : Math.min(extremeMs, intervalMs);
      continue;
    }
    const count = i - first;
    if (count >= beats) {
      const evidence: Measurement[] = [
        { name: below ? "lowest-heart-rate" : "highest-heart-rate", value: Math.round(600_000 / extremeMs), decimals: 1, unit: "/min" },
        { name: "beats", value: count, decimals: 0, unit: "1" },
      ];
      report(
        findings,
        below ? "extreme-bradycardia" : "extreme-tachycardia",
        channel,
        beatsMs[first] ?? 0,
        beatsMs[i - 1] ?? 0,
        () => evidence,
      );
    }
    first = i;
  }
}

function report(findings: FindingList, code: string, channel: string, onsetMs: number, endMs: number, evidence: () => Measurement[]): void {
  findings.add({ code, detector: "ecg-beats", channel, onsetMs, endMs, priority: "high", technical: false, evidence });
}
