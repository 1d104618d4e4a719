import { isExact, pcrOf, WHOLE_SET } from "../attestation.ts";
import { OPERATORS } from "../match/operators.ts";
import type { PolicyCondition, PolicyStatement } from "../policy.ts";
import type { KeyPolicyWarningCode } from "./warnings.ts";

/** A code and what it is about. */
export type Finding = readonly [code: KeyPolicyWarningCode, subject: string];

/** Registers that a statement holds to a list of values. */
export type Pins = ReadonlyMap<number, readonly string[]>;

/** Registers that a statement pins, with those that a Deny about everyone pins beside it; of two lists the shorter counts. */
export function pinsOf(statement: PolicyStatement, beside: readonly (readonly [number, readonly string[]])[]): Pins {
  const pins = new Map<number, readonly string[]>();
  const own = statement.conditions
    .filter(isExact)
    .map((condition) => [pcrOf(condition), condition.values] as const)
    .filter((pin): pin is readonly [number, readonly string[]] => pin[0] !== null);
  for (const [index, values] of [...own, ...beside]) {
    const known = pins.get(index);
    if (known === undefined || values.length < known.length) pins.set(index, values);
  }
  return pins;
}

/** What is wrong with the attestation that a statement demands before it gives plaintexts. */
export function lintAttestation(statement: PolicyStatement, pins: Pins, actions: string): Finding[] {
  const conditions = statement.conditions.filter((condition) => pcrOf(condition) !== null);
  // beside a condition that pins the same register it does no harm
  const loose = conditions
    .filter((condition) => !isExact(condition) && !pins.has(pcrOf(condition) ?? 0))
    .map((condition): Finding => [looseness(condition), named(condition)]);
  const listed = [...pins].filter(([, values]) => values.length > 1).map(([index]) => index);
  const zeros = [...pins].filter(([, values]) => values.some((value) => /^(?:0x)?0+$/i.test(value))).map(([index]) => index);
  return [
    ...loose,
    ...missing(pins, conditions.length > 0, actions),
    ...(listed.length > 1 ? [["pcr-mix", registers(listed)] as const] : []),
    ...(zeros.length > 0 ? [["pcr-zero", registers(zeros)] as const] : []),
    ...conditions.filter(isExact).flatMap(lintValues),
  ];
}

function missing(pins: Pins, asked: boolean, actions: string): Finding[] {
  if (pins.size === 0 && !asked) return [["attestation-missing", actions]];
  const image = WHOLE_SET.filter((index) => index < 16 && !pins.has(index));
  return [
    ...(image.length > 0 ? [["attestation-partial", `${registers(image)} not pinned`] as const] : []),
    ...(pins.has(16) ? [] : [["constitution-missing", actions] as const]),
  ];
}

function lintValues(condition: PolicyCondition): Finding[] {
  const wrong = condition.values.filter((value) => !/^[0-9a-f]{96}$/i.test(value));
  const upper = condition.operator === "StringEqualsIgnoreCase" ? [] : condition.values.filter((value) => /[A-F]/.test(value));
  return [
    ...(wrong.length > 0 ? [["pcr-format", condition.key] as const] : []),
    ...(upper.length > 0 ? [["pcr-case", condition.key] as const] : []),
  ];
}

/** Whether what does not pin a value holds even without an attestation. */
function looseness(condition: PolicyCondition): KeyPolicyWarningCode {
  if (condition.operator === "Null")
    return condition.values.some((value) => value.toLowerCase() === "true") ? "attestation-optional" : "attestation-operator";
  const optional =
    condition.ifExists || condition.set === "ForAllValues" || (condition.set === null && OPERATORS[condition.operator].negated);
  return optional ? "attestation-optional" : "attestation-operator";
}

function named({ set, operator, ifExists, key }: PolicyCondition): string {
  return `${set === null ? "" : `${set}:`}${operator}${ifExists ? "IfExists" : ""} on ${key}`;
}

function registers(indexes: readonly number[]): string {
  return indexes
    .toSorted((a, b) => a - b)
    .map((index) => `PCR${index}`)
    .join(", ");
}
