import { aliasArn } from "../arn.ts";
import { KEY_ID_RULE, type Call, type NamedKey } from "../call.ts";
import { KmsServiceError } from "../errors.ts";
import { SPEC } from "../material/specs.ts";
import type { AliasRecord } from "../store/store.ts";
import type { Operation, Output } from "./operation.ts";
import { page } from "./paging.ts";

/** Operations on aliases. Each needs permission on the alias, from the caller's own policies, and on the keys behind it. */
export const ALIAS_OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateAlias: {
    run: (call) => {
      const name = readAliasName(call);
      const key = targetKey(call);
      if (call.store.alias(call.caller.account, name) !== null)
        throw new KmsServiceError(
          "AlreadyExistsException",
          `An alias with the name ${aliasArn(call.region, call.caller.account, name)} already exists`,
        );
      if (call.store.aliases(key.account, key.id, "", MAX_ALIASES_PER_KEY).length >= MAX_ALIASES_PER_KEY)
        throw new KmsServiceError("LimitExceededException", `a key has at most ${MAX_ALIASES_PER_KEY} aliases`);
      const { nowMs } = call;
      call.store.insertAlias({ account: call.caller.account, name, keyId: key.id, createdMs: nowMs, updatedMs: nowMs });
      return null;
    },
  },
  UpdateAlias: {
    run: (call) => {
      const name = readAliasName(call);
      const old = existing(call, name);
      call.authorize(call.keyNamed(old.keyId));
      const key = targetKey(call);
      const before = call.keyNamed(old.keyId);
      if (SPEC[before.spec].kind !== SPEC[key.spec].kind || before.usage !== key.usage)
        throw new KmsServiceError(
          "ValidationException",
          `Alias ${name} cannot be changed from ${before.spec} to ${key.spec}: kind and usage must stay`,
        );
      call.store.retargetAlias(call.caller.account, name, key.id, call.nowMs);
      return null;
    },
  },
  DeleteAlias: {
    run: (call) => {
      const name = readAliasName(call);
      call.authorize(call.keyNamed(existing(call, name).keyId));
      call.authorizeAccount(aliasArn(call.region, call.caller.account, name));
      call.store.deleteAlias(call.caller.account, name);
      return null;
    },
  },
  ListAliases: { run: listAliases },
};

function listAliases(call: Call): Output {
  call.authorizeAccount();
  const keyText = call.input.text("KeyId", KEY_ID_RULE);
  const key = keyText === null ? null : call.keyNamed(keyText, { aliasAllowed: false });
  const { account } = call.caller;
  const { items, nextMarker } = page(
    call.input,
    { default: 50, most: 100 },
    (after, limit) => call.store.aliases(account, key?.id ?? null, after, limit),
    ({ name }) => name,
  );
  return {
    Aliases: items.map((alias) => entry(call, alias)),
    NextMarker: nextMarker,
    Truncated: nextMarker !== undefined,
  };
}

function entry(call: Call, { account, name, keyId, createdMs, updatedMs }: AliasRecord): Readonly<Record<string, string | number>> {
  return {
    AliasName: name,
    AliasArn: aliasArn(call.region, account, name),
    TargetKeyId: keyId,
    CreationDate: createdMs / 1000,
    LastUpdatedDate: updatedMs / 1000,
  };
}

/** The key an alias shall point at, in the caller's account, once both permissions are there. */
function targetKey(call: Call): NamedKey {
  const key = call.key("TargetKeyId", { aliasAllowed: false });
  call.authorize(key);
  call.authorizeAccount(aliasArn(call.region, call.caller.account, readAliasName(call)));
  if (key.account !== call.caller.account)
    throw new KmsServiceError("NotFoundException", `Key '${key.arn}' is not in the account of the alias`);
  if (key.deleteAtMs !== null) throw new KmsServiceError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
  return key;
}

function readAliasName(call: Call): string {
  const name = call.input.requiredText("AliasName", { max: 256 });
  if (!name.startsWith("alias/")) throw new KmsServiceError("ValidationException", "Invalid identifier");
  if (!/^alias\/[a-zA-Z0-9/_-]+$/.test(name))
    throw new KmsServiceError("InvalidAliasNameException", `${name} contains invalid characters for an alias`);
  if (name.startsWith("alias/aws/"))
    throw new KmsServiceError("InvalidAliasNameException", "aliases that begin with alias/aws/ are AWS's own");
  return name;
}

function existing(call: Call, name: string): AliasRecord {
  const alias = call.store.alias(call.caller.account, name);
  if (alias === null)
    throw new KmsServiceError("NotFoundException", `Alias ${aliasArn(call.region, call.caller.account, name)} is not found.`);
  return alias;
}

const MAX_ALIASES_PER_KEY = 50;
