import { sign } from "node:crypto";
import { ed25519TestKey, spkiOf } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import { NOW_MS } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { makeDevelopmentBundle, makeDevelopmentStatusList, type DevelopmentSigner } from "@caladrius/policies/development";
import {
  approvedBytes,
  encodeApproval,
  encodeConstitution,
  encodeFleetEpoch,
  encodeFleetRecord,
  encodeStatement,
  decodeFleetCandidate,
  type Approver,
  type BootMessage,
  type Constitution,
  type FleetRecord,
  type StatementKind,
} from "@caladrius/wire";
import { DETECTORS } from "../analyse/index.ts";
import { sha256, sha384 } from "../crypto.ts";

export const NOW_SECONDS: number = NOW_MS / 1000;
export const KMS_KEYS: readonly string[] = [1, 2].map(
  (n) => `arn:aws:kms:eu-central-1:11112222333${n}:key/00000000-0000-0000-0000-00000000000${n}`,
);
const KMS = { keys: [...KMS_KEYS], endpoint: "https://kms.eu-central-1.amazonaws.com", tlsRoots: [Uint8Array.of(1)] };
export const DATA_KEY: string = "arn:aws:kms:eu-central-1:111122223339:key/00000000-0000-0000-0000-000000000009";

/** Persons of the test deployment; mallory stands in no constitution. */
export const PERSON: Readonly<Record<"developer" | "hospital" | "mallory", DevelopmentSigner>> = {
  developer: signer("developer"),
  hospital: signer("hospital"),
  mallory: signer("mallory"),
};
const ROLE = { developer: "development", hospital: "hospital" } as const;

/** Either may issue status lists. */
export const STATUS_KEY: Readonly<Record<"first" | "second", DevelopmentSigner>> = { first: signer("status"), second: signer("status 2") };

/** A deployment whose fleets need two persons of two roles. */
export interface TestDeployment {
  boot: BootMessage;
  constitutionDigest: Uint8Array;
}

export function makeDeployment({
  name = "test",
  kms = true,
  dataKeys = [DATA_KEY],
  nowSeconds = NOW_SECONDS,
  hospital = { key: PERSON.hospital.publicKey, passkey: null },
}: {
  name?: string;
  kms?: boolean | Constitution["kms"];
  dataKeys?: readonly string[];
  nowSeconds?: number;
  hospital?: Pick<Approver, "key" | "passkey">;
} = {}): TestDeployment {
  const statusKey = STATUS_KEY.first;
  const development = [{ role: ROLE.developer, threshold: 1 }];
  const payload = encodeConstitution({
    version: 1,
    number: 1,
    predecessor: null,
    name,
    notBefore: nowSeconds - 3600,
    notAfter: nowSeconds + 365 * 24 * 3600,
    approvers: [
      { person: "developer", role: ROLE.developer, key: PERSON.developer.publicKey, passkey: null },
      { person: "hospital", role: ROLE.hospital, ...hospital },
    ],
    quorums: {
      bundle: development,
      release: development,
      fleet: [...development, { role: ROLE.hospital, threshold: 1 }],
      succession: development,
      status: [...development, { role: ROLE.hospital, threshold: 1 }],
    },
    statusKeys: [STATUS_KEY.first.publicKey, STATUS_KEY.second.publicKey],
    auditorKeys: [],
    kms: kms === true ? KMS : kms || null,
    log: null,
  });
  const constitution = encodeStatement("constitution", "Ed25519", payload, PERSON.developer.sign);
  const constitutionDigest = sha384(constitution);
  const common = { nowSeconds, constitutionDigest };
  const detectors = DETECTORS.map(({ id }) => id);
  const bundle = makeDevelopmentBundle({ ...common, approver: PERSON.developer, policyVersion: 1, detectors, dataKeys, sha384 });
  const statusList = makeDevelopmentStatusList({ ...common, statusKey, number: 1, lowestPolicyVersion: 0 });
  return {
    boot: { protocol: 1, constitution, bundle: bundle.statement, bundleApprovals: bundle.approvals, statusList },
    constitutionDigest,
  };
}

/** How a record is signed; the default is what the constitution demands. */
export interface Signing {
  author?: DevelopmentSigner;
  approvers?: readonly ("developer" | "hospital")[];
  /** which kind the approvals say they are of */
  kind?: StatementKind & ("fleet-record" | "bundle" | "release");
  /** the constitution that the approvals name */
  constitutionDigest?: Uint8Array;
}

/** An epoch file for a candidate, in force for an hour from a minute ago, with any part of its record replaced. */
export function signEpoch(
  candidate: Uint8Array,
  change: Partial<FleetRecord> = {},
  { author = PERSON.developer, approvers = ["developer", "hospital"], kind = "fleet-record", constitutionDigest }: Signing = {},
): Uint8Array {
  const { fleet, epoch, constitutionDigest: under, keySet, wrapped } = decodeFleetCandidate(candidate);
  const payload = encodeFleetRecord({
    version: 1,
    fleet,
    epoch,
    constitutionDigest: under,
    keySetDigest: sha256(keySet),
    wrapped: wrapped.map(({ keyArn, blob }) => ({ keyArn, digest: sha256(blob) })),
    notBefore: NOW_SECONDS - 60,
    notAfter: NOW_SECONDS + 3600,
    ...change,
  });
  const record = encodeStatement("fleet-record", "Ed25519", payload, author.sign);
  const digest = sha384(approvedBytes(kind, constitutionDigest ?? under, record));
  const approvals = approvers.map((person) => {
    const approval = encodeApproval({ kind, digest, person, role: ROLE[person], at: NOW_SECONDS });
    return encodeStatement("approval", "Ed25519", approval, PERSON[person].sign);
  });
  return encodeFleetEpoch({ candidate, record, approvals });
}

function signer(label: string): DevelopmentSigner {
  const key = ed25519TestKey(`fleet ${label}`);
  return { publicKey: { alg: "Ed25519", key: spkiOf(key).subarray(-32) }, sign: (bytes) => new Uint8Array(sign(null, bytes, key)) };
}
