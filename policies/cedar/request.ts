import type { DisclosureLevel, Grant } from "@caladrius/wire";
import type { StatefulAuthorizationCall } from "@cedar-policy/cedar-wasm/nodejs";

/** Actions that policies may name. */
export const CEDAR_ACTIONS = ["analyse", "openEmergency", "listEmergencies", "answerEmergency"] as const;
/** The name of an action. */
export type CedarAction = (typeof CEDAR_ACTIONS)[number];

/** Everything that Cedar is told of one job. Nothing of it changes with time alone. */
export interface CedarRequest {
  action: CedarAction;
  /** SHA-256 of the submitter's raw public key, lower-case hex */
  submitter: string;
  subject: string;
  ward: string | null;
  context: CedarContext;
}

/** The context record of CEDAR_SCHEMA; lists are sets, so their order does not matter. */
export interface CedarContext {
  purpose: string;
  care: boolean;
  detectors: readonly string[];
  channels: readonly string[];
  levels: readonly DisclosureLevel[];
  recipients: number;
  statusStale: boolean;
  statusFresh: boolean;
  breakGlass: boolean;
  grant: { issuer: string; source: Grant["source"]["kind"]; level: DisclosureLevel; uses: number } | null;
  device: { registered: boolean; name: string | null; flags: readonly string[] } | null;
}

/** The request as Cedar takes it. Texts of a submitter are ids and strings, never keys, so they cannot pass for structure. */
export function cedarCall(
  request: CedarRequest,
): Pick<StatefulAuthorizationCall, "principal" | "action" | "resource" | "context" | "entities"> {
  const { action, submitter, subject, ward } = request;
  const { grant, device, detectors, channels, levels, ...context } = request.context;
  const resource = { type: "Subject", id: subject };
  return {
    principal: { type: "Submitter", id: submitter },
    action: { type: "Action", id: action },
    resource,
    context: {
      ...context,
      detectors: [...detectors],
      channels: [...channels],
      levels: [...levels],
      ...(grant === null ? {} : { grant: { ...grant } }),
      ...(device === null
        ? {}
        : { device: { registered: device.registered, flags: [...device.flags], ...(device.name === null ? {} : { name: device.name }) } }),
    },
    entities: ward === null ? [] : [{ uid: resource, attrs: { ward }, parents: [{ type: "Ward", id: ward }] }],
  };
}

/** Requests as the program may make them, each action with everything that may be absent present, and absent. */
export const CEDAR_PROBES: readonly CedarRequest[] = CEDAR_ACTIONS.flatMap((action): CedarRequest[] => {
  const bare: CedarContext = {
    purpose: "TREAT",
    care: true,
    detectors: [],
    channels: [],
    levels: [],
    recipients: 1,
    statusStale: false,
    statusFresh: false,
    breakGlass: false,
    grant: null,
    device: null,
  };
  const whole: CedarContext = {
    ...bare,
    detectors: ["news2"],
    channels: ["loinc:8867-4"],
    levels: ["full"],
    grant: { issuer: "issuer", source: "direct", level: "full", uses: 2 ** 40 },
    device: { registered: true, name: "device", flags: ["device-gap"] },
  };
  const common = { action, submitter: "00".repeat(32), subject: "subject" };
  return [
    { ...common, ward: null, context: bare },
    { ...common, ward: "ward", context: whole },
    { ...common, ward: null, context: { ...whole, device: { registered: false, name: null, flags: [] } } },
  ];
});
