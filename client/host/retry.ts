import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { DependencyError } from "@caladrius/wire";
import { sentence } from "../errors.ts";

/** How long the client tries. All in ms. */
export interface RetrySettings {
  /** first pause; each further one is twice as long */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** how long a host may be away, or ask to wait, before the client gives up */
  readonly patienceMs: number;
  /** the same while the host has not answered once: then the address is probably wrong */
  readonly firstContactMs: number;
}

export const DEFAULT_RETRY: RetrySettings = { firstPauseMs: 250, longestPauseMs: 15_000, patienceMs: 300_000, firstContactMs: 5000 };

/** A failure that may pass: the host is away or busy. */
export class PassingFailure extends Error {
  override readonly name = "PassingFailure";
  readonly code: "host-unreachable" | "host-busy";
  /** what the host asked for, null when it said nothing */
  readonly retryAfterMs: number | null;
  constructor(code: "host-unreachable" | "host-busy", detail: string, retryAfterMs: number | null) {
    super(detail);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Pauses between attempts: exponential, scattered so that many clients do not come back at once. */
export class Backoff {
  readonly #settings: RetrySettings;
  readonly #signal: AbortSignal;
  #pauses = 0;

  constructor(settings: RetrySettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** The next pause, at least what the host asked for. */
  nextMs(atLeastMs: number | null = null): number {
    const { firstPauseMs, longestPauseMs } = this.#settings;
    const whole = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#pauses, 20));
    this.#pauses += 1;
    const scattered = whole / 2 + randomInt(Math.max(1, Math.ceil(whole / 2)));
    return Math.max(scattered, Math.min(atLeastMs ?? 0, longestPauseMs));
  }

  /** @throws the signal's reason */
  async pause(atLeastMs: number | null = null): Promise<void> {
    await delay(this.nextMs(atLeastMs), undefined, { signal: this.#signal }).catch(() => this.#signal.throwIfAborted());
  }
}

/**
 * Runs `attempt` until it succeeds or fails for good.
 * @param patienceMs asked again after each failure, because it grows once the host has answered
 * @throws DependencyError host-unreachable, host-busy when patience ends; whatever else `attempt` throws
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: { settings: RetrySettings; patienceMs: () => number; signal: AbortSignal; onRetry: (reason: string) => void },
): Promise<T> {
  const { settings, patienceMs, signal, onRetry } = options;
  const backoff = new Backoff(settings, signal);
  let sinceMs: number | null = null;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof PassingFailure)) throw error;
      const nowMs = performance.now();
      sinceMs ??= nowMs;
      if (nowMs - sinceMs >= patienceMs())
        throw new DependencyError(error.code, sentence(error.code, error.message), settings.longestPauseMs);
      onRetry(sentence(error.code, error.message));
      await backoff.pause(error.retryAfterMs);
    }
  }
}
