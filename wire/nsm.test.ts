import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeNsmRequest,
  decodeNsmResponse,
  encodeCbor,
  encodeNsmRequest,
  encodeNsmResponse,
  LimitError,
  NSM_ERRORS,
  WireError,
  type CborValue,
  type NsmRequest,
  type NsmResponse,
} from "./index.ts";

const REQUESTS: NsmRequest[] = [
  { kind: "DescribeNSM" },
  { kind: "GetRandom" },
  { kind: "DescribePCR", index: 3 },
  { kind: "ExtendPCR", index: 16, data: Uint8Array.of(1) },
  { kind: "LockPCR", index: 16 },
  { kind: "LockPCRs", range: 32 },
  { kind: "Attestation", userData: Uint8Array.of(1), nonce: null, publicKey: new Uint8Array(0) },
];

const RESPONSES: NsmResponse[] = [
  {
    kind: "DescribeNSM",
    versionMajor: 1,
    versionMinor: 0,
    versionPatch: 0,
    moduleId: "i-1-enc2",
    maxPcrs: 32,
    lockedPcrs: [0, 1, 2],
    digest: "SHA384",
  },
  { kind: "GetRandom", random: new Uint8Array(256) },
  { kind: "DescribePCR", lock: true, data: new Uint8Array(48) },
  { kind: "ExtendPCR", data: new Uint8Array(48) },
  { kind: "LockPCR" },
  { kind: "LockPCRs" },
  { kind: "Attestation", document: new Uint8Array(5000) },
  ...NSM_ERRORS.map((error) => ({ kind: "Error", error }) as const),
];

describe("nsm", () => {
  it("reads back every request and response", () => {
    for (const request of REQUESTS) expect(decodeNsmRequest(encodeNsmRequest(request))).toEqual(request);
    for (const response of RESPONSES) expect(decodeNsmResponse(encodeNsmResponse(response))).toEqual(response);
  });

  it("reads QEMU's field order and missing optionals", () => {
    expect(
      decodeNsmResponse(
        call("DescribePCR", [
          ["data", new Uint8Array(48)],
          ["lock", false],
        ]),
      ),
    ).toEqual({ kind: "DescribePCR", lock: false, data: new Uint8Array(48) });
    expect(decodeNsmRequest(call("Attestation", []))).toEqual({ kind: "Attestation", userData: null, nonce: null, publicKey: null });
  });

  it("refuses other shapes", () => {
    const requests: CborValue[] = [
      1,
      [],
      new Map(),
      new Map([[1, 2]]),
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
      "LockPCR",
      named("GetRandom", new Map([["x", 1]])),
      named("LockPCR", new Map()),
      named("LockPCR", new Map([["index", -1]])),
      named("LockPCR", new Map([["index", 65536]])),
      named("LockPCR", new Map([["index", "1"]])),
      named(
        "ExtendPCR",
        new Map<string, CborValue>([
          ["index", 1],
          ["data", "text"],
        ]),
      ),
      named("LockPCR", new Map([[1, 1]])),
    ];
    for (const value of requests) expect(() => decodeNsmRequest(encodeCbor(value))).toThrow(WireError);
    const describeNsm = new Map<string, CborValue>([
      ["version_major", 1],
      ["version_minor", 0],
      ["version_patch", 0],
      ["module_id", "i"],
      ["max_pcrs", 32],
      ["locked_pcrs", 7],
      ["digest", "SHA384"],
    ]);
    const responses: CborValue[] = [
      "Other",
      named("Error", "NoSuchCode"),
      named("LockPCRs", new Map([["x", 1]])),
      named(
        "DescribePCR",
        new Map<string, CborValue>([
          ["lock", 1],
          ["data", new Uint8Array(48)],
        ]),
      ),
      named("DescribeNSM", describeNsm),
      named("DescribeNSM", new Map([...describeNsm, ["locked_pcrs", [0]], ["module_id", 5]] as [string, CborValue][])),
    ];
    for (const value of responses) expect(() => decodeNsmResponse(encodeCbor(value))).toThrow(WireError);
    expect(() => decodeNsmRequest(new Uint8Array(4097))).toThrow(LimitError);
  });

  it("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const decode of [decodeNsmRequest, decodeNsmResponse]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error instanceof WireError || error instanceof LimitError).toBe(true);
          }
        }
      }),
    );
  });
});

function named(name: string, fields: CborValue): CborValue {
  return new Map([[name, fields]]);
}

/** Fields in the order given, as another implementation may send them. */
function call(name: string, fields: [string, CborValue][]): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(0xa1),
    encodeCbor(name),
    Uint8Array.of(0xa0 + fields.length),
    ...fields.flatMap(([key, value]) => [encodeCbor(key), encodeCbor(value)]),
  ]);
}
