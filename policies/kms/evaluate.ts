import { readCaller, requestContext, type RequestContext } from "./match/context.ts";
import { matchPrincipal } from "./match/principal.ts";
import { statementApplies } from "./match/statement.ts";
import { statementName, type IdentityPolicy, type KeyPolicy, type PolicyDecision, type PolicyRequest } from "./policy.ts";

/**
 * Decides on a request for a KMS key as IAM does ("Policy evaluation logic"; "Cross-account policy evaluation logic"; KMS
 * Developer Guide, "Default key policy"): an explicit deny in any policy wins; a statement of the key policy that names the
 * caller or everyone allows within the key's account; one that names the account leaves it to the caller's own policies;
 * a caller of another account needs both. Else the answer is no. The account's root user has no policies of its own: the
 * account's statements are about it. Grants, boundaries, session and organization policies are not looked at.
 * @param identityPolicies those attached to the caller
 */
export function evaluateKeyPolicy(
  policy: KeyPolicy,
  request: PolicyRequest,
  identityPolicies: readonly IdentityPolicy[] = [],
): PolicyDecision {
  const context = requestContext(request);
  const own = evaluateIdentity(identityPolicies, request, context);
  const matched = policy.statements
    .map((statement, index) => ({ statement, by: statementName(statement, index) }))
    .filter(({ statement }) => statementApplies(statement, policy.version, request, context))
    .map((one) => ({ ...one, match: matchPrincipal(one.statement, request.principal) }))
    .filter(({ match }) => match !== null);

  const denied = matched.find(({ statement }) => statement.effect === "Deny");
  if (denied !== undefined) return { allowed: false, by: denied.by, reason: "explicit-deny" };
  if (own.reason === "explicit-deny") return own;

  const foreign = request.principal.account !== accountOfKey(request.resource);
  const delegated = own.allowed || readCaller(request.principal).kind === "root";
  const allowed = matched.find(({ match }) => delegated || (match === "direct" && !foreign));
  return allowed === undefined ? NO : { allowed: true, by: allowed.by, reason: "allow" };
}

/**
 * Decides on a request that is about no key, such as kms:CreateKey or kms:ListKeys: the caller's own policies alone decide,
 * and the root user may. `resource` is "*" or the ARN that the operation names (kms:CreateAlias: the alias).
 */
export function evaluateIdentityPolicies(identityPolicies: readonly IdentityPolicy[], request: PolicyRequest): PolicyDecision {
  const decided = evaluateIdentity(identityPolicies, request, requestContext(request));
  return decided.reason === "no-allow" && readCaller(request.principal).kind === "root"
    ? { allowed: true, by: "root user", reason: "allow" }
    : decided;
}

function evaluateIdentity(policies: readonly IdentityPolicy[], request: PolicyRequest, context: RequestContext): PolicyDecision {
  const matched = policies.flatMap((policy, p) =>
    policy.statements
      .map((statement, index) => ({ statement, by: `identity policy ${p}: ${statementName(statement, index)}` }))
      .filter(({ statement }) => statementApplies(statement, policy.version, request, context)),
  );
  const denied = matched.find(({ statement }) => statement.effect === "Deny");
  if (denied !== undefined) return { allowed: false, by: denied.by, reason: "explicit-deny" };
  const [allowed] = matched;
  return allowed === undefined ? NO : { allowed: true, by: allowed.by, reason: "allow" };
}

function accountOfKey(arn: string): string {
  return arn.split(":")[4] ?? "";
}

const NO: PolicyDecision = { allowed: false, by: null, reason: "no-allow" };
