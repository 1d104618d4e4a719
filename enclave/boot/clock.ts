import { DependencyError, InvariantError } from "@caladrius/wire";

/** Now lies within, Unix milliseconds. */
export interface TimeInterval {
  fromMs: number;
  toMs: number;
}

/** A document's time and the monotonic time at which the call for it began and ended. */
export interface TimeAnchor {
  documentMs: number;
  beganMs: number;
  endedMs: number;
}

/** How far a monotonic clock may run wrong: 200 ppm. */
const DRIFT = 200e-6;

/** Documents state whole milliseconds; QEMU's state whole seconds, so anchors may contradict by that much. */
const GRANULARITY_MS = 1;
const CONTRADICTION_MS = 1000;

/** Without an anchor for this long there is no time to speak of. */
const MAX_ANCHOR_AGE_MS = 3_600_000;

/**
 * The enclave's only clock. NSM tells time inside documents alone; between them the monotonic clock is believed within
 * 200 ppm. The kernel's wall clock, which a host may set, is never read.
 */
export class Clock {
  readonly #monotonicMs: () => number;
  #anchor: TimeAnchor | null = null;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** Monotonic milliseconds, for anchors. */
  monotonicMs(): number {
    return this.#monotonicMs();
  }

  /**
   * Takes a newer anchor. @throws InvariantError clock-contradiction when it cannot be true together with the last
   * one: service must stop.
   */
  anchor(next: TimeAnchor): void {
    if (this.#anchor !== null) {
      const earliest = lower(this.#anchor, Math.max(next.beganMs, this.#anchor.endedMs));
      const latest = upper(this.#anchor, next.endedMs);
      if (next.documentMs < earliest - CONTRADICTION_MS || next.documentMs > latest + CONTRADICTION_MS) {
        throw new InvariantError("clock-contradiction", "two NSM documents state times that cannot both be true");
      }
    }
    this.#anchor = next;
  }

  /** @throws DependencyError time-unknown before the first anchor, or an hour after the last */
  now(): TimeInterval {
    const at = this.#monotonicMs();
    if (this.#anchor === null || at - this.#anchor.endedMs > MAX_ANCHOR_AGE_MS)
      throw new DependencyError("time-unknown", "no recent NSM document", 1000);
    return { fromMs: lower(this.#anchor, at), toMs: upper(this.#anchor, at) };
  }
}

function lower(anchor: TimeAnchor, atMs: number): number {
  return Math.floor(anchor.documentMs + (atMs - anchor.endedMs) * (1 - DRIFT));
}

function upper(anchor: TimeAnchor, atMs: number): number {
  return Math.ceil(anchor.documentMs + GRANULARITY_MS + (atMs - anchor.beganMs) * (1 + DRIFT));
}
