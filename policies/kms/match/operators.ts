import { equalBytes, fromBase64 } from "@caladrius/wire";
import { matchesArn, arnComponents } from "./arn.ts";
import { dateMs } from "./date.ts";
import { matchesGlob, type GlobToken } from "./glob.ts";
import { inRange, isRange } from "./ip.ts";
import { compareDecimals, isDecimal } from "./numeric.ts";
import { hasVariable } from "./variables.ts";

export type Comparison =
  | "StringEquals"
  | "StringNotEquals"
  | "StringEqualsIgnoreCase"
  | "StringNotEqualsIgnoreCase"
  | "StringLike"
  | "StringNotLike"
  | "NumericEquals"
  | "NumericNotEquals"
  | "NumericLessThan"
  | "NumericLessThanEquals"
  | "NumericGreaterThan"
  | "NumericGreaterThanEquals"
  | "DateEquals"
  | "DateNotEquals"
  | "DateLessThan"
  | "DateLessThanEquals"
  | "DateGreaterThan"
  | "DateGreaterThanEquals"
  | "Bool"
  | "BinaryEquals"
  | "IpAddress"
  | "NotIpAddress"
  | "ArnEquals"
  | "ArnLike"
  | "ArnNotEquals"
  | "ArnNotLike";
/** Null looks at the key, all others at its value. Sets and IfExists stand around them. */
export type BaseOperator = Comparison | "Null";

/** How one condition operator compares ("IAM JSON policy elements: Condition operators"). */
export interface Operator {
  /** NotX: holds when no value matches, and when the key is absent */
  readonly negated: boolean;
  /** what a value in the policy must be, in words */
  readonly expects: string;
  readonly accepts: (value: string) => boolean;
  /** whether policy variables stand for something in its values */
  readonly variables: boolean;
  readonly wildcards: boolean;
  /** whether the request's value matches one value of the policy; for NotX: whether X would hold */
  readonly matches: (actual: string, wanted: readonly GlobToken[]) => boolean;
}

type Matches = Operator["matches"];
const pattern = (expects: string, accepts: Operator["accepts"], wildcards: boolean, matches: Matches): Omit<Operator, "negated"> => ({
  expects,
  accepts,
  variables: true,
  wildcards,
  matches,
});
const plain = (expects: string, accepts: Operator["accepts"], matches: (actual: string, wanted: string) => boolean): Operator => ({
  negated: false,
  expects,
  accepts,
  variables: false,
  wildcards: false,
  matches: (actual, wanted) => matches(actual, wanted.join("")),
});

const anyText = (): boolean => true;
const equals = pattern("a string", anyText, false, (actual, wanted) => actual === wanted.join(""));
const equalsIgnoreCase = pattern("a string", anyText, false, (actual, wanted) => actual.toLowerCase() === wanted.join("").toLowerCase());
const like = pattern("a string", anyText, true, (actual, wanted) => matchesGlob(wanted, actual));
const arnLike = pattern(
  "an ARN of six components, with * and ? inside them",
  (value) => hasVariable(value) || arnComponents(value) !== null,
  true,
  (actual, wanted) => matchesArn(wanted, actual, false),
);
const numeric = (holds: (order: number) => boolean): Operator =>
  plain("an integer or decimal number", isDecimal, (actual, wanted) => {
    const order = compareDecimals(actual, wanted);
    return order !== null && holds(order);
  });
const date = (holds: (order: number) => boolean): Operator =>
  plain(
    "a date of the W3C profile of ISO 8601, or Unix seconds",
    (value) => dateMs(value) !== null,
    (actual, wanted) => {
      const [left, right] = [dateMs(actual), dateMs(wanted)];
      return left !== null && right !== null && holds(left - right);
    },
  );
const truth = plain(
  "true or false",
  (value) => /^(?:true|false)$/i.test(value),
  (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
);
const binary = plain(
  "base64 with padding",
  (value) => bytesOf(value) !== null,
  (actual, wanted) => {
    const [left, right] = [bytesOf(actual), bytesOf(wanted)];
    return left !== null && right !== null && equalBytes(left, right);
  },
);
const address = plain("an IP address or a range in CIDR notation", isRange, inRange);
const not = (operator: Omit<Operator, "negated">): Operator => ({ ...operator, negated: true });
const is = (operator: Omit<Operator, "negated">): Operator => ({ ...operator, negated: false });

/** Every operator but Null. */
export const OPERATORS: Readonly<Record<Comparison, Operator>> = {
  StringEquals: is(equals),
  StringNotEquals: not(equals),
  StringEqualsIgnoreCase: is(equalsIgnoreCase),
  StringNotEqualsIgnoreCase: not(equalsIgnoreCase),
  StringLike: is(like),
  StringNotLike: not(like),
  NumericEquals: numeric((order) => order === 0),
  NumericNotEquals: not(numeric((order) => order === 0)),
  NumericLessThan: numeric((order) => order < 0),
  NumericLessThanEquals: numeric((order) => order <= 0),
  NumericGreaterThan: numeric((order) => order > 0),
  NumericGreaterThanEquals: numeric((order) => order >= 0),
  DateEquals: date((order) => order === 0),
  DateNotEquals: not(date((order) => order === 0)),
  DateLessThan: date((order) => order < 0),
  DateLessThanEquals: date((order) => order <= 0),
  DateGreaterThan: date((order) => order > 0),
  DateGreaterThanEquals: date((order) => order >= 0),
  Bool: truth,
  BinaryEquals: binary,
  IpAddress: address,
  NotIpAddress: not(address),
  ArnEquals: is(arnLike),
  ArnLike: is(arnLike),
  ArnNotEquals: not(arnLike),
  ArnNotLike: not(arnLike),
};

function bytesOf(text: string): Uint8Array | null {
  try {
    return fromBase64(text);
  } catch {
    return null;
  }
}
