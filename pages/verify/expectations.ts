import { DEFAULT_SKEW_MS, type TimeMode } from "@caladrius/attestation-verifier";
import type { RequiredDisclosures } from "@caladrius/attestation-verifier/governance";
import { fromHex, toHex } from "@caladrius/wire";
import { formatTime } from "./format.ts";

/** The form as it is filled in: text as typed. */
export interface Form {
  readonly nonce: string;
  readonly jobDigest: string;
  readonly policyVersion: string;
  readonly at: string;
  readonly purpose: string;
  readonly grantIssuer: string;
  readonly documents: "archived" | "live";
  readonly maxAge: string;
}

export const EMPTY_FORM: Form = {
  nonce: "",
  jobDigest: "",
  policyVersion: "",
  at: "",
  purpose: "",
  grantIssuer: "",
  documents: "archived",
  maxAge: "",
};

/** What the reader expects, parsed; null = not asked for. */
export interface Expectations {
  readonly nonce: Uint8Array | null;
  readonly jobDigest: Uint8Array | null;
  readonly policyVersion: number | null;
  /** as of when files and lists are judged, Unix ms; null: files as of their own evidence, lists as of now */
  readonly atMs: number | null;
  readonly required: RequiredDisclosures;
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
  const isLive = hasDocuments && form.documents === "live";
  const atMs = readInstant(form.at);
  if (atMs === undefined) problems.at = "A time such as 2026-11-21T10:00:00Z, or a day such as 2026-11-21.";
  else if (atMs !== null && isLive) problems.at = "Documents made for you now are judged now: leave it empty.";
  const grantIssuers = readThumbprints(form.grantIssuer);
  if (grantIssuers === undefined) problems.grantIssuer = "64 hex digits for each issuer.";
  const maxAgeSeconds = isLive ? readInteger(form.maxAge, 1_000_000_000) : null;
  if (maxAgeSeconds === undefined) problems.maxAge = "Whole seconds, such as 900.";
  if (nonce === undefined || jobDigest === undefined || policyVersion === undefined || maxAgeSeconds === undefined)
    return { expectations: null, problems };
  if (atMs === undefined || grantIssuers === undefined || problems.at !== undefined) return { expectations: null, problems };
  const maxAgeMs = maxAgeSeconds === null ? null : maxAgeSeconds * 1000;
  const required = { purposes: readWords(form.purpose), grantIssuers };
  return { expectations: { nonce, jobDigest, policyVersion, atMs, required, documents: form.documents, maxAgeMs }, problems };
}

/** How the time of a bare document is judged. */
export function documentMode({ documents, nonce, maxAgeMs, atMs }: Expectations, nowMs: number): TimeMode {
  return documents === "live" ? { kind: "live", nowMs, nonce, maxAgeMs, skewMs: DEFAULT_SKEW_MS } : { kind: "archived", atMs, nonce };
}

/** What was expected, in words for the record; null where nothing was. */
export function expectationText({
  nonce,
  jobDigest,
  policyVersion,
  atMs,
  required: { purposes, grantIssuers },
}: Expectations): string | null {
  const parts = [
    nonce === null ? "" : `nonce ${toHex(nonce)}`,
    jobDigest === null ? "" : `job ${toHex(jobDigest)}`,
    policyVersion === null ? "" : `policy version ${policyVersion} or later`,
    purposes === null ? "" : `purpose ${purposes.join(" or ")}`,
    grantIssuers === null ? "" : `a grant of ${grantIssuers.map(toHex).join(" or ")}`,
    atMs === null ? "" : `judged as of ${formatTime(atMs)}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? null : parts.join("; ");
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

/** A time with its zone, or a day: then its first moment in UTC. */
function readInstant(text: string): number | null | undefined {
  const time = text.trim();
  if (time === "") return null;
  const ms = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(time) ? Date.parse(time) : Number.NaN;
  // Date.parse takes 31 February for a day in March.
  const exists = !Number.isNaN(ms) && new Date(Date.parse(time.slice(0, 10))).toISOString().startsWith(time.slice(0, 10));
  return exists ? ms : undefined;
}

function readThumbprints(text: string): readonly Uint8Array[] | null | undefined {
  const all = readWords(text)?.map((one) => readHex(one, 32, 32) ?? null) ?? null;
  return all?.includes(null) === true ? undefined : (all as readonly Uint8Array[] | null);
}

function readWords(text: string): readonly string[] | null {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  return words.length === 0 ? null : words;
}
