import { hasVariable } from "./match/variables.ts";
import type { PolicyCondition } from "./policy.ts";

/** Registers that every set must pin: the image, its boot part, the application, and the constitution (ARCHITECTURE §7). */
export const WHOLE_SET: readonly number[] = [0, 1, 2, 16];

/** Name of the condition key of a register (KMS Developer Guide, "condition keys for attested platforms"). */
export function pcrKey(index: number): string {
  return `kms:RecipientAttestation:PCR${index}`;
}

/** The register that a condition looks at; ImageSha384 is PCR0. Null for other keys. */
export function pcrOf(condition: PolicyCondition): number | null {
  const key = condition.key.toLowerCase();
  if (key === "kms:recipientattestation:imagesha384") return 0;
  const found = /^kms:recipientattestation:pcr(0|[1-9][0-9]?)$/.exec(key);
  return found === null ? null : Number(found[1]);
}

/** Whether a condition holds only if the request carries one of its values, letter for letter but for case. */
export function isExact(condition: PolicyCondition): boolean {
  if (condition.set !== null || condition.ifExists) return false;
  // a variable could stand for the very value that it is compared with
  if (condition.values.some(hasVariable)) return false;
  if (condition.operator === "StringLike") return !condition.values.some((value) => /[*?]/.test(value));
  return condition.operator === "StringEquals" || condition.operator === "StringEqualsIgnoreCase";
}
