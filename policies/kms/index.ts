export { KEY_POLICY_CODE, KeyPolicyError, type KeyPolicyCode } from "./errors.ts";
export { evaluateIdentityPolicies, evaluateKeyPolicy } from "./evaluate.ts";
export { lintKeyPolicy, type ExpectedKeyPolicy } from "./lint.ts";
export { KEY_POLICY_WARNING, type KeyPolicyWarning, type KeyPolicyWarningCode, type Severity } from "./lint/warnings.ts";
export { MAX_KEY_POLICY_BYTES, parseIdentityPolicy, parseKeyPolicy } from "./parse.ts";
export type {
  IdentityPolicy,
  KeyPolicy,
  KeyPolicyStatement,
  Patterns,
  PolicyCondition,
  PolicyDecision,
  PolicyRequest,
  PolicyStatement,
  PolicyVersion,
  PrincipalElement,
  PrincipalEntry,
} from "./policy.ts";
export { writeKeyPolicy, type KeyPolicyInput } from "./write.ts";
