import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../generate/der.ts";
import { chain, document, flipped, judgeDocument, payload, placeOf, signed } from "./generate/genuine.ts";

/** What a document is made of, each part where it stands in the bytes. */
const HEADER = { at: 2, length: 4 };
const PAYLOAD = { at: placeOf(payload, document), length: payload.length };
const SIGNATURE = { at: document.length - 96, length: 96 };
const PLACES = ["root", "regional", "zonal", "instance", "leaf"] as const;
const certificates = [...chain.cabundle, chain.certificate];

/** Byte offsets inside a span, all of them or by chance. */
const within = ({ at, length }: { at: number; length: number }): fc.Arbitrary<number> => fc.integer({ min: at, max: at + length - 1 });
const all = ({ at, length }: { at: number; length: number }): number[] => Array.from({ length }, (_, i) => at + i);
const bits = (offset: number): number[] => all({ at: 8 * offset, length: 8 });

/** Runs through many inputs and gives those that were not refused. */
async function accepted(inputs: Iterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const input of inputs) if ((await judgeDocument(input)) === "accepted") found.push(input);
  return found;
}

it("accepts the document that the others are made from", async () => {
  expect(await judgeDocument(document)).toBe("accepted");
  expect(await judgeDocument(signed(payload))).toBe("accepted");
});

describe("a flipped bit is refused", () => {
  it("in the frame, the protected header and the signature, every one", async () => {
    const frame = [
      ...all({ at: 0, length: HEADER.at }),
      ...all({ at: HEADER.at + 4, length: PAYLOAD.at - HEADER.at - 4 }),
      SIGNATURE.at - 2,
      SIGNATURE.at - 1,
    ];
    for (const offsets of [frame, all(HEADER), all(SIGNATURE)])
      expect(await accepted(offsets.flatMap(bits).map((bit) => flipped(document, bit)))).toEqual([]);
  });

  it("in the payload, along its whole length", async () => {
    const offsets = all(PAYLOAD).filter((_, i) => i % 8 === 0);
    expect(await accepted(offsets.map((offset, i) => flipped(document, 8 * offset + (i % 8))))).toEqual([]);
  });

  it("in the payload, any", async () => {
    await fc.assert(
      fc.asyncProperty(within(PAYLOAD), fc.nat(7), async (offset, bit) => {
        expect(await judgeDocument(flipped(document, 8 * offset + bit))).not.toBe("accepted");
      }),
      { numRuns: 400 },
    );
  });

  it.each(PLACES.map((place, i) => [place, certificates[i] ?? payload] as const))(
    "in the %s certificate, under a good signature of the document too",
    async (_, certificate) => {
      const at = placeOf(certificate, payload);
      await fc.assert(
        fc.asyncProperty(fc.nat(8 * certificate.length - 1), async (bit) => {
          const changed = flipped(payload, 8 * at + bit);
          expect(await judgeDocument(signed(changed))).toMatch(/^(certificate|chain|bundle|document|module-id|timestamp)-/);
        }),
        { numRuns: 150 },
      );
    },
  );
});

describe("another byte is refused", () => {
  it("of any value at any place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(document.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        // tag 18 cannot come of one byte, so no change gives another reading of the same document
        expect(await judgeDocument(document.with(at, (document[at] ?? 0) ^ change))).not.toBe("accepted");
      }),
      { numRuns: 600 },
    );
  });

  it("of every value in the frame and the protected header", async () => {
    const offsets = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, SIGNATURE.at - 2, SIGNATURE.at - 1];
    const inputs = offsets.flatMap((at) => all({ at: 1, length: 255 }).map((change) => document.with(at, (document[at] ?? 0) ^ change)));
    expect(await accepted(inputs)).toEqual([]);
  });
});

describe("bytes that went missing or were put in are refused", () => {
  it("when cut off at every length", async () => {
    expect(await accepted(all({ at: 0, length: document.length }).map((end) => document.subarray(0, end)))).toEqual([]);
    expect(await accepted(all({ at: 1, length: document.length }).map((start) => document.subarray(start)))).toEqual([]);
  });

  it("when the payload is cut off at any length and signed again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(payload.length - 1), async (end) => {
        expect(await judgeDocument(signed(payload.subarray(0, end)))).toMatch(/^(payload-cbor|envelope-size)$/);
      }),
      { numRuns: 300 },
    );
  });

  const slice = fc.record({ from: fc.nat(document.length), length: fc.integer({ min: 1, max: 700 }), to: fc.nat(document.length) });
  it.each<[string, (bytes: Uint8Array, part: Uint8Array, from: number, to: number) => Uint8Array]>([
    ["a slice taken out", (bytes, part, from) => concat(bytes.subarray(0, from), bytes.subarray(from + part.length))],
    ["a slice doubled", (bytes, part, from) => concat(bytes.subarray(0, from), part, bytes.subarray(from))],
    ["a slice put in elsewhere", (bytes, part, _, to) => concat(bytes.subarray(0, to), part, bytes.subarray(to))],
    ["a slice written over another", (bytes, part, _, to) => concat(bytes.subarray(0, to), part, bytes.subarray(to + part.length))],
    ["a slice backwards", (bytes, part, from) => concat(bytes.subarray(0, from), part.toReversed(), bytes.subarray(from + part.length))],
    [
      "a slice of zeros",
      (bytes, part, from) => concat(bytes.subarray(0, from), new Uint8Array(part.length), bytes.subarray(from + part.length)),
    ],
  ])("%s, in the document and in a payload that is signed again", async (_, change) => {
    await fc.assert(
      fc.asyncProperty(slice, async ({ from, length, to }) => {
        const changed = (bytes: Uint8Array): Uint8Array => change(bytes, bytes.slice(from, from + length), from, to);
        if (Buffer.compare(changed(document), document) !== 0) expect(await judgeDocument(changed(document))).not.toBe("accepted");
        // A signed payload may now say something else that is true, such as fewer registers: any verdict will do.
        await judgeDocument(signed(changed(payload)));
      }),
      { numRuns: 120 },
    );
  });

  it("two slices in each other's place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(document.length), { minLength: 4, maxLength: 4 }), async (cuts) => {
        const [a = 0, b = 0, c = 0, d = 0] = cuts.toSorted((x, y) => x - y);
        const changed = concat(
          document.subarray(0, a),
          document.subarray(c, d),
          document.subarray(b, c),
          document.subarray(a, b),
          document.subarray(d),
        );
        if (Buffer.compare(changed, document) !== 0) expect(await judgeDocument(changed)).not.toBe("accepted");
      }),
      { numRuns: 300 },
    );
  });
});

describe("bytes by chance are refused", () => {
  it("alone, and as a signed payload", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600, size: "max" }), async (bytes) => {
        expect(await judgeDocument(bytes)).toMatch(/^envelope-/);
        expect(await judgeDocument(signed(bytes))).toMatch(/^(payload|envelope)-/);
      }),
      { numRuns: 400 },
    );
  });
});
