import {
  compareBytes,
  decodeDisclosure,
  disclosureArrayLength,
  type Disclosure,
  type DisclosureName,
  type DisclosureValues,
} from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import { Refusal } from "../verdict/refusal.ts";

/** What a file discloses of a result. A name that is missing was withheld, or the result never had it. */
export type Disclosed = { readonly [N in Exclude<DisclosureName, "finding" | "series">]: DisclosureValues[N] | null } & {
  readonly finding: readonly DisclosureValues["finding"][];
  readonly series: readonly DisclosureValues["series"][];
};

/**
 * Finds each disclosure's SHA-256 in the array that the result's signature covers, and reads it (RFC 9901 §7.1 in spirit,
 * over CBOR). Only findings and series may stand more than once.
 * @throws Refusal disclosure-*
 */
export function openDisclosures(digests: readonly Uint8Array[], disclosures: readonly Uint8Array[]): Disclosed {
  verifyArray(digests);
  const used = new Set<number>();
  const finding: DisclosureValues["finding"][] = [];
  const series: DisclosureValues["series"][] = [];
  const single = new Map<DisclosureName, Disclosure["value"]>();
  for (const [i, bytes] of disclosures.entries()) {
    const subject = `disclosure ${i + 1}`;
    const at = indexOf(digests, sha256(bytes));
    if (at < 0) throw new Refusal("disclosure-unknown", { subject });
    if (used.has(at)) throw new Refusal("disclosure-duplicate", { subject });
    used.add(at);
    const disclosure = read(bytes, subject);
    if (disclosure.name === "finding") finding.push(disclosure.value);
    else if (disclosure.name === "series") series.push(disclosure.value);
    else if (single.has(disclosure.name)) throw new Refusal("disclosure-duplicate", { subject, actual: `a second ${disclosure.name}` });
    else single.set(disclosure.name, disclosure.value);
  }
  const get = <N extends DisclosureName>(name: N): DisclosureValues[N] | null =>
    (single.get(name) as DisclosureValues[N] | undefined) ?? null;
  return {
    "alarm-summary": get("alarm-summary"),
    coverage: get("coverage"),
    subject: get("subject"),
    "job-id": get("job-id"),
    submitter: get("submitter"),
    purpose: get("purpose"),
    level: get("level"),
    grant: get("grant"),
    detectors: get("detectors"),
    input: get("input"),
    stream: get("stream"),
    emergencies: get("emergencies"),
    denial: get("denial"),
    finding,
    series,
  };
}

/** Sorted, without repetition, and of a length that tells nothing but a power of two. */
function verifyArray(digests: readonly Uint8Array[]): void {
  if (disclosureArrayLength(digests.length) !== digests.length)
    throw new Refusal("disclosure-array", { expected: "16, 32, 64 … digests", actual: `${digests.length}` });
  for (let i = 1; i < digests.length; i++) {
    const [before, after] = [digests[i - 1], digests[i]];
    if (before === undefined || after === undefined || compareBytes(before, after) >= 0)
      throw new Refusal("disclosure-array", { expected: "ascending digests", actual: `digest ${i + 1} is not above the one before` });
  }
}

/** Binary search in the sorted array; -1 = not there. */
function indexOf(digests: readonly Uint8Array[], wanted: Uint8Array): number {
  let low = 0;
  let high = digests.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compareBytes(digests[middle] as Uint8Array, wanted);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function read(bytes: Uint8Array, subject: string): Disclosure {
  try {
    return decodeDisclosure(bytes);
  } catch (error) {
    throw new Refusal("disclosure-form", { subject, actual: (error as Error).message });
  }
}
