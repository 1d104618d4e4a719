import type { Call, NamedKey } from "../call.ts";
import { materialId } from "../material/blob.ts";
import { SPEC } from "../material/specs.ts";
import type { Value } from "./operation.ts";

/** KeyMetadata of a key. */
export function keyMetadata(call: Call, key: NamedKey): { readonly [name: string]: Value } {
  const { encryption, signing, mac, kind } = SPEC[key.spec];
  const { version } = call.store.currentSecret(key.id);
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createdMs / 1000,
    Enabled: key.enabled,
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.deleteAtMs !== null ? "PendingDeletion" : key.enabled ? "Enabled" : "Disabled",
    DeletionDate: key.deleteAtMs === null ? undefined : key.deleteAtMs / 1000,
    Origin: "AWS_KMS",
    KeyManager: "CUSTOMER",
    CustomerMasterKeySpec: key.spec,
    KeySpec: key.spec,
    MultiRegion: false,
    EncryptionAlgorithms: key.usage === "ENCRYPT_DECRYPT" ? encryption : undefined,
    SigningAlgorithms: key.usage === "SIGN_VERIFY" ? signing : undefined,
    MacAlgorithms: key.usage === "GENERATE_VERIFY_MAC" ? mac : undefined,
    CurrentKeyMaterialId: kind === "aes" ? materialId({ keyId: key.id, version }) : undefined,
  };
}
