import { KeyPolicyError } from "../errors.ts";
import { OPERATORS, type BaseOperator } from "../match/operators.ts";
import { checkVariables, hasVariable } from "../match/variables.ts";
import type { Patterns, PolicyCondition, PolicyStatement, PolicyVersion } from "../policy.ts";
import { eitherOf, list, object, string, within } from "./fields.ts";
import type { Json, JsonObject } from "./json.ts";

/** Elements that statements of both kinds have ("Grammar of the IAM JSON policy language"). */
export const STATEMENT_ELEMENTS: readonly string[] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/** Reads what key policies and identity policies have in common. @throws KeyPolicyError */
export function readStatement(members: JsonObject, path: string, version: PolicyVersion): PolicyStatement {
  const effect = string(members.get("Effect"), within(path, "Effect"));
  if (effect !== "Allow" && effect !== "Deny") throw new KeyPolicyError("policy-value", within(path, "Effect"), "Allow or Deny");
  const action = eitherOf(members, path, "Action");
  if (action === null) throw new KeyPolicyError("policy-missing", within(path, "Action"), "Action or NotAction");
  const resource = eitherOf(members, path, "Resource");
  const sid = members.get("Sid");
  return {
    sid: sid === undefined ? null : string(sid, within(path, "Sid")),
    effect,
    action: readPatterns(action, readAction),
    resource: resource === null ? null : readPatterns(resource, (value, at) => readResource(value, at, version)),
    conditions: readConditions(members.get("Condition"), within(path, "Condition"), version),
  };
}

function readPatterns(
  element: { not: boolean; value: Json; path: string },
  read: (value: Json | undefined, path: string) => string,
): Patterns {
  return { not: element.not, patterns: list(element.value, element.path).map(([value, at]) => read(value, at)) };
}

function readAction(value: Json | undefined, path: string): string {
  const action = string(value, path);
  if (action !== "*" && !/^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/.test(action))
    throw new KeyPolicyError("policy-value", path, "* or a service, a colon and an action, such as kms:Decrypt");
  return action;
}

function readResource(value: Json | undefined, path: string, version: PolicyVersion): string {
  const resource = string(value, path);
  if (resource !== "*" && !resource.startsWith("arn:")) throw new KeyPolicyError("policy-value", path, "* or an ARN");
  if (version === "2012-10-17") {
    checkVariables(resource, path);
    const before = resource.split("${")[0] ?? "";
    if (hasVariable(resource) && before.split(":").length < 6)
      throw new KeyPolicyError("policy-variable", path, "no variable before the fifth colon of an ARN");
  }
  return resource;
}

function readConditions(element: Json | undefined, path: string, version: PolicyVersion): PolicyCondition[] {
  if (element === undefined) return [];
  return [...object(element, path, null)].flatMap(([name, keys]) => {
    const at = within(path, name);
    const operator = readOperator(name, at);
    const members = object(keys, at, null);
    if (members.size === 0) throw new KeyPolicyError("policy-value", at, "at least one condition key");
    return [...members].map(([key, values]) => {
      if (!CONDITION_KEY.test(key)) throw new KeyPolicyError("policy-value", within(at, key), "a condition key, such as kms:ViaService");
      const read = list(values, within(at, key)).map(([value, place]) => readValue(value, place, operator.operator, version));
      return { ...operator, key, values: read };
    });
  });
}

function readOperator(name: string, path: string): Pick<PolicyCondition, "operator" | "set" | "ifExists"> {
  const [, set, base = "", ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(.*?)(IfExists)?$/s.exec(name) ?? [];
  const plain = set === undefined && ifExists === undefined;
  if (!Object.hasOwn(OPERATORS, base) && !(base === "Null" && plain))
    throw new KeyPolicyError(
      "policy-operator",
      path,
      "an operator of IAM, with ForAnyValue: or ForAllValues: before it and IfExists after it where wanted (but for Null)",
    );
  return {
    operator: base as BaseOperator, // as just looked up
    set: set === undefined ? null : (set as "ForAnyValue" | "ForAllValues"),
    ifExists: ifExists !== undefined,
  };
}

function readValue(value: Json | undefined, path: string, operator: BaseOperator, version: PolicyVersion): string {
  const text = scalar(value, path);
  const { accepts, expects, variables } = operator === "Null" ? NULL : OPERATORS[operator];
  if (!accepts(text)) throw new KeyPolicyError("policy-value", path, expects);
  if (variables && version === "2012-10-17") checkVariables(text, path);
  return text;
}

/** "Quotation marks are optional for numeric and Boolean values." */
function scalar(value: Json | undefined, path: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value === "object" && value !== null && "number" in value) return value.number;
  throw new KeyPolicyError("policy-type", path, "a string, a number or a boolean");
}

const NULL = { accepts: (value: string): boolean => /^(?:true|false)$/i.test(value), expects: "true or false", variables: false };
const CONDITION_KEY = /^[A-Za-z0-9-]+:.+$/s;
