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
import { utf8Encode, type DisclosureLevel, type Recipient, type Recording, type Request, type SuiteId } from "@caladrius/wire";
import { openDataKeys, type KmsKey } from "./data-keys.ts";
import type { DeviceSigner } from "./devices/sign-batch.ts";
import { Enclaves } from "./enclaves.ts";
import type { GrantUses } from "./grants/uses.ts";
import { HostClient } from "./host/client.ts";
import type { RetrySettings } from "./host/retry.ts";
import { createSubmitterKey, type SubmitterKey } from "./keys.ts";
import { resultNames } from "./names.ts";
import { trustUnder, withRelease } from "./release.ts";
import { splitRecording, type PartPosition, type RecordingPart } from "./split.ts";
import { outputPath, prepareOutput, refuseExisting, writeResult, type OutputOptions } from "./output.ts";
import { renderReceipt, type ReplyReceipt } from "./receipt.ts";
import { Turns } from "./turns.ts";
import type { AccessTokens } from "./sign-in/access-token.ts";
import { submitRecording, type SubmitContext, type SubmitStage } from "./submission.ts";

/** A recording to be submitted, as `readInputs` gives them: one per subject. */
export interface SubmitInput {
  readonly recording: Recording;
  /** files that it came from: the first names the result */
  readonly sources?: readonly string[];
}

export interface SubmitOptions {
  readonly hostUrl: string;
  /** signs in at the host, where it wants that */
  readonly tokens?: AccessTokens;
  /** must pin PCR16 in every set */
  readonly trust: TrustSettings;
  /** only code of this release may read; it travels with its approvals in each result file. Default: the sets of the trust file */
  readonly release?: ApprovedRelease;
  /** default: new keys for this call */
  readonly key?: SubmitterKey;
  /** default: all that apply */
  readonly detectors?: readonly string[];
  /** default: findings */
  readonly level?: DisclosureLevel;
  /** HL7 v3 PurposeOfUse code, default TREAT */
  readonly purpose?: string;
  readonly ward?: string | null;
  readonly recipients?: readonly Recipient[];
  readonly floors?: Request["floors"];
  /** the same for every job; `grantUses` gives each its own */
  readonly grants?: Request["grants"];
  /** uses of grants, new ones for each job; the grants must be held by `key` */
  readonly grantUses?: GrantUses;
  /** id of a granted emergency under which everything is read */
  readonly emergency?: Uint8Array;
  /** signs each recording as its device; one job is under way at a time, as numbers must arrive in order */
  readonly device?: DeviceSigner;
  /** folder for `<name>.attested`; default: nothing is written */
  readonly outDir?: string | null;
  readonly force?: boolean;
  /** jobs under way at once, default 4 */
  readonly concurrency?: number;
  /** how long a sealed job may wait to be computed, default an hour */
  readonly validForMs?: number;
  readonly retry?: Partial<RetrySettings>;
  readonly suites?: readonly SuiteId[];
  /** seal under data keys of this KMS key; the enclave is verified all the same, since its result will be */
  readonly kmsKey?: KmsKey;
  readonly onProgress?: (progress: SubmitProgress) => void;
  /** called while the host is away or busy, with one sentence */
  readonly onRetry?: (reason: string) => void;
  readonly signal?: AbortSignal;
  /** default: node:crypto */
  readonly signatures?: SignatureBackend;
  /** Unix ms, default the system's clock */
  readonly now?: () => number;
}

export interface SubmitProgress {
  readonly index: number;
  readonly name: string;
  readonly stage: SubmitStage;
  /** jobs that have ended, of all */
  readonly done: number;
  readonly total: number;
}

/** What became of one job: a recording, or a window of one. Until `status` is verified its sender should keep it. */
export interface SubmitOutcome {
  /** place in the input */
  readonly index: number;
  /** of the result file, without extension */
  readonly name: string;
  /** whose recording it was: names do not tell, and a result at level findings does not either */
  readonly subject: string;
  readonly sources: readonly string[];
  /** which window of a recording that is too large for one job; null for a whole one */
  readonly part: PartPosition | null;
  /** verified: a verdict that is affirming or warning; refused: a contraindicated one; failed: no result came */
  readonly status: "verified" | "refused" | "failed";
  readonly verdict: Verdict<ResultFileClaims> | null;
  /** the bytes of a verified result */
  readonly file: Uint8Array | null;
  /** where they were written */
  readonly path: string | null;
  /** what further recipients need for their own replies, in the order of `recipients`; also beside `path` */
  readonly receipts: readonly ReplyReceipt[];
  /** why it failed: SubmitError, DependencyError, LimitError, WireError, Refusal or an error of the system */
  readonly problem: Error | null;
  /** how often the job was sealed again because an enclave's keys were gone */
  readonly resealed: number;
}

/**
 * Submits recordings, one job per subject, and returns what became of each, in their order. A recording above the 32 MiB of
 * a sealed job becomes several jobs, one for each consecutive window (`part`), whose results stand alone. Nothing is sealed
 * before the enclave's evidence was verified under the trust file.
 *
 * @throws what makes the whole call pointless: ConfigurationError (trust file), Refusal (the enclave is not trusted),
 * SubmitError host-url, host-answer, host-refused, fleet-not-trusted, fleet-missing, suite-missing, kms-key-arn,
 * kms-endpoint, DependencyError (host out of reach),
 * the signal's reason
 * @example
 * const { recordings } = await readInputs(["night.csv"]);
 * const outcomes = await submit(recordings, { hostUrl: "http://127.0.0.1:8080", trust: parseTrustFile(text), outDir: "results" });
 */
export async function submit(inputs: readonly SubmitInput[], options: SubmitOptions): Promise<SubmitOutcome[]> {
  const { now = Date.now, retry = {}, suites, release } = options;
  const trust = trustUnder(release, options.trust);
  requireConstitution(trust);
  // All results of one boot carry the same certificates, mostly the same document.
  const signatures = rememberSignatures(options.signatures ?? createSignatures());
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const host = new HostClient(options.hostUrl, {
    signal,
    retry,
    ...(options.tokens === undefined ? {} : { tokens: options.tokens }),
    ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
  });
  const dataKeys = options.kmsKey === undefined ? null : openDataKeys(options.kmsKey);
  const enclaves = new Enclaves({
    host,
    trust,
    signatures,
    now,
    ...(suites === undefined ? {} : { suites }),
    ...(dataKeys === null && options.emergency === undefined ? {} : { keys: "boot" }), // of whose identity the constitution is taken, and whose results it will be
  });
  const output: Output = { release, outDir: options.outDir ?? null, force: options.force ?? false };
  const context: SubmitContext = {
    host,
    enclaves,
    trust,
    key: options.key ?? (await createSubmitterKey()),
    request: {
      level: options.level ?? "findings",
      purpose: options.purpose ?? "TREAT",
      detectors: options.detectors ?? [],
      ward: options.ward ?? null,
      recipients: options.recipients ?? [],
      ...(options.emergency === undefined
        ? {}
        : { emergency: { step: "use", id: options.emergency, reason: null, approval: null } as const }),
      ...(options.floors === undefined ? {} : { floors: options.floors }),
      ...(options.grants === undefined ? {} : { grants: options.grants }),
    },
    signatures,
    signal,
    now,
    retry,
    validForMs: options.validForMs ?? VALID_FOR_MS,
    dataKeys,
    grantUses: options.grantUses ?? null,
    device: options.device ?? null,
    turns: new Turns(),
  };
  await prepareOutput(output);
  try {
    await enclaves.target();
    return await submitAll(inputs, context, output, options);
  } finally {
    stop.abort(); // open event streams
  }
}

async function submitAll(
  inputs: readonly SubmitInput[],
  context: SubmitContext,
  output: Output,
  { onProgress, device, concurrency = device === undefined ? CONCURRENCY : 1 }: SubmitOptions,
): Promise<SubmitOutcome[]> {
  const jobs = inputs.flatMap(({ recording, sources = [] }, index) =>
    splitRecording(recording).map((window): Job => ({ ...window, sources, index })),
  );
  const names = resultNames(jobs);
  const outcomes: SubmitOutcome[] = [];
  let done = 0;
  const one = async (job: Job, place: number): Promise<void> => {
    const { index } = job;
    const name = names[place] ?? `recording-${place + 1}`;
    const tell = (stage: SubmitStage): void => onProgress?.({ index, name, stage, done, total: jobs.length });
    const outcome = await submitOne(job, { name, context, output, tell });
    context.signal.throwIfAborted();
    outcomes[place] = outcome;
    done += 1;
    tell(outcome.status);
  };
  const waiting = jobs.entries();
  const worker = async (): Promise<void> => {
    for (const [place, job] of waiting) await one(job, place);
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(concurrency, jobs.length)) }, worker));
  return outcomes;
}

interface Job extends RecordingPart {
  readonly sources: readonly string[];
  /** place of its recording in the input */
  readonly index: number;
}

interface Output extends OutputOptions {
  readonly release: ApprovedRelease | undefined;
}

interface One {
  name: string;
  context: SubmitContext;
  output: Output;
  tell: (stage: SubmitStage) => void;
}

async function submitOne({ recording, part, sources, index }: Job, { name, context, output, tell }: One): Promise<SubmitOutcome> {
  const outcome = {
    index,
    name,
    subject: recording.subject,
    sources,
    part,
    status: "failed",
    verdict: null,
    file: null,
    path: null,
    receipts: [] as readonly ReplyReceipt[],
    problem: null,
    resealed: 0,
  } as const;
  try {
    const path = outputPath(name, output);
    await refuseExisting(path, output);
    const { verdict, file: bare, receipts, resealed } = await submitRecording(context, recording, tell);
    if (verdict.status === "contraindicated") return { ...outcome, status: "refused", verdict, resealed };
    const file = withRelease(output.release, bare);
    const verified = { ...outcome, status: "verified", verdict, file, receipts, resealed } as const;
    if (path === null) return verified;
    return await writeAll(path, file, receipts, output).then(
      () => ({ ...verified, path }),
      (problem: unknown) => ({ ...verified, status: "failed", problem: asError(problem) }) as const,
    );
  } catch (problem) {
    return { ...outcome, problem: asError(problem) };
  }
}

async function writeAll(path: string, file: Uint8Array, receipts: readonly ReplyReceipt[], output: OutputOptions): Promise<void> {
  await writeResult(path, file, output);
  for (const receipt of receipts) await writeResult(receiptPath(path, receipt), utf8Encode(renderReceipt(receipt)), output);
}

/** Where a result is, with the receipts of further recipients beside it. */
function receiptPath(path: string, { recipient }: ReplyReceipt): string {
  return path.replace(/\.attested$/, `.recipient-${recipient}.json`);
}

function asError(problem: unknown): Error {
  return problem instanceof Error ? problem : new Error("unknown", { cause: problem });
}

const CONCURRENCY = 4;
const VALID_FOR_MS = 3_600_000;
