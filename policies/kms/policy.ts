import type { BaseOperator } from "./match/operators.ts";

/** Versions of the policy language (IAM policy grammar, version_block). Policy variables exist in the later one alone. */
export type PolicyVersion = "2008-10-17" | "2012-10-17";

/** A key policy as read: every pattern is well formed, nothing of it has been judged. */
export interface KeyPolicy {
  /** 2008-10-17 where the document names none */
  readonly version: PolicyVersion;
  readonly id: string | null;
  readonly statements: readonly KeyPolicyStatement[];
}

/** A policy attached to a user or role: the same language without principals. */
export interface IdentityPolicy {
  readonly version: PolicyVersion;
  readonly statements: readonly PolicyStatement[];
}

/** What statements of both kinds say. */
export interface PolicyStatement {
  readonly sid: string | null;
  readonly effect: "Allow" | "Deny";
  readonly action: Patterns;
  /** null: the statement names none and has no effect (KMS Developer Guide, "Elements in a key policy") */
  readonly resource: Patterns | null;
  /** all must hold */
  readonly conditions: readonly PolicyCondition[];
}

export interface KeyPolicyStatement extends PolicyStatement {
  readonly principal: PrincipalElement;
}

/** Action or NotAction, Resource or NotResource. */
export interface Patterns {
  /** NotAction, NotResource: whatever none of the patterns matches */
  readonly not: boolean;
  readonly patterns: readonly string[];
}

/** Principal or NotPrincipal. */
export interface PrincipalElement {
  readonly not: boolean;
  readonly entries: readonly PrincipalEntry[];
}

export type PrincipalEntry =
  | { readonly kind: "everyone" }
  /** the account's principals, as far as its own IAM policies allow them */
  | { readonly kind: "account"; readonly account: string }
  | { readonly kind: "user"; readonly account: string; readonly arn: string }
  /** every session of the role; `name` without its path is unique in an account */
  | { readonly kind: "role"; readonly account: string; readonly arn: string; readonly name: string }
  /** one session of a role or federated user */
  | { readonly kind: "session"; readonly account: string; readonly arn: string }
  | { readonly kind: "service"; readonly name: string };

/** One key under one operator of a Condition element. */
export interface PolicyCondition {
  readonly operator: BaseOperator;
  readonly set: "ForAnyValue" | "ForAllValues" | null;
  readonly ifExists: boolean;
  /** as written; names of keys are compared without regard to case */
  readonly key: string;
  /** at least one; numbers and booleans as their text */
  readonly values: readonly string[];
}

/** What is asked of KMS, by whom, and everything that conditions may look at. */
export interface PolicyRequest {
  /** `arn` of a user, role, assumed-role or federated-user session, or of the account's root; `account` 12 digits */
  readonly principal: { readonly arn: string; readonly account: string };
  /** such as kms:Decrypt */
  readonly action: string;
  /** ARN of the key */
  readonly resource: string;
  /** condition keys in any case; a list is a key with several values, an absent key is left out */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

export interface PolicyDecision {
  readonly allowed: boolean;
  /** Sid of the statement that decided, or its index as `#0`; null when none did */
  readonly by: string | null;
  readonly reason: "explicit-deny" | "allow" | "no-allow";
}

/** How a statement is named in decisions and warnings: by its Sid, else by its index. */
export function statementName(statement: PolicyStatement, index: number): string {
  return statement.sid ?? `#${index}`;
}
