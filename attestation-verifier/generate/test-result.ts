import { createHash, createPublicKey, sign, type KeyObject } from "node:crypto";
import {
  compareBytes,
  disclosureArrayLength,
  encodeDisclosure,
  encodeIdentity,
  encodeKeySet,
  encodeResultClaims,
  encodeResultFile,
  encodeStatement,
  identityCommitment,
  RESULT_PROFILE,
  toHex,
  type DisclosureName,
  type DisclosureValues,
  type Identity,
  type ResultClaims,
  type ResultFile,
} from "@caladrius/wire";
import { encodePemCertificate } from "../trust/pem.ts";
import { makeDocument, type Fields } from "./test-document.ts";
import { makeChain, NOW_MS, pcr, PCR4, RESULT_KEY, sha384, type TestChain } from "./test-pki.ts";

export type NamedValue = { [N in DisclosureName]: readonly [N, DisclosureValues[N]] }[DisclosureName];

export const CONSTITUTION_DIGEST: Uint8Array = new Uint8Array(48).fill(0xc0);
export const POLICY_DIGEST: Uint8Array = new Uint8Array(48).fill(0xb0);
export const JOB_DIGEST: Uint8Array = new Uint8Array(32).fill(0x70);
export const NONCE: Uint8Array = new Uint8Array(16).fill(0x0e);

export const IDENTITY: Identity = {
  version: 1,
  software: { name: "caladrius", version: "0.1.0", commit: null },
  keySet: encodeKeySet({ keys: [{ suite: "X25519", publicKey: new Uint8Array(32).fill(9) }], fleet: null }),
  resultKey: rawEd25519(RESULT_KEY),
  constitutionDigest: CONSTITUTION_DIGEST,
  policyDigest: POLICY_DIGEST,
  bootId: new Uint8Array(16).fill(3),
  sequence: 0,
};

export const VALUES: readonly NamedValue[] = [
  ["alarm-summary", { anyAlarm: true, highestPriority: "medium", secondsNotAssessed: 12 }],
  ["level", "full"],
  ["subject", "pseudonym-1"],
  ["input", { recordingDigest: new Uint8Array(32).fill(1), device: null, sequence: null }],
  [
    "finding",
    {
      code: "news2-5",
      detector: "news2",
      channel: null,
      onsetMs: NOW_MS,
      endMs: NOW_MS + 60_000,
      priority: "medium",
      technical: false,
      confidencePermille: null,
      evidence: [{ name: "score", value: 5, decimals: 0, unit: "1" }],
    },
  ],
  ["series", { detector: "ecg-beats", channel: "mdc:131330", name: "beat", unit: "ms", values: Int32Array.of(1, 800, 1600) }],
];

export function rawEd25519(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32));
}

/** PCR after one extend of a zero register. */
export function extended(digest: Uint8Array): Uint8Array {
  return sha384(new Uint8Array(48), digest);
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

export interface ResultOptions {
  chain?: TestChain;
  identity?: Partial<Identity>;
  /** bytes instead of the encoded identity */
  identityBytes?: Uint8Array;
  fields?: Fields;
  claims?: Partial<ResultClaims>;
  values?: readonly NamedValue[];
  /** which of the disclosures the file holds */
  disclose?: (disclosures: Uint8Array[]) => Uint8Array[];
  digests?: (digests: Uint8Array[]) => Uint8Array[];
  statement?: (payload: Uint8Array) => Uint8Array;
  file?: Partial<ResultFile>;
}

/** A result file; without options a good one. */
export function makeResultFile(options: ResultOptions = {}): { bytes: Uint8Array; file: ResultFile; trust: string; root: Uint8Array } {
  const { chain = makeChain(), values = VALUES } = options;
  const identity = { ...IDENTITY, ...options.identity };
  const identityBytes = options.identityBytes ?? encodeIdentity(identity);
  const pcrs = new Map<number, Uint8Array>([
    [0, pcr(0x10)],
    [1, pcr(0x11)],
    [2, pcr(0x12)],
    [3, pcr(0)],
    [4, PCR4],
    [16, extended(CONSTITUTION_DIGEST)],
    [17, extended(POLICY_DIGEST)],
  ]);
  const { bytes: evidence, root } = makeDocument({
    chain,
    fields: { pcrs, user_data: sha384(identityCommitment(identityBytes)), ...options.fields },
  });
  const disclosures = values.map(([name, value], i) => encodeDisclosure(new Uint8Array(16).fill(i), name, value as never));
  const digests = disclosures.map(sha256);
  const length = disclosureArrayLength(digests.length);
  while (digests.length < length) digests.push(sha256(Uint8Array.of(digests.length))); // decoys
  digests.sort(compareBytes);
  const claims: ResultClaims = {
    profile: RESULT_PROFILE,
    iat: NOW_MS / 1000 + 61,
    nonce: NONCE,
    interval: { fromMs: NOW_MS + 60_000, toMs: NOW_MS + 60_001 },
    identityDigest: sha384(identityBytes),
    jobDigest: JOB_DIGEST,
    constitutionDigest: CONSTITUTION_DIGEST,
    policy: { digest: POLICY_DIGEST, version: 3 },
    statusListVersion: 1,
    flags: { breakGlass: false, statusStale: false, statusFresh: false },
    emergencyUses: 0,
    disclosureDigests: options.digests?.(digests) ?? digests,
    ...options.claims,
  };
  const payload = encodeResultClaims(claims);
  const result =
    options.statement?.(payload) ??
    encodeStatement("result", "Ed25519", payload, (toBeSigned) => new Uint8Array(sign(null, toBeSigned, RESULT_KEY)));
  const file: ResultFile = {
    version: 1,
    result,
    disclosures: options.disclose?.(disclosures) ?? disclosures,
    identity: identityBytes,
    evidence,
    ...options.file,
  };
  return { bytes: encodeResultFile(file), file, trust: trustText(root), root };
}

/** A trust file for the test enclave; PCR16 pinned. */
export function trustText(root: Uint8Array, change: Record<string, unknown> = {}): string {
  const pcrs = [{ 0: toHex(pcr(0x10)), 1: toHex(pcr(0x11)), 2: toHex(pcr(0x12)), 16: toHex(extended(CONSTITUTION_DIGEST)) }];
  return JSON.stringify({ roots: [encodePemCertificate(root)], pcrs, maxAgeSeconds: 600, ...change });
}
