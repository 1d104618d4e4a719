import { utf8Encode } from "@caladrius/wire";
import { KeyPolicyError } from "./errors.ts";
import type { IdentityPolicy, KeyPolicy, KeyPolicyStatement, PolicyVersion } from "./policy.ts";
import { eitherOf, list, object, string, within } from "./read/fields.ts";
import { POLICY_TEXT, POLICY_TEXT_SAID, readJson, type Json, type JsonObject } from "./read/json.ts";
import { readPrincipal } from "./read/principal.ts";
import { readStatement, STATEMENT_ELEMENTS } from "./read/statement.ts";

/**
 * Reads a key policy ("Grammar of the IAM JSON policy language"; KMS Developer Guide, "Creating a key policy"). Stricter than
 * AWS where a reader could be mistaken: a name that stands twice, an empty list, an operator in another case.
 * A statement without Resource is read, and has no effect, as at AWS.
 * @param text at most 32768 bytes of JSON, characters up to U+00FF
 * @throws KeyPolicyError, whose code, path and expectation stand for MalformedPolicyDocumentException
 */
export function parseKeyPolicy(text: string): KeyPolicy {
  const { members, version } = readDocument(text, ["Version", "Id", "Statement"]);
  const id = members.get("Id");
  const statements = list(members.get("Statement"), "Statement").map(([value, path]): KeyPolicyStatement => {
    const inside = object(value, path, [...STATEMENT_ELEMENTS, "Principal", "NotPrincipal"]);
    const principal = eitherOf(inside, path, "Principal");
    if (principal === null) throw new KeyPolicyError("policy-missing", within(path, "Principal"), "Principal or NotPrincipal");
    return { ...readStatement(inside, path, version), principal: readPrincipal(principal) };
  });
  return { version, id: id === undefined ? null : string(id, "Id"), statements };
}

/**
 * Reads a policy that is attached to a user or role: no Id, no Principal, a Resource in every statement.
 * @param text at most 32768 bytes of JSON (IAM's own limits are lower and depend on what it is attached to)
 * @throws KeyPolicyError
 */
export function parseIdentityPolicy(text: string): IdentityPolicy {
  const { members, version } = readDocument(text, ["Version", "Statement"]);
  const statements = list(members.get("Statement"), "Statement").map(([value, path]) => {
    const statement = readStatement(object(value, path, STATEMENT_ELEMENTS), path, version);
    if (statement.resource === null) throw new KeyPolicyError("policy-missing", within(path, "Resource"), "Resource or NotResource");
    if (statement.sid !== null && !/^[A-Za-z0-9]*$/.test(statement.sid))
      throw new KeyPolicyError("policy-value", within(path, "Sid"), "letters and digits");
    return statement;
  });
  return { version, statements };
}

/** Longest policy document that KMS takes, in bytes (KMS quotas, "Key policy document size"). */
export const MAX_KEY_POLICY_BYTES = 32_768;

function readDocument(text: string, names: readonly string[]): { members: JsonObject; version: PolicyVersion } {
  // Attacker-controlled: nothing but its length is looked at before this line.
  if (text.length > MAX_KEY_POLICY_BYTES || utf8Encode(text).length > MAX_KEY_POLICY_BYTES)
    throw new KeyPolicyError("policy-size", "", `at most ${MAX_KEY_POLICY_BYTES} bytes`);
  if (!POLICY_TEXT.test(text)) throw new KeyPolicyError("policy-character", "", POLICY_TEXT_SAID);
  const members = object(readJson(text), "", names);
  return { members, version: readVersion(members.get("Version")) };
}

/** Without the element the earlier version counts ("IAM JSON policy elements: Version"). */
function readVersion(value: Json | undefined): PolicyVersion {
  const version = value === undefined ? "2008-10-17" : string(value, "Version");
  if (version !== "2008-10-17" && version !== "2012-10-17") throw new KeyPolicyError("policy-value", "Version", "2012-10-17 or 2008-10-17");
  return version;
}
