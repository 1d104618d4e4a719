import fc from "fast-check";
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
  type Channel,
  type CborValue,
  type Recording,
} from "./index.ts";

const b = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
const ed = { alg: "Ed25519", key: b(32) } as const;
const p256 = { alg: "ESP256", key: b(65) } as const;
const x25519 = { suite: "X25519", publicKey: b(32) } as const;
const mlkem = { suite: "MLKEM768-X25519", publicKey: b(1216) } as const;

const request: wire.Request = {
  submitter: ed,
  recipients: [
    { key: x25519, level: "full" },
    { key: mlkem, level: "alarm" },
  ],
  subject: "s",
  ward: "icu",
  purpose: "TREAT",
  detectors: ["news2"],
  nonce: b(8),
  floors: { policyVersion: 1, statusVersion: 0 },
  grants: [{ grant: b(3), use: 1 }],
  stream: { id: b(16), sequence: 0, first: true, final: false, previous: null },
};
const header: wire.SealedJobHeader = {
  version: 1,
  suite: "X25519",
  keyId: b(32),
  jobId: b(16),
  notAfter: 1_800_000_000,
  paddedBytes: 4096,
};
const headerBytes = wire.encodeSealedJobHeader(header);
const claims: wire.ResultClaims = {
  profile: wire.RESULT_PROFILE,
  iat: 1,
  nonce: b(16),
  interval: { fromMs: 5, toMs: 6 },
  identityDigest: b(48),
  jobDigest: b(32),
  constitutionDigest: b(48),
  policy: { digest: b(48), version: 3 },
  statusListVersion: 4,
  emergencyUses: 2,
  flags: { breakGlass: false, statusStale: true, statusFresh: false },
  disclosureDigests: Array.from({ length: 16 }, (_, i) => b(32, i)),
};
const constitution: wire.Constitution = {
  version: 1,
  number: 1,
  predecessor: null,
  name: "n",
  notBefore: 1,
  notAfter: 2,
  approvers: [{ person: "p", role: "vendor", key: p256, passkey: { rpId: "localhost", origins: ["http://localhost:7311"] } }],
  quorums: {
    bundle: [{ role: "vendor", threshold: 1 }],
    release: [{ role: "vendor", threshold: 1 }],
    fleet: [{ role: "vendor", threshold: 1 }],
    succession: [{ role: "vendor", threshold: 2 }],
    status: [{ role: "vendor", threshold: 1 }],
  },
  statusKeys: [ed],
  auditorKeys: [x25519],
  kms: { keys: ["arn:aws:kms:eu-central-1:1:key/x"], endpoint: "kms.eu-central-1.amazonaws.com", tlsRoots: [b(5)] },
  log: { origin: "log.example", key: ed, witnesses: [ed], witnessThreshold: 1 },
};
const bundle: wire.Bundle = {
  version: 1,
  policyVersion: 1,
  constitutionDigest: b(48),
  notBefore: 1,
  notAfter: 2,
  cedar: { schema: "", policies: "permit(principal, action, resource);" },
  purposes: [{ code: "TREAT", care: true, grantRequired: true, submitterLevel: "full", recipientLevel: "alarm" }],
  detectors: [{ id: "news2", parameters: new Map([["maxAge", 60]]) }],
  grantIssuers: [{ name: "desk", key: ed }],
  devices: {
    registered: [{ name: "d", key: p256, subject: "s" }],
    unsigned: "accept",
    unknown: "deny",
    gap: "flag",
    replay: "deny",
  },
  breakGlass: {
    first: [{ role: "vendor", threshold: 1 }],
    second: [],
    escalateSeconds: 30,
    validSeconds: 3600,
    purposes: ["TREAT"],
    level: "findings",
  },
  dataKeys: ["arn:aws:kms:eu-central-1:1:key/y"],
  careGraceSeconds: 0,
  freshStatus: true,
  telemetry: null,
};
const statusList: wire.StatusList = {
  version: 1,
  number: 1,
  constitutionDigest: b(48),
  issuedAt: 1,
  expiresAt: 2,
  bootNonce: null,
  lowestPolicyVersion: 0,
  revocations: [{ what: "key", id: b(32), since: 1, reason: "lost" }],
  releases: [{ digest: b(48), images: [b(48)], lifecycle: "active" }],
};
const release: wire.Release = {
  version: 1,
  name: "caladrius",
  softwareVersion: "0.1.0",
  pcrs: [{ pcr0: b(48), pcr1: b(48), pcr2: b(48) }],
  imageDigest: b(48),
  sourceCommit: "abc",
  sbomDigest: null,
  notes: "",
};
const approval: wire.Approval = { kind: "bundle", digest: b(48), person: "p", role: "vendor", at: 1 };
const identity: wire.Identity = {
  version: 1,
  software: { name: "n", version: "1", commit: null },
  keySet: wire.encodeKeySet({ keys: [x25519, mlkem], fleet: null }),
  resultKey: b(32),
  constitutionDigest: b(48),
  policyDigest: b(48),
  bootId: b(16),
  sequence: 0,
};
const file: wire.ResultFile = {
  version: 1,
  result: b(9),
  disclosures: [b(4)],
  identity: b(5),
  evidence: b(6),
  release: b(1),
  approvals: [b(1)],
  receipt: b(1),
  timeEvidence: b(1),
};

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

describe("sealed jobs", () => {
  const sealed = wire.encodeSealedJob({ headerBytes, enc: b(32), ciphertext: b(4112) });

  it("read back, and give the host the header alone", () => {
    expect(wire.decodeSealedJob(sealed)).toEqual({ header, headerBytes, enc: b(32), ciphertext: b(4112) });
    expect(wire.decodeSealedJobHeader(sealed)).toEqual(header);
  });

  it("are refused with wrong lengths, shapes and sizes", () => {
    const bad: CborValue[] = [
      1,
      [headerBytes, new Map(), b(4112)],
      [headerBytes, new Map([[-4, b(31)]]), b(4112)],
      [headerBytes, new Map([[-4, b(32)]]), b(4111)],
      [
        headerBytes,
        new Map([
          [-4, b(32)],
          [5, 1],
        ] as [number, CborValue][]),
        b(4112),
      ],
      [headerBytes, b(1), b(4112)],
      ["x", new Map([[-4, b(32)]]), b(4112)],
      [headerBytes, new Map([[-4, b(32)]]), "x"],
    ];
    for (const value of bad) expect(() => wire.decodeSealedJob(wire.encodeCbor(value))).toThrow(WireError);
    expect(() =>
      wire.decodeSealedJob(
        wire.encodeSealedJob({
          headerBytes: wire.encodeSealedJobHeader({ ...header, paddedBytes: 4097 }),
          enc: b(32),
          ciphertext: b(4113),
        }),
      ),
    ).toThrow(WireError);
  });

  it("pad their content to a bucket and find it again", () => {
    const content = { request: b(500), recording: b(4000), deviceBatch: null };
    const size = wire.jobPaddedBytes({ request: 500, recording: 4000, deviceBatch: 0 });
    expect(size).toBe(6144);
    const padded = wire.encodeJobContent(content, size);
    expect(padded.length).toBe(size);
    expect(wire.decodeJobContent(padded)).toEqual(content);
    const dirty = padded.slice();
    dirty[size - 1] = 1;
    expect(() => wire.decodeJobContent(dirty)).toThrow(WireError);
    expect(() => wire.unpad(Uint8Array.of(0, 0, 1, 0, 0))).toThrow(WireError);
    expect(() => wire.unpad(Uint8Array.of(0, 0))).toThrow(WireError);
    expect(() => wire.encodeJobContent(content, 4096)).toThrow(WireError);
    expect(() => wire.jobPaddedBytes({ request: 1, recording: 33 * 1024 * 1024, deviceBatch: 0 })).toThrow(LimitError);
  });

  it("sizes are buckets of 2^k and 1.5 x 2^k", () => {
    expect([0, 4096, 4097, 6144, 6145, 8193, 50_000].map(wire.sizeBucket)).toEqual([4096, 4096, 6144, 6144, 8192, 12288, 65536]);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 25 }),
        (length) => wire.isSizeBucket(wire.sizeBucket(length)) && wire.sizeBucket(length) >= length,
      ),
    );
    expect(wire.isSizeBucket(2048)).toBe(false);
    expect(wire.isSizeBucket(4096.5)).toBe(false);
  });
});

describe("bundles", () => {
  it("have one rule for each purpose and detector", () => {
    const [purpose, detector] = [bundle.purposes[0] as wire.PurposeRule, bundle.detectors[0] as wire.DetectorRule];
    const twice = [
      { ...bundle, purposes: [purpose, { ...purpose, care: false }] },
      { ...bundle, detectors: [detector, { ...detector, parameters: null }] },
    ];
    for (const one of twice) expect(() => wire.encodeBundle(one)).toThrow(WireError);
    const bytes = wire.encodeBundle({ ...bundle, purposes: [purpose, { ...purpose, code: "TREAU" }] });
    bytes[bytes.lastIndexOf(0x55)] = 0x54; // TREAU becomes a second TREAT
    expect(() => wire.decodeBundle(bytes)).toThrow("twice");
  });
});

describe("replies", () => {
  it("have sizes that depend on level and job size alone", () => {
    const content = wire.encodeReplyContent({ version: 1, result: b(10), disclosures: [b(3)], identity: b(3), evidence: b(3) });
    for (const level of ["alarm", "findings", "full"] as const) {
      const padded = wire.padReply(content, level, 49_152);
      expect(padded.length).toBe(wire.replyPaddedBytes(level, 49_152));
      expect(wire.decodeReplyContent(padded)).toEqual({ version: 1, result: b(10), disclosures: [b(3)], identity: b(3), evidence: b(3) });
      expect(wire.replyRoom(level, 49_152)).toBe(padded.length - 4);
    }
    expect(wire.replyPaddedBytes("alarm", 4096)).toBe(wire.replyPaddedBytes("alarm", 2 ** 24));
    for (const value of [1, [b(1)], [b(1), "x"], ["x", b(1)]] as CborValue[])
      expect(() => wire.decodeSealedReply(wire.encodeCbor(value))).toThrow(WireError);
  });

  it("fit one message together, however many recipients a job of whatever size has", () => {
    for (const level of ["alarm", "findings", "full"] as const) {
      const ciphertext = new Uint8Array(wire.replyPaddedBytes(level, wire.MAX_SEALED_JOB_BYTES) + wire.AEAD_TAG_BYTES);
      const reply = wire.encodeSealedReply({ enc: new Uint8Array(1120), ciphertext });
      const replies = Array.from({ length: wire.MAX_RECIPIENTS }, () => reply);
      const notices = Array.from({ length: 8 }, () => new Uint8Array(16 * 1024));
      expect(wire.encodeJobReply({ status: new Uint8Array(4096), replies, notices }).length).toBeLessThanOrEqual(wire.MAX_MESSAGE_BYTES);
    }
  });

  it("are bound to kinds and digests", () => {
    const distinct = [
      wire.replyInfo(b(32)),
      wire.identityCommitment(b(16)),
      wire.kmsCommitment(b(16)),
      wire.sealedJobInfo(b(32), b(48)),
      wire.approvedBytes("bundle", b(48), b(1)),
      wire.approvedBytes("release", b(48), b(1)),
    ].map(wire.toHex);
    expect(new Set(distinct).size).toBe(distinct.length);
    expect([0, 16, 17, 33].map(wire.disclosureArrayLength)).toEqual([16, 16, 32, 64]);
    expect(wire.enclaveErrorName(wire.ENCLAVE_ERROR["unknown-key"])).toBe("unknown-key");
    expect(wire.enclaveErrorName(250)).toBe("internal");
  });
});

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

describe("errors", () => {
  it("carry their class, code and what a caller needs", () => {
    expect(new wire.DependencyError("c", "d", 5)).toMatchObject({ name: "DependencyError", code: "c", retryAfterMs: 5 });
    expect(new wire.ConfigurationError("c", "d")).toMatchObject({ name: "ConfigurationError", code: "c" });
    expect(new wire.InvariantError("c", "d")).toMatchObject({ name: "InvariantError", code: "c" });
    expect(() => wire.encodeStatement("result", "Ed25519", b(1), () => b(63))).toThrow(WireError);
    expect(
      wire.decodeStatement(
        wire.encodeStatement("grant", "ESP256", b(1), () => b(64)),
        "grant",
      ).alg,
    ).toBe("ESP256");
  });
});
