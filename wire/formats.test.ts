import { describe, expect, it } from "vitest";
import * as wire from "./index.ts";
import {
  bytes,
  decodeWith,
  encodeWith,
  int,
  LimitError,
  nullable,
  oneOf,
  struct,
  text,
  tuple,
  WireError,
  type CborValue,
} from "./index.ts";
import {
  b,
  x25519,
  mlkem,
  request,
  headerBytes,
  claims,
  constitution,
  bundle,
  statusList,
  release,
  approval,
  identity,
  file,
} from "./test-support/values.ts";

/** Every format: its encoder, its decoder, one value of it. */
const FORMATS: [name: string, encode: (value: never) => Uint8Array, decode: (encoded: Uint8Array) => unknown, value: unknown][] = [
  ["hello", wire.encodeHello, wire.decodeHello, { version: 1, maxMessageBytes: 4096 }],
  [
    "boot",
    wire.encodeBootMessage,
    wire.decodeBootMessage,
    { protocol: 1, constitution: b(3), bundle: b(3), bundleApprovals: [b(2)], statusList: b(4) },
  ],
  ["status list reply", wire.encodeStatusListReply, wire.decodeStatusListReply, { number: 4, fresh: true, bootNonce: b(32) }],
  ["boot reply", wire.encodeBootReply, wire.decodeBootReply, { state: "booted", bootNonce: b(32) }],
  ["attest", wire.encodeAttestRequest, wire.decodeAttestRequest, { nonce: b(8), keys: "fleet" }],
  ["attest reply", wire.encodeAttestReply, wire.decodeAttestReply, { evidence: b(3), identity: b(3), sequence: 1 }],
  ["fleet birth", wire.encodeFleetBirth, wire.decodeFleetBirth, { fleet: "north-1", epoch: 3 }],
  ["fleet birth reply", wire.encodeFleetBirthReply, wire.decodeFleetBirthReply, { candidate: b(3), evidence: b(4) }],
  ["fleet serve reply", wire.encodeFleetServeReply, wire.decodeFleetServeReply, { keyId: b(32), notAfter: 9 }],
  ["job reply", wire.encodeJobReply, wire.decodeJobReply, { status: b(3), replies: [b(3)], notices: [b(2)] }],
  [
    "credentials",
    wire.encodeCredentials,
    wire.decodeCredentials,
    { accessKeyId: "A".repeat(20), secretAccessKey: "s", sessionToken: "", expiresMs: 1 },
  ],
  ["error", wire.encodeErrorReply, wire.decodeErrorReply, { code: 1, correlation: b(8) }],
  [
    "signed request",
    wire.encodeSignedRequest,
    wire.decodeSignedRequest,
    { headerBytes, keySetDigest: b(32), constitutionDigest: b(48), request, recordingDigest: b(32) },
  ],
  ["identity", wire.encodeIdentity, wire.decodeIdentity, identity],
  ["key set", wire.encodeKeySet, wire.decodeKeySet, { keys: [x25519, mlkem], fleet: "f" }],
  ["result", wire.encodeResultClaims, wire.decodeResultClaims, claims],
  [
    "status answered",
    wire.encodeOuterStatus,
    wire.decodeOuterStatus,
    { jobDigest: b(32), replyDigests: [b(32)], state: "answered", iat: 1 },
  ],
  [
    "status cannot open",
    wire.encodeOuterStatus,
    wire.decodeOuterStatus,
    { jobDigest: b(32), replyDigests: [], state: "cannot-open", iat: 1 },
  ],
  ["result file", wire.encodeResultFile, wire.decodeResultFile, file],
  ["sealed reply", wire.encodeSealedReply, wire.decodeSealedReply, { enc: b(32), ciphertext: b(40) }],
  ["constitution", wire.encodeConstitution, wire.decodeConstitution, constitution],
  [
    "constitution without KMS and log",
    wire.encodeConstitution,
    wire.decodeConstitution,
    { ...constitution, kms: null, log: null, predecessor: b(48) },
  ],
  ["bundle", wire.encodeBundle, wire.decodeBundle, bundle],
  ["approved", wire.encodeApproved, wire.decodeApproved, { statement: b(3), approvals: [b(2)] }],
  ["approval", wire.encodeApproval, wire.decodeApproval, approval],
  ["status list", wire.encodeStatusList, wire.decodeStatusList, statusList],
  [
    "fleet candidate",
    wire.encodeFleetCandidate,
    wire.decodeFleetCandidate,
    {
      version: 1,
      fleet: "north",
      epoch: 1,
      constitutionDigest: b(48),
      keySet: b(9),
      wrapped: [{ keyArn: "arn:aws:kms:eu-central-1:1:key/x", blob: b(200) }],
      bootId: b(16),
    },
  ],
  [
    "fleet record",
    wire.encodeFleetRecord,
    wire.decodeFleetRecord,
    {
      version: 1,
      fleet: "n",
      epoch: 1,
      constitutionDigest: b(48),
      keySetDigest: b(32),
      wrapped: [{ keyArn: "arn:aws:kms:eu-central-1:1:key/x", digest: b(32) }],
      notBefore: 1,
      notAfter: 2,
    },
  ],
  ["fleet epoch", wire.encodeFleetEpoch, wire.decodeFleetEpoch, { candidate: b(3), record: b(4), approvals: [b(5)] }],
  ["release", wire.encodeRelease, wire.decodeRelease, release],
];

describe("formats", () => {
  for (const [name, encode, decode, value] of FORMATS) {
    it(`${name}: reads back what it wrote, and refuses it truncated, extended or with any bit of structure flipped`, () => {
      const encoded = encode(value as never);
      expect(decode(encoded)).toEqual(value);
      for (let length = 0; length < Math.min(encoded.length, 300); length++) expect(() => decode(encoded.subarray(0, length))).toThrow();
      expect(() => decode(wire.concatBytes(encoded, Uint8Array.of(0)))).toThrow();
      for (let at = 0; at < Math.min(encoded.length, 400); at++) {
        const flipped = encoded.slice();
        flipped[at] = (flipped[at] ?? 0) ^ 0x80;
        try {
          expect(decode(flipped)).not.toEqual(value);
        } catch (error) {
          expect(error instanceof WireError || error instanceof LimitError).toBe(true);
        }
      }
    });
  }

  it("a constitution names no KMS key twice", () => {
    const key = "arn:aws:kms:eu-central-1:1:key/x";
    expect(() => wire.encodeConstitution({ ...constitution, kms: { keys: [key, key], endpoint: "e", tlsRoots: [b(5)] } })).toThrow(
      WireError,
    );
  });

  it("a fleet's name has a to z, 0 to 9 and hyphens, none at its ends", () => {
    for (const fleet of ["a", "n0rth-2", "x".repeat(64)])
      expect(wire.decodeFleetBirth(wire.encodeFleetBirth({ fleet, epoch: 1 })).fleet).toBe(fleet);
    for (const fleet of ["", "-a", "a-", "A", "a_b", "ä", "x".repeat(65), "a\u0000"])
      expect(() => wire.encodeFleetBirth({ fleet, epoch: 1 }), fleet).toThrow(WireError);
  });

  it("disclosures: every name reads back, unknown names are refused", () => {
    const finding: wire.Finding = {
      code: "c",
      detector: "d",
      channel: null,
      onsetMs: 1,
      endMs: 2,
      priority: "low",
      technical: false,
      confidencePermille: 990,
      evidence: [{ name: "n", value: -1, decimals: 1, unit: "1" }],
    };
    const values: { [N in wire.DisclosureName]: wire.DisclosureValues[N] } = {
      "alarm-summary": { anyAlarm: true, highestPriority: "high", secondsNotAssessed: 0 },
      finding,
      series: { detector: "d", channel: "loinc:8867-4", name: "beats", unit: "ms", values: Int32Array.of(1, -2) },
      coverage: {
        fromMs: 0,
        toMs: 1,
        samplesReceived: 2,
        rejected: [{ reason: "r", samples: 1 }],
        gaps: 0,
        notAssessedMs: 0,
        unassessed: [{ detector: "d", channel: null, fromMs: 0, toMs: 1, reason: "r" }],
      },
      subject: "s",
      "job-id": b(16),
      submitter: b(32),
      purpose: "TREAT",
      level: "full",
      grant: { digest: b(32), issuer: b(32), use: 1 },
      detectors: [{ id: "d", version: "1", parametersDigest: b(32) }],
      input: { recordingDigest: b(32), device: null, sequence: null },
      stream: { id: b(16), sequence: 0, first: true, final: false, previous: b(32) },
      emergencies: [
        {
          emergency: b(3),
          state: "waiting",
          escalated: false,
          answers: [{ person: "p", role: "ward", granted: true }],
          asked: [{ role: "ward", threshold: 2 }],
          expiresAtMs: null,
        },
      ],
      denial: "denied",
    };
    for (const name of Object.keys(values) as wire.DisclosureName[]) {
      expect(wire.decodeDisclosure(wire.encodeDisclosure(b(16), name, values[name] as never))).toEqual({ name, value: values[name] });
    }
    for (const name of ["no-such", "__proto__", "toString"])
      expect(() => wire.decodeDisclosure(wire.encodeCbor([b(16), name, null]))).toThrow(WireError);
    const odd = new Map<string, CborValue>([
      ["detector", "d"],
      ["channel", null],
      ["name", "n"],
      ["unit", "1"],
      ["values", b(3)],
    ]);
    expect(() => wire.decodeDisclosure(wire.encodeCbor([b(16), "series", odd]))).toThrow(WireError);
    expect(
      wire.LEVEL_NAMES.alarm.every((name) => wire.LEVEL_NAMES.findings.includes(name)) &&
        wire.LEVEL_NAMES.findings.every((name) => wire.LEVEL_NAMES.full.includes(name)),
    ).toBe(true);
  });

  it("schemas name the path of what they refuse", () => {
    const schema = struct<{ a: number; b?: string }>({ a: ["a", int(0, 5)], b: ["b", text(1, 2)] }, ["b"]);
    expect(encodeWith(schema, { a: 1 })).toEqual(wire.encodeCbor(new Map([["a", 1]])));
    const refuse =
      (value: CborValue): (() => unknown) =>
      () =>
        decodeWith(schema, wire.encodeCbor(value), "thing");
    expect(refuse(new Map())).toThrow(/thing\.a/);
    expect(refuse(new Map([["a", 6]]))).toThrow(/thing\.a.*0 to 5/);
    expect(
      refuse(
        new Map<string, CborValue>([
          ["a", 1],
          ["b", "abc"],
        ]),
      ),
    ).toThrow(/thing\.b/);
    expect(
      refuse(
        new Map<string, CborValue>([
          ["a", 1],
          ["c", 1],
        ]),
      ),
    ).toThrow(/does not know/);
    for (const other of [1, "x", null, true, b(1), []] as CborValue[]) expect(refuse(other)).toThrow(/expected map/);
    expect(() => encodeWith(schema, {} as { a: number })).toThrow(/missing/);
    const pair = tuple<{ x: number; y: string | null }>([
      ["x", int(0, 1)],
      ["y", nullable(text(0, 1))],
    ]);
    expect(decodeWith(pair, encodeWith(pair, { x: 1, y: null }), "pair")).toEqual({ x: 1, y: null });
    for (const other of [1, [1], [1, 2], ["a", null]] as CborValue[])
      expect(() => decodeWith(pair, wire.encodeCbor(other), "pair")).toThrow(WireError);
    expect(() => decodeWith(oneOf("a"), wire.encodeCbor(1), "v")).toThrow(/expected text/);
    expect(() => decodeWith(oneOf("a"), wire.encodeCbor("b"), "v")).toThrow(/one of a/);
    expect(() => decodeWith(wire.version(1), wire.encodeCbor(2), "v")).toThrow(/this build knows 1/);
    expect(() => decodeWith(wire.version(1), wire.encodeCbor("1"), "v")).toThrow(/expected integer/);
    expect(() => decodeWith(bytes(1, 2), wire.encodeCbor(b(3)), "v")).toThrow(/1 to 2 bytes/);
    expect(() => decodeWith(bytes(2), wire.encodeCbor(b(3)), "v")).toThrow(/expected 2 bytes/);
    expect(() => decodeWith(bytes(2), wire.encodeCbor("x"), "v")).toThrow(/expected bytes, got string/);
    expect(() => decodeWith(wire.bool, wire.encodeCbor(b(1)), "v")).toThrow(/got bytes/);
    expect(() => decodeWith(wire.array(wire.bool, 0, 1), wire.encodeCbor([true, true]), "v")).toThrow(/0 to 1 elements/);
    expect(() => decodeWith(wire.array(wire.bool, 0, 1), wire.encodeCbor(new Map()), "v")).toThrow(/got map/);
    expect(() => decodeWith(text(0, 1), wire.encodeCbor([]), "v")).toThrow(/got array/);
    expect(() => decodeWith(int(0, 1), wire.encodeCbor(null), "v")).toThrow(/got null/);
  });

  it("keys have the length of their algorithm", () => {
    for (const key of [
      { alg: "Ed25519", key: b(65) },
      { alg: "ESP256", key: b(32) },
    ] as const)
      expect(
        () =>
          wire.encodeConstitution({ ...constitution, statusKeys: [key] }) &&
          wire.decodeConstitution(wire.encodeConstitution({ ...constitution, statusKeys: [key] })),
      ).toThrow(WireError);
    expect(() => wire.decodeKeySet(wire.encodeKeySet({ keys: [{ suite: "X25519", publicKey: b(33) }], fleet: null }))).toThrow(WireError);
  });
});
