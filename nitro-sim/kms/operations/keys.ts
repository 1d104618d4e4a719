import { randomUUID } from "node:crypto";
import { keyAccessAllowed, readKeyPolicy } from "../authorize.ts";
import { demandNotDeleting, KEY_ID_RULE, type Call, type NamedKey } from "../call.ts";
import { keyArn } from "../arn.ts";
import { invalid, KmsServiceError } from "../errors.ts";
import { makeSecret } from "../material/make.ts";
import { KEY_SPECS, KEY_USAGES, SPEC, type KeySpec, type KeyUsage } from "../material/specs.ts";
import type { TextRule } from "../protocol/input.ts";
import { keyMetadata } from "./metadata.ts";
import type { Operation, Output } from "./operation.ts";
import { page } from "./paging.ts";
import { readTags } from "./tags.ts";

/** Operations that make keys, show them and change their state. */
export const KEY_OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateKey: { run: createKey },
  DescribeKey: {
    run: (call) => {
      const key = call.key();
      call.authorize(key);
      return { KeyMetadata: keyMetadata(call, key) };
    },
  },
  ListKeys: { run: listKeys },
  UpdateKeyDescription: {
    run: (call) =>
      change(call, (key) => {
        const description = call.input.requiredText("Description", DESCRIPTION_RULE);
        demandNotDeleting(key);
        call.store.setDescription(key.id, description);
        return null;
      }),
  },
  EnableKey: {
    run: (call) =>
      change(call, (key) => {
        demandNotDeleting(key);
        call.store.setEnabled(key.id, true);
        return null;
      }),
  },
  DisableKey: {
    run: (call) =>
      change(call, (key) => {
        demandNotDeleting(key);
        call.store.setEnabled(key.id, false);
        return null;
      }),
  },
  ScheduleKeyDeletion: { run: scheduleKeyDeletion },
  CancelKeyDeletion: {
    run: (call) =>
      change(call, (key) => {
        if (key.deleteAtMs === null) throw new KmsServiceError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
        call.store.setDeletion(key.id, null);
        return { KeyId: key.arn };
      }),
  },
};

async function createKey(call: Call): Promise<Output> {
  const { input, store, caller } = call;
  const spec: KeySpec = input.oneOf("KeySpec", KEY_SPECS) ?? input.oneOf("CustomerMasterKeySpec", KEY_SPECS) ?? "SYMMETRIC_DEFAULT";
  const usage: KeyUsage = input.oneOf("KeyUsage", KEY_USAGES) ?? "ENCRYPT_DECRYPT";
  if (!SPEC[spec].usages.includes(usage)) throw invalid(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  refuseUnsupported(call);
  const description = input.text("Description", DESCRIPTION_RULE) ?? "";
  const policy = input.text("Policy", POLICY_RULE) ?? defaultKeyPolicy(caller.account);
  const tags = readTags(input);
  const tagNames = Object.keys(tags);
  const tagConditions = {
    ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`aws:RequestTag/${name}`, value])),
    ...(tagNames.length === 0 ? {} : { "aws:TagKeys": tagNames }),
  };
  const conditions = {
    "kms:KeySpec": spec,
    "kms:KeyUsage": usage,
    "kms:KeyOrigin": "AWS_KMS",
    "kms:MultiRegion": "false",
    ...tagConditions,
  };
  call.authorizeAccount("*", { ...conditions, ...bypassCondition(call) });
  if (tagNames.length > 0) call.authorizeAccount("*", conditions, "TagResource");

  const id = randomUUID();
  const record = {
    id,
    account: caller.account,
    spec,
    usage,
    description,
    policy,
    enabled: true,
    createdMs: call.nowMs,
    deleteAtMs: null,
    rotationDays: null,
    nextRotationMs: null,
  };
  demandNoLockout(call, { ...record, arn: keyArn(call.region, caller.account, id), alias: null }, policy);
  const secret = await makeSecret(spec);
  store.insertKey(record, secret, tags);
  return { KeyMetadata: keyMetadata(call, call.named(record)) };
}

/** What this service has no keys of: said, rather than something else made in its place. */
function refuseUnsupported({ input }: Call): void {
  const origin = input.oneOf("Origin", ["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]) ?? "AWS_KMS";
  if (origin !== "AWS_KMS") throw new KmsServiceError("UnsupportedOperationException", `the simulator makes no keys of origin ${origin}`);
  if (input.flag("MultiRegion")) throw new KmsServiceError("UnsupportedOperationException", "the simulator makes no multi-Region keys");
}

function listKeys(call: Call): Output {
  call.authorizeAccount();
  const { account } = call.caller;
  const { items, nextMarker } = page(
    call.input,
    { default: 100, most: 1000 },
    (after, limit) => call.store.keyIds(account, after, limit),
    (id) => id,
  );
  return {
    Keys: items.map((id) => ({ KeyId: id, KeyArn: keyArn(call.region, account, id) })),
    NextMarker: nextMarker,
    Truncated: nextMarker !== undefined,
  };
}

function scheduleKeyDeletion(call: Call): Output {
  const days = call.input.integer("PendingWindowInDays", MIN_PENDING_DAYS, MAX_PENDING_DAYS) ?? MAX_PENDING_DAYS;
  return change(
    call,
    (key) => {
      demandNotDeleting(key);
      const deleteAtMs = call.nowMs + days * DAY_MS;
      call.store.setDeletion(key.id, deleteAtMs);
      return { KeyId: key.arn, DeletionDate: deleteAtMs / 1000, KeyState: "PendingDeletion", PendingWindowInDays: days };
    },
    { "kms:ScheduleKeyDeletionPendingWindowInDays": String(days) },
  );
}

function change(call: Call, work: (key: NamedKey) => Output, conditions: Readonly<Record<string, string>> = {}): Output {
  const key = call.keyNamed(call.input.requiredText("KeyId", KEY_ID_RULE), { aliasAllowed: false });
  call.authorize(key, conditions);
  return work(key);
}

/**
 * Refuses a policy under which its own writer could not change it again.
 * @throws KmsServiceError MalformedPolicyDocumentException, LimitExceededException
 */
export function demandNoLockout(call: Call, key: NamedKey, policy: string): void {
  readKeyPolicy(policy);
  if (call.input.flag("BypassPolicyLockoutSafetyCheck")) return;
  const attempt = call.attempt(key, {}, "PutKeyPolicy");
  if (!keyAccessAllowed(attempt, policy))
    throw new KmsServiceError(
      "MalformedPolicyDocumentException",
      "The new key policy will not allow you to update the key policy in the future.",
    );
}

/** The condition that tells whether the caller bypasses the check above. */
export function bypassCondition({ input }: Call): Readonly<Record<string, string>> {
  return { "kms:BypassPolicyLockoutSafetyCheck": String(input.flag("BypassPolicyLockoutSafetyCheck")) };
}

/** The policy of a key that was made without one: its account's own policies decide. */
function defaultKeyPolicy(account: string): string {
  const statement = {
    Sid: "Enable IAM User Permissions",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Id: "key-default-1", Statement: [statement] }, null, 2);
}

/** Of a policy's text; its size in bytes is told apart from this, by LimitExceededException. */
export const POLICY_RULE: TextRule = { max: 131_072, pattern: /^[\u0009\u000A\u000D\u0020-\u00FF]+$/u };
const DESCRIPTION_RULE = { min: 0, max: 8192 } as const;
const MIN_PENDING_DAYS = 7;
const MAX_PENDING_DAYS = 30;
export const DAY_MS = 86_400_000;
