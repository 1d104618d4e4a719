import { fromHex, MAX_RECIPIENTS, toHex, type DisclosureLevel, type Recipient } from "@caladrius/wire";
import { SubmitError } from "./errors.ts";
import type { SealedSubmission } from "./seal.ts";

/** What a further recipient needs besides the own key to fetch, open and verify a reply. Nothing in it is secret. */
export interface ReplyReceipt {
  /** names the job at the host */
  readonly jobId: Uint8Array;
  /** SHA-256 of the sealed job: the result must be of it */
  readonly digest: Uint8Array;
  readonly nonce: Uint8Array;
  readonly paddedBytes: number;
  /** place in the request's recipients; 0 is the submitter */
  readonly recipient: number;
  readonly level: DisclosureLevel;
}

/** One receipt for each further recipient of a job. */
export function receiptsOf(job: SealedSubmission, recipients: readonly Recipient[]): ReplyReceipt[] {
  const { jobId, digest, nonce, paddedBytes } = job;
  return recipients.map(({ level }, i) => ({ jobId, digest, nonce, paddedBytes, recipient: i + 1, level }));
}

/** As a file holds it: JSON. */
export function renderReceipt({ jobId, digest, nonce, paddedBytes, recipient, level }: ReplyReceipt): string {
  const json = {
    caladriusReceipt: FILE_VERSION,
    job: toHex(jobId),
    digest: toHex(digest),
    nonce: toHex(nonce),
    paddedBytes,
    recipient,
    level,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/** Reads what `renderReceipt` wrote and somebody else sent. @throws SubmitError receipt-form */
export function parseReceipt(text: string): ReplyReceipt {
  const entries = readObject(text);
  const level = LEVELS.find((one) => one === entries.get("level"));
  const [jobId, digest, nonce] = ["job", "digest", "nonce"].map((name) => hexOf(entries.get(name)));
  const [paddedBytes, recipient] = ["paddedBytes", "recipient"].map((name) => wholeOf(entries.get(name)));
  if (
    entries.get("caladriusReceipt") !== FILE_VERSION ||
    entries.size !== FIELDS ||
    level === undefined ||
    jobId?.length !== 16 ||
    digest?.length !== 32 ||
    nonce === undefined ||
    nonce.length < 8 ||
    nonce.length > 64 ||
    paddedBytes === undefined ||
    recipient === undefined ||
    recipient >= MAX_RECIPIENTS
  )
    throw new SubmitError("receipt-form");
  return { jobId, digest, nonce, paddedBytes, recipient, level };
}

function readObject(text: string): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, unknown>));
  } catch {
    return new Map();
  }
}

function hexOf(value: unknown): Uint8Array | undefined {
  return typeof value === "string" && /^([0-9a-f]{2})+$/.test(value) ? fromHex(value) : undefined;
}

function wholeOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= MAX_PADDED_BYTES ? value : undefined;
}

const FILE_VERSION = 1;
const FIELDS = 7;
const LEVELS: readonly DisclosureLevel[] = ["alarm", "findings", "full"];
const MAX_PADDED_BYTES = 64 * 1024 * 1024;
