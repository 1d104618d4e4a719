import {
  rememberSignatures,
  requireConstitution,
  type ResultFileClaims,
  type SignatureBackend,
  type TrustSettings,
  type Verdict,
} from "@caladrius/attestation-verifier";
import type { ApprovedRelease } from "@caladrius/attestation-verifier/governance";
import { createSignatures } from "@caladrius/attestation-verifier/signatures";
import { SubmitError } from "./errors.ts";
import type { HostClient } from "./host/client.ts";
import { waitForEnd } from "./host/wait.ts";
import type { SubmitterKey } from "./keys.ts";
import { openReply, verifyAnswer } from "./open.ts";
import type { ReplyReceipt } from "./receipt.ts";
import { trustUnder, withRelease } from "./release.ts";

export interface FetchReplyOptions {
  readonly host: HostClient;
  /** must pin PCR16 in every set */
  readonly trust: TrustSettings;
  /** only code of this release counts; it stands with its approvals in the file. Default: the sets of the trust file */
  readonly release?: ApprovedRelease;
  /** the recipient's own */
  readonly key: SubmitterKey;
  readonly signal: AbortSignal;
  /** how long to wait for the job's end, default a minute */
  readonly waitMs?: number;
  /** Unix ms, default the system's clock */
  readonly now?: () => number;
  /** default: node:crypto */
  readonly signatures?: SignatureBackend;
}

/**
 * Fetches, opens and verifies the reply to a recipient that somebody else named in a job. The result is of the very job
 * that the receipt names, or refused.
 * @throws SubmitError job-late, job-lost, job-cannot-open, reseal-limit, reply-form, reply-open and those of HostClient;
 * DependencyError; ConfigurationError of the trust file
 */
export async function fetchReply(
  receipt: ReplyReceipt,
  { host, release, key, signal, waitMs = WAIT_MS, now = Date.now, signatures, ...options }: FetchReplyOptions,
): Promise<{ verdict: Verdict<ResultFileClaims>; file: Uint8Array }> {
  const trust = trustUnder(release, options.trust);
  requireConstitution(trust);
  const end = await waitForEnd(host, receipt.jobId, { signal, forMs: waitMs });
  if (end !== "answered") throw new SubmitError(NO_REPLY[end] ?? "job-late");
  const reply = await host.reply(receipt.jobId, receipt.recipient);
  if (!(reply instanceof Uint8Array)) throw new SubmitError(NO_REPLY[reply] ?? "job-late");
  const file = await openReply(reply, receipt, key);
  const backend = rememberSignatures(signatures ?? createSignatures());
  const verdict = await verifyAnswer(file, receipt, { trust, nowMs: now(), signatures: backend });
  return { verdict, file: withRelease(release, file) };
}

/** Ends without a reply. */
const NO_REPLY: Readonly<Record<string, "job-lost" | "job-cannot-open" | "reseal-limit">> = {
  unknown: "job-lost",
  expired: "job-lost",
  "cannot-open": "job-cannot-open",
  reseal: "reseal-limit",
};
const WAIT_MS = 60_000;
