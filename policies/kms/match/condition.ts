import type { PolicyCondition, PolicyVersion } from "../policy.ts";
import { variableLookup, type RequestContext } from "./context.ts";
import type { GlobToken } from "./glob.ts";
import { OPERATORS } from "./operators.ts";
import { expand } from "./variables.ts";

/**
 * Whether a condition holds in this context. Values of the policy are joined by OR, for negated operators by NOR.
 * An absent key: false; true for negated operators, for ForAllValues and with IfExists.
 * A key with several values needs a set operator; without one nothing holds, negated or not.
 * "IAM JSON policy elements: Condition operators"; "Conditions with multiple context keys or values"; "Single-valued vs.
 * multivalued context keys". ForAnyValue with IfExists is taken as documented: true when the key is absent.
 */
export function conditionHolds(condition: PolicyCondition, version: PolicyVersion, context: RequestContext): boolean {
  const actual = context.get(condition.key.toLowerCase()) ?? [];
  if (condition.operator === "Null") return condition.values.some((value) => (value.toLowerCase() === "true") === (actual.length === 0));
  const operator = OPERATORS[condition.operator];
  // "If the key values resolve to an empty data set (for example, an empty string)"
  const present = condition.set === null ? actual : actual.filter((value) => value !== "");
  if (present.length === 0) {
    if (condition.ifExists || condition.set === "ForAllValues") return true;
    return condition.set === null && operator.negated;
  }
  const wanted = expandAll(condition.values, version, context, operator);
  if (wanted === null) return false;
  const holds = (value: string): boolean => wanted.some((one) => operator.matches(value, one)) !== operator.negated;
  if (condition.set === "ForAllValues") return present.every(holds);
  if (condition.set === "ForAnyValue") return present.some(holds);
  const [only] = present;
  return present.length === 1 && only !== undefined && holds(only);
}

/** Every value with its variables replaced; null when one cannot be, which makes the statement invalid. */
function expandAll(
  values: readonly string[],
  version: PolicyVersion,
  context: RequestContext,
  operator: { variables: boolean; wildcards: boolean },
): GlobToken[][] | null {
  const variables = operator.variables && version === "2012-10-17";
  const lookup = variableLookup(context);
  const expanded = values.map((value) => expand(value, { variables, wildcards: operator.wildcards, lookup }));
  return expanded.includes(null) ? null : (expanded as GlobToken[][]);
}
