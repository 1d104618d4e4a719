import { describe, expect, it } from "vitest";
import * as wire from "./index.ts";
import { LimitError, WireError } from "./index.ts";

const b = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
const ed = { alg: "Ed25519", key: b(32) } as const;
const p256 = { alg: "ESP256", key: b(65) } as const;

const grant: wire.Grant = {
  version: 1,
  id: b(16),
  issuer: b(32),
  holder: ed,
  subject: "s",
  purposes: ["TREAT"],
  channels: ["loinc:8867-4"],
  detectors: ["news2"],
  level: "findings",
  notBefore: 1,
  notAfter: 2,
  samples: { fromMs: 5, toMs: 5 },
  uses: 3,
  ward: "icu",
  source: { kind: "fhir-consent", digest: b(32) },
};
const openGrant: wire.Grant = {
  ...grant,
  channels: null,
  detectors: null,
  samples: null,
  ward: null,
  source: { kind: "direct", digest: null },
};
const emergency: wire.Emergency = {
  version: 1,
  id: b(16),
  bootId: b(16),
  constitutionDigest: b(48),
  requester: p256,
  subject: "s",
  ward: null,
  purpose: "ETREAT",
  level: "full",
  reason: "cardiac arrest",
  openedAtMs: 7,
  validSeconds: 3600,
};
const event: wire.NoticeEvent = {
  what: "used",
  emergency: b(3),
  answers: [{ person: "p", role: "ward", granted: true }],
  jobDigest: b(32),
  atMs: 9,
  uses: 1,
};

/** Every format: its encoder, its decoder, one value of it. */
const FORMATS: [name: string, encode: (value: never) => Uint8Array, decode: (encoded: Uint8Array) => unknown, value: unknown][] = [
  ["grant", wire.encodeGrant, wire.decodeGrant, grant],
  ["grant for anything", wire.encodeGrant, wire.decodeGrant, openGrant],
  [
    "device batch",
    wire.encodeDeviceBatch,
    wire.decodeDeviceBatch,
    { version: 1, device: p256, sequence: 4, previous: b(32), recordingDigest: b(32) },
  ],
  [
    "first device batch",
    wire.encodeDeviceBatch,
    wire.decodeDeviceBatch,
    { version: 1, device: ed, sequence: 0, previous: null, recordingDigest: b(32) },
  ],
  ["emergency", wire.encodeEmergency, wire.decodeEmergency, emergency],
  ["notice", wire.encodeNotice, wire.decodeNotice, { version: 1, bootId: b(16), number: 1, event }],
  ["notice of nothing", wire.encodeNotice, wire.decodeNotice, { version: 1, bootId: b(16), number: 0, event: null }],
  [
    "passkey approval",
    wire.encodePasskeyApproval,
    wire.decodePasskeyApproval,
    { approval: b(3), authenticatorData: b(37), clientDataJson: b(9), signature: b(64) },
  ],
];

describe("formats of policy", () => {
  for (const [name, encode, decode, value] of FORMATS) {
    it(`${name}: reads back what it wrote, and refuses it truncated, extended or with any bit of structure flipped`, () => {
      const encoded = encode(value as never);
      expect(decode(encoded)).toEqual(value);
      for (let length = 0; length < encoded.length; length++) expect(() => decode(encoded.subarray(0, length))).toThrow();
      expect(() => decode(wire.concatBytes(encoded, Uint8Array.of(0)))).toThrow();
      for (let at = 0; at < encoded.length; at++) {
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

  it("a grant ends after it begins, and so do its samples", () => {
    expect(() => wire.encodeGrant({ ...grant, notAfter: 1 })).toThrow("exp");
    expect(() => wire.encodeGrant({ ...grant, samples: { fromMs: 6, toMs: 5 } })).toThrow("samples");
  });

  it("a passkey's challenge is over the approval and its own label", () => {
    expect(wire.decodeCbor(wire.passkeyChallenge(b(2)))).toEqual(["caladrius passkey approval", b(2)]);
  });

  it("a notice is sealed for its deployment under its own label", () => {
    expect(wire.decodeCbor(wire.noticeInfo(b(48)))).toEqual(["caladrius notice", b(48)]);
  });

  it("a notice fits its padded size", () => {
    const answers = Array.from({ length: 64 }, () => ({ person: "p".repeat(40), role: "r".repeat(20), granted: true }));
    const full = wire.encodeNotice({ version: 1, bootId: b(16), number: 1, event: { ...event, emergency: b(2048), answers } });
    expect(full.length + 4096).toBeLessThan(wire.NOTICE_PADDED_BYTES);
  });
});

describe("steps of an emergency", () => {
  const request: wire.Request = {
    submitter: ed,
    recipients: [{ key: { suite: "X25519", publicKey: b(32) }, level: "full" }],
    subject: "s",
    ward: null,
    purpose: "ETREAT",
    detectors: [],
    nonce: b(8),
    floors: { policyVersion: 0, statusVersion: 0 },
    grants: [],
  };
  const roundTrip = (emergencyStep: wire.EmergencyStep): wire.EmergencyStep | undefined => {
    const encoded = wire.encodeSignedRequest({
      headerBytes: b(4),
      keySetDigest: b(32),
      constitutionDigest: b(48),
      request: { ...request, emergency: emergencyStep },
      recordingDigest: b(32),
    });
    return wire.decodeSignedRequest(encoded).request.emergency;
  };

  it.each<wire.EmergencyStep>([
    { step: "open", id: null, reason: "why", approval: null },
    { step: "list", id: null, reason: null, approval: null },
    { step: "answer", id: b(16), reason: null, approval: b(4) },
    { step: "answer", id: b(16), reason: null, approval: null },
    { step: "use", id: b(16), reason: null, approval: null },
  ])("$step reads back", (step) => expect(roundTrip(step)).toEqual(step));

  it.each<wire.EmergencyStep>([
    { step: "open", id: null, reason: null, approval: null },
    { step: "open", id: b(16), reason: "why", approval: null },
    { step: "list", id: b(16), reason: null, approval: null },
    { step: "list", id: null, reason: "why", approval: null },
    { step: "use", id: null, reason: null, approval: null },
    { step: "use", id: b(16), reason: null, approval: b(4) },
    { step: "answer", id: null, reason: null, approval: b(4) },
  ])("$step with other parts is refused", (step) => expect(() => roundTrip(step)).toThrow(WireError));
});

describe("a policy bundle", () => {
  const bundle: wire.Bundle = {
    version: 1,
    policyVersion: 1,
    constitutionDigest: b(48),
    notBefore: 1,
    notAfter: 2,
    cedar: { schema: "", policies: "" },
    purposes: [{ code: "TREAT", care: true, grantRequired: false, submitterLevel: "full", recipientLevel: "alarm" }],
    detectors: [],
    grantIssuers: [{ name: "desk", key: ed }],
    devices: { registered: [{ name: "d", key: ed, subject: null }], unsigned: "deny", unknown: "flag", gap: "deny", replay: "flag" },
    breakGlass: null,
    dataKeys: [],
    careGraceSeconds: 0,
    freshStatus: false,
    telemetry: null,
  };
  const breakGlass: wire.BreakGlassRule = {
    first: [{ role: "ward", threshold: 1 }],
    second: [{ role: "board", threshold: 1 }],
    escalateSeconds: 30,
    validSeconds: 3600,
    purposes: ["TREAT"],
    level: "alarm",
  };

  it("has one rule for each purpose, detector, issuer and device", () => {
    const { registered } = bundle.devices;
    const other = { ...ed, key: b(32, 2) };
    for (const change of [
      { detectors: [1, 2].map(() => ({ id: "news2", parameters: null })) },
      { grantIssuers: [...bundle.grantIssuers, { name: "other", key: ed }] },
      { grantIssuers: [...bundle.grantIssuers, { name: "desk", key: other }] },
      { devices: { ...bundle.devices, registered: [...registered, { name: "d", key: other, subject: null }] } },
      { devices: { ...bundle.devices, registered: [...registered, { name: "other", key: ed, subject: null }] } },
      { breakGlass: { ...breakGlass, purposes: ["TREAT", "TREAT"] } },
    ])
      expect(() => wire.encodeBundle({ ...bundle, ...change })).toThrow("twice");
  });

  it("lets an emergency be opened for purposes that it knows", () => {
    expect(wire.decodeBundle(wire.encodeBundle({ ...bundle, breakGlass })).breakGlass).toEqual(breakGlass);
    expect(() => wire.encodeBundle({ ...bundle, breakGlass: { ...breakGlass, purposes: ["ETREAT"] } })).toThrow("no rule");
  });

  it("refuses a passkey that is no P-256 key", () => {
    const approver: wire.Approver = { person: "p", role: "r", key: ed, passkey: { rpId: "localhost", origins: ["http://localhost"] } };
    const alone = [{ role: "r", threshold: 1 }];
    const constitution: wire.Constitution = {
      version: 1,
      number: 1,
      predecessor: null,
      name: "n",
      notBefore: 1,
      notAfter: 2,
      approvers: [approver],
      quorums: { bundle: alone, release: alone, fleet: alone, succession: alone, status: alone },
      statusKeys: [ed],
      auditorKeys: [],
      kms: null,
      log: null,
    };
    expect(() => wire.encodeConstitution(constitution)).toThrow("ESP256");
    expect(wire.encodeConstitution({ ...constitution, approvers: [{ ...approver, key: p256 }] })).toBeInstanceOf(Uint8Array);
  });
});

describe("a status list", () => {
  const first = { version: 1, number: 1, constitutionDigest: b(48), issuedAt: 1, expiresAt: 2, bootNonce: null, lowestPolicyVersion: 0 };
  const revocations = (count: number, reason: string): wire.Revocation[] =>
    Array.from({ length: count }, (_, i) => ({ what: "grant", id: b(16, i), since: 1_800_000_000, reason }));
  const releases = Array.from({ length: 100 }, (): wire.ReleaseStatus => {
    return { digest: b(48), images: Array.from({ length: 8 }, () => b(48)), lifecycle: "deprecated" };
  });

  it("is read with all that it may hold", () => {
    const whole: wire.StatusList = { ...first, revocations: revocations(10_000, "withdrawn"), releases };
    expect(wire.decodeStatusList(wire.encodeStatusList(whole)).revocations).toHaveLength(10_000);
    const many: wire.StatusList = {
      ...first,
      revocations: [],
      releases: Array.from({ length: 1000 }, () => ({ ...(releases[0] as wire.ReleaseStatus) })),
    };
    expect(wire.decodeStatusList(wire.encodeStatusList(many)).releases).toHaveLength(1000);
  });

  it("is not made larger than anybody reads", () => {
    expect(() => wire.encodeStatusList({ ...first, revocations: revocations(10_000, "r".repeat(128)), releases })).toThrow(LimitError);
  });
});
