import { createHash, sign } from "node:crypto";
import { approverOf, BEN, ORIGIN, RP_ID, signByPasskey } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { ed25519TestKey, spkiOf } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import { makeDevelopmentBundle, makeDevelopmentStatusList, type DevelopmentSigner } from "@caladrius/policies/development";
import {
  approvedBytes,
  decodeConstitution,
  decodeDisclosure,
  decodeEmergency,
  decodeNotice,
  decodeSealedReply,
  decodeStatement,
  encodeApproval,
  encodeConstitution,
  encodeStatement,
  noticeInfo,
  unpad,
  type Approver,
  type BreakGlassRule,
  type EmergencyState,
  type EmergencyStep,
  type JobReply,
  type Notice,
  type Recipient,
  type SealingPublicKey,
  type ResultClaims,
} from "@caladrius/wire";
import { DETECTORS } from "../analyse/index.ts";
import { sha384 } from "../crypto.ts";
import { deriveKeyPair, open, type HpkeKeyPair } from "../open/hpke.ts";
import { makeDeployment, NOW_SECONDS, PERSON, STATUS_KEY, type TestDeployment } from "./deployment.ts";
import type { TestEnclave } from "./enclaves.ts";
import { jobFor, openReply, type JobChange } from "./jobs.ts";
import { withBundle } from "./status-lists.ts";

/** Who decides at night; ada is a doctor and the head of her ward as well. */
export const NIGHT: Readonly<Record<"ada" | "ben" | "cleo" | "dan" | "nurse", DevelopmentSigner>> = {
  ada: signer("ada"),
  ben: signer("ben"),
  cleo: signer("cleo"),
  dan: signer("dan"),
  nurse: signer("nurse"),
};
const APPROVERS: readonly (readonly [keyof typeof NIGHT, string])[] = [
  ["ada", "doctor"],
  ["ben", "doctor"],
  ["dan", "doctor"],
  ["ada", "head"],
  ["cleo", "head"],
];
/** A doctor whose key lies in a passkey. */
const EVE: Approver = approverOf("eve", "doctor", BEN, { rpId: RP_ID, origins: [ORIGIN] });
const AUDITORS: readonly HpkeKeyPair[] = [7, 8].map((byte) => deriveKeyPair("X25519", new Uint8Array(32).fill(byte)));

/** Two doctors, or after half a minute of silence one head. */
export const RULE: BreakGlassRule = {
  first: [{ role: "doctor", threshold: 2 }],
  second: [{ role: "head", threshold: 1 }],
  escalateSeconds: 30,
  validSeconds: 3600,
  purposes: ["ETREAT"],
  level: "findings",
};

/** A deployment with emergencies and two auditors, whose care needs a grant. */
export function nightDeployment(
  rule: Partial<BreakGlassRule> | null = {},
  {
    name = "night",
    auditorKeys = AUDITORS.map(({ publicKey }) => ({ suite: "X25519", publicKey }) as const),
    nowSeconds = NOW_SECONDS,
  }: { name?: string; auditorKeys?: SealingPublicKey[]; nowSeconds?: number } = {},
): TestDeployment {
  const base = decodeConstitution(
    decodeStatement(makeDeployment({ kms: false, name, nowSeconds }).boot.constitution, "constitution").payload,
  );
  const approvers = APPROVERS.map(([person, role]): Approver => ({ person, role, key: NIGHT[person].publicKey, passkey: null }));
  const payload = encodeConstitution({ ...base, approvers: [...base.approvers, ...approvers, EVE], auditorKeys });
  const constitution = encodeStatement("constitution", "Ed25519", payload, PERSON.developer.sign);
  const constitutionDigest = sha384(constitution);
  const common = { nowSeconds, constitutionDigest };
  const detectors = DETECTORS.map(({ id }) => id);
  const bundle = makeDevelopmentBundle({ ...common, approver: PERSON.developer, policyVersion: 1, detectors, sha384 });
  const statusList = makeDevelopmentStatusList({ ...common, statusKey: STATUS_KEY.first, number: 1, lowestPolicyVersion: 0 });
  const boot = { protocol: 1, constitution, bundle: bundle.statement, bundleApprovals: bundle.approvals, statusList };
  return withBundle(
    { boot, constitutionDigest },
    {
      breakGlass: rule === null ? null : { ...RULE, ...rule },
      purposes: ["TREAT", "ETREAT"].map((code) => ({
        code,
        care: true,
        grantRequired: true,
        submitterLevel: "full",
        recipientLevel: "full",
      })),
    },
  );
}

/** What came back of one job. */
export interface Told {
  denial: string | null;
  emergencies: EmergencyState[] | null;
  summary: boolean;
  claims: ResultClaims;
  reply: JobReply;
}

/** Sends a job about emergencies, or an ordinary one for `null`. */
export async function ask(
  enclave: TestEnclave,
  step: Partial<EmergencyStep> | null,
  { request, ...change }: JobChange & { signer?: DevelopmentSigner } = {},
): Promise<Told> {
  const whole: EmergencyStep = { step: "list", id: null, reason: null, approval: null, ...step };
  const emergency = step === null ? {} : { emergency: whole };
  const ward = { ward: "icu", purpose: "ETREAT" };
  return told(
    enclave,
    jobFor(enclave.inside.identity.bytes, { ...change, request: { ...ward, recipients: FINDINGS, ...request, ...emergency } }),
  );
}

/** What the answer to a job says. */
export async function told(enclave: TestEnclave, job: ReturnType<typeof jobFor>): Promise<Told> {
  const reply = await enclave.answer(job.sealed);
  const { disclosures, claims } = openReply(job, reply.replies[0] ?? new Uint8Array(0));
  const values = disclosures.map((one) => decodeDisclosure(one));
  const value = (name: string): unknown => values.find((one) => one.name === name)?.value ?? null;
  return {
    denial: value("denial") as string | null,
    emergencies: value("emergencies") as EmergencyState[] | null,
    summary: value("alarm-summary") !== null,
    claims,
    reply,
  };
}

/** The id of the emergency that an answer tells of. */
export function idOf({ emergencies }: Told): Uint8Array {
  return decodeEmergency(decodeStatement(statementOf(emergencies), "emergency").payload).id;
}

/** A person's approval of the emergency that an answer tells of. */
export function approvalOf(
  { emergencies }: Pick<Told, "emergencies">,
  person: keyof typeof NIGHT,
  role: string,
  constitutionDigest: Uint8Array,
): Uint8Array {
  return encodeStatement("approval", "Ed25519", approvalPayload(emergencies, person, role, constitutionDigest), NIGHT[person].sign);
}

/** The same by the passkey of eve, a doctor. */
export function passkeyApprovalOf({ emergencies }: Pick<Told, "emergencies">, constitutionDigest: Uint8Array): Uint8Array {
  return signByPasskey(approvalPayload(emergencies, EVE.person, EVE.role, constitutionDigest), BEN);
}

function approvalPayload(emergencies: Told["emergencies"], person: string, role: string, constitutionDigest: Uint8Array): Uint8Array {
  const digest = sha384(approvedBytes("emergency", constitutionDigest, statementOf(emergencies)));
  return encodeApproval({ kind: "emergency", digest, person, role, at: NOW_SECONDS });
}

/** What one auditor reads. */
export function noticeFor(auditor: number, { notices }: JobReply, constitutionDigest: Uint8Array): Notice & { statement: Uint8Array } {
  const pair = AUDITORS[auditor];
  if (pair === undefined) throw new Error("no such auditor");
  const sealed = decodeSealedReply(notices[auditor] ?? new Uint8Array(0));
  const statement = unpad(open(pair, { ...sealed, info: noticeInfo(constitutionDigest), aad: new Uint8Array(0) }));
  return { ...decodeNotice(decodeStatement(statement, "notice").payload), statement };
}

function statementOf(emergencies: EmergencyState[] | null): Uint8Array {
  const [first] = emergencies ?? [];
  if (first === undefined) throw new Error("no emergency");
  return first.emergency;
}

function signer(label: string): DevelopmentSigner {
  const key = ed25519TestKey(`night ${label}`);
  const publicKey = new Uint8Array(spkiOf(key).subarray(-32));
  return { publicKey: { alg: "Ed25519", key: publicKey }, sign: (bytes) => new Uint8Array(sign(null, bytes, key)) };
}

/** SHA-256 of a person's key, as status lists name it. */
export function thumbprint(person: keyof typeof NIGHT): Uint8Array {
  return new Uint8Array(createHash("sha256").update(NIGHT[person].publicKey.key).digest());
}

const reader = deriveKeyPair("X25519", new Uint8Array(32).fill(3));
/** The reader of all test jobs, who may read findings. */
export const FINDINGS: Recipient[] = [{ key: { suite: "X25519", publicKey: reader.publicKey }, level: "findings" }];
