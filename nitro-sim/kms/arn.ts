import { KmsServiceError } from "./errors.ts";

/** How a request named a key: by id or ARN, or by an alias. */
export type KeyReference =
  | { readonly kind: "key"; readonly account: string; readonly id: string }
  | { readonly kind: "alias"; readonly account: string; readonly name: string };

/**
 * Reads a KeyId: a key id, a key ARN, `alias/…` or an alias ARN. Without an ARN the caller's own account is meant.
 * @throws KmsServiceError NotFoundException, InvalidArnException
 */
export function parseKeyReference(text: string, region: string, callerAccount: string): KeyReference {
  if (!text.startsWith("arn:")) return referenceOf(callerAccount, text.startsWith("alias/") ? text : `key/${text}`, text);
  const [, partition, service, itsRegion, account = "", ...rest] = text.split(":");
  if (partition !== "aws" || service !== "kms" || !/^\d{12}$/.test(account) || rest.length === 0)
    throw new KmsServiceError("InvalidArnException", `Invalid arn ${text.slice(0, 256)}`);
  if (itsRegion !== region) throw new KmsServiceError("NotFoundException", `Invalid arn ${itsRegion}`);
  return referenceOf(account, rest.join(":"), text);
}

export function keyArn(region: string, account: string, id: string): string {
  return `arn:aws:kms:${region}:${account}:key/${id}`;
}

export function aliasArn(region: string, account: string, name: string): string {
  return `arn:aws:kms:${region}:${account}:${name}`;
}

function referenceOf(account: string, resource: string, given: string): KeyReference {
  if (resource.startsWith("alias/")) return { kind: "alias", account, name: resource };
  if (resource.startsWith("key/")) return { kind: "key", account, id: resource.slice("key/".length) };
  throw new KmsServiceError("InvalidArnException", `Invalid arn ${given.slice(0, 256)}`);
}
