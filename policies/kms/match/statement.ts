import type { Patterns, PolicyRequest, PolicyStatement, PolicyVersion } from "../policy.ts";
import { matchesArn } from "./arn.ts";
import { conditionHolds } from "./condition.ts";
import { variableLookup, type RequestContext } from "./context.ts";
import { globOf, matchesGlob } from "./glob.ts";
import { expand, type Lookup } from "./variables.ts";

/** Whether action, resource and every condition of a statement fit the request; principals are looked at elsewhere. */
export function statementApplies(
  statement: PolicyStatement,
  version: PolicyVersion,
  request: Pick<PolicyRequest, "action" | "resource">,
  context: RequestContext,
): boolean {
  return (
    actionMatches(statement.action, request.action) &&
    resourceMatches(statement.resource, version, request.resource, variableLookup(context)) &&
    statement.conditions.every((condition) => conditionHolds(condition, version, context))
  );
}

/** Prefix and name of an action are compared without regard to case ("IAM JSON policy elements: Action"). */
export function actionMatches(action: Patterns, name: string): boolean {
  const lower = name.toLowerCase();
  return action.patterns.some((pattern) => matchesGlob(globOf(pattern.toLowerCase()), lower)) !== action.not;
}

/** ARNs are compared with regard to case. In a key policy * is this key ("IAM JSON policy elements: Resource"). */
function resourceMatches(resource: Patterns | null, version: PolicyVersion, arn: string, lookup: Lookup): boolean {
  if (resource === null) return false;
  const expanded = resource.patterns.map((pattern) => expand(pattern, { variables: version === "2012-10-17", wildcards: true, lookup }));
  if (expanded.includes(null)) return false; // a variable without a value makes the statement invalid
  const matches = expanded.some((pattern, i) => resource.patterns[i] === "*" || (pattern !== null && matchesArn(pattern, arn, true)));
  return matches !== resource.not;
}
