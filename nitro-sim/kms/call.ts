import { keyArn, parseKeyReference } from "./arn.ts";
import { demandAccountAccess, demandKeyAccess, type Attempt, type Conditions } from "./authorize.ts";
import { KmsServiceError } from "./errors.ts";
import type { EncryptionAlgorithm, KeyUsage, MacAlgorithm, SigningAlgorithm } from "./material/specs.ts";
import { SPEC } from "./material/specs.ts";
import type { Caller } from "./principals.ts";
import type { Input } from "./protocol/input.ts";
import type { AttestedRecipient } from "./recipient/index.ts";
import type { KeyRecord, KmsStore } from "./store/store.ts";

/** Longest KeyId, in characters. */
export const KEY_ID_RULE = { max: 2048 } as const;

/** Everything an operation has to work with: one request of one caller. */
export class Call {
  /** without "kms:" */
  readonly operation: string;
  readonly input: Input;
  readonly caller: Caller;
  readonly store: KmsStore;
  readonly region: string;
  readonly nowMs: number;
  /** the enclave the answer is encrypted to, for operations that know one; null without */
  readonly recipient: AttestedRecipient | null;
  readonly sourceIp: string;
  /** ARNs of the keys that were looked up, for the audit log */
  readonly keys: Set<string> = new Set();

  constructor(given: {
    operation: string;
    input: Input;
    caller: Caller;
    store: KmsStore;
    region: string;
    nowMs: number;
    recipient: AttestedRecipient | null;
    sourceIp: string;
  }) {
    this.operation = given.operation;
    this.input = given.input;
    this.caller = given.caller;
    this.store = given.store;
    this.region = given.region;
    this.nowMs = given.nowMs;
    this.recipient = given.recipient;
    this.sourceIp = given.sourceIp;
  }

  /** The key that a member names; the alias under which it was named, if it was. @throws KmsServiceError NotFoundException, InvalidArnException, ValidationException */
  key(member = "KeyId", options: { aliasAllowed?: boolean } = {}): NamedKey {
    return this.keyNamed(this.input.requiredText(member, KEY_ID_RULE), options);
  }

  /** As `key`, null where the member is absent. */
  optionalKey(member: string): NamedKey | null {
    const text = this.input.text(member, KEY_ID_RULE);
    return text === null ? null : this.keyNamed(text);
  }

  keyNamed(text: string, { aliasAllowed = true }: { aliasAllowed?: boolean } = {}): NamedKey {
    const reference = parseKeyReference(text, this.region, this.caller.account);
    if (reference.kind === "alias" && !aliasAllowed) throw new KmsServiceError("NotFoundException", `Invalid keyId '${text}'`);
    const aliased = reference.kind === "alias" ? this.store.alias(reference.account, reference.name) : null;
    if (reference.kind === "alias" && aliased === null)
      throw new KmsServiceError(
        "NotFoundException",
        `Alias arn:aws:kms:${this.region}:${reference.account}:${reference.name} is not found.`,
      );
    const id = reference.kind === "alias" ? (aliased?.keyId ?? "") : reference.id;
    const record = this.store.key(id);
    if (record === null || record.account !== reference.account)
      throw new KmsServiceError("NotFoundException", `Key '${keyArn(this.region, reference.account, id)}' does not exist`);
    return this.named(record, reference.kind === "alias" ? reference.name : null);
  }

  /** A record with its ARN; from now on the audit log names it. */
  named(record: KeyRecord, alias: string | null = null): NamedKey {
    const arn = keyArn(this.region, record.account, record.id);
    this.keys.add(arn);
    return { ...record, arn, alias };
  }

  /** Demands permission on a key; `more` are conditions that this operation adds. @throws KmsServiceError AccessDeniedException */
  authorize(key: NamedKey, more: Conditions = {}, action: string = this.operation): void {
    demandKeyAccess(this.attempt(key, more, action), key.policy);
  }

  /** What `authorize` asks for. */
  attempt(key: NamedKey, more: Conditions = {}, action: string = this.operation): Attempt {
    const aliases = this.store.aliases(key.account, key.id, "", MAX_CONDITION_ALIASES).map(({ name }) => name);
    const tags = this.store.tags(key.id).map(({ name, value }): [string, string] => [`aws:ResourceTag/${name}`, value]);
    const conditions: Conditions = {
      ...this.#conditions(),
      "kms:KeySpec": key.spec,
      "kms:KeyUsage": key.usage,
      "kms:KeyOrigin": "AWS_KMS",
      "kms:MultiRegion": "false",
      ...(key.alias === null ? {} : { "kms:RequestAlias": key.alias }),
      ...(aliases.length === 0 ? {} : { "kms:ResourceAliases": aliases }),
      ...Object.fromEntries(tags),
      ...more,
    };
    return { caller: this.caller, action: `kms:${action}`, resource: key.arn, conditions };
  }

  /** Demands permission for what is about no single key, from the caller's own policies. @throws KmsServiceError AccessDeniedException */
  authorizeAccount(resource = "*", more: Conditions = {}, action: string = this.operation): void {
    demandAccountAccess({ caller: this.caller, action: `kms:${action}`, resource, conditions: { ...this.#conditions(), ...more } });
  }

  /** Ends here what the caller only wants to know would succeed. @throws KmsServiceError DryRunOperationException */
  endDryRun(): void {
    if (this.input.flag("DryRun"))
      throw new KmsServiceError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
  }

  #conditions(): Conditions {
    const now = new Date(this.nowMs).toISOString();
    return {
      "aws:CurrentTime": `${now.slice(0, 19)}Z`,
      "aws:EpochTime": String(Math.floor(this.nowMs / 1000)),
      "aws:RequestedRegion": this.region,
      "aws:SecureTransport": "true",
      "aws:SourceIp": this.sourceIp,
      "kms:CallerAccount": this.caller.account,
      ...this.recipient?.conditions,
    };
  }
}

/** A key as a request named it. */
export interface NamedKey extends KeyRecord {
  readonly arn: string;
  readonly alias: string | null;
}

/** Demands that a key can be used for cryptography now. @throws KmsServiceError DisabledException, KMSInvalidStateException, InvalidKeyUsageException */
export function demandUsable(key: NamedKey, usage: KeyUsage): void {
  demandNotDeleting(key);
  if (!key.enabled) throw new KmsServiceError("DisabledException", `${key.arn} is disabled.`);
  if (key.usage !== usage)
    throw new KmsServiceError("InvalidKeyUsageException", `${key.arn} key usage is ${key.usage} which is not valid for this operation.`);
}

/** @throws KmsServiceError KMSInvalidStateException while a deletion is scheduled */
export function demandNotDeleting(key: NamedKey): void {
  if (key.deleteAtMs !== null) throw new KmsServiceError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
}

/** @throws KmsServiceError InvalidKeyUsageException for an algorithm that the key's spec does not have */
export function demandAlgorithm(key: NamedKey, algorithm: EncryptionAlgorithm | SigningAlgorithm | MacAlgorithm): void {
  const { encryption, signing, mac } = SPEC[key.spec];
  if (![...encryption, ...signing, ...mac].includes(algorithm))
    throw new KmsServiceError("InvalidKeyUsageException", `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`);
}

/** Conditions on an encryption context: each pair, and the names. */
export function contextConditions(context: Readonly<Record<string, string>>): Conditions {
  const names = Object.keys(context);
  return {
    ...Object.fromEntries(Object.entries(context).map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
    ...(names.length === 0 ? {} : { "kms:EncryptionContextKeys": names }),
  };
}

const MAX_CONDITION_ALIASES = 100;
