import {
  approvedBytes,
  encodeApproval,
  encodeApproved,
  encodeBundle,
  encodeConstitution,
  encodeStatement,
  encodeStatusList,
  MAX_STATUS_LIST_SECONDS,
  type Approved,
  type Constitution,
  type PurposeRule,
  type SigningPublicKey,
} from "@caladrius/wire";
import { CEDAR_SCHEMA } from "../cedar/schema.ts";
import { DEVELOPMENT_POLICIES } from "./policies.ts";

/** A key that signs for development: one machine holds it, so nothing it approves is worth trusting elsewhere. */
export interface DevelopmentSigner {
  publicKey: SigningPublicKey;
  sign(bytes: Uint8Array): Uint8Array;
}

const YEAR_SECONDS = 365 * 24 * 3600;
const PERSON = "developer";
const ROLE = "development";

/**
 * A constitution with one approver who is a quorum alone, as statement bytes.
 * @param nowSeconds Unix seconds; in force from an hour before for ten years
 */
export function makeDevelopmentConstitution(options: {
  nowSeconds: number;
  approver: DevelopmentSigner;
  statusKey: SigningPublicKey;
  name: string;
  /** KMS keys, endpoint and TLS roots for a fleet or for data-key jobs */
  kms?: Constitution["kms"];
}): Uint8Array {
  const { nowSeconds, approver, statusKey, name, kms = null } = options;
  const alone = [{ role: ROLE, threshold: 1 }];
  const payload = encodeConstitution({
    version: 1,
    number: 1,
    predecessor: null,
    name,
    notBefore: nowSeconds - 3600,
    notAfter: nowSeconds + 10 * YEAR_SECONDS,
    approvers: [{ person: PERSON, role: ROLE, key: approver.publicKey, passkey: null }],
    quorums: { bundle: alone, release: alone, fleet: alone, succession: alone, status: alone },
    statusKeys: [statusKey],
    auditorKeys: [],
    kms,
    log: null,
  });
  return encodeStatement("constitution", approver.publicKey.alg, payload, approver.sign);
}

/** HL7 v3 PurposeOfUse codes that the development policy knows. */
const PURPOSES: readonly PurposeRule[] = [
  { code: "TREAT", care: true, grantRequired: false, submitterLevel: "full", recipientLevel: "full" },
  { code: "ETREAT", care: true, grantRequired: false, submitterLevel: "full", recipientLevel: "full" },
  { code: "HRESCH", care: false, grantRequired: false, submitterLevel: "full", recipientLevel: "findings" },
  { code: "HPAYMT", care: false, grantRequired: false, submitterLevel: "findings", recipientLevel: "alarm" },
];

/** A bundle under a constitution, and its approval by the one approver. Detectors are those given, with default parameters. */
export function makeDevelopmentBundle(options: {
  nowSeconds: number;
  approver: DevelopmentSigner;
  constitutionDigest: Uint8Array;
  policyVersion: number;
  detectors: readonly string[];
  /** ARNs of KMS keys whose data keys may seal jobs */
  dataKeys?: readonly string[];
  sha384(bytes: Uint8Array): Uint8Array;
}): Approved {
  const { nowSeconds, approver, constitutionDigest, policyVersion, detectors, dataKeys = [], sha384 } = options;
  const payload = encodeBundle({
    version: 1,
    policyVersion,
    constitutionDigest,
    notBefore: nowSeconds - 3600,
    notAfter: nowSeconds + YEAR_SECONDS,
    cedar: { schema: CEDAR_SCHEMA, policies: DEVELOPMENT_POLICIES },
    purposes: [...PURPOSES],
    detectors: detectors.map((id) => ({ id, parameters: null })),
    grantIssuers: [],
    devices: { registered: [], unsigned: "accept", unknown: "deny", gap: "flag", replay: "deny" },
    breakGlass: null,
    dataKeys: [...dataKeys],
    careGraceSeconds: 72 * 3600,
    freshStatus: false,
    telemetry: null,
  });
  const statement = encodeStatement("bundle", approver.publicKey.alg, payload, approver.sign);
  const approval = encodeApproval({
    kind: "bundle",
    digest: sha384(approvedBytes("bundle", constitutionDigest, statement)),
    person: PERSON,
    role: ROLE,
    at: nowSeconds,
  });
  return { statement, approvals: [encodeStatement("approval", approver.publicKey.alg, approval, approver.sign)] };
}

/** A status list that revokes nothing, good for 24 hours, with no approvals: it takes nothing back. */
export function makeDevelopmentStatusList(options: {
  nowSeconds: number;
  statusKey: DevelopmentSigner;
  constitutionDigest: Uint8Array;
  number: number;
  lowestPolicyVersion: number;
}): Uint8Array {
  const { nowSeconds, statusKey, constitutionDigest, number, lowestPolicyVersion } = options;
  const payload = encodeStatusList({
    version: 1,
    number,
    constitutionDigest,
    issuedAt: nowSeconds,
    expiresAt: nowSeconds + MAX_STATUS_LIST_SECONDS,
    bootNonce: null,
    lowestPolicyVersion,
    revocations: [],
    releases: [],
  });
  return encodeApproved({ statement: encodeStatement("status-list", statusKey.publicKey.alg, payload, statusKey.sign), approvals: [] });
}
