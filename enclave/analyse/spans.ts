import type { UnassessedSpan } from "@caladrius/wire";

/** Most spans that are listed one by one. */
const MAX_SPANS = 255;

/**
 * Takes spans that could not be judged and keeps a bounded number. Once full, all further ones become one span from the
 * first to the last of them, so that what was not assessed is never understated.
 */
export class SpanList {
  readonly #spans: UnassessedSpan[] = [];
  #rest: UnassessedSpan | null = null;

  add(span: UnassessedSpan): void {
    if (span.toMs < span.fromMs) return;
    if (this.#spans.length < MAX_SPANS) {
      this.#spans.push(span);
      return;
    }
    this.#rest ??= { detector: "analyse", channel: null, fromMs: span.fromMs, toMs: span.toMs, reason: "further-spans" };
    this.#rest.fromMs = Math.min(this.#rest.fromMs, span.fromMs);
    this.#rest.toMs = Math.max(this.#rest.toMs, span.toMs);
  }

  /** The spans in order of time. */
  finish(): UnassessedSpan[] {
    const all = this.#rest === null ? [...this.#spans] : [...this.#spans, this.#rest];
    return all.toSorted((a, b) => a.fromMs - b.fromMs);
  }
}

/** Milliseconds in which at least one detector could not judge: the length of the union. `spans` are in order of time. */
export function unionMs(spans: readonly UnassessedSpan[]): number {
  let total = 0;
  let reached = 0;
  for (const { fromMs, toMs } of spans) {
    if (toMs <= reached) continue;
    total += toMs - Math.max(fromMs, reached);
    reached = toMs;
  }
  return total;
}
