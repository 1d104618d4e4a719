import {
  equalBytes,
  type Bundle,
  type DetectorRule,
  type DisclosureLevel,
  type PurposeRule,
  type Request,
  type StatusList,
} from "@caladrius/wire";

/** Every reason for which an opened job is denied. */
export const DENIAL = {
  denied: "the request did not verify; nothing more is said to whoever sent it",
  "denied-policy-window": "the policy bundle is not in force at this time",
  "denied-constitution-window": "the constitution is not in force at this time",
  "denied-policy-floor": "the request demands a newer policy bundle than the one in force",
  "denied-status-floor": "the request demands a newer status list than the one in force",
  "denied-policy-withdrawn": "the status list forbids the policy bundle in force",
  "denied-status-stale": "the status list has expired, and the purpose is not one of care, or its grace has passed",
  "denied-purpose": "the policy bundle does not allow this purpose",
  "denied-level": "a recipient asks for a wider disclosure level than the policy bundle allows for this purpose",
  "denied-detector": "the policy bundle does not allow a detector that was asked for",
  "denied-revoked": "the submitter's key has been revoked",
  "denied-grant": "the policy bundle demands a grant, or the request carries one, and grants are not in force in this version",
  "denied-device":
    "the policy bundle demands recordings signed by a device, or the job carries such a signature, and they are not in force in this version",
  "denied-recording": "the recording is not in the format, or its digest or subject is not the one that the request names",
  "failed-analysis": "the analysis of this recording failed: a bug of the enclave program; nothing was assessed",
} as const;
export type DenialCode = keyof typeof DENIAL;

/** Everything a decision depends on: no clock, no memory. */
export interface DecisionInput {
  bundle: Bundle;
  constitution: { notBefore: number; notAfter: number };
  statusList: StatusList;
  /** SHA-256 of the submitter's raw public key */
  submitterThumbprint: Uint8Array;
  request: Request;
  /** whether the job carries a device's statement */
  deviceSigned: boolean;
  /** now lies within, Unix ms */
  interval: { fromMs: number; toMs: number };
}

/** Allowed with these detectors, or denied with one code. */
export type Decision =
  | { allowed: true; detectors: readonly DetectorRule[]; purpose: PurposeRule; statusStale: boolean }
  | { allowed: false; code: DenialCode };

const WIDTH: Record<DisclosureLevel, number> = { alarm: 0, findings: 1, full: 2 };

/**
 * Decides on one job. In force: windows of constitution and bundle, floors, status list, purpose, disclosure levels,
 * detectors. What is not in force yet (grants, device signatures) is denied, never skipped.
 */
export function decide(input: DecisionInput): Decision {
  const { bundle, constitution, statusList, request, interval } = input;
  if (!within(constitution, interval)) return deny("denied-constitution-window");
  if (!within(bundle, interval)) return deny("denied-policy-window");
  if (request.floors.policyVersion > bundle.policyVersion) return deny("denied-policy-floor");
  if (request.floors.statusVersion > statusList.number) return deny("denied-status-floor");
  const purpose = bundle.purposes.find((rule) => rule.code === request.purpose);
  if (purpose === undefined) return deny("denied-purpose");

  // A stale list means no, except for care within its grace (nothing wider than before either way).
  const staleMs = interval.toMs - statusList.expiresAt * 1000;
  const statusStale = staleMs > 0;
  if (statusStale && !(purpose.care && staleMs <= bundle.careGraceSeconds * 1000)) return deny("denied-status-stale");
  if (statusList.lowestPolicyVersion > bundle.policyVersion) return deny("denied-policy-withdrawn");
  if (statusList.revocations.some((one) => one.what === "key" && equalBytes(one.id, input.submitterThumbprint)))
    return deny("denied-revoked");

  if (purpose.grantRequired || request.grants.length > 0) return deny("denied-grant");
  if (input.deviceSigned || bundle.devices.unsigned === "deny") return deny("denied-device");

  const tooWide = request.recipients.some(
    (recipient, i) => WIDTH[recipient.level] > WIDTH[i === 0 ? purpose.submitterLevel : purpose.recipientLevel],
  );
  if (tooWide) return deny("denied-level");

  const asked = request.detectors.length === 0 ? bundle.detectors : bundle.detectors.filter((rule) => request.detectors.includes(rule.id));
  if (request.detectors.some((id) => !asked.some((rule) => rule.id === id))) return deny("denied-detector");
  return { allowed: true, detectors: asked, purpose, statusStale };
}

function deny(code: DenialCode): Decision {
  return { allowed: false, code };
}

/** Both ends of the interval must lie inside: what may already be over is over. */
function within(window: { notBefore: number; notAfter: number }, interval: { fromMs: number; toMs: number }): boolean {
  return window.notBefore * 1000 <= interval.fromMs && interval.toMs <= window.notAfter * 1000;
}
