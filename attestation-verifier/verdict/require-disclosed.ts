import { equalBytes, toHex } from "@caladrius/wire";
import type { Code } from "./code.ts";
import type { Verdict } from "./verdict.ts";
import type { ResultFileClaims } from "./verify-result-file.ts";

/** What a relying party wants a result to show about itself; null = it does not matter. */
export interface RequiredDisclosures {
  /** HL7 v3 PurposeOfUse codes, of which it must have been asked for one */
  readonly purposes: readonly string[] | null;
  /** SHA-256 of the raw public keys of issuers, one of whom must have given the grant that the job used */
  readonly grantIssuers: readonly Uint8Array[] | null;
}

/** The name of a reason for which a result does not show what was required. */
export type RequiredCode = "purpose-withheld" | "purpose-other" | "grant-withheld" | "grant-issuer-other";

/** What a code means. */
export interface RequiredReason {
  readonly stage: string;
  readonly spec: string;
  readonly meaning: string;
  readonly status: "refused";
  readonly actor: "sender" | "relying party";
}

const row = (actor: RequiredReason["actor"], meaning: string): RequiredReason => ({
  stage: "disclosure",
  spec: "ARCHITECTURE §4",
  meaning,
  status: "refused",
  actor,
});

/** Every such reason. */
export const REQUIRED_CODE: Readonly<Record<RequiredCode, RequiredReason>> = Object.freeze({
  "purpose-withheld": row("sender", "the purpose must be shown, and the file does not disclose it"),
  "purpose-other": row("relying party", "the result was asked for another purpose than is accepted"),
  "grant-withheld": row("sender", "a grant must be shown, and the file discloses none: the job used none, or it was taken out"),
  "grant-issuer-other": row("relying party", "the job used a grant of another issuer than is accepted"),
});

/**
 * Holds a verified result to what it must show: purpose and issuer of the grant, as the enclave states them in disclosures
 * that its signature covers. What is withheld counts as no. A verdict that was contraindicated stays as it is.
 */
export function requireDisclosed<Claims extends ResultFileClaims, Codes extends string = Code>(
  verdict: Verdict<Claims, Codes>,
  required: RequiredDisclosures,
): Verdict<Claims, Codes | RequiredCode> {
  if (verdict.status === "contraindicated") return verdict;
  const fault = faultOf(verdict.claims, required);
  if (fault === null) return verdict;
  const { code, expected, actual } = fault;
  const { mode, atMs, notChecked } = verdict;
  const { stage, spec, meaning, actor } = REQUIRED_CODE[code];
  const sentence = `${meaning}; expected ${expected}${actual === null ? "" : `, found ${actual}`} (${actor} must act)`;
  const head = { status: "contraindicated", claims: null, mode, atMs, code, stage, spec, sentence, notChecked } as const;
  return { ...head, expected, actual, actor, exitCode: 10 };
}

function faultOf(
  { disclosed: { purpose, grant } }: ResultFileClaims,
  { purposes, grantIssuers }: RequiredDisclosures,
): { code: RequiredCode; expected: string; actual: string | null } | null {
  if (purposes !== null) {
    const expected = purposes.join(" or ");
    if (purpose === null) return { code: "purpose-withheld", expected, actual: null };
    if (!purposes.includes(purpose)) return { code: "purpose-other", expected, actual: purpose };
  }
  if (grantIssuers !== null) {
    const expected = grantIssuers.map(toHex).join(" or ");
    if (grant === null) return { code: "grant-withheld", expected, actual: null };
    if (!grantIssuers.some((issuer) => equalBytes(issuer, grant.issuer)))
      return { code: "grant-issuer-other", expected, actual: toHex(grant.issuer) };
  }
  return null;
}
