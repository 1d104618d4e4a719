import { describe, expect, it } from "vitest";
import { decodeStatement, type Request } from "@caladrius/wire";
import type { DenialCode } from "./denial.ts";
import type { DecisionMemory } from "./memory.ts";
import {
  batchOf,
  codeOf,
  decided,
  GRANT,
  grantOf,
  JOB,
  KEY,
  NO_MEMORY,
  NOW,
  RECORDING_DIGEST,
  SAMPLES,
  sha256,
  to,
  type Change,
} from "./generate/world.ts";

type Code = DenialCode | "allowed";
/** What is asked, of a principal, an action, a resource and what goes with it; and what is answered. */
type Row = readonly [about: string, change: Change, code: Code];

const RESEARCH = { purpose: "HRESCH" } as const;
const PCR0 = new Uint8Array(48).fill(5);
const OTHER_JOB = new Uint8Array(32).fill(2);
const CHANNELS = ["loinc:8867-4", "loinc:9279-1"] as const;

/** The usual job under one grant. */
const under = (grant: Parameters<typeof grantOf>[0] = {}, request: Partial<Request> = {}, change: Change = {}): Change => ({
  ...change,
  request: { ...request, grants: [{ grant: grantOf(grant), use: 1 }] },
});
const revoked = (what: "grant" | "key" | "device" | "release", id: Uint8Array, since: number): Change => ({
  list: { revocations: [{ what, id, since, reason: "lost" }] },
});
const release = (lifecycle: "candidate" | "active" | "deprecated" | "revoked", image: Uint8Array): Change => ({
  list: { releases: [{ digest: PCR0, images: [new Uint8Array(48), image], lifecycle }] },
});
const remembering = (memory: Partial<DecisionMemory>): Change => ({ memory: { ...NO_MEMORY, ...memory } });

const STANDING: readonly Row[] = [
  ["the usual job", {}, "allowed"],
  ["before the constitution", { constitution: { notBefore: NOW + 1, notAfter: NOW + 9 } }, "denied-constitution-window"],
  ["at its beginning", { constitution: { notBefore: NOW, notAfter: NOW + 9 } }, "allowed"],
  ["when it may be over", { constitution: { notBefore: 0, notAfter: NOW } }, "denied-constitution-window"],
  ["before the bundle", { at: -1001 }, "denied-policy-window"],
  ["at its beginning", { at: -1000 }, "allowed"],
  ["when the bundle may be over", { at: 1000 }, "denied-policy-window"],
  ["a floor of the bundle's version", { request: { floors: { policyVersion: 4, statusVersion: 0 } } }, "allowed"],
  ["a floor above it", { request: { floors: { policyVersion: 5, statusVersion: 0 } } }, "denied-policy-floor"],
  ["a floor of the list's number", { request: { floors: { policyVersion: 0, statusVersion: 3 } } }, "allowed"],
  ["a floor above it", { request: { floors: { policyVersion: 0, statusVersion: 4 } } }, "denied-status-floor"],
  ["a list that demands this bundle", { list: { lowestPolicyVersion: 4 } }, "allowed"],
  ["a list that demands a newer one", { list: { lowestPolicyVersion: 5 } }, "denied-policy-withdrawn"],
  ["an active release", release("active", PCR0), "allowed"],
  ["a deprecated release", release("deprecated", PCR0), "allowed"],
  ["a candidate", release("candidate", PCR0), "allowed"],
  ["a revoked release", release("revoked", PCR0), "denied-release-revoked"],
  ["another image's revoked release", release("revoked", new Uint8Array(48).fill(6)), "allowed"],
  [
    "a release revoked by its digest",
    { list: { ...release("active", PCR0).list, ...revoked("release", PCR0, NOW - 1).list } },
    "denied-release-revoked",
  ],
  [
    "a release revoked from tomorrow on",
    { list: { ...release("active", PCR0).list, ...revoked("release", PCR0, NOW + 86_400).list } },
    "allowed",
  ],
  ["a digest revoked that no release has", revoked("release", PCR0, 0), "allowed"],
  ["a purpose without a rule", { request: { purpose: "HMARKT" } }, "denied-purpose"],
  ["a list at its end", { at: 99 }, "allowed"],
  ["a stale list, for care", { at: 100 }, "allowed"],
  ["a stale list, for anything else", { at: 100, request: { purpose: "PATRQT" } }, "denied-status-stale"],
  ["care at the end of its grace", { list: { expiresAt: NOW - 3599 } }, "allowed"],
  ["care after its grace", { list: { expiresAt: NOW - 3600 } }, "denied-status-stale"],
  ["a fresh list where one is demanded", { bundle: { freshStatus: true }, fresh: true, request: { purpose: "PATRQT" } }, "allowed"],
  ["one that is not fresh", { bundle: { freshStatus: true }, request: { purpose: "PATRQT" } }, "denied-status-not-fresh"],
  ["care with one that is not fresh", { bundle: { freshStatus: true } }, "allowed"],
  ["a revoked submitter", revoked("key", KEY.submitter.thumbprint, NOW), "denied-revoked"],
  ["a submitter who will be revoked", revoked("key", KEY.submitter.thumbprint, NOW + 1), "allowed"],
  ["a device of the submitter's thumbprint", revoked("device", KEY.submitter.thumbprint, 0), "allowed"],
  ["a grant of the submitter's thumbprint", revoked("grant", KEY.submitter.thumbprint, 0), "allowed"],
  ["no recording", { recording: null }, "denied-recording"],
];

const ASKED: readonly Row[] = [
  ["the submitter's widest level", { request: { recipients: to("full") } }, "allowed"],
  ["another recipient's widest", { request: { recipients: to("full", "findings", "alarm") } }, "allowed"],
  ["another recipient's, too wide", { request: { recipients: to("full", "full") } }, "denied-level"],
  ["the third recipient's, too wide", { request: { recipients: to("alarm", "alarm", "full") } }, "denied-level"],
  ["one detector", { request: { detectors: ["news2"] } }, "allowed"],
  ["all detectors by name", { request: { detectors: ["news2", "ecg-beats"] } }, "allowed"],
  ["a detector that is not in the bundle", { request: { detectors: ["news2", "trend"] } }, "denied-detector"],
  ["no detector in the bundle, and none asked for", { bundle: { detectors: [] } }, "denied-detector"],
  ["payment by findings", { request: { purpose: "HPAYMT" } }, "allowed"],
  [
    "payment by signals, which the bundle allows and Cedar does not",
    { request: { purpose: "HPAYMT", recipients: to("full") } },
    "denied-cedar",
  ],
  ["the patient's own request", { request: { purpose: "PATRQT", recipients: to("full", "full") } }, "allowed"],
];

const GRANTED: readonly Row[] = [
  ["none where one is needed", { request: RESEARCH }, "denied-grant-missing"],
  ["one where one is needed", under({}, RESEARCH), "allowed"],
  ["one where none is needed", under(), "allowed"],
  ["one that is not covering where none is needed", under({ subject: "other" }), "denied-grant-subject"],
  ["another subject", under({ subject: "subject2" }, RESEARCH), "denied-grant-subject"],
  ["a subject in another spelling", under({ subject: "Subject" }, RESEARCH), "denied-grant-subject"],
  ["another purpose", under({ purposes: ["TREAT"] }, RESEARCH), "denied-grant-purpose"],
  ["its only purpose", under({ purposes: ["HRESCH"] }, RESEARCH), "allowed"],
  ["a purpose that the bundle has no rule for", under({ purposes: ["HMARKT"] }, { purpose: "HMARKT" }), "denied-purpose"],
  ["no ward, of a grant for any", under({}, RESEARCH), "allowed"],
  ["a ward, of a grant for any", under({}, { ...RESEARCH, ward: "icu" }), "allowed"],
  ["its ward", under({ ward: "icu" }, { ...RESEARCH, ward: "icu" }), "allowed"],
  ["another ward", under({ ward: "icu" }, { ...RESEARCH, ward: "icu-2" }), "denied-grant-ward"],
  ["no ward, of a grant for one", under({ ward: "icu" }, RESEARCH), "denied-grant-ward"],
  ["all its channels", under({}, RESEARCH, { recording: { channels: CHANNELS } }), "allowed"],
  ["one channel more", under({}, RESEARCH, { recording: { channels: [...CHANNELS, "mdc:131330"] } }), "denied-grant-channel"],
  ["any channel", under({ channels: null }, RESEARCH, { recording: { channels: [...CHANNELS, "mdc:131330"] } }), "allowed"],
  ["its detectors by name", under({ detectors: ["news2"] }, { ...RESEARCH, detectors: ["news2"] }), "allowed"],
  ["one detector more", under({ detectors: ["news2"] }, { ...RESEARCH, detectors: ["news2", "ecg-beats"] }), "denied-grant-detector"],
  ["all detectors, of a grant for one", under({ detectors: ["news2"] }, RESEARCH), "denied-grant-detector"],
  ["all detectors, of a grant for any", under({ detectors: null }, RESEARCH), "allowed"],
  [
    "a detector that the grant allows and the bundle does not",
    under({ detectors: ["trend"] }, { ...RESEARCH, detectors: ["trend"] }),
    "denied-detector",
  ],
  ["its level", under({ level: "alarm" }, { ...RESEARCH, recipients: to("alarm") }), "allowed"],
  ["one level more", under({ level: "alarm" }, RESEARCH), "denied-grant-level"],
  [
    "one level more, of another recipient",
    under({ level: "alarm" }, { ...RESEARCH, recipients: to("alarm", "findings") }),
    "denied-grant-level",
  ],
  [
    "a level that the grant allows and the bundle does not",
    under({ level: "full" }, { ...RESEARCH, recipients: to("full") }),
    "denied-level",
  ],
  ["at its beginning", under({ notBefore: NOW }, RESEARCH), "allowed"],
  ["before it, by as much as may be", under({ notBefore: NOW + 1 }, RESEARCH), "denied-grant-window"],
  ["a minute before it", under({}, RESEARCH, { at: -120 }), "denied-grant-window"],
  ["in its last second", under({ notAfter: NOW + 1 }, RESEARCH), "allowed"],
  ["when it may be over", under({ notAfter: NOW }, RESEARCH), "denied-grant-window"],
  ["a minute after it", under({}, RESEARCH, { at: 120 }), "denied-status-stale"],
  ["a minute after it, for care", under({}, {}, { at: 120 }), "denied-grant-window"],
  ["samples from its first millisecond to its last", under({}, RESEARCH), "allowed"],
  [
    "a sample a minute earlier",
    under({}, RESEARCH, { recording: { span: { ...SAMPLES, fromMs: SAMPLES.fromMs - 60_000 } } }),
    "denied-grant-samples",
  ],
  [
    "a sample a millisecond earlier",
    under({}, RESEARCH, { recording: { span: { ...SAMPLES, fromMs: SAMPLES.fromMs - 1 } } }),
    "denied-grant-samples",
  ],
  [
    "a sample a millisecond later",
    under({}, RESEARCH, { recording: { span: { ...SAMPLES, toMs: SAMPLES.toMs + 1 } } }),
    "denied-grant-samples",
  ],
  ["samples of any time", under({ samples: null }, RESEARCH, { recording: { span: { fromMs: 0, toMs: 2 ** 47 } } }), "allowed"],
  ["no samples at all", under({}, RESEARCH, { recording: { span: null } }), "allowed"],
  ["its last use", { request: { ...RESEARCH, grants: [{ grant: grantOf(), use: 3 }] } }, "allowed"],
  ["one use more", { request: { ...RESEARCH, grants: [{ grant: grantOf(), use: 4 }] } }, "denied-grant-use"],
  ["a use spent with this job", under({}, RESEARCH, remembering({ spentWith: () => Uint8Array.from(JOB) })), "allowed"],
  ["a use spent with another", under({}, RESEARCH, remembering({ spentWith: () => OTHER_JOB })), "denied-grant-spent"],
  ["uses that cannot be remembered", under({}, RESEARCH, remembering({ spentWith: () => "full" })), "denied-grant-memory"],
  ["uses that were forgotten", under({}, RESEARCH, remembering({ spentWith: () => "forgotten" })), "denied-grant-window"],
  ["a revoked grant", under({}, RESEARCH, revoked("grant", GRANT.id, NOW)), "denied-grant-revoked"],
  ["a grant to be revoked in a second", under({}, RESEARCH, revoked("grant", GRANT.id, NOW + 1)), "allowed"],
  ["a revoked issuer", under({}, RESEARCH, revoked("key", KEY.clinic.thumbprint, 0)), "denied-grant-revoked"],
  ["another issuer, revoked", under({}, RESEARCH, revoked("key", KEY.registry.thumbprint, 0)), "allowed"],
  ["a revoked holder", under({}, RESEARCH, revoked("key", KEY.submitter.thumbprint, 0)), "denied-revoked"],
  ["another holder", under({ holder: KEY.mallory.publicKey }, RESEARCH), "denied-grant"],
  ["a holder of another algorithm", under({ holder: { alg: "ESP256", key: new Uint8Array(65).fill(4) } }, RESEARCH), "denied-grant"],
  [
    "an issuer who is not named",
    { request: { ...RESEARCH, grants: [{ grant: grantOf({ issuer: KEY.mallory.thumbprint }, KEY.mallory), use: 1 }] } },
    "denied-grant",
  ],
  [
    "one issuer's name under another's signature",
    { request: { ...RESEARCH, grants: [{ grant: grantOf({}, KEY.registry), use: 1 }] } },
    "denied-grant",
  ],
  ["nobody's signature", { request: { ...RESEARCH, grants: [{ grant: grantOf({}, KEY.mallory), use: 1 }] } }, "denied-grant"],
  ["bytes that are none", { request: { ...RESEARCH, grants: [{ grant: Uint8Array.of(1), use: 1 }] } }, "denied-grant"],
  [
    "a request offered as one",
    { request: { ...RESEARCH, grants: [{ grant: grantOf({}, KEY.clinic, "request"), use: 1 }] } },
    "denied-grant",
  ],
  [
    "a release offered as one",
    { request: { ...RESEARCH, grants: [{ grant: grantOf({}, KEY.clinic, "release"), use: 1 }] } },
    "denied-grant",
  ],
  [
    "an approval offered as one",
    { request: { ...RESEARCH, grants: [{ grant: grantOf({}, KEY.clinic, "approval"), use: 1 }] } },
    "denied-grant",
  ],
  [
    "an emergency offered as one",
    { request: { ...RESEARCH, grants: [{ grant: grantOf({}, KEY.clinic, "emergency"), use: 1 }] } },
    "denied-grant",
  ],
  ["a device's statement offered as one", { request: { ...RESEARCH, grants: [{ grant: batchOf(), use: 1 }] } }, "denied-grant"],
  [
    "one that is not genuine, of a purpose without a rule",
    { request: { purpose: "HMARKT", grants: [{ grant: grantOf({}, KEY.mallory), use: 1 }] } },
    "denied-grant",
  ],
  [
    "another issuer's",
    { request: { ...RESEARCH, grants: [{ grant: grantOf({ issuer: KEY.registry.thumbprint }, KEY.registry), use: 1 }] } },
    "allowed",
  ],
  [
    "two that cover only together",
    {
      recording: { channels: CHANNELS },
      request: {
        ...RESEARCH,
        grants: [
          { grant: grantOf({ channels: [CHANNELS[0]] }), use: 1 },
          { grant: grantOf({ channels: [CHANNELS[1]] }), use: 1 },
        ],
      },
    },
    "denied-grant-channel",
  ],
  [
    "one that covers beside one that does not",
    {
      request: {
        ...RESEARCH,
        grants: [
          { grant: grantOf({ subject: "other" }), use: 1 },
          { grant: grantOf(), use: 1 },
        ],
      },
    },
    "allowed",
  ],
  [
    "one that covers beside one that is not genuine",
    {
      request: {
        ...RESEARCH,
        grants: [
          { grant: grantOf({}, KEY.mallory), use: 1 },
          { grant: grantOf(), use: 1 },
        ],
      },
    },
    "allowed",
  ],
  [
    "of two, the code of the one that covers more",
    {
      request: {
        ...RESEARCH,
        grants: [
          { grant: grantOf({ level: "alarm" }), use: 1 },
          { grant: grantOf({ subject: "other" }), use: 1 },
        ],
      },
    },
    "denied-grant-level",
  ],
];

const digestOf = (batch: Uint8Array): Uint8Array => sha256(decodeStatement(batch, "device-batch").payload);
const DIGEST_OF_FIRST = digestOf(batchOf());
const after = (sequence: number, digest = DIGEST_OF_FIRST): Change => remembering({ newestOf: () => ({ sequence, digest }) });
const next = (sequence: number, previous: Uint8Array | null = DIGEST_OF_FIRST): Uint8Array => batchOf({ sequence, previous });

const DEVICES: readonly Row[] = [
  ["none where none is demanded", {}, "allowed"],
  ["none where one is demanded", { devices: { unsigned: "deny" } }, "denied-device-unsigned"],
  ["a registered one", { device: batchOf() }, "allowed"],
  ["a registered one where one is demanded", { device: batchOf(), devices: { unsigned: "deny" } }, "allowed"],
  ["over another recording", { device: batchOf({ recordingDigest: new Uint8Array(32) }) }, "denied-device"],
  ["signed by another", { device: batchOf({ device: KEY.monitor.publicKey }, KEY.mallory) }, "denied-device"],
  ["another kind of statement", { device: batchOf({}, KEY.monitor, "grant") }, "denied-device"],
  ["a grant in its place", { device: grantOf() }, "denied-device"],
  ["bytes that are none", { device: Uint8Array.of(0) }, "denied-device"],
  ["no bytes", { device: new Uint8Array(0) }, "denied-device"],
  ["a first one with a predecessor", { device: batchOf({ previous: RECORDING_DIGEST }) }, "denied-device"],
  ["a second one without", { device: batchOf({ sequence: 1 }) }, "denied-device"],
  ["an unknown one", { device: batchOf({}, KEY.pump), recording: { device: "pump" } }, "denied-device-unknown"],
  [
    "an unknown one that is told",
    { device: batchOf({}, KEY.pump), recording: { device: "pump" }, devices: { unknown: "flag" } },
    "allowed",
  ],
  ["an unknown one by a registered one's name", { device: batchOf({}, KEY.pump), devices: { unknown: "flag" } }, "denied-device-name"],
  ["a registered one by another name", { device: batchOf(), recording: { device: "monitor-2" } }, "denied-device-name"],
  ["a registered one over another subject", { device: batchOf(), request: { subject: "other" } }, "denied-device-subject"],
  [
    "a registered one for any subject",
    {
      device: batchOf(),
      request: { subject: "other" },
      devices: { registered: [{ name: "monitor-1", key: KEY.monitor.publicKey, subject: null }] },
    },
    "allowed",
  ],
  ["a revoked one", { device: batchOf(), ...revoked("device", KEY.monitor.thumbprint, NOW) }, "denied-device-revoked"],
  ["one whose key is revoked as a key", { device: batchOf(), ...revoked("key", KEY.monitor.thumbprint, NOW) }, "denied-device-revoked"],
  ["one to be revoked in a second", { device: batchOf(), ...revoked("device", KEY.monitor.thumbprint, NOW + 1) }, "allowed"],
  ["the first that is seen, with any number", { device: next(70) }, "allowed"],
  ["the same statement again", { device: batchOf(), ...after(0) }, "allowed"],
  ["the next one", { device: next(1), ...after(0) }, "allowed"],
  ["the next one of another chain", { device: next(1, RECORDING_DIGEST), ...after(0) }, "denied-device-replay"],
  ["one left out", { device: next(2), ...after(0) }, "denied-device-gap"],
  ["one left out, which is told", { device: next(2), ...after(0), devices: { gap: "flag" } }, "allowed"],
  ["an older one", { device: next(1), ...after(2) }, "denied-device-replay"],
  ["an older one, which is told", { device: next(1), ...after(2), devices: { replay: "flag" } }, "allowed"],
  ["other content under the same number", { device: next(1, RECORDING_DIGEST), ...after(1) }, "denied-device-replay"],
  [
    "a replay that the bundle has told, and Cedar allows for care alone",
    { device: next(1), ...after(2), devices: { replay: "flag" }, request: { purpose: "PATRQT" } },
    "denied-cedar",
  ],
  ["a gap is no replay", { device: next(2), ...after(0), devices: { replay: "flag" } }, "denied-device-gap"],
  ["a replay is no gap", { device: next(1), ...after(2), devices: { gap: "flag" } }, "denied-device-replay"],
  ["one that cannot be remembered", { device: batchOf(), ...remembering({ newestOf: () => "full" }) }, "denied-device-memory"],
];

const EMERGENCY_ID = new Uint8Array(16);
const step = (
  step: NonNullable<Request["emergency"]>["step"],
  emergency: Change["emergency"] | null = { granted: true, level: "findings", purposes: ["TREAT", "HRESCH"] },
  request: Partial<Request> = {},
): Change => ({
  ...(emergency === null ? {} : { emergency }),
  request: { ...request, emergency: { step, id: EMERGENCY_ID, reason: null, approval: null } },
});
const refused = { granted: false, level: "findings", purposes: ["TREAT"] } as const;

const EMERGENCIES: readonly Row[] = [
  ["use of a granted one", step("use"), "allowed"],
  ["use for a purpose that needs a grant", step("use", undefined, RESEARCH), "allowed"],
  ["use of one that is not granted", step("use", refused), "denied-emergency"],
  ["use where none are kept", step("use", null), "denied-emergency"],
  ["use for another purpose", step("use", { granted: true, level: "findings", purposes: ["HRESCH"] }), "denied-emergency-purpose"],
  ["use by one level more", step("use", { granted: true, level: "alarm", purposes: ["TREAT"] }), "denied-emergency-level"],
  ["use beside a grant", step("use", undefined, { grants: [{ grant: grantOf(), use: 1 }] }), "denied-emergency"],
  ["use beside a grant that is not genuine", step("use", undefined, { grants: [{ grant: batchOf(), use: 1 }] }), "denied-grant"],
  [
    "use with a wider level than the bundle's",
    step("use", { granted: true, level: "full", purposes: ["HRESCH"] }, { ...RESEARCH, recipients: to("full") }),
    "denied-level",
  ],
  [
    "use for a purpose without a rule",
    step("use", { granted: true, level: "full", purposes: ["HMARKT"] }, { purpose: "HMARKT" }),
    "denied-purpose",
  ],
  ["use by a revoked submitter", { ...step("use"), ...revoked("key", KEY.submitter.thumbprint, 0) }, "denied-revoked"],
  ["use at a revoked release", { ...step("use"), ...release("revoked", PCR0) }, "denied-release-revoked"],
  ["use after the grace of a stale list", { ...step("use"), list: { expiresAt: NOW - 3600 } }, "denied-status-stale"],
  ["opening", step("open", refused), "allowed"],
  ["opening for a purpose that needs a grant", step("open", refused, RESEARCH), "allowed"],
  ["opening where none are kept", step("open", null), "denied-emergency"],
  ["listing", step("list", refused), "allowed"],
  ["answering", step("answer", refused), "allowed"],
  ["answering where none are kept", step("answer", null), "denied-emergency"],
];

describe.each([
  ["what is in force", STANDING],
  ["what is asked for", ASKED],
  ["a grant", GRANTED],
  ["a device", DEVICES],
  ["an emergency", EMERGENCIES],
])("%s", (_, rows) => {
  it.each(rows)("%s", (_about, change, code) => {
    expect(codeOf(change)).toBe(code);
  });
});

it("is a matrix of at least 150 decisions", () => {
  expect([STANDING, ASKED, GRANTED, DEVICES, EMERGENCIES].flat().length).toBeGreaterThanOrEqual(150);
});

describe("an allowed job", () => {
  it("tells a stale list, and which detectors run", () => {
    expect(decided({ at: 100 })).toMatchObject({ allowed: true, statusStale: true, breakGlass: false, grant: null, device: null });
    expect(decided({ request: { detectors: ["ecg-beats"] } })).toMatchObject({ detectors: [{ id: "ecg-beats" }], statusStale: false });
  });

  it("tells the grant and the use that it spends", () => {
    const statement = grantOf();
    const { id, issuer, notAfter } = GRANT;
    expect(decided({ request: { grants: [{ grant: statement, use: 2 }] } })).toMatchObject({
      grant: { digest: sha256(statement), id, issuer, use: 2, notAfter },
    });
  });

  it("tells the device, its number and what the bundle had told of it", () => {
    const device = next(2);
    expect(decided({ device, ...after(0), devices: { gap: "flag" } })).toMatchObject({
      device: { thumbprint: KEY.monitor.thumbprint, name: "monitor-1", sequence: 2, digest: digestOf(device), flags: ["device-gap"] },
    });
    const unknown = { device: batchOf({}, KEY.pump), recording: { device: "pump" }, devices: { unknown: "flag" } } as const;
    expect(decided(unknown)).toMatchObject({ device: { name: null, flags: ["device-unknown"] } });
  });

  it("tells that an emergency stood in for a grant", () => {
    expect(decided(step("use"))).toMatchObject({ breakGlass: true, grant: null });
    expect(decided(step("open", refused))).toMatchObject({ breakGlass: false });
  });
});
