import type { Finding, Measurement, Priority } from "@caladrius/wire";

/** Most findings in one analysis; a last one says how many were left out. */
export const MAX_FINDINGS = 256;

const RANK: readonly Priority[] = ["high", "medium", "low", "none"];

/** A finding before its evidence is gathered, which costs nothing when there is no room for it. */
export interface Candidate {
  code: string;
  detector: string;
  channel: string | null;
  onsetMs: number;
  endMs: number;
  priority: Priority;
  technical: boolean;
  confidencePermille?: number;
  evidence: () => Measurement[];
}

/**
 * Takes findings and keeps a bounded number: within one priority those that came first, and at the end those of the
 * highest priority.
 */
export class FindingList {
  readonly #kept: Record<Priority, Finding[]> = { high: [], medium: [], low: [], none: [] };
  readonly #seen: Record<Priority, number> = { high: 0, medium: 0, low: 0, none: 0 };

  add(candidate: Candidate): void {
    const { priority } = candidate;
    this.#seen[priority]++;
    if (this.#kept[priority].length < MAX_FINDINGS)
      this.#kept[priority].push({ ...candidate, confidencePermille: candidate.confidencePermille ?? null, evidence: candidate.evidence() });
  }

  /** Highest priority of all findings, those without room too. */
  get highest(): Priority {
    return RANK.find((priority) => this.#seen[priority] > 0) ?? "none";
  }

  /** Findings in order of onset; `fromMs` and `toMs` are the coverage, for the note on what was left out. */
  finish(fromMs: number, toMs: number): Finding[] {
    const seen = RANK.reduce((sum, priority) => sum + this.#seen[priority], 0);
    const all = RANK.flatMap((priority) => this.#kept[priority]);
    const kept = seen <= MAX_FINDINGS ? all : all.slice(0, MAX_FINDINGS - 1);
    kept.sort((a, b) => a.onsetMs - b.onsetMs || RANK.indexOf(a.priority) - RANK.indexOf(b.priority));
    if (seen > kept.length) kept.push(this.#leftOut(kept, fromMs, toMs));
    return kept;
  }

  #leftOut(kept: readonly Finding[], fromMs: number, toMs: number): Finding {
    const evidence = RANK.map((priority) => {
      const present = kept.filter((finding) => finding.priority === priority).length;
      return { name: `left-out-${priority}`, value: this.#seen[priority] - present, decimals: 0, unit: "1" };
    });
    return {
      code: "findings-left-out",
      detector: "analyse",
      channel: null,
      onsetMs: fromMs,
      endMs: toMs,
      priority: "low",
      technical: true,
      confidencePermille: null,
      evidence,
    };
  }
}
