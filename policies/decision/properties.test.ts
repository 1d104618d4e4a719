import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STATEMENT, type Grant, type Request, type StatementKind } from "@caladrius/wire";
import { batchOf, codeOf, GRANT, grantOf, KEY, NOW, SAMPLES, to, type Change } from "./generate/world.ts";

const PURPOSES = ["TREAT", "HRESCH", "PATRQT"] as const;
const CHANNELS = ["loinc:8867-4", "loinc:9279-1", "mdc:131330"] as const;
const DETECTORS = ["news2", "ecg-beats"] as const;
const LEVELS = ["alarm", "findings", "full"] as const;

const some = <T>(all: readonly T[]): fc.Arbitrary<T[]> => fc.subarray([...all], { minLength: 1 });
const orAny = <T>(all: readonly T[]): fc.Arbitrary<T[] | null> => fc.option(some(all), { nil: null });

// With every edge drawn alike, hardly any grant would allow anything: each edge is as a rule one that lets the job pass.
const rule = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(usual, usual, usual, ...others);
const anyGrant: fc.Arbitrary<Partial<Grant>> = fc.record({
  id: fc.constantFrom(GRANT.id, new Uint8Array(16)),
  subject: rule("subject", "other"),
  purposes: fc.oneof(fc.constant([...PURPOSES] as string[]), some<string>(PURPOSES)),
  channels: orAny(CHANNELS),
  detectors: orAny(DETECTORS),
  level: rule<(typeof LEVELS)[number]>("full", ...LEVELS),
  notBefore: rule(NOW - 9, NOW, NOW + 1),
  notAfter: fc.constantFrom(NOW + 2, NOW + 9),
  samples: rule(null, SAMPLES, { fromMs: SAMPLES.fromMs + 1, toMs: SAMPLES.toMs }),
  uses: rule(3, 1, 2),
  ward: rule(null, "icu"),
});

interface Asked {
  request: Pick<Request, "purpose" | "detectors" | "recipients" | "ward">;
  channels: string[];
  use: number;
}
const anyAsked: fc.Arbitrary<Asked> = fc.record({
  request: fc.record({
    purpose: fc.constantFrom(...PURPOSES),
    detectors: fc.subarray([...DETECTORS]),
    recipients: fc.array(fc.constantFrom(...LEVELS), { minLength: 1, maxLength: 2 }).map((levels) => to(...levels)),
    ward: fc.constantFrom(null, "icu"),
  }),
  channels: fc.subarray([...CHANNELS]),
  use: fc.integer({ min: 1, max: 3 }),
});

const change = ({ request, channels, use }: Asked, ...grants: Partial<Grant>[]): Change => ({
  recording: { channels },
  request: { ...request, grants: grants.map((grant) => ({ grant: grantOf(grant), use })) },
});
const allows = (asked: Asked, ...grants: Partial<Grant>[]): boolean => codeOf(change(asked, ...grants)) === "allowed";

/** Each makes one edge of a grant wider. */
const WIDER: readonly ((grant: Partial<Grant>) => Partial<Grant>)[] = [
  (grant) => ({ ...grant, purposes: [...PURPOSES] }),
  (grant) => ({ ...grant, channels: grant.channels === null ? null : [...CHANNELS] }),
  (grant) => ({ ...grant, channels: null }),
  (grant) => ({ ...grant, detectors: grant.detectors === null ? null : [...DETECTORS] }),
  (grant) => ({ ...grant, detectors: null }),
  (grant) => ({ ...grant, level: grant.level === "alarm" ? "findings" : "full" }),
  (grant) => ({ ...grant, notBefore: (grant.notBefore ?? NOW) - 1 }),
  (grant) => ({ ...grant, notAfter: (grant.notAfter ?? NOW) + 1 }),
  (grant) => ({ ...grant, samples: grant.samples ? { fromMs: grant.samples.fromMs - 1, toMs: grant.samples.toMs + 1 } : null }),
  (grant) => ({ ...grant, samples: null }),
  (grant) => ({ ...grant, uses: (grant.uses ?? 1) + 1 }),
  (grant) => ({ ...grant, ward: null }),
];

describe("grants", () => {
  it("that are wider in anything allow what they allowed; that are narrower, nothing more", () => {
    let both = 0;
    fc.assert(
      fc.property(anyAsked, anyGrant, fc.constantFrom(...WIDER), (asked, narrow, widen) => {
        const wide = widen(narrow);
        const [before, after] = [allows(asked, narrow), allows(asked, wide)];
        if (before) both++;
        expect(before && !after).toBe(false); // widening: allow never becomes deny; read backwards, narrowing: deny never becomes allow
      }),
      { numRuns: 400 },
    );
    expect(both).toBeGreaterThan(5); // about 30
  });

  it("decide alike in any order", () => {
    fc.assert(
      fc.property(anyAsked, fc.array(anyGrant, { minLength: 2, maxLength: 3 }), (asked, grants) => {
        expect(codeOf(change(asked, ...grants))).toBe(codeOf(change(asked, ...grants.toReversed())));
      }),
      { numRuns: 100 },
    );
  });

  it("never allow together what none of them allows alone", () => {
    fc.assert(
      fc.property(anyAsked, fc.array(anyGrant, { minLength: 2, maxLength: 3 }), (asked, grants) => {
        expect(allows(asked, ...grants)).toBe(grants.some((grant) => allows(asked, grant)));
      }),
      { numRuns: 100 },
    );
  });

  it("count with every bit as it was signed", () => {
    const genuine = grantOf();
    fc.assert(
      fc.property(fc.nat(genuine.length * 8 - 1), (bit) => {
        const forged = Uint8Array.from(genuine);
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(codeOf({ request: { grants: [{ grant: forged, use: 1 }] } })).toBe("denied-grant");
      }),
      { numRuns: 200 },
    );
  });
});

describe("kinds of statements", () => {
  const kinds = Object.keys(STATEMENT) as StatementKind[];
  it.each(kinds.filter((kind) => kind !== "grant"))("a grant under the type of a %s is none", (kind) => {
    expect(codeOf({ request: { grants: [{ grant: grantOf({}, KEY.clinic, kind), use: 1 }] } })).toBe("denied-grant");
  });
  it.each(kinds.filter((kind) => kind !== "device-batch"))("a device's statement under the type of a %s is none", (kind) => {
    expect(codeOf({ device: batchOf({}, KEY.monitor, kind) })).toBe("denied-device");
  });
});
