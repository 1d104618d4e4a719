import { READING_ACTIONS, type KmsAction } from "./actions.ts";
import { isExact, WHOLE_SET } from "./attestation.ts";
import { lintAttestation, pinsOf, type Finding, type Pins } from "./lint/attestation.ts";
import { actionsOf, fencedPcrs, fencesOf, isFencedOff } from "./lint/fences.ts";
import { warning, type KeyPolicyWarning, type KeyPolicyWarningCode } from "./lint/warnings.ts";
import { statementName, type KeyPolicy, type KeyPolicyStatement, type PrincipalEntry } from "./policy.ts";

/** What a policy is compared with. */
export interface ExpectedKeyPolicy {
  /** every whole set that may use the key, as for `writeKeyPolicy`; absent: any set is taken for approved */
  readonly sets?: readonly Readonly<Record<number, string>>[];
  /** names in the encryption context that every use must be held to; absent: caladrius-constitution */
  readonly contextKeys?: readonly string[];
}

/**
 * Says what a key policy lets happen beside the approved enclaves opening their own: worst first, each with what to do.
 * An empty list means that none of these was found, not that KMS, IAM or the account's administrators are no threat.
 * Looks at statements, not at grants, at IAM policies, or at who can assume the roles named.
 */
export function lintKeyPolicy(policy: KeyPolicy, expected: ExpectedKeyPolicy = {}): readonly KeyPolicyWarning[] {
  const fences = fencesOf(policy);
  const admitted: Pins[] = [];
  const found = policy.statements.flatMap((statement, index) => {
    const name = statementName(statement, index);
    if (statement.resource === null) return [warning("resource-missing", name, statement.effect)];
    if (statement.effect === "Deny") return [];
    const actions = actionsOf(statement).filter((action) => !isFencedOff(action, fences));
    const reading = actions.filter((action) => READING_ACTIONS.includes(action));
    const pins = pinsOf(statement, fencedPcrs(reading, fences));
    if (reading.length > 0) admitted.push(pins);
    const findings: Finding[] = [
      ...lintPrincipals(statement),
      ...lintActions(statement, actions),
      ...(reading.length === 0 ? [] : [...lintAttestation(statement, pins, reading.join(", ")), ...lintContext(statement, expected)]),
      ...(reading.length === 0 || expected.sets === undefined ? [] : lintSets(pins, expected.sets)),
    ];
    return [...new Set(findings.map(([code]) => code))].map((code) => warning(code, name, subjects(findings, code)));
  });
  const absent = (expected.sets ?? []).filter((set) => !admitted.some((pins) => admits(pins, set)));
  const whole = [
    ...absent.map((set) => warning("set-missing", null, `PCR0 ${set[0]?.slice(0, 16)}…`)),
    ...(policy.version === "2012-10-17" ? [] : [warning("version-old", null, policy.version)]),
  ];
  return [...found, ...whole].toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}

function subjects(findings: readonly Finding[], code: KeyPolicyWarningCode): string {
  return findings
    .filter(([one]) => one === code)
    .map(([, subject]) => subject)
    .join("; ");
}

function lintPrincipals({ principal }: KeyPolicyStatement): Finding[] {
  const accounts = principal.entries.filter(({ kind }) => kind === "account");
  if (principal.not) return [["principal-not", principalNames(principal.entries)]];
  return [
    ...(principal.entries.some(({ kind }) => kind === "everyone") ? [["principal-wildcard", "*"] as const] : []),
    ...(accounts.length > 0 ? [["principal-account", principalNames(accounts)] as const] : []),
  ];
}

function lintActions({ action, principal }: KeyPolicyStatement, allowed: readonly KmsAction[]): Finding[] {
  const wild = action.patterns.filter((pattern) => /[*?]/.test(pattern));
  const unknown = action.patterns.filter(
    (pattern) => !/[*?]/.test(pattern) && actionsOf({ ...NOTHING, action: { not: false, patterns: [pattern] } }).length === 0,
  );
  const who = `${principal.not ? "everyone but " : ""}${principalNames(principal.entries)}`;
  return [
    ...(action.not ? [["action-not", action.patterns.join(", ")] as const] : []),
    ...(!action.not && wild.length > 0 ? [["action-wildcard", wild.join(", ")] as const] : []),
    ...(unknown.length > 0 ? [["action-unknown", unknown.join(", ")] as const] : []),
    ...DANGEROUS.flatMap(([code, names]): Finding[] => {
      const held = names.filter((one) => allowed.includes(one));
      return held.length === 0 ? [] : [[code, `${held.map((one) => `kms:${one}`).join(", ")}: ${who}`]];
    }),
  ];
}

function lintContext(statement: KeyPolicyStatement, expected: ExpectedKeyPolicy): Finding[] {
  const demanded = statement.conditions.filter(isExact).map(({ key }) => key.toLowerCase());
  const absent = (expected.contextKeys ?? ["caladrius-constitution"]).filter(
    (key) => !demanded.includes(`kms:encryptioncontext:${key.toLowerCase()}`),
  );
  return absent.length === 0 ? [] : [["context-missing", absent.join(", ")]];
}

/** Every combination that the pins admit must be one of the sets. */
function lintSets(pins: Pins, sets: readonly Readonly<Record<number, string>>[]): Finding[] {
  const combinations = WHOLE_SET.reduce((count, index) => count * (pins.get(index)?.length ?? 0), 1);
  const known = sets.filter((set) => admits(pins, set));
  const distinct = new Set(known.map((set) => WHOLE_SET.map((index) => set[index]).join()));
  return combinations === distinct.size && combinations > 0 ? [] : [["set-unknown", `PCR0 ${pins.get(0)?.[0]?.slice(0, 16) ?? "any"}…`]];
}

function admits(pins: Pins, set: Readonly<Record<number, string>>): boolean {
  return [...pins].every(([index, values]) => set[index] !== undefined && values.some((value) => value.toLowerCase() === set[index]));
}

function principalNames(entries: readonly PrincipalEntry[]): string {
  return entries
    .map((entry) =>
      entry.kind === "everyone" ? "*" : entry.kind === "account" ? `account ${entry.account}` : "arn" in entry ? entry.arn : entry.name,
    )
    .join(", ");
}

const DANGEROUS: readonly (readonly [KeyPolicyWarningCode, readonly KmsAction[]])[] = [
  ["policy-writer", ["PutKeyPolicy"]],
  ["grant", ["CreateGrant"]],
  ["replicate", ["ReplicateKey"]],
  ["reencrypt", ["ReEncryptFrom"]],
  ["chosen-key", ["Encrypt", "ReEncryptTo", "Encapsulate", "ImportKeyMaterial"]],
  ["deletion", ["ScheduleKeyDeletion", "DeleteImportedKeyMaterial"]],
];
const NOTHING = { sid: null, effect: "Allow", resource: null, conditions: [] } as const;
const SEVERITIES: readonly string[] = ["high", "medium", "low"];
