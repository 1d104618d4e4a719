import * as wire from "../index.ts";

// One value of each format, as tests use them.

/** So many bytes of one value. */
export const b = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);
export const ed: wire.SigningPublicKey = { alg: "Ed25519", key: b(32) };
export const p256: wire.SigningPublicKey = { alg: "ESP256", key: b(65) };
export const x25519: wire.SealingPublicKey = { suite: "X25519", publicKey: b(32) };
export const mlkem: wire.SealingPublicKey = { suite: "MLKEM768-X25519", publicKey: b(1216) };

export const request: wire.Request = {
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
export const header: wire.SealedJobHeader = {
  version: 1,
  suite: "X25519",
  keyId: b(32),
  jobId: b(16),
  notAfter: 1_800_000_000,
  paddedBytes: 4096,
};
export const headerBytes: Uint8Array = wire.encodeSealedJobHeader(header);
export const claims: wire.ResultClaims = {
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
export const constitution: wire.Constitution = {
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
export const bundle: wire.Bundle = {
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
export const statusList: wire.StatusList = {
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
export const release: wire.Release = {
  version: 1,
  name: "caladrius",
  softwareVersion: "0.1.0",
  pcrs: [{ pcr0: b(48), pcr1: b(48), pcr2: b(48) }],
  imageDigest: b(48),
  sourceCommit: "abc",
  sbomDigest: null,
  notes: "",
};
export const approval: wire.Approval = { kind: "bundle", digest: b(48), person: "p", role: "vendor", at: 1 };
export const identity: wire.Identity = {
  version: 1,
  software: { name: "n", version: "1", commit: null },
  keySet: wire.encodeKeySet({ keys: [x25519, mlkem], fleet: null }),
  resultKey: b(32),
  constitutionDigest: b(48),
  policyDigest: b(48),
  bootId: b(16),
  sequence: 0,
};
export const file: wire.ResultFile = {
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
