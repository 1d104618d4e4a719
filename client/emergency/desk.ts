import { rememberSignatures, requireConstitution, type SignatureBackend, type TrustSettings } from "@caladrius/attestation-verifier";
import type { ApprovedRelease } from "@caladrius/attestation-verifier/governance";
import { createSignatures } from "@caladrius/attestation-verifier/signatures";
import {
  decodeEmergency,
  decodeStatement,
  equalBytes,
  type Channel,
  type DisclosureLevel,
  type Emergency,
  type EmergencyState,
  type EmergencyStep,
  type Recording,
} from "@caladrius/wire";
import { Enclaves } from "../enclaves.ts";
import { SubmitError } from "../errors.ts";
import { HostClient } from "../host/client.ts";
import type { RetrySettings } from "../host/retry.ts";
import type { SubmitterKey } from "../keys.ts";
import { trustUnder } from "../release.ts";
import type { AccessTokens } from "../sign-in/access-token.ts";
import { Turns } from "../turns.ts";
import { submitRecording, type SubmitContext } from "../submission.ts";

export interface EmergencyDeskOptions {
  readonly hostUrl: string;
  /** signs in at the host, where it wants that */
  readonly tokens?: AccessTokens;
  /** must pin PCR16 in every set */
  readonly trust: TrustSettings;
  /** only an enclave of this release is asked. Default: the sets of the trust file */
  readonly release?: ApprovedRelease;
  /** of whoever asks: the submitter's, or an approver's signing key with any sealing key */
  readonly key: SubmitterKey;
  /** HL7 v3 PurposeOfUse code; an emergency is opened for it */
  readonly purpose: string;
  readonly signal: AbortSignal;
  readonly retry?: Partial<RetrySettings>;
  readonly onRetry?: (reason: string) => void;
  readonly signatures?: SignatureBackend;
  /** Unix ms, default the system's clock */
  readonly now?: () => number;
}

/** An emergency as a verified enclave keeps it. */
export interface KnownEmergency extends Omit<EmergencyState, "emergency"> {
  readonly emergency: Emergency;
  /** its statement: what approvers approve */
  readonly statement: Uint8Array;
}

/**
 * Asks one enclave about emergencies, through sealed jobs of one size that hold no recording to speak of. The enclave is
 * verified under the trust file as for any job, and each answer as any result. Keys are those of the boot: an emergency
 * lives in the enclave that opened it.
 * @throws by every method as `submit`; SubmitError emergency-denied with the enclave's code, emergency-form
 */
export class EmergencyDesk {
  readonly #context: Omit<SubmitContext, "request">;
  readonly #purpose: string;

  constructor({
    hostUrl,
    tokens,
    key,
    purpose,
    signal,
    retry = {},
    onRetry,
    signatures,
    now = Date.now,
    ...options
  }: EmergencyDeskOptions) {
    const trust = trustUnder(options.release, options.trust);
    requireConstitution(trust);
    const backend = rememberSignatures(signatures ?? createSignatures());
    const host = new HostClient(hostUrl, {
      signal,
      retry,
      ...(tokens === undefined ? {} : { tokens }),
      ...(onRetry === undefined ? {} : { onRetry }),
    });
    this.#purpose = purpose;
    this.#context = {
      host,
      enclaves: new Enclaves({ host, trust, signatures: backend, now, keys: "boot" }),
      trust,
      key,
      signatures: backend,
      signal,
      now,
      retry,
      validForMs: VALID_FOR_MS,
      dataKeys: null,
      grantUses: null,
      device: null,
      turns: new Turns(),
    };
  }

  /** Opens an emergency; those whom the policy bundle names are asked. */
  async open(about: { subject: string; ward: string | null; reason: string; level: DisclosureLevel }): Promise<KnownEmergency> {
    const [opened] = await this.#ask({ step: "open", id: null, reason: about.reason, approval: null }, about);
    if (opened === undefined) throw new SubmitError("emergency-form", "none was opened");
    return opened;
  }

  /** What waits for the roles of this key, and what this key opened; the newest first. */
  list(): Promise<KnownEmergency[]> {
    return this.#ask({ step: "list", id: null, reason: null, approval: null }, { subject: NOBODY, ward: null });
  }

  /** @param approval over the emergency's statement (`approvedBytes`, kind emergency), by statement or passkey; null to refuse */
  async answer({ emergency: { id, subject, ward } }: KnownEmergency, approval: Uint8Array | null): Promise<KnownEmergency> {
    const [answered] = await this.#ask({ step: "answer", id, reason: null, approval }, { subject, ward });
    if (answered === undefined || !equalBytes(answered.emergency.id, id)) throw new SubmitError("emergency-form", "of another one");
    return answered;
  }

  async #ask(
    emergency: EmergencyStep,
    { subject, ward, level = "findings" }: { subject: string; ward: string | null; level?: DisclosureLevel },
  ): Promise<KnownEmergency[]> {
    const request = { level, purpose: this.#purpose, detectors: [], ward, recipients: [], emergency, leastPaddedBytes: PADDED_BYTES };
    const recording: Recording = { subject, device: "none", channels: [NOTHING], events: [] };
    const { verdict } = await submitRecording({ ...this.#context, request }, recording, () => {});
    if (verdict.status === "contraindicated") throw new SubmitError("emergency-form", `${verdict.code}: ${verdict.sentence}`);
    const { disclosed, bootId, result } = verdict.claims;
    if (disclosed.denial !== null) throw new SubmitError("emergency-denied", disclosed.denial);
    const known = (disclosed.emergencies ?? []).map(readState);
    const foreign = known.some(
      ({ emergency: one }) => !equalBytes(one.bootId, bootId) || !equalBytes(one.constitutionDigest, result.constitutionDigest),
    );
    if (foreign) throw new SubmitError("emergency-form", "of another boot or constitution");
    return known;
  }
}

function readState({ emergency: statement, ...state }: EmergencyState): KnownEmergency {
  try {
    return { ...state, statement, emergency: decodeEmergency(decodeStatement(statement, "emergency").payload) };
  } catch {
    throw new SubmitError("emergency-form", "a statement outside the format");
  }
}

/** The least that a recording may be: one sample that is missing. */
const NOTHING: Channel = {
  code: "loinc:8867-4",
  unit: "/min",
  startMs: 0,
  timing: { kind: "rate", numerator: 1, denominator: 1 },
  samples: Int16Array.of(-32_768),
  scale: { numerator: 1, offset: 0, denominator: 1 },
  missing: -32_768,
};
/** All that is asked about emergencies has this size, an ordinary one for a batch of numbers. */
const PADDED_BYTES = 12_288;
const VALID_FOR_MS = 600_000;
/** A list is about no subject. */
const NOBODY = "none";
