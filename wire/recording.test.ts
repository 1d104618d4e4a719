import { describe, expect, it } from "vitest";
import * as wire from "./index.ts";
import { WireError, type Channel, type CborValue, type Recording } from "./index.ts";
import { b } from "./test-support/values.ts";

describe("recordings", () => {
  const rate: Channel = {
    code: "loinc:8867-4",
    unit: "/min",
    startMs: 1,
    timing: { kind: "rate", numerator: 1, denominator: 60 },
    samples: Int16Array.of(70, -32768),
    scale: { numerator: 1, offset: 0, denominator: 1 },
    missing: -32768,
  };
  const offsets: Channel = {
    ...rate,
    code: "mdc:131330",
    timing: { kind: "offsets", offsetsMs: Uint32Array.of(0, 5) },
    samples: Int32Array.of(1, 2),
  };
  const recording: Recording = { subject: "s", device: "d", channels: [rate, offsets], events: [{ atMs: 1, kind: "oxygen", value: "on" }] };

  it("read back, whatever the alignment of the bytes", () => {
    const encoded = wire.encodeRecording(recording);
    for (let shift = 0; shift < 4; shift++) {
      const shifted = new Uint8Array(encoded.length + shift);
      shifted.set(encoded, shift);
      expect(wire.decodeRecording(shifted.subarray(shift))).toEqual(recording);
    }
  });

  const broken: Record<string, Partial<Channel>> = {
    "an unknown code system": { code: "local:1-2" },
    "a scale without a denominator": { scale: { numerator: 1, offset: 0, denominator: 0 } },
    "a negative scale": { scale: { numerator: -1, offset: 0, denominator: 1 } },
    "a sentinel outside 16 bits": { missing: 40_000 },
    "a rate of zero": { timing: { kind: "rate", numerator: 0, denominator: 1 } },
    "an end beyond the year 9999": { timing: { kind: "rate", numerator: 1, denominator: 1_000_000 }, startMs: 253_402_300_799_999 },
    "offsets for another number of samples": { timing: { kind: "offsets", offsetsMs: Uint32Array.of(0) } },
    "more samples than a channel holds": { samples: new Int16Array(wire.MAX_CHANNEL_SAMPLES + 1) },
    "offsets that do not increase": { timing: { kind: "offsets", offsetsMs: Uint32Array.of(5, 5) } },
  };
  for (const [name, change] of Object.entries(broken)) {
    it(`refuse ${name}`, () => expect(() => wire.encodeRecording({ ...recording, channels: [{ ...rate, ...change }] })).toThrow(WireError));
  }

  it("refuse contradictions on the wire", () => {
    const channel = (change: [string, CborValue][], without: string[] = []): Uint8Array => {
      const map = wire.decodeCbor(wire.encodeRecording({ ...recording, channels: [rate] })) as Map<string, CborValue>;
      const fields = new Map(
        [...((map.get("channels") as CborValue[])[0] as Map<string, CborValue>), ...change].filter(([key]) => !without.includes(key)),
      );
      return wire.encodeCbor(new Map([...map, ["channels", [fields]]]));
    };
    const bad = [
      channel([["width", 3]]),
      channel([["samples", b(3)]]),
      channel([["offsets", b(4)]]),
      channel([], ["rate"]),
      channel([["offsets", b(3)]], ["rate"]),
      channel([["offsets", b(0)]], ["rate"]),
      channel([["scale", [1, 0]]]),
    ];
    for (const encoded of bad) expect(() => wire.decodeRecording(encoded)).toThrow(WireError);
    expect(() =>
      wire.encodeRecording({
        ...recording,
        events: [
          { atMs: 2, kind: "oxygen", value: "on" },
          { atMs: 1, kind: "oxygen", value: "off" },
        ],
      }),
    ).toThrow(WireError);
    const wrongValue = wire.encodeCbor(
      new Map([
        ...(wire.decodeCbor(wire.encodeRecording(recording)) as Map<string, CborValue>),
        [
          "events",
          [
            new Map<string, CborValue>([
              ["at", 1],
              ["kind", "oxygen"],
              ["value", "A"],
            ]),
          ],
        ],
      ]),
    );
    expect(() => wire.decodeRecording(wrongValue)).toThrow(WireError);
  });

  it("refuse machines of the other byte order", () => {
    expect(() => wire.requireLittleEndian(Uint8Array.of(0, 1))).toThrow(WireError);
  });

  it("are small: one hour of six channels at 1 Hz is about 43 kB", () => {
    const hour = wire.encodeRecording({
      ...recording,
      channels: Array.from({ length: 6 }, () => ({
        ...rate,
        timing: { kind: "rate", numerator: 1, denominator: 1 },
        samples: new Int16Array(3600),
      })),
    });
    expect(hour.length).toBeLessThan(44_500);
  });
});
