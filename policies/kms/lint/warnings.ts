/** `high`: somebody besides the approved enclave can read, or comes to; `medium`: a fence is missing; `low`: it says less than it seems to. */
export type Severity = "high" | "medium" | "low";

/** Every warning about a key policy: how bad, what it means, what to do. Who acts is whoever writes the key policy, unless stated. */
export const KEY_POLICY_WARNING = {
  "attestation-missing": {
    severity: "high",
    meaning: "gives plaintexts to callers that show no attestation",
    fix: "add conditions on kms:RecipientAttestation:PCR0, PCR1, PCR2 and PCR16",
  },
  "attestation-partial": {
    severity: "high",
    meaning: "pins only a part of the image: what is not measured can be anything",
    fix: "pin PCR0, PCR1 and PCR2 of one release in one statement",
  },
  "constitution-missing": {
    severity: "high",
    meaning: "does not pin PCR16, so that the host chooses the constitution, and with it the approvers, keys and TLS roots",
    fix: "pin PCR16 to the constitution's",
  },
  "attestation-optional": {
    severity: "high",
    meaning: "has a condition on the attestation that also holds when there is none",
    fix: "use StringEqualsIgnoreCase, without IfExists and without ForAllValues:",
  },
  "attestation-operator": {
    severity: "high",
    meaning: "has a condition on the attestation that does not pin a value",
    fix: "use StringEqualsIgnoreCase with whole values",
  },
  "pcr-zero": {
    severity: "high",
    meaning: "admits registers of zeros: those of an enclave in debug mode, into which its host can look, or of one that measured nothing",
    fix: "remove the zeros",
  },
  "pcr-mix": {
    severity: "high",
    meaning: "lists several values under several registers, which admits every mixture of them, not the releases alone",
    fix: "write one statement for each whole set",
  },
  "pcr-format": {
    severity: "low",
    meaning: "compares a register with what is not 96 hex digits, which no attestation equals",
    fix: "write the value as 96 lower-case hex digits, without 0x",
  },
  "pcr-case": {
    severity: "low",
    meaning: "compares upper-case hex with regard to case, and KMS writes lower case: it never matches",
    fix: "use StringEqualsIgnoreCase, or lower case",
  },
  "set-unknown": {
    severity: "high",
    meaning: "admits measurements that are none of the releases given",
    fix: "remove the statement, or give the release that it is for",
  },
  "set-missing": {
    severity: "medium",
    meaning: "does not admit a release that was given: its enclaves cannot use the key",
    fix: "add a statement for this set",
  },
  "context-missing": {
    severity: "medium",
    meaning: "does not demand the encryption context, so that ciphertexts made for something else are opened too",
    fix: "add StringEquals on kms:EncryptionContext: and the name",
  },
  "principal-wildcard": { severity: "high", meaning: "allows everyone", fix: "name the roles" },
  "principal-not": { severity: "high", meaning: "allows everyone but a few (NotPrincipal)", fix: "name the roles under Principal" },
  "principal-account": {
    severity: "medium",
    meaning: "leaves the decision to the IAM policies of an account, whose administrators can give it to anyone in it",
    fix: "name the roles",
  },
  "action-wildcard": {
    severity: "medium",
    meaning: "allows actions by a pattern, and so what KMS adds to it later",
    fix: "list the actions",
  },
  "action-not": { severity: "high", meaning: "allows everything but a few actions (NotAction)", fix: "list the actions under Action" },
  "action-unknown": { severity: "low", meaning: "names an action that KMS does not have", fix: "correct the name" },
  "policy-writer": {
    severity: "high",
    meaning: "lets one principal alone change this policy, and so read everything under the key",
    fix: "remove kms:PutKeyPolicy, or wrap the fleet's seed under keys of several accounts, each with an administrator of its own",
  },
  grant: {
    severity: "high",
    meaning: "allows grants, which hand on the use of the key and cannot demand an attestation of a certain image",
    fix: "remove kms:CreateGrant",
  },
  replicate: {
    severity: "high",
    meaning: "allows copies of the key in other regions, each under a policy of its own",
    fix: "remove kms:ReplicateKey, and make the key for one region",
  },
  reencrypt: {
    severity: "high",
    meaning: "allows ciphertexts to be moved to another key, which needs no attestation and whose policy is another",
    fix: "remove kms:ReEncryptFrom",
  },
  "chosen-key": {
    severity: "medium",
    meaning: "allows ciphertexts or key material of the caller's choice, so that what opens under the key was not made by it",
    fix: "remove kms:Encrypt, kms:ReEncryptTo, kms:Encapsulate and kms:ImportKeyMaterial",
  },
  deletion: {
    severity: "medium",
    meaning: "allows one principal to end the key, and with it every epoch and job under it, for good",
    fix: "leave it to a principal of its own, used when the last epoch has ended, with an alarm on it",
  },
  "resource-missing": {
    severity: "medium",
    meaning: "names no Resource: KMS takes the statement, and it has no effect",
    fix: 'add "Resource": "*"',
  },
  "version-old": {
    severity: "low",
    meaning: "is of an earlier version of the policy language, in which variables are plain text",
    fix: 'set "Version": "2012-10-17"',
  },
} as const;

export type KeyPolicyWarningCode = keyof typeof KEY_POLICY_WARNING;

/** One thing that a key policy lets happen. */
export interface KeyPolicyWarning {
  readonly code: KeyPolicyWarningCode;
  readonly severity: Severity;
  /** the statement's Sid, or its index as `#0`; null for the policy as a whole */
  readonly statement: string | null;
  /** what it is about: principals, actions or registers */
  readonly subject: string;
  /** what happens, in one sentence */
  readonly sentence: string;
  readonly fix: string;
  readonly actor: "whoever writes the key policy";
}

/** A warning with the texts of its code. */
export function warning(code: KeyPolicyWarningCode, statement: string | null, subject: string): KeyPolicyWarning {
  const { severity, meaning, fix } = KEY_POLICY_WARNING[code];
  const sentence = `${statement === null ? "The policy" : `Statement ${statement}`} ${meaning} (${subject}).`;
  return { code, severity, statement, subject, sentence, fix, actor: "whoever writes the key policy" };
}
