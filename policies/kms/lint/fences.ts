import { KMS_ACTIONS, READING_ACTIONS, type KmsAction } from "../actions.ts";
import { pcrOf } from "../attestation.ts";
import { actionMatches } from "../match/statement.ts";
import { hasVariable } from "../match/variables.ts";
import type { KeyPolicy, KeyPolicyStatement, PolicyCondition, PolicyStatement } from "../policy.ts";

/** Actions that a statement covers. */
export function actionsOf(statement: PolicyStatement): KmsAction[] {
  return KMS_ACTIONS.filter((name) => actionMatches(statement.action, `kms:${name}`));
}

/** Deny statements about everyone and about this key, whatever else they demand. */
export function fencesOf(policy: KeyPolicy): KeyPolicyStatement[] {
  return policy.statements.filter(
    ({ effect, principal, resource }) =>
      effect === "Deny" &&
      !principal.not &&
      principal.entries.some(({ kind }) => kind === "everyone") &&
      resource !== null &&
      !resource.not &&
      resource.patterns.includes("*") &&
      !resource.patterns.some(hasVariable), // one without a value would void the statement
  );
}

/** Whether nobody may do this, whoever is allowed to: denied outright, or without an attestation that the action cannot carry. */
export function isFencedOff(action: KmsAction, fences: readonly KeyPolicyStatement[]): boolean {
  const carries = READING_ACTIONS.includes(action);
  return fences.some(
    (fence) => actionMatches(fence.action, `kms:${action}`) && fence.conditions.every((condition) => !carries && wantsNone(condition)),
  );
}

/** Registers and values outside of which all of these actions are denied to everyone: StringNotEquals, absent or not. */
export function fencedPcrs(actions: readonly KmsAction[], fences: readonly KeyPolicyStatement[]): [number, readonly string[]][] {
  return fences.flatMap((fence): [number, readonly string[]][] => {
    const [condition, more] = fence.conditions;
    if (condition === undefined || more !== undefined || condition.set !== null) return [];
    if (condition.operator !== "StringNotEquals" && condition.operator !== "StringNotEqualsIgnoreCase") return [];
    const index = pcrOf(condition);
    const all = actions.every((action) => actionMatches(fence.action, `kms:${action}`));
    return index === null || !all || condition.values.some(hasVariable) ? [] : [[index, condition.values]];
  });
}

/** "Null": {"kms:RecipientAttestation:…": "true"} */
function wantsNone(condition: PolicyCondition): boolean {
  return condition.operator === "Null" && pcrOf(condition) !== null && condition.values.every((value) => value.toLowerCase() === "true");
}
