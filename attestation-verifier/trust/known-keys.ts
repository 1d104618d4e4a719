import { Refusal } from "../verdict/refusal.ts";

/** @throws Refusal trust-key-unknown for the first key of a trust file that is not among those it may have */
export function refuseUnknownKeys(keys: Iterable<string>, known: readonly string[]): void {
  for (const key of keys)
    if (!known.includes(key))
      throw new Refusal("trust-key-unknown", { subject: JSON.stringify(key.slice(0, 40)), expected: known.join(", ") });
}
