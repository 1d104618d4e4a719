import { escapeText } from "@caladrius/wire";

/** One entry per reason for which a policy document is refused. AWS answers MalformedPolicyDocumentException to all but `policy-size`. */
export const KEY_POLICY_CODE = {
  "policy-size": { spec: "KMS quotas", meaning: "the document is longer than KMS takes (AWS: LimitExceededException)" },
  "policy-character": { spec: "KMS PutKeyPolicy", meaning: "a character that a policy document may not hold" },
  "policy-json": { spec: "RFC 8259", meaning: "the document is not JSON" },
  "policy-depth": { spec: "limits", meaning: "the document is nested deeper than any policy is" },
  "policy-duplicate": { spec: "IAM policy grammar", meaning: "an object holds one name twice, and readers differ in which one counts" },
  "policy-unknown": { spec: "IAM policy grammar", meaning: "an element that the policy language does not have here" },
  "policy-missing": { spec: "IAM policy grammar", meaning: "an element that must be there is missing" },
  "policy-type": { spec: "IAM policy grammar", meaning: "an element has another type than the policy language says" },
  "policy-value": { spec: "IAM policy grammar", meaning: "a value outside what the policy language allows" },
  "policy-principal": { spec: "IAM Principal element", meaning: "a principal that a key policy cannot name" },
  "policy-operator": { spec: "IAM condition operators", meaning: "a condition operator that does not exist" },
  "policy-variable": { spec: "IAM policy variables", meaning: "a policy variable that is not well formed, or stands where none may" },
  "policy-input": { spec: "writeKeyPolicy", meaning: "a policy cannot be written from these values" },
} as const;

/** Why a policy document was refused; stable across versions. */
export type KeyPolicyCode = keyof typeof KEY_POLICY_CODE;

/** A policy document that AWS would refuse, or that could be read in two ways; whoever wrote it must act. */
export class KeyPolicyError extends Error {
  override readonly name = "KeyPolicyError";
  readonly code: KeyPolicyCode;
  /** where in the document, such as `Statement[0].Condition.StringEquals`; "" is the document itself */
  readonly path: string;
  /** what should have stood there */
  readonly expected: string;
  constructor(code: KeyPolicyCode, path: string, expected: string) {
    const shown = escapeText(path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}…` : path);
    super(`${KEY_POLICY_CODE[code].meaning}: ${shown === "" ? "the document" : shown}: expected ${expected}`);
    this.code = code;
    this.path = shown;
    this.expected = expected;
  }
}

const MAX_SHOWN = 160;
