import { ALIAS_OPERATIONS } from "./aliases.ts";
import { DATA_KEY_OPERATIONS } from "./data-keys.ts";
import { ENCRYPT_OPERATIONS } from "./encrypt.ts";
import { KEY_OPERATIONS } from "./keys.ts";
import type { Operation } from "./operation.ts";
import { POLICY_OPERATIONS } from "./policies.ts";
import { ROTATION_OPERATIONS } from "./rotation.ts";
import { SIGN_OPERATIONS } from "./sign.ts";
import { TAG_OPERATIONS } from "./tags.ts";

/** Every operation that the service has, by its name. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [
    ALIAS_OPERATIONS,
    DATA_KEY_OPERATIONS,
    ENCRYPT_OPERATIONS,
    KEY_OPERATIONS,
    POLICY_OPERATIONS,
    ROTATION_OPERATIONS,
    SIGN_OPERATIONS,
    TAG_OPERATIONS,
  ].flatMap((family) => Object.entries(family)),
);

/** Operations of AWS KMS that this service knows by name and does not have: it says so rather than to be unknown. */
export const NOT_SIMULATED: ReadonlySet<string> = new Set([
  "ConnectCustomKeyStore",
  "CreateCustomKeyStore",
  "CreateGrant",
  "Decapsulate",
  "DeleteCustomKeyStore",
  "DeleteImportedKeyMaterial",
  "DeriveSharedSecret",
  "DescribeCustomKeyStores",
  "DisconnectCustomKeyStore",
  "Encapsulate",
  "GetParametersForImport",
  "ImportKeyMaterial",
  "ListGrants",
  "ListRetirableGrants",
  "ReplicateKey",
  "RetireGrant",
  "RevokeGrant",
  "UpdateCustomKeyStore",
  "UpdatePrimaryRegion",
]);
