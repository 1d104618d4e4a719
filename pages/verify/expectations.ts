import { DEFAULT_SKEW_MS, type TimeMode } from "@caladrius/attestation-verifier";
import { fromHex } from "@caladrius/wire";

/** The form as it is filled in: text as typed. */
export interface Form {
  readonly nonce: string;
  readonly jobDigest: string;
  readonly policyVersion: string;
  readonly documents: "archived" | "live";
  readonly maxAge: string;
}

export const EMPTY_FORM: Form = { nonce: "", jobDigest: "", policyVersion: "", documents: "archived", maxAge: "" };

/** What the reader expects, parsed; null = not asked for. */
export interface Expectations {
  readonly nonce: Uint8Array | null;
  readonly jobDigest: Uint8Array | null;
  readonly policyVersion: number | null;
  readonly documents: Form["documents"];
  readonly maxAgeMs: number | null;
}

/** Why a field cannot be used, by field. */
export type FormProblems = Partial<Record<keyof Form, string>>;

/** Reads the form. A field that cannot be read must not pass for one that is empty, so nothing is judged while there is one. */
export function parseForm(
  form: Form,
  hasDocuments: boolean,
): { readonly expectations: Expectations | null; readonly problems: FormProblems } {
  const problems: { -readonly [K in keyof FormProblems]: FormProblems[K] } = {};
  const nonce = readHex(form.nonce, 1, 512);
  if (nonce === undefined) problems.nonce = "Hex digits, two for each of 1 to 512 bytes.";
  const jobDigest = readHex(form.jobDigest, 32, 32);
  if (jobDigest === undefined) problems.jobDigest = "64 hex digits: the SHA-256 of the sealed job.";
  const policyVersion = readInteger(form.policyVersion, 2 ** 40);
  if (policyVersion === undefined) problems.policyVersion = "A whole number, such as 3.";
  const asksForAge = hasDocuments && form.documents === "live"; // a field that is not shown must not stand in the way
  const maxAgeSeconds = asksForAge ? readInteger(form.maxAge, 1_000_000_000) : null;
  if (maxAgeSeconds === undefined) problems.maxAge = "Whole seconds, such as 900.";
  if (nonce === undefined || jobDigest === undefined || policyVersion === undefined || maxAgeSeconds === undefined)
    return { expectations: null, problems };
  const maxAgeMs = maxAgeSeconds === null ? null : maxAgeSeconds * 1000;
  return { expectations: { nonce, jobDigest, policyVersion, documents: form.documents, maxAgeMs }, problems };
}

/** How the time of a bare document is judged. */
export function documentMode({ documents, nonce, maxAgeMs }: Expectations, nowMs: number): TimeMode {
  return documents === "live" ? { kind: "live", nowMs, nonce, maxAgeMs, skewMs: DEFAULT_SKEW_MS } : { kind: "archived", atMs: null, nonce };
}

/** null = left empty, undefined = cannot be read */
function readHex(text: string, least: number, most: number): Uint8Array | null | undefined {
  const digits = text.replaceAll(/\s/g, "").toLowerCase();
  if (digits === "") return null;
  if (!/^(?:[0-9a-f]{2})+$/.test(digits) || digits.length < 2 * least || digits.length > 2 * most) return undefined;
  return fromHex(digits);
}

function readInteger(text: string, most: number): number | null | undefined {
  const digits = text.trim();
  if (digits === "") return null;
  const value = Number(digits);
  return /^\d{1,13}$/.test(digits) && value <= most ? value : undefined;
}
