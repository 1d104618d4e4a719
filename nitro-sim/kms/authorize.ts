import {
  evaluateIdentityPolicies,
  evaluateKeyPolicy,
  KeyPolicyError,
  parseKeyPolicy,
  type KeyPolicy,
  type PolicyDecision,
} from "@caladrius/policies/kms";
import { KmsServiceError } from "./errors.ts";
import type { Caller } from "./principals.ts";

/** Condition keys of a request with their values; a key that does not apply is absent. */
export type Conditions = Readonly<Record<string, string | readonly string[]>>;

/** What somebody asks to do. */
export interface Attempt {
  readonly caller: Caller;
  /** such as kms:Decrypt */
  readonly action: string;
  /** ARN of the key or alias, or "*" */
  readonly resource: string;
  readonly conditions: Conditions;
}

/** Demands that the key's policy and the caller's own allow it. @throws KmsServiceError AccessDeniedException */
export function demandKeyAccess(attempt: Attempt, keyPolicy: string): void {
  const decision = decideKeyAccess(attempt, readKeyPolicy(keyPolicy));
  if (!decision.allowed) throw denied(attempt, decision, "resource-based");
}

/** Whether a policy, put on the key, would allow it. */
export function keyAccessAllowed(attempt: Attempt, keyPolicy: string): boolean {
  return decideKeyAccess(attempt, readKeyPolicy(keyPolicy)).allowed;
}

/** Demands that the caller's own policies allow what is about no single key. @throws KmsServiceError AccessDeniedException */
export function demandAccountAccess(attempt: Attempt): void {
  const { caller, action, resource, conditions } = attempt;
  const request = { principal: caller, action, resource, context: conditions };
  const decision = evaluateIdentityPolicies(caller.identityPolicies, request);
  if (!decision.allowed) throw denied(attempt, decision, "identity-based");
}

/** Reads a key policy that a request brings. @throws KmsServiceError MalformedPolicyDocumentException, LimitExceededException */
export function readKeyPolicy(text: string): KeyPolicy {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  try {
    const policy = parseKeyPolicy(text);
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(text, policy);
    return policy;
  } catch (error) {
    if (!(error instanceof KeyPolicyError)) throw error;
    throw new KmsServiceError(error.code === "policy-size" ? "LimitExceededException" : "MalformedPolicyDocumentException", error.message);
  }
}

function decideKeyAccess({ caller, action, resource, conditions }: Attempt, policy: KeyPolicy): PolicyDecision {
  return evaluateKeyPolicy(policy, { principal: caller, action, resource, context: conditions }, caller.identityPolicies);
}

function denied({ caller, action, resource }: Attempt, decision: PolicyDecision, kind: string): KmsServiceError {
  const who = `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource}`;
  const own = decision.by?.startsWith("identity policy") === true ? "identity-based" : kind;
  return new KmsServiceError(
    "AccessDeniedException",
    decision.reason === "explicit-deny"
      ? `${who} with an explicit deny in ${own === "identity-based" ? "an" : "a"} ${own} policy`
      : `${who} because no ${kind} policy allows the ${action} action`,
  );
}

const parsed = new Map<string, KeyPolicy>();
const MAX_PARSED = 256;
