import type { CedarEngine } from "./engine.ts";
import type { CedarRequest } from "./request.ts";

/** A decision of Cedar's that may have been made before. */
export interface RememberedCedar {
  /**
   * Whether the policies permit it.
   * @param under what the decision was asked under besides the request, such as grant and status list
   */
  permits(request: CedarRequest, under: string): boolean;
  /** how many decisions are remembered */
  readonly size: number;
}

/**
 * Remembers the last decisions by everything that Cedar was told, and by what they were asked under: one bundle, one memo.
 * Cedar knows no time, so nothing here outlives anything; what depends on time is judged before, at every use.
 * @param most decisions kept, the oldest goes first; one takes up to 10 kB where a submitter names much, else half of one
 */
export function rememberCedar(engine: CedarEngine, most: number): RememberedCedar {
  const known = new Map<string, boolean>();
  return {
    permits(request, under): boolean {
      const key = `${under} ${JSON.stringify(request)}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const { allowed } = engine.answer(request);
      const oldest = known.keys().next();
      if (known.size >= most && oldest.done !== true) known.delete(oldest.value);
      known.set(key, allowed);
      return allowed;
    },
    get size() {
      return known.size;
    },
  };
}
