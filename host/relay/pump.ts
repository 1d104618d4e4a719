import { setTimeout as sleep } from "node:timers/promises";
import { decodeSealedJobHeader, MESSAGE, toHex, type EnclaveErrorName } from "@caladrius/wire";
import { ENCLAVE_REFUSAL } from "../enclave-errors.ts";
import type { ClaimedJob, JobQueue, Outcome } from "../queue.ts";
import { outcomeOfRefusal, readOutcome } from "./outcome.ts";
import type { RelayLog } from "./relay.ts";
import { EnclaveRefusal, type EnclaveSession } from "./session.ts";

/** What a pump needs. */
export interface PumpOptions {
  queue: JobQueue;
  limits: { jobsInFlight: number; bytesInFlight: number; enclaveMs: number };
  log: RelayLog;
  /** whether a key id (hex) is that of a fleet's epoch which is handed over: its jobs wait until it is served */
  isFleetKey: (keyId: string) => boolean;
}

/** Moves jobs from the queue through one session and their outcomes back, so many at a time as the limits say. */
export class JobPump {
  readonly #options: PumpOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #attempts = new Map<string, number>();
  /** jobs that the enclave could not open for want of KMS or of an epoch, and what it last said of each */
  readonly #waiting = new Map<string, EnclaveErrorName>();
  #session: EnclaveSession | null = null;
  #bytes = 0;
  #claiming = false;
  #again = false;
  #draining = false;

  constructor(options: PumpOptions) {
    this.#options = options;
    options.queue.onReady(() => void this.#pull());
    options.queue.watch((id, state) => {
      if (state !== "accepted" && state !== "running") this.#waiting.delete(id); // it ended, perhaps by its notAfter
    });
  }

  get jobsInFlight(): number {
    return this.#running.size;
  }

  /** Sends jobs through this session from now on; null: keep them. */
  use(session: EnclaveSession | null): void {
    this.#session = session;
    void this.#pull();
  }

  /** Something changed for jobs that wait for KMS: they are handed out now, not when their pause is over. */
  wake(): void {
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    for (const id of waiting) this.#attempts.delete(id);
    this.#options.queue.hurry(waiting);
  }

  /** How many jobs wait for KMS or for an epoch. */
  get jobsWaiting(): number {
    return this.#waiting.size;
  }

  /** What the enclave last said of them, each code once. */
  get waitingFor(): EnclaveErrorName[] {
    return [...new Set(this.#waiting.values())].toSorted();
  }

  /** Claims nothing more and waits until what runs has ended, at most `ms`. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    const stop = new AbortController();
    await Promise.race([this.settled(), sleep(ms, undefined, { signal: stop.signal }).catch(() => {})]);
    stop.abort();
  }

  /** Resolves when nothing runs. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #pull(): Promise<void> {
    this.#again = true;
    if (this.#claiming) return;
    this.#claiming = true;
    try {
      while (this.#again) {
        this.#again = false; // a job that comes while the queue says "none" sets it again
        await this.#claimAll();
      }
    } catch (error) {
      this.#options.log.warn({ reason: error instanceof Error ? error.message : "unknown" }, "a job could not be read");
    } finally {
      this.#claiming = false;
    }
  }

  async #claimAll(): Promise<void> {
    const { jobsInFlight, bytesInFlight } = this.#options.limits;
    while (this.#session !== null && !this.#draining && this.#running.size < jobsInFlight && this.#bytes < bytesInFlight) {
      const session: EnclaveSession = this.#session;
      const job = await this.#options.queue.claim();
      if (job === null) break;
      const run = this.#send(session, job).finally(() => {
        this.#running.delete(run);
        this.#bytes -= job.sealed.length;
        void this.#pull();
      });
      this.#running.add(run);
      this.#bytes += job.sealed.length;
    }
  }

  /** Never rejects: whatever happens, the job has ended or is back in the queue. */
  async #send(session: EnclaveSession, job: ClaimedJob): Promise<void> {
    const { queue, limits, log } = this.#options;
    try {
      const answer = await this.#ask(session, job, limits.enclaveMs);
      if (answer === "retry") return;
      await queue.finish(job.id, answer);
      this.#attempts.delete(job.id);
    } catch (error) {
      log.warn({ job: job.id, reason: error instanceof Error ? error.message : "unknown" }, "a job's outcome could not be stored");
      this.#retry(job.id);
    }
  }

  async #ask(session: EnclaveSession, job: ClaimedJob, timeoutMs: number): Promise<Outcome | "retry"> {
    if (job.sealed.length > session.maxMessageBytes) return { state: "cannot-open", status: null };
    let body: Uint8Array;
    try {
      body = await session.request(MESSAGE.job, job.sealed, timeoutMs);
    } catch (error) {
      return this.#refused(session, job, error);
    }
    try {
      return readOutcome(job, body);
    } catch (error) {
      this.#options.log.warn({ job: job.id, reason: error instanceof Error ? error.message : "unknown" }, "not the answer to this job");
      session.close("the enclave broke the protocol: job");
      this.#retry(job.id);
      return "retry";
    }
  }

  #refused(session: EnclaveSession, { id, sealed }: ClaimedJob, error: unknown): Outcome | "retry" {
    const isFleetKey = (): boolean => this.#options.isFleetKey(toHex(decodeSealedJobHeader(sealed).keyId));
    const outcome =
      error instanceof EnclaveRefusal ? outcomeOfRefusal(error.reason, error.reason === "unknown-key" && isFleetKey()) : "retry";
    if (typeof outcome !== "string") return outcome;
    const known = this.#waiting.has(id);
    if (outcome === "wait" && error instanceof EnclaveRefusal) {
      if (this.#waiting.size >= MOST_REMEMBERED) this.#waiting.clear(); // they are tried again all the same, only later
      this.#waiting.set(id, error.reason);
    } else this.#waiting.delete(id);
    if (error instanceof EnclaveRefusal) {
      const { reason, correlation } = error;
      // Of a job that waits for KMS, which may be long, it is told once.
      if (!known) this.#options.log.warn({ job: id, reason, correlation }, `the enclave refused a job for now: ${ENCLAVE_REFUSAL[reason]}`);
      if (reason === "not-booted") session.close("the enclave has to be booted again");
    }
    this.#retry(id);
    return "retry";
  }

  /** Back into the queue: at once the first time, then later and later, so that a job that ends enclaves does not hold up the rest. */
  #retry(id: string): void {
    const attempts = this.#attempts.get(id) ?? 0;
    this.#attempts.set(id, attempts + 1);
    if (this.#attempts.size > MOST_REMEMBERED) this.#attempts.clear();
    this.#options.queue.release(id, attempts === 0 ? 0 : Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), MOST_RETRY_MS));
  }
}

const FIRST_RETRY_MS = 250;
const MOST_RETRY_MS = 60_000;
const MOST_REMEMBERED = 100_000;
