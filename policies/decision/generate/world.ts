import { createHash, sign, verify, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { indexRevocations } from "@caladrius/attestation-verifier/governance";
import { ed25519TestKey, spkiOf } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import {
  encodeDeviceBatch,
  encodeGrant,
  encodeStatement,
  type Bundle,
  type DeviceBatch,
  type DisclosureLevel,
  type Grant,
  type Request,
  type SigningPublicKey,
  type StatementKind,
  type StatusList,
} from "@caladrius/wire";
import { CEDAR_SCHEMA, cedarWasmUrl, loadCedar, rememberCedar, type Cedar, type CedarEngine } from "../../cedar/index.ts";
import { DEVELOPMENT_POLICIES } from "../../development/policies.ts";
import { decide, type Decision, type DecisionInput, type EmergencyStanding } from "../decide.ts";
import type { DecisionMemory } from "../memory.ts";
import type { DecisionCrypto } from "../read-grant.ts";
import { grantReader } from "../read-grant.ts";

/** Unix seconds of every decision here, unless a test moves them. */
export const NOW = 1_800_000_000;
/** Samples of the usual recording lie between these, Unix ms. */
export const SAMPLES: { readonly fromMs: number; readonly toMs: number } = { fromMs: (NOW - 7200) * 1000, toMs: (NOW - 3600) * 1000 };

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

/** A key that signs in these tests. */
export interface TestKey {
  publicKey: SigningPublicKey;
  thumbprint: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array;
}

const KEYS = new Map<string, KeyObject>();

export const CRYPTO: DecisionCrypto = {
  sha256,
  verify: ({ key }, toBeSigned, signature) => {
    const known = KEYS.get(Buffer.from(key).toString("hex"));
    return known !== undefined && verify(null, toBeSigned, known, signature);
  },
};

const key = (name: string): TestKey => {
  const secret = ed25519TestKey(`decision ${name}`);
  const raw = new Uint8Array(spkiOf(secret).subarray(-32));
  KEYS.set(Buffer.from(raw).toString("hex"), secret);
  return { publicKey: { alg: "Ed25519", key: raw }, thumbprint: sha256(raw), sign: (bytes) => new Uint8Array(sign(null, bytes, secret)) };
};

/** Who signs: mallory stands in no bundle. */
export const KEY: Readonly<Record<"submitter" | "clinic" | "registry" | "monitor" | "pump" | "mallory", TestKey>> = {
  submitter: key("submitter"),
  clinic: key("clinic"),
  registry: key("registry"),
  monitor: key("monitor"),
  pump: key("pump"),
  mallory: key("mallory"),
};

let cedar: Cedar | null = null;

/** Cedar of the installed package. */
export function testCedar(): Cedar {
  cedar ??= loadCedar(readFileSync(fileURLToPath(cedarWasmUrl())));
  return cedar;
}

let development: CedarEngine | null = null;

/** The policies that development has. */
export function developmentEngine(): CedarEngine {
  development ??= testCedar().open({ schema: CEDAR_SCHEMA, policies: DEVELOPMENT_POLICIES });
  return development;
}

export const BUNDLE: Bundle = {
  version: 1,
  policyVersion: 4,
  constitutionDigest: new Uint8Array(48),
  notBefore: NOW - 1000,
  notAfter: NOW + 1000,
  cedar: { schema: CEDAR_SCHEMA, policies: DEVELOPMENT_POLICIES },
  purposes: [
    { code: "TREAT", care: true, grantRequired: false, submitterLevel: "full", recipientLevel: "findings" },
    { code: "HRESCH", care: false, grantRequired: true, submitterLevel: "findings", recipientLevel: "findings" },
    { code: "PATRQT", care: false, grantRequired: false, submitterLevel: "full", recipientLevel: "full" },
    { code: "HPAYMT", care: false, grantRequired: false, submitterLevel: "full", recipientLevel: "alarm" },
  ],
  detectors: [
    { id: "news2", parameters: null },
    { id: "ecg-beats", parameters: null },
  ],
  grantIssuers: [
    { name: "clinic", key: KEY.clinic.publicKey },
    { name: "registry", key: KEY.registry.publicKey },
  ],
  devices: {
    registered: [{ name: "monitor-1", key: KEY.monitor.publicKey, subject: "subject" }],
    unsigned: "accept",
    unknown: "deny",
    gap: "deny",
    replay: "deny",
  },
  breakGlass: null,
  dataKeys: [],
  careGraceSeconds: 3600,
  freshStatus: false,
  telemetry: null,
};

export const GRANT: Grant = {
  version: 1,
  id: new Uint8Array(16).fill(9),
  issuer: KEY.clinic.thumbprint,
  holder: KEY.submitter.publicKey,
  subject: "subject",
  purposes: ["TREAT", "HRESCH"],
  channels: ["loinc:8867-4", "loinc:9279-1"],
  detectors: ["news2", "ecg-beats"],
  level: "findings",
  notBefore: NOW - 60,
  notAfter: NOW + 60,
  samples: SAMPLES,
  uses: 3,
  ward: null,
  source: { kind: "direct", digest: null },
};

/** A grant statement; the usual one, by its issuer, with what a test changes. */
export function grantOf(change: Partial<Grant> = {}, signer: TestKey = KEY.clinic, kind: StatementKind = "grant"): Uint8Array {
  return encodeStatement(kind, "Ed25519", encodeGrant({ ...GRANT, ...change }), signer.sign);
}

export const RECORDING_DIGEST: Uint8Array = new Uint8Array(32).fill(3);

/** A device's statement over the usual recording. */
export function batchOf(
  change: Partial<DeviceBatch> = {},
  signer: TestKey = KEY.monitor,
  kind: StatementKind = "device-batch",
): Uint8Array {
  const batch = { version: 1, device: signer.publicKey, sequence: 0, previous: null, recordingDigest: RECORDING_DIGEST, ...change };
  return encodeStatement(kind, "Ed25519", encodeDeviceBatch(batch), signer.sign);
}

export const LIST: StatusList = {
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

const SEALED_TO = { suite: "X25519", publicKey: new Uint8Array(32) } as const;
export const to = (...levels: DisclosureLevel[]): Request["recipients"] => levels.map((level) => ({ key: SEALED_TO, level }));

/** What may differ from the usual job: a treatment of one subject by one submitter, with nothing but a request. */
export interface Change {
  bundle?: Partial<Bundle>;
  devices?: Partial<Bundle["devices"]>;
  list?: Partial<StatusList>;
  fresh?: boolean;
  request?: Partial<Request>;
  recording?: Partial<NonNullable<DecisionInput["recording"]>> | null;
  device?: Uint8Array;
  emergency?: EmergencyStanding;
  constitution?: { notBefore: number; notAfter: number };
  pcr0?: Uint8Array;
  /** seconds from NOW */
  at?: number;
  jobDigest?: Uint8Array;
  memory?: DecisionMemory;
  engine?: CedarEngine;
}

/** Remembers nothing. */
export const NO_MEMORY: DecisionMemory = { spentWith: () => null, newestOf: () => null };
export const JOB: Uint8Array = new Uint8Array(32).fill(1);

/** Decides on the usual job with a change. Nothing is remembered from one decision to the next. */
export function decided(change: Change = {}): Decision {
  const { recording = {}, at = 0, memory = NO_MEMORY, engine = developmentEngine() } = change;
  const bundle = { ...BUNDLE, devices: { ...BUNDLE.devices, ...change.devices }, ...change.bundle };
  const list = { ...LIST, ...change.list };
  return decide(
    {
      bundle,
      constitution: change.constitution ?? { notBefore: 0, notAfter: 2 ** 40 },
      status: { list, fresh: change.fresh ?? false, revocations: indexRevocations(list) },
      pcr0: change.pcr0 ?? new Uint8Array(48).fill(5),
      submitterThumbprint: sha256((change.request?.submitter ?? KEY.submitter.publicKey).key),
      request: {
        submitter: KEY.submitter.publicKey,
        recipients: to("findings"),
        subject: "subject",
        ward: null,
        purpose: "TREAT",
        detectors: [],
        nonce: new Uint8Array(8),
        floors: { policyVersion: 0, statusVersion: 0 },
        grants: [],
        ...change.request,
      },
      jobDigest: change.jobDigest ?? JOB,
      recording: recording === null ? null : { device: "monitor-1", channels: ["loinc:8867-4"], span: SAMPLES, ...recording },
      recordingDigest: RECORDING_DIGEST,
      deviceBatch: change.device ?? null,
      emergency: change.emergency ?? null,
      interval: { fromMs: (NOW + at) * 1000, toMs: (NOW + at) * 1000 + 5 },
    },
    { crypto: CRYPTO, readGrant: grantReader(bundle.grantIssuers, CRYPTO, 8), cedar: rememberCedar(engine, 8), memory },
  );
}

/** The code of a denial, "allowed" else. */
export function codeOf(change: Change): string {
  const decision = decided(change);
  return decision.allowed ? "allowed" : decision.code;
}
