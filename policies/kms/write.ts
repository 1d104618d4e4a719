import { pcrKey, WHOLE_SET } from "./attestation.ts";
import { KeyPolicyError } from "./errors.ts";
import { parseKeyPolicy } from "./parse.ts";

/** Who may use a fleet's key, and from within what. */
export interface KeyPolicyInput {
  /** whole sets by index of register, at least 0, 1, 2 and 16; 96 lower-case hex digits; one statement each */
  readonly sets: readonly Readonly<Record<number, string>>[];
  /** ARNs of the roles with which hosts call KMS for their enclave */
  readonly roles: readonly string[];
  /** pairs of the encryption context that every call must carry, such as caladrius-constitution and caladrius-fleet */
  readonly context: Readonly<Record<string, string>>;
  /** ARNs of users or roles that look after the key, and can neither use it nor change this policy nor delete it */
  readonly admins?: readonly string[];
  /** ARNs of users or roles that can change this policy, and so read everything; without any it stays as it is for good */
  readonly policyAdmins?: readonly string[];
}

/**
 * Writes the key policy of a fleet: the roles may call Decrypt and GenerateDataKey from an enclave that is one of the sets,
 * whole, and under the encryption context; nobody may get a plaintext without an attestation, whatever grants and later
 * statements say. Nobody else may do anything, the account's IAM policies included. KMS takes a policy whose writer cannot
 * change it again only with BypassPolicyLockoutSafetyCheck (PutKeyPolicy, CreateKey).
 * One statement per set, because lists under several registers would admit every mixture of them.
 * @throws KeyPolicyError policy-input, policy-principal, policy-size
 */
export function writeKeyPolicy(input: KeyPolicyInput): string {
  const { sets, roles, context, admins = [], policyAdmins = [] } = input;
  checkInput(input);
  const statements = [
    ...sets.map((set, i) => ({
      Sid: `Enclave ${i + 1}`,
      Effect: "Allow",
      Principal: { AWS: roles },
      Action: ENCLAVE_ACTIONS,
      Resource: "*",
      Condition: {
        StringEqualsIgnoreCase: Object.fromEntries(indexesOf(set).map((index) => [pcrKey(index), set[index]])),
        StringEquals: Object.fromEntries(Object.entries(context).map(([key, value]) => [`kms:EncryptionContext:${key}`, value])),
      },
    })),
    {
      Sid: "No plaintext without attestation",
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: ATTESTED_ONLY,
      Resource: "*",
      Condition: { Null: { "kms:RecipientAttestation:ImageSha384": "true" } },
    },
    ...(admins.length === 0 ? [] : [{ Sid: "Look after the key", ...allow(admins, ADMIN_ACTIONS) }]),
    ...(policyAdmins.length === 0 ? [] : [{ Sid: "Change this policy", ...allow(policyAdmins, ["kms:PutKeyPolicy"]) }]),
  ];
  const text = `${JSON.stringify({ Version: "2012-10-17", Id: "caladrius-fleet", Statement: statements }, null, 2)}\n`;
  parseKeyPolicy(text); // refuses principals that KMS does not know, and a policy that is too long
  return text;
}

function allow(principals: readonly string[], actions: readonly string[]): object {
  return { Effect: "Allow", Principal: { AWS: principals }, Action: actions, Resource: "*" };
}

function checkInput(input: KeyPolicyInput): void {
  const { sets, roles, context } = input;
  if (sets.length === 0) throw new KeyPolicyError("policy-input", "sets", "at least one whole set of PCRs");
  sets.forEach((set, i) => checkSet(set, `sets[${i}]`));
  if (new Set(sets.map((set) => set[16])).size > 1)
    throw new KeyPolicyError("policy-input", "sets", "one PCR16 in all sets: the encryption context names one constitution");
  if (roles.length === 0) throw new KeyPolicyError("policy-input", "roles", "at least one role");
  for (const role of roles) if (!role.includes(":role/")) throw new KeyPolicyError("policy-input", "roles", "ARNs of roles");
  for (const one of [...(input.admins ?? []), ...(input.policyAdmins ?? [])])
    if (!/:(?:role|user)\//.test(one)) throw new KeyPolicyError("policy-input", "admins", "ARNs of roles or users");
  if (Object.keys(context).length === 0) throw new KeyPolicyError("policy-input", "context", "at least one pair");
  for (const [key, value] of Object.entries(context))
    // no quotes, wildcards or $: what stands in the policy means itself
    if (!CONTEXT.test(key) || !CONTEXT.test(value))
      throw new KeyPolicyError("policy-input", `context.${key}`, "letters, digits and . _ / = @ : + -");
}

function checkSet(set: Readonly<Record<number, string>>, path: string): void {
  for (const index of WHOLE_SET)
    if (set[index] === undefined) throw new KeyPolicyError("policy-input", `${path}.${index}`, "a value for this PCR");
  for (const index of indexesOf(set)) {
    const value = set[index] ?? "";
    if (!Number.isInteger(index) || index < 0 || index > 31) throw new KeyPolicyError("policy-input", path, "indexes from 0 to 31");
    if (!/^[0-9a-f]{96}$/.test(value)) throw new KeyPolicyError("policy-input", `${path}.${index}`, "96 lower-case hex digits");
    if (/^0+$/.test(value)) throw new KeyPolicyError("policy-input", `${path}.${index}`, "a measurement: zeros are those of debug mode");
  }
}

function indexesOf(set: Readonly<Record<number, string>>): number[] {
  return Object.keys(set)
    .map(Number)
    .toSorted((a, b) => a - b);
}

const ENCLAVE_ACTIONS: readonly string[] = ["kms:Decrypt", "kms:GenerateDataKey"];
/** CreateGrant and ReEncryptFrom never carry an attestation, so that this denies them to everyone. */
const ATTESTED_ONLY: readonly string[] = [
  "kms:Decrypt",
  "kms:DeriveSharedSecret",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyPair",
  "kms:ReEncryptFrom",
  "kms:CreateGrant",
];
const ADMIN_ACTIONS: readonly string[] = [
  "kms:CancelKeyDeletion",
  "kms:DescribeKey",
  "kms:DisableKey",
  "kms:DisableKeyRotation",
  "kms:EnableKey",
  "kms:EnableKeyRotation",
  "kms:GetKeyPolicy",
  "kms:GetKeyRotationStatus",
  "kms:ListGrants",
  "kms:ListKeyPolicies",
  "kms:ListKeyRotations",
  "kms:ListResourceTags",
  "kms:RevokeGrant",
  "kms:UpdateKeyDescription",
];
const CONTEXT = /^[A-Za-z0-9._/=@:+-]{1,256}$/;
