import { toBase64 } from "@caladrius/wire";
import { userIdentity, type UserIdentity } from "./user-identity.ts";
import { shown } from "./shown.ts";
import type { AttestedRecipient } from "./read-recipient.ts";

/** One call of the service, for its record. */
export interface AuditedCall {
  /** the operation, such as Decrypt */
  readonly operation: string;
  /** Unix ms at which it was answered */
  readonly timeMs: number;
  readonly region: string;
  /** the account that the record is kept in: the caller's, or the key owner's where it differs */
  readonly accountId: string;
  readonly principal: { readonly arn: string; readonly accessKeyId: string };
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  /** the request's members as they came in; only those of `RECORDED` get into the record */
  readonly request: { readonly [member: string]: unknown };
  /** ARNs of the keys that were used, none where the call did not get that far */
  readonly keys: readonly string[];
  /** the document of the request, once it has been verified, also where policy then denied the call; null = none was */
  readonly recipient: Pick<AttestedRecipient, "moduleId" | "pcrs"> | null;
  /** null = it was done */
  readonly error: { readonly type: string; readonly message: string } | null;
  /** two UUIDs */
  readonly requestId: string;
  readonly eventId: string;
}

/** A value of the record's free parts. */
export type AuditValue = string | number | boolean | { readonly [name: string]: AuditValue };

/** A record in CloudTrail's shape; the order of its members is CloudTrail's too. */
export interface AuditEvent {
  readonly eventVersion: "1.08";
  readonly userIdentity: UserIdentity;
  /** ISO 8601 in UTC, whole seconds */
  readonly eventTime: string;
  readonly eventSource: "kms.amazonaws.com";
  readonly eventName: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestParameters: { readonly [name: string]: AuditValue } | null;
  readonly responseElements: null;
  readonly additionalEventData?: { readonly recipient: { readonly [name: string]: string } };
  readonly requestID: string;
  readonly eventID: string;
  readonly readOnly: boolean;
  readonly resources: readonly { readonly accountId: string; readonly type: "AWS::KMS::Key"; readonly ARN: string }[];
  readonly eventType: "AwsApiCall";
  readonly managementEvent: true;
  readonly recipientAccountId: string;
  readonly eventCategory: "Management";
}

/**
 * The record of one call as CloudTrail writes it (AWS KMS Developer Guide, "Monitoring requests for Nitro enclaves"). PCRs
 * are in base64, as in CloudTrail's own records; key policies have the same bytes in hex. Beside the registers that AWS
 * records (0 to 4 and 8) stand all others that are not zero, so that a constitution in PCR16 shows.
 *
 * It holds no plaintext, ciphertext, message, signature or attestation document: of a request only the members of a fixed list
 * are taken over. Texts are cut, and characters that could act on a terminal are written as `\u{…}`.
 */
export function auditEvent(call: AuditedCall): AuditEvent {
  const { operation, request, recipient, error, principal } = call;
  const parameters = requestParameters(operation, request);
  return {
    eventVersion: "1.08",
    userIdentity: userIdentity(principal),
    eventTime: `${new Date(call.timeMs).toISOString().slice(0, 19)}Z`,
    eventSource: "kms.amazonaws.com",
    eventName: shown(operation, 128),
    awsRegion: shown(call.region, 64),
    sourceIPAddress: shown(call.sourceIPAddress, 64),
    userAgent: shown(call.userAgent, 256),
    // CloudTrail has AccessDenied where the API says AccessDeniedException, and every other name as it is
    ...(error === null ? {} : { errorCode: errorCode(error.type), errorMessage: shown(error.message, MAX_TEXT) }),
    requestParameters: Object.keys(parameters).length === 0 ? null : parameters,
    responseElements: null,
    ...(recipient === null ? {} : { additionalEventData: { recipient: recipientData(recipient) } }),
    requestID: shown(call.requestId, 64),
    eventID: shown(call.eventId, 64),
    readOnly: !CHANGING.has(operation),
    resources: call.keys.map((arn) => ({ accountId: arn.split(":")[4] ?? "", type: "AWS::KMS::Key", ARN: shown(arn, 256) })),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: call.accountId,
    eventCategory: "Management",
  };
}

function recipientData({ moduleId, pcrs }: Pick<AttestedRecipient, "moduleId" | "pcrs">): Record<string, string> {
  const data: Record<string, string> = { attestationDocumentModuleId: shown(moduleId, 128) };
  for (const [index, value] of [...pcrs].toSorted(([a], [b]) => a - b)) {
    if (!RECORDED_PCRS.has(index) && value.every((byte) => byte === 0)) continue;
    data[index === 0 ? "attestationDocumentEnclaveImageDigest" : `attestationDocumentEnclavePCR${index}`] = toBase64(value);
  }
  return data;
}

function requestParameters(operation: string, request: AuditedCall["request"]): Record<string, AuditValue> {
  const parameters: Record<string, AuditValue> = {};
  for (const member of RECORDED) {
    const value = Object.hasOwn(request, member) ? request[member] : null;
    const taken = member.endsWith("EncryptionContext")
      ? recordedContext(value)
      : recorded(value, member === "Policy" ? MAX_POLICY : MAX_TEXT);
    if (taken !== null) parameters[camelCase(member)] = taken;
  }
  // "always includes the encryptionAlgorithm": AWS KMS Developer Guide, log entries of Decrypt and Encrypt
  if (operation === "Decrypt" || operation === "Encrypt") parameters["encryptionAlgorithm"] ??= "SYMMETRIC_DEFAULT";
  const recipient = request["Recipient"];
  if (typeof recipient === "object" && recipient !== null && "KeyEncryptionAlgorithm" in recipient) {
    const algorithm = recorded(recipient.KeyEncryptionAlgorithm, 64);
    if (typeof algorithm === "string") parameters["recipient"] = { keyEncryptionAlgorithm: algorithm };
  }
  return parameters;
}

/** A text, number or boolean; null for anything else. */
function recorded(value: unknown, max: number): string | number | boolean | null {
  if (typeof value === "string") return shown(value, max);
  return typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)) ? value : null;
}

/** The texts of a map, as many as an encryption context has room for; null for anything else. */
function recordedContext(value: unknown): Readonly<Record<string, string>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const pairs: [string, string][] = [];
  let room = MAX_CONTEXT;
  for (const [key, text] of Object.entries(value) as [string, unknown][]) {
    if (typeof text !== "string" || room <= 0) continue;
    pairs.push([shown(key, room), shown(text, room)]);
    room -= key.length + text.length + 1;
  }
  return Object.fromEntries(pairs);
}

function errorCode(type: string): string {
  return type === "AccessDeniedException" ? "AccessDenied" : shown(type, 128);
}

function camelCase(member: string): string {
  return member.slice(0, 1).toLowerCase() + member.slice(1);
}

/** What is taken over from a request; none of these is secret (AWS: "encryption context is not secret"). */
const RECORDED: readonly string[] = [
  "KeyId",
  "EncryptionContext",
  "EncryptionAlgorithm",
  "NumberOfBytes",
  "KeySpec",
  "KeyPairSpec",
  "SourceKeyId",
  "SourceEncryptionContext",
  "SourceEncryptionAlgorithm",
  "DestinationKeyId",
  "DestinationEncryptionContext",
  "DestinationEncryptionAlgorithm",
  "SigningAlgorithm",
  "MessageType",
  "KeyUsage",
  "Origin",
  "MultiRegion",
  "Description",
  "AliasName",
  "TargetKeyId",
  "PendingWindowInDays",
  "RotationPeriodInDays",
  "PolicyName",
  "Policy",
  "BypassPolicyLockoutSafetyCheck",
  "DryRun",
  "Limit",
];
/** Operations that change something; all others are readOnly in CloudTrail, Decrypt and GenerateDataKey among them. */
const CHANGING: ReadonlySet<string> = new Set([
  "CreateKey",
  "CreateAlias",
  "UpdateAlias",
  "DeleteAlias",
  "PutKeyPolicy",
  "EnableKey",
  "DisableKey",
  "ScheduleKeyDeletion",
  "CancelKeyDeletion",
  "EnableKeyRotation",
  "DisableKeyRotation",
  "RotateKeyOnDemand",
  "UpdateKeyDescription",
  "TagResource",
  "UntagResource",
]);
const RECORDED_PCRS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 8]);
const MAX_TEXT = 2048;
/** Limits of the API. */
const MAX_CONTEXT = 8192;
const MAX_POLICY = 32_768;
