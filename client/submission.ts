import { createHash, randomBytes } from "node:crypto";
import type { ResultFileClaims, SignatureBackend, TrustSettings, Verdict } from "@caladrius/attestation-verifier";
import { encodeRecording, type Recording } from "@caladrius/wire";
import type { DataKeys } from "./data-keys.ts";
import type { DeviceSigner } from "./devices/sign-batch.ts";
import type { Enclaves } from "./enclaves.ts";
import { SubmitError } from "./errors.ts";
import type { GrantUses } from "./grants/uses.ts";
import type { HostClient, JobAnswer } from "./host/client.ts";
import { Backoff, DEFAULT_RETRY, type RetrySettings } from "./host/retry.ts";
import { waitForEnd } from "./host/wait.ts";
import type { SubmitterKey } from "./keys.ts";
import { openReply, verifyAnswer } from "./open.ts";
import { receiptsOf, type ReplyReceipt } from "./receipt.ts";
import { sampleBytesOf, sealJob, type JobRequest, type SealedSubmission } from "./seal.ts";
import type { Turns } from "./turns.ts";

/** Where a recording stands. */
export type SubmitStage = "verifying" | "sealing" | "sending" | "waiting" | "opening" | "sealing-again" | "verified" | "refused" | "failed";

/** What all recordings of one call share. */
export interface SubmitContext {
  readonly host: HostClient;
  readonly enclaves: Enclaves;
  readonly trust: TrustSettings;
  readonly key: SubmitterKey;
  readonly request: Omit<JobRequest, "nonce" | "notAfter">;
  readonly signatures: SignatureBackend;
  readonly signal: AbortSignal;
  /** Unix ms */
  readonly now: () => number;
  readonly retry: Partial<RetrySettings>;
  /** how long a sealed job may wait to be computed */
  readonly validForMs: number;
  /** null: jobs are sealed to the enclave */
  readonly dataKeys: DataKeys | null;
  /** gives each recording uses of grants of its own; null: none are carried */
  readonly grantUses: GrantUses | null;
  /** signs each recording as the device that made it; null: none does */
  readonly device: DeviceSigner | null;
  /** in which large recordings are sealed: that takes several times their size for a moment */
  readonly turns: Turns;
}

/** A verdict over the result file that the verdict is about. */
export interface Answer {
  readonly verdict: Verdict<ResultFileClaims>;
  readonly file: Uint8Array;
  /** what each further recipient needs for a reply of their own */
  readonly receipts: readonly ReplyReceipt[];
  /** how often the job was sealed again */
  readonly resealed: number;
}

/**
 * Takes one recording all the way: sealed to a verified enclave, handed over, awaited, opened, verified. When the host
 * says that the enclave's keys are gone, or time ran out, new evidence is verified under the same trust file and the
 * recording sealed again under the same nonce.
 * Under a data key a new one is asked for each time.
 * @throws SubmitError, DependencyError, LimitError job-too-large, WireError; Refusal when new evidence does not verify
 */
export async function submitRecording(context: SubmitContext, recording: Recording, tell: (stage: SubmitStage) => void): Promise<Answer> {
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  const backoff = new Backoff({ ...DEFAULT_RETRY, ...context.retry }, context.signal);
  tell("verifying");
  let target = await context.enclaves.target();
  // Sealed again, a recording is the same use and the same batch: of several copies one is answered.
  const grants = await context.grantUses?.next(recording.subject);
  const deviceBatch = await context.device?.sign(sha256(encodeRecording(recording)));
  const asked = { ...context.request, nonce, ...(grants === undefined ? {} : { grants }), deviceBatch: deviceBatch ?? null };
  for (let resealed = 0; resealed <= MAX_RESEALS; resealed++) {
    context.signal.throwIfAborted();
    tell(resealed === 0 ? "sealing" : "sealing-again");
    const notAfter = Math.ceil((context.now() + context.validForMs) / 1000);
    const sealTo = target;
    const seal = (): Promise<SealedSubmission> => sealJob(sealTo, recording, { ...asked, notAfter }, context.key, context.dataKeys);
    const job = await (sampleBytesOf(recording) > LARGE_BYTES ? context.turns.take(seal) : seal());
    const reply = await deliver(context, job, tell);
    if (reply instanceof Uint8Array) {
      tell("opening");
      const file = await openReply(reply, job, context.key);
      return {
        verdict: await verifyAnswer(file, job, { trust: context.trust, nowMs: context.now(), signatures: context.signatures }),
        file,
        receipts: receiptsOf(job, context.request.recipients ?? []),
        resealed,
      };
    }
    if (reply === "cannot-open") throw new SubmitError("job-cannot-open");
    // No enclave's end takes a KMS key away: it is not in the bundle, and sealing again does not put it there.
    if (reply === "reseal" && context.dataKeys !== null) throw new SubmitError("kms-key-refused");
    await backoff.pause();
    target = await context.enclaves.renew(target);
  }
  throw new SubmitError("reseal-limit", `${MAX_RESEALS} times`);
}

/** Hands a sealed job over until there is a reply, or an end without one. A host that lost the job gets it again. */
async function deliver(
  context: SubmitContext,
  job: SealedSubmission,
  tell: (stage: SubmitStage) => void,
): Promise<Uint8Array | "cannot-open" | "reseal" | "again"> {
  const { host, signal, retry } = context;
  for (let sent = 0; sent < MAX_SENDS; sent++) {
    tell("sending");
    if ((await host.submit(job.sealed)) === "conflict") return "again"; // somebody took our id: take another
    tell("waiting");
    const end = await awaitReply(context, job);
    if (end instanceof Uint8Array || end === "cannot-open" || end === "reseal") return end;
    if (end === "expired") return "again";
    await new Backoff({ ...DEFAULT_RETRY, ...retry }, signal).pause();
  }
  throw new SubmitError("job-lost", `${MAX_SENDS} times`);
}

async function awaitReply({ host, signal, retry, now }: SubmitContext, job: SealedSubmission): Promise<Uint8Array | JobAnswer> {
  const backoff = new Backoff({ ...DEFAULT_RETRY, ...retry }, signal);
  for (;;) {
    const forMs = job.notAfter * 1000 + AFTER_END_MS - now();
    const end = await waitForEnd(host, job.jobId, { signal, forMs, retry });
    if (end === "late") throw new SubmitError("job-late");
    if (end !== "answered") return end;
    const reply = await host.reply(job.jobId);
    if (reply !== "accepted" && reply !== "running") return reply;
    if (forMs <= 0) throw new SubmitError("job-late");
    await backoff.pause(); // it said answered, and takes that back
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

/** Smaller ones are sealed as they come: under a data key each waits for KMS. */
const LARGE_BYTES = 4_194_304;
const NONCE_BYTES = 32;
const MAX_RESEALS = 6;
const MAX_SENDS = 4;
/** A job begun just before its end is still answered. */
const AFTER_END_MS = 120_000;
