import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  concatBytes,
  encodeCbor,
  encodeFrames,
  FrameDecoder,
  LimitError,
  MAX_FRAME_BYTES,
  MAX_MESSAGE_BYTES,
  MESSAGE,
  WireError,
  type CborValue,
  type Message,
} from "./index.ts";

const message = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  id: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  body: fc.integer({ min: 0, max: 90_000 }).map((length) => new Uint8Array(length).fill(7)),
});

describe("frames", () => {
  it("survive any split", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 20 }),
        (messages, cuts) => {
          const bytes = concatBytes(...messages.flatMap((one) => [...encodeFrames(one)]));
          const decoder = new FrameDecoder();
          const got: Message[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const cut = cuts[i % cuts.length] ?? 1;
            got.push(...decoder.push(bytes.subarray(at, at + cut)));
            at += cut;
          }
          expect(got).toEqual(messages);
          expect(decoder.idle).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("are at most 32 KiB with their length", () => {
    for (const frame of encodeFrames({ kind: 4, id: 2 ** 32 - 1, body: new Uint8Array(200_000) }))
      expect(frame.length).toBeLessThanOrEqual(32 * 1024);
  });

  it("of several messages may interleave", () => {
    const a = [...encodeFrames({ kind: 4, id: 1, body: new Uint8Array(70_000).fill(1) })];
    const b = [...encodeFrames({ kind: 4, id: 2, body: new Uint8Array(70_000).fill(2) })];
    const decoder = new FrameDecoder();
    const got = [0, 1, 2].flatMap((i) => [...decoder.push(a[i] ?? new Uint8Array()), ...decoder.push(b[i] ?? new Uint8Array())]);
    expect(got.map((one) => [one.id, one.body[0]])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  const refused: Record<string, CborValue[]> = {
    "a map": [new Map()],
    "two elements": [[4, 1]],
    "a negative kind": [[-1, 1, new Uint8Array(1)]],
    "a kind above 255": [[256, 1, new Uint8Array(1)]],
    "an id that is a text": [[4, "1", new Uint8Array(1)]],
    "a body that is a number": [[4, 1, 1]],
    "a chunk of two": [[4, 1, [0, 5]]],
    "an empty chunk": [[4, 1, [0, 5, new Uint8Array(0)]]],
    "a chunk that is not the first": [[4, 1, [1, 5, new Uint8Array(1)]]],
    "the same chunk twice": [
      [4, 1, [0, 5, new Uint8Array(1)]],
      [4, 1, [0, 5, new Uint8Array(1)]],
    ],
    "chunks out of order": [
      [4, 1, [0, 5, new Uint8Array(1)]],
      [4, 1, [2, 5, new Uint8Array(1)]],
    ],
    "another kind midway": [
      [4, 1, [0, 5, new Uint8Array(1)]],
      [3, 1, [1, 5, new Uint8Array(1)]],
    ],
    "another total midway": [
      [4, 1, [0, 5, new Uint8Array(1)]],
      [4, 1, [1, 6, new Uint8Array(1)]],
    ],
    "more bytes than declared": [
      [4, 1, [0, 2, new Uint8Array(1)]],
      [4, 1, [1, 2, new Uint8Array(2)]],
    ],
    "a whole message amid chunks": [
      [4, 1, [0, 5, new Uint8Array(1)]],
      [4, 1, new Uint8Array(1)],
    ],
  };
  for (const [name, frames] of Object.entries(refused)) {
    it(`refuse ${name}, and everything after`, () => {
      const decoder = new FrameDecoder();
      expect(() => frames.forEach((frame) => decoder.push(framed(frame)))).toThrow(WireError);
      expect(() => decoder.push(framed([4, 9, new Uint8Array(1)]))).toThrow(WireError);
    });
  }

  it("hold their limits before anything is allocated", () => {
    expect(() => new FrameDecoder().push(Uint8Array.of(0, 0, 0, 0))).toThrow(LimitError);
    expect(() => new FrameDecoder().push(Uint8Array.of(0, 1, 0, 0))).toThrow(LimitError);
    expect(() => new FrameDecoder().push(framed([4, 1, [0, MAX_MESSAGE_BYTES + 1, new Uint8Array(1)]]))).toThrow(LimitError);
    expect(() => new FrameDecoder({ maxMessageBytes: 3 }).push(framed([4, 1, new Uint8Array(4)]))).toThrow(LimitError);
    const few = new FrameDecoder({ maxOpenMessages: 1 });
    few.push(framed([4, 1, [0, 9, new Uint8Array(1)]]));
    expect(few.idle).toBe(false);
    expect(few.openBytes).toBe(9);
    expect(() => few.push(framed([4, 2, [0, 9, new Uint8Array(1)]]))).toThrow(LimitError);
    const small = new FrameDecoder({ maxOpenBytes: 10 });
    expect(() => small.push(framed([4, 2, [0, 11, new Uint8Array(1)]]))).toThrow(LimitError);
  });

  it("have one kind for each message", () => {
    expect(new Set(Object.values(MESSAGE)).size).toBe(Object.keys(MESSAGE).length);
    expect(MAX_FRAME_BYTES + 4).toBe(32 * 1024);
  });
});

function framed(value: CborValue): Uint8Array {
  const content = encodeCbor(value);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, content.length);
  return concatBytes(length, content);
}
