import { encodeCbor, encodeResultFile, type CborValue, type Finding, type ResultFile } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../generate/der.ts";
import { makeResultFile, VALUES, type NamedValue } from "../generate/test-result.ts";
import { pcr, PCR4 } from "../generate/test-pki.ts";
import { signatures } from "../signatures/node.ts";
import { rememberSignatures } from "../signatures/remember.ts";
import { createResultVerifier, verifyResultFile } from "../verdict/verify-result-file.ts";
import { chain, flipped, judgeResult, placeOf, result, resultTrust } from "./generate/genuine.ts";

const { bytes, file } = result;
const parts: [string, Uint8Array][] = [
  ["result", file.result],
  ["identity", file.identity],
  ["evidence", file.evidence],
  ...file.disclosures.map((one, i): [string, Uint8Array] => [`disclosure ${i + 1}`, one]),
];

/** Another file that is as genuine, of another boot of the same program. */
const otherValues = VALUES.map((pair): NamedValue =>
  pair[0] === "level" ? ["level", "findings"] : pair[0] === "subject" ? ["subject", "pseudonym-2"] : pair,
);
const other = makeResultFile({ chain, identity: { bootId: new Uint8Array(16).fill(4) }, values: otherValues });
const remembering = rememberSignatures(signatures);
const [, finding] = VALUES.find((pair) => pair[0] === "finding") ?? ["finding", null];
const PARTS = ["result", "disclosures", "identity", "evidence"] as const;

it("accepts the files that the others are made from", async () => {
  expect(await judgeResult(bytes)).toBe("accepted");
  expect(await judgeResult(other.bytes)).toBe("accepted");
});

describe("a flipped bit is refused", () => {
  it.each(parts)("in the %s", async (_, part) => {
    const at = placeOf(part, bytes);
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * part.length - 1), async (bit) => {
        expect(await judgeResult(flipped(bytes, 8 * at + bit))).not.toBe("accepted");
      }),
      { numRuns: 120 },
    );
  });

  it("in the file, outside of its parts, every one", async () => {
    const inside = new Set(parts.flatMap(([, part]) => Array.from(part, (_, i) => placeOf(part, bytes) + i)));
    const outside = Array.from(bytes, (_, at) => at).filter((at) => !inside.has(at));
    expect(outside.length).toBeGreaterThan(40); // names of the fields, heads, the version
    for (const at of outside)
      for (let bit = 0; bit < 8; bit++) expect(await judgeResult(flipped(bytes, 8 * at + bit)), `byte ${at}`).not.toBe("accepted");
  });
});

it("refuses any other byte at any place", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
      expect(await judgeResult(bytes.with(at, (bytes[at] ?? 0) ^ mask))).not.toBe("accepted");
    }),
    { numRuns: 400 },
  );
});

describe("a file in pieces is refused", () => {
  it("cut off at every length, and with bytes behind", async () => {
    for (let end = 0; end < bytes.length; end++) expect(await judgeResult(bytes.subarray(0, end))).toBe("result-file-form");
    expect(await judgeResult(concat(bytes, Uint8Array.of(0)))).toBe("result-file-form");
    expect(await judgeResult(concat(bytes, bytes))).toBe("result-file-form");
  });

  it("with slices taken out, doubled or moved", async () => {
    const cut = fc.tuple(fc.nat(bytes.length), fc.integer({ min: 1, max: 400 }), fc.nat(bytes.length));
    await fc.assert(
      fc.asyncProperty(cut, async ([from, length, to]) => {
        const slice = bytes.slice(from, from + length);
        for (const changed of [
          concat(bytes.subarray(0, from), bytes.subarray(from + slice.length)),
          concat(bytes.subarray(0, to), slice, bytes.subarray(to)),
          concat(bytes.subarray(0, to), slice, bytes.subarray(to + slice.length)),
        ])
          if (Buffer.compare(changed, bytes) !== 0) expect(await judgeResult(changed)).not.toBe("accepted");
      }),
      { numRuns: 150 },
    );
  });

  it("of bytes by chance, or of any CBOR in its fields", async () => {
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.integer(),
      fc.string(),
      fc.constant(null),
      fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 4 }),
    );
    const names = fc.constantFrom("caladrius", "result", "disclosures", "identity", "evidence", "release", "receipt", "x");
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.dictionary(names, value, { noNullPrototype: true }),
        async (chance, change) => {
          expect(await judgeResult(chance)).toMatch(/^result-file-/);
          const fields: Record<string, CborValue> = { caladrius: 1, ...file, ...change };
          delete fields["version"];
          const code = await judgeResult(encodeCbor(new Map(Object.entries(fields))));
          // only a file that discloses nothing, and is else as it was, is as good as before
          const harmless = ([key, one]: [string, unknown]): boolean =>
            (key === "caladrius" && one === 1) || (key === "disclosures" && Array.isArray(one) && one.length === 0);
          expect(code === "accepted").toBe(Object.entries(change).every(harmless));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("parts of two genuine files", () => {
  const mixes = Array.from({ length: 14 }, (_, i) => PARTS.filter((_part, bit) => ((i + 1) >> bit) & 1));
  it.each(mixes.map((mix) => [mix.join(" and "), mix] as const))("do not verify together: %s of the other", async (_, mix) => {
    const mixed: ResultFile = { ...file };
    for (const part of mix) Object.assign(mixed, { [part]: other.file[part] });
    expect(await judgeResult(encodeResultFile(mixed))).toMatch(
      /^(identity-commitment|result-identity|result-signature|disclosure-unknown)$/,
    );
  });

  it("do not verify with one disclosure of the other, or one twice, in any place", async () => {
    const foreign = other.file.disclosures.filter((one) => !file.disclosures.some((own) => Buffer.compare(own, one) === 0));
    expect(foreign.length).toBe(2);
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(file.disclosures),
        fc.constantFrom(...foreign, ...file.disclosures),
        fc.nat(file.disclosures.length),
        async (kept, added, at) => {
          const disclosures = kept.toSpliced(at, 0, added);
          const code = await judgeResult(encodeResultFile({ ...file, disclosures }));
          if (foreign.includes(added)) expect(code).toBe("disclosure-unknown");
          else expect(code).toBe(kept.includes(added) ? "disclosure-duplicate" : "accepted");
        },
      ),
      { numRuns: 80 },
    );
  });

  it("verify with any of their own disclosures taken out, in any order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(file.disclosures), async (disclosures) => {
        expect(await judgeResult(encodeResultFile({ ...file, disclosures }))).toBe("accepted");
      }),
      { numRuns: 60 },
    );
  });

  it("do not verify with evidence of the same identity from another image", async () => {
    const pcrs = new Map([
      [0, pcr(1)],
      [1, pcr(2)],
      [2, pcr(3)],
      [4, PCR4],
    ]);
    const image = makeResultFile({ chain, fields: { pcrs } });
    expect(await judgeResult(encodeResultFile({ ...file, evidence: image.file.evidence }))).toBe("measurement-mismatch");
  });
});

describe("a verifier of many files", () => {
  it("says of each what it says of it alone, whatever came before", async () => {
    const swapped = encodeResultFile({ ...file, evidence: other.file.evidence });
    const files = fc.oneof(
      fc.constantFrom(bytes, other.bytes, swapped, encodeResultFile({ ...file, identity: other.file.identity })),
      fc.nat(8 * bytes.length - 1).map((bit) => flipped(bytes, bit)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(files, { maxLength: 8 }), fc.nat(2), async (batch, most) => {
        const verify = createResultVerifier(resultTrust, {}, remembering, most);
        for (const one of batch) expect((await verify(one)).code).toBe((await verifyResultFile(one, resultTrust, {}, remembering)).code);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the time that a file takes", () => {
  it("grows in proportion to its disclosures", async () => {
    const seconds = async (count: number, times: number): Promise<number> => {
      const values = Array.from({ length: count }, (_, i): NamedValue => ["finding", { ...(finding as Finding), onsetMs: i, endMs: i }]);
      const { bytes: large } = makeResultFile({ chain, values });
      expect(await judgeResult(large)).toBe("accepted");
      let least = Number.POSITIVE_INFINITY;
      for (let turn = 0; turn < 3; turn++) {
        const began = process.cpuUsage();
        for (let i = 0; i < times; i++) await judgeResult(large);
        const { user, system } = process.cpuUsage(began);
        least = Math.min(least, user + system);
      }
      return least;
    };
    await seconds(200, 3); // compiled before it is measured
    expect((await seconds(4000, 1)) / (await seconds(200, 20))).toBeLessThan(7); // about 1; 20 if it were quadratic
  });
});
