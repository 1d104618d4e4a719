import type { Bundle, Request, StatusList } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { decide, type Decision } from "./decide.ts";

const NOW = 1_800_000_000;
const THUMBPRINT = new Uint8Array(32).fill(7);

const bundle: Bundle = {
  version: 1,
  policyVersion: 4,
  constitutionDigest: new Uint8Array(48),
  notBefore: NOW - 10,
  notAfter: NOW + 10,
  cedar: { schema: "", policies: "" },
  purposes: [
    { code: "TREAT", care: true, grantRequired: false, submitterLevel: "full", recipientLevel: "findings" },
    { code: "HRESCH", care: false, grantRequired: false, submitterLevel: "findings", recipientLevel: "alarm" },
  ],
  detectors: [{ id: "news2", parameters: null }],
  grantIssuers: [],
  devices: { registered: [], unsigned: "accept", unknown: "deny", gap: "deny", replay: "deny" },
  breakGlass: null,
  dataKeys: [],
  careGraceSeconds: 3600,
  freshStatus: false,
  telemetry: null,
};
const statusList: StatusList = {
  version: 1,
  number: 3,
  constitutionDigest: new Uint8Array(48),
  issuedAt: NOW - 100,
  expiresAt: NOW + 100,
  bootNonce: null,
  lowestPolicyVersion: 4,
  revocations: [],
  releases: [],
};
const key = { suite: "X25519", publicKey: new Uint8Array(32) } as const;
const request: Request = {
  submitter: { alg: "Ed25519", key: new Uint8Array(32) },
  recipients: [{ key, level: "findings" }],
  subject: "s",
  ward: null,
  purpose: "TREAT",
  detectors: [],
  nonce: new Uint8Array(8),
  floors: { policyVersion: 0, statusVersion: 0 },
  grants: [],
};

const decided = (change: { list?: Partial<StatusList>; request?: Partial<Request> } = {}): Decision =>
  decide({
    bundle,
    constitution: { notBefore: 0, notAfter: 2 ** 40 },
    statusList: { ...statusList, ...change.list },
    submitterThumbprint: THUMBPRINT,
    request: { ...request, ...change.request },
    deviceSigned: false,
    interval: { fromMs: NOW * 1000, toMs: NOW * 1000 + 5 },
  });

describe("the status list", () => {
  it("is in force until it ends, and for care within the grace, which shows", () => {
    expect(decided()).toMatchObject({ allowed: true, statusStale: false });
    expect(decided({ list: { expiresAt: NOW - 3599 } })).toMatchObject({ allowed: true, statusStale: true });
    expect(decided({ list: { expiresAt: NOW - 3600 } })).toEqual({ allowed: false, code: "denied-status-stale" });
    expect(decided({ list: { expiresAt: NOW }, request: { purpose: "HRESCH" } })).toEqual({ allowed: false, code: "denied-status-stale" });
  });

  it("denies everything under a bundle that it forbids, and to a submitter whose key it revokes", () => {
    expect(decided({ list: { lowestPolicyVersion: 5 } })).toEqual({ allowed: false, code: "denied-policy-withdrawn" });
    const revoked = { what: "key", id: THUMBPRINT, since: NOW + 50, reason: "lost" } as const;
    expect(decided({ list: { revocations: [revoked] } })).toEqual({ allowed: false, code: "denied-revoked" });
    expect(decided({ list: { revocations: [{ ...revoked, what: "device" }] } })).toMatchObject({ allowed: true });
  });
});
