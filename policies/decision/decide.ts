import {
  compareBytes,
  toHex,
  type Bundle,
  type DetectorRule,
  type DisclosureLevel,
  type PurposeRule,
  type Request,
  type StatusList,
} from "@caladrius/wire";
import type { CedarAction, CedarRequest, RememberedCedar } from "../cedar/index.ts";
import { firstUncovered, UNCOVERED_ORDER, widest, WIDTH, within, type GrantedJob, type Uncovered } from "./cover.ts";
import type { DenialCode } from "./denial.ts";
import { judgeDevice, type SignedByDevice } from "./device.ts";
import type { RecordingFacts } from "./facts.ts";
import type { DecisionMemory, GrantUse } from "./memory.ts";
import { sameKey, type DecisionCrypto, type ReadGrant, type VerifiedGrant } from "./read-grant.ts";
import type { Revocations } from "./revocations.ts";

/** Everything that a decision depends on besides its tools. */
export interface DecisionInput {
  bundle: Bundle;
  constitution: { notBefore: number; notAfter: number };
  status: { list: StatusList; fresh: boolean; revocations: Revocations };
  /** of this enclave: whether its release was revoked */
  pcr0: Uint8Array;
  /** SHA-256 of the submitter's raw public key */
  submitterThumbprint: Uint8Array;
  request: Request;
  /** SHA-256 of the sealed job */
  jobDigest: Uint8Array;
  /** null: the bytes are no recording, or of another subject */
  recording: RecordingFacts | null;
  recordingDigest: Uint8Array;
  /** the device's statement, null for none */
  deviceBatch: Uint8Array | null;
  /** how the emergency stands that the request is about; null where there is none */
  emergency: EmergencyStanding | null;
  /** now lies within, Unix ms */
  interval: { fromMs: number; toMs: number };
}

/** What an emergency allows. For steps that open, list or answer one: that emergencies are kept here at all. */
export interface EmergencyStanding {
  /** to this submitter, for this subject and ward, now */
  granted: boolean;
  /** widest level */
  level: DisclosureLevel;
  purposes: readonly string[];
}

/** What decisions are made with. They are pure as long as these are. */
export interface DecisionTools {
  crypto: DecisionCrypto;
  /** reads grants of the bundle's issuers */
  readGrant: ReadGrant;
  /** the bundle's policies */
  cedar: RememberedCedar;
  memory: DecisionMemory;
}

/** Allowed with these detectors, or denied with one code. */
export type Decision = Allowed | { allowed: false; code: DenialCode };

/** What an allowed job may do, and what it uses up once it was answered. */
export interface Allowed {
  allowed: true;
  detectors: readonly DetectorRule[];
  purpose: PurposeRule;
  statusStale: boolean;
  /** a granted emergency stood in for a grant */
  breakGlass: boolean;
  /** the one grant that covers the whole job */
  grant: (GrantUse & { digest: Uint8Array }) | null;
  device: SignedByDevice | null;
}

/**
 * Decides on one job. All is judged whatever was found before, so that a denial costs what a permission costs; of several
 * reasons the first of DENIAL's order is told. Windows, uses and revocations are judged here, at every use; Cedar, which
 * knows no time, has the last word.
 */
export function decide(input: DecisionInput, tools: DecisionTools): Decision {
  const { bundle, status, request, interval } = input;
  const purpose = bundle.purposes.find((rule) => rule.code === request.purpose);
  const detectors = request.detectors.length === 0 ? bundle.detectors : bundle.detectors.filter(({ id }) => request.detectors.includes(id));
  const { revocations } = status;
  const statusStale = interval.toMs > status.list.expiresAt * 1000;

  const job: GrantedJob = { ...input, detectors: detectors.map(({ id }) => id), revocations, memory: tools.memory };
  const granted = judgeGrants(input, job, tools);
  const { code: deviceCode, device } = judgeDevice(
    {
      ...input,
      rules: bundle.devices,
      batch: input.deviceBatch,
      subject: request.subject,
      nowMs: interval.toMs,
      revocations,
      memory: tools.memory,
    },
    tools.crypto,
  );

  const ask = (verified: VerifiedGrant | null): boolean => {
    const about = cedarRequest(input, { care: purpose?.care ?? false, statusStale, detectors: job.detectors, verified, device });
    return tools.cedar.permits(about, `${status.list.number} ${verified === null ? "-" : toHex(verified.digest)}`);
  };
  const covering = granted.covering.find(({ verified }) => ask(verified));
  const permitted = granted.covering.length > 0 ? covering !== undefined : ask(granted.nearest);

  const code =
    granted.ungenuine ??
    judgeStanding(input, purpose, statusStale) ??
    (revocations.isRevoked("key", input.submitterThumbprint, interval.toMs) ? "denied-revoked" : null) ??
    (input.recording === null ? "denied-recording" : null) ??
    judgeEmergency(input) ??
    granted.uncovered ??
    deviceCode ??
    judgeAsked(request, purpose, job.detectors) ??
    (permitted ? null : "denied-cedar");
  if (code !== null || purpose === undefined) return { allowed: false, code: code ?? "denied-purpose" };
  return {
    allowed: true,
    detectors,
    purpose,
    statusStale,
    breakGlass: request.emergency?.step === "use",
    grant: covering === undefined ? null : usedGrant(covering),
    device,
  };
}

/** Whether this enclave, its policy and its status list may answer this purpose at all now. */
function judgeStanding(
  { bundle, constitution, status, pcr0, request, interval }: DecisionInput,
  purpose: PurposeRule | undefined,
  statusStale: boolean,
): DenialCode | null {
  const { list } = status;
  if (!within(constitution, interval)) return "denied-constitution-window";
  if (!within(bundle, interval)) return "denied-policy-window";
  if (request.floors.policyVersion > bundle.policyVersion) return "denied-policy-floor";
  if (request.floors.statusVersion > list.number) return "denied-status-floor";
  if (list.lowestPolicyVersion > bundle.policyVersion) return "denied-policy-withdrawn";
  if (status.revocations.isImageRevoked(pcr0, interval.toMs)) return "denied-release-revoked";
  if (purpose === undefined) return "denied-purpose";
  // A stale list means no, except for care within its grace (nothing wider than before either way).
  const inGrace = purpose.care && interval.toMs <= (list.expiresAt + bundle.careGraceSeconds) * 1000;
  if (statusStale && !inGrace) return "denied-status-stale";
  return bundle.freshStatus && !purpose.care && !status.fresh ? "denied-status-not-fresh" : null;
}

/** What grants say of a job. */
interface Granted {
  /** grants were carried, and none is genuine and the submitter's: nothing more is told */
  ungenuine: "denied-grant" | null;
  /** why no grant covers the job where one has to */
  uncovered: Uncovered | null;
  /** grants that cover the whole job, in an order that the request does not choose */
  covering: readonly Carried[];
  /** what Cedar is asked about when none does */
  nearest: VerifiedGrant | null;
}
interface Carried {
  verified: VerifiedGrant;
  use: number;
}

/** One grant must cover the whole job. One that is carried is held to, whether or not it is needed. */
function judgeGrants({ bundle, request }: DecisionInput, job: GrantedJob, { readGrant }: DecisionTools): Granted {
  const genuine = request.grants.flatMap(({ grant, use }): Carried[] => {
    const verified = readGrant(grant);
    return verified !== null && sameKey(verified.grant.holder, request.submitter) ? [{ verified, use }] : [];
  });
  genuine.sort((a, b) => compareBytes(a.verified.digest, b.verified.digest) || a.use - b.use);
  const judged = genuine.map((carried) => ({ carried, code: firstUncovered(carried.verified, carried.use, job) }));
  const covering = judged.filter(({ code }) => code === null).map(({ carried }) => carried);
  const needed = request.emergency === undefined && (bundle.purposes.find(({ code }) => code === request.purpose)?.grantRequired ?? false);
  const codes = judged.map(({ code }) => code);
  const furthest = UNCOVERED_ORDER.findLast((code) => codes.includes(code)) ?? null;
  return {
    ungenuine: request.grants.length > 0 && genuine.length === 0 ? "denied-grant" : null,
    uncovered: covering.length > 0 ? null : (furthest ?? (needed ? "denied-grant-missing" : null)),
    covering,
    nearest: genuine[0]?.verified ?? null,
  };
}

/** An emergency stands in for a grant, never beside one. */
function judgeEmergency({ request, emergency }: DecisionInput): DenialCode | null {
  if (request.emergency === undefined) return null;
  if (emergency === null || request.grants.length > 0) return "denied-emergency";
  if (request.emergency.step !== "use") return null;
  if (!emergency.granted) return "denied-emergency";
  if (!emergency.purposes.includes(request.purpose)) return "denied-emergency-purpose";
  return WIDTH[widest(request)] > WIDTH[emergency.level] ? "denied-emergency-level" : null;
}

/** Levels and detectors by the bundle's own rules. Where it has no detector, whoever asks for all of them asks for one too many. */
function judgeAsked(request: Request, purpose: PurposeRule | undefined, allowed: readonly string[]): DenialCode | null {
  const tooWide = request.recipients.some(
    ({ level }, i) => purpose !== undefined && WIDTH[level] > WIDTH[i === 0 ? purpose.submitterLevel : purpose.recipientLevel],
  );
  if (tooWide) return "denied-level";
  return allowed.length === 0 || request.detectors.some((id) => !allowed.includes(id)) ? "denied-detector" : null;
}

/** What Cedar is told. Sets are sorted, so that what is equal is remembered as one. */
function cedarRequest(
  { request, recording, submitterThumbprint, status }: DecisionInput,
  {
    care,
    statusStale,
    detectors,
    verified,
    device,
  }: {
    care: boolean;
    statusStale: boolean;
    detectors: readonly string[];
    verified: VerifiedGrant | null;
    device: SignedByDevice | null;
  },
): CedarRequest {
  const step = request.emergency?.step;
  return {
    action: step === undefined ? "analyse" : ACTION[step],
    submitter: toHex(submitterThumbprint),
    subject: request.subject,
    ward: request.ward,
    context: {
      purpose: request.purpose,
      care,
      detectors: detectors.toSorted(),
      channels: recording?.channels ?? [],
      levels: [...new Set(request.recipients.map(({ level }) => level))].toSorted(),
      recipients: request.recipients.length,
      statusStale,
      statusFresh: status.fresh,
      breakGlass: step === "use",
      grant:
        verified === null
          ? null
          : {
              issuer: verified.issuer.name,
              source: verified.grant.source.kind,
              level: verified.grant.level,
              uses: verified.grant.uses,
            },
      device: device === null ? null : { registered: device.name !== null, name: device.name, flags: device.flags },
    },
  };
}

function usedGrant({ verified: { digest, grant }, use }: Carried): NonNullable<Allowed["grant"]> {
  return { digest, issuer: grant.issuer, id: grant.id, use, notAfter: grant.notAfter };
}

const ACTION: Readonly<Record<NonNullable<Request["emergency"]>["step"], CedarAction>> = {
  use: "analyse",
  open: "openEmergency",
  list: "listEmergencies",
  answer: "answerEmergency",
};
