import {
  decodeAttestReply,
  decodeBootReply,
  decodeIdentity,
  DependencyError,
  encodeAttestRequest,
  encodeBootMessage,
  equalBytes,
  MESSAGE,
  PROTOCOL_VERSION,
  toHex,
  type AttestReply,
  type EnclaveErrorName,
} from "@caladrius/wire";
import type { JobQueue } from "../queue.ts";
import { ENCLAVE_REFUSAL } from "../enclave-errors.ts";
import { JobPump } from "./pump.ts";
import { EnclaveRefusal, EnclaveSession } from "./session.ts";
import { connectEnclave, type EnclaveAddress } from "./vsock.ts";

/** What an enclave is booted with. The host reads none of it. */
export interface BootFiles {
  constitution: Uint8Array;
  bundle: Uint8Array;
  bundleApprovals: readonly Uint8Array[];
  /** the status list to boot with, asked for at each boot */
  statusList: () => Uint8Array;
}

/** Where the relay writes what happened: fixed sentences and codes. */
export interface RelayLog {
  info(fields: Readonly<Record<string, string | number>>, sentence: string): void;
  warn(fields: Readonly<Record<string, string | number>>, sentence: string): void;
}

export interface RelayOptions {
  address: EnclaveAddress;
  boot: BootFiles;
  queue: JobQueue;
  clock: { nowMs(): number };
  limits: { jobsInFlight: number; bytesInFlight: number; enclaveMs: number };
  log: RelayLog;
  /**
   * an enclave is connected, booted and attested; called before jobs go to it
   * @param bootNonce null where it had been booted before, with a status list that nobody here knows
   */
  onConnected?: (bootNonce: Uint8Array | null) => void;
  onDisconnected?: () => void;
  /** evidence of another boot than before came */
  onBoot?: (bootId: Uint8Array, attestation: Uint8Array) => void;
  isFleetKey?: (keyId: string) => boolean;
}

/** How the relay stands. */
export interface RelayState {
  connected: boolean;
  reconnects: number;
  /** when the enclave last gave evidence, null before the first time */
  attestedAtMs: number | null;
  jobsInFlight: number;
  /** jobs that wait for KMS, or for an epoch of a fleet to be served */
  jobsWaiting: number;
  /** what the enclave last said of those, each code once */
  waitingFor: readonly EnclaveErrorName[];
}

/** The enclave's answer, as it came and as it reads. */
export interface Attestation {
  body: Uint8Array;
  reply: AttestReply;
  /** when it came */
  atMs: number;
}

/** Which identity is asked for: of this boot, or with the newest keys of the fleet. */
export type KeysAsked = "boot" | "fleet";

/** Keeps one enclave connected, booted and attested, and the queue's jobs going through it. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #pump: JobPump;
  #credentials: Uint8Array | null = null;
  #session: EnclaveSession | null = null;
  /** a second connection to the same enclave, for what must not wait behind jobs */
  #aside: EnclaveSession | null = null;
  #stopping = false;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #reconnects = -1;
  #attestedAtMs: number | null = null;
  #bootId: Uint8Array | null = null;
  readonly #latest = new Map<KeysAsked, Attestation>();

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#pump = new JobPump({ isFleetKey: () => false, ...options });
  }

  /** Begins to connect, and goes on until `stop`. */
  start(): void {
    this.#running = this.#run();
  }

  /** Lets running jobs end, at most `drainMs`, then disconnects. Jobs not ended stay accepted. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping = true;
    await this.#pump.drain(drainMs);
    this.#session?.close("the host stops");
    this.#wake();
    await this.#running;
    await this.#pump.settled();
  }

  get state(): RelayState {
    const { jobsInFlight, jobsWaiting, waitingFor } = this.#pump;
    const [connected, attestedAtMs] = [this.#session !== null, this.#attestedAtMs];
    return { connected, reconnects: Math.max(0, this.#reconnects), attestedAtMs, jobsInFlight, jobsWaiting, waitingFor };
  }

  /**
   * Asks for evidence over the caller's nonce of 8 to 64 bytes; without one gives the last, at most a minute old. Nothing in
   * the answer has been verified.
   * @throws DependencyError enclave-unavailable, enclave-timeout; EnclaveRefusal no-fleet and others
   */
  async attest(nonce: Uint8Array | null, keys: KeysAsked): Promise<Attestation> {
    const session = this.#session;
    if (session === null) throw new DependencyError("enclave-unavailable", "the enclave is not connected", 1000);
    const latest = this.#latest.get(keys);
    if (nonce === null && latest !== undefined && this.#options.clock.nowMs() - latest.atMs < ATTEST_EVERY_MS) return latest;
    return this.#attest(session, nonce, keys);
  }

  /** Asks the enclave something; null while none is connected. @throws EnclaveRefusal; DependencyError */
  ask(kind: number, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> | null {
    return this.#session === null ? null : this.#session.request(kind, body, timeoutMs);
  }

  /** The same past the jobs that are on their way: the enclave takes it up after the one at work. */
  askAside(kind: number, body: Uint8Array, timeoutMs: number): Promise<Uint8Array> | null {
    return this.#aside === null ? this.ask(kind, body, timeoutMs) : this.#aside.request(kind, body, timeoutMs);
  }

  /** Tries jobs that wait for KMS now: something changed for them. */
  wake(): void {
    this.#pump.wake();
  }

  /** Hands KMS credentials (an encoded message) to the enclave, now and after each reconnection. */
  async setCredentials(credentials: Uint8Array): Promise<void> {
    this.#credentials = credentials;
    if (this.#session !== null) await this.#sendCredentials(this.#session);
  }

  async #run(): Promise<void> {
    let delayMs = LEAST_DELAY_MS;
    while (!this.#stopping) {
      try {
        const { session, bootNonce } = await this.#connect();
        if (this.#stopping) return session.close("the host stops"); // asked to stop while it connected
        delayMs = LEAST_DELAY_MS;
        const reason = await this.#serve(session, bootNonce);
        if (!this.#stopping) this.#options.log.warn({ reason: reason.message }, "the enclave's connection ended");
      } catch (error) {
        if (!this.#stopping) this.#options.log.warn({ reason: sentence(error), retryMs: delayMs }, "the enclave is not available");
      }
      if (this.#stopping) return;
      await this.#sleep(delayMs);
      delayMs = Math.min(2 * delayMs, MOST_DELAY_MS);
    }
  }

  async #connect(): Promise<{ session: EnclaveSession; bootNonce: Uint8Array | null }> {
    const socket = await connectEnclave(this.#options.address, CONNECT_MS);
    const session = await EnclaveSession.open(socket, CONNECT_MS);
    try {
      const bootNonce = await this.#boot(session);
      await this.#attest(session, null, "boot");
      await this.#openAside(session);
      return { session, bootNonce };
    } catch (error) {
      session.close("not booted");
      throw error;
    }
  }

  /** @returns its boot nonce; null: it was booted before, as by this host before it was started again */
  async #boot(session: EnclaveSession): Promise<Uint8Array | null> {
    const { constitution, bundle, bundleApprovals, statusList } = this.#options.boot;
    const message = encodeBootMessage({
      protocol: PROTOCOL_VERSION,
      constitution,
      bundle,
      bundleApprovals: [...bundleApprovals],
      statusList: statusList(),
    });
    try {
      return decodeBootReply(await session.request(MESSAGE.boot, message, BOOT_MS)).bootNonce;
    } catch (error) {
      if (!(error instanceof EnclaveRefusal) || error.reason !== "already-booted") throw error;
      return null;
    }
  }

  async #serve(session: EnclaveSession, bootNonce: Uint8Array | null): Promise<Error> {
    this.#session = session; // from here on others ask it, so whoever is told of it is told at once
    this.#reconnects++;
    this.#options.log.info({ reconnects: this.#reconnects }, "the enclave is connected and booted");
    const timer = setInterval(() => {
      this.#attest(session, null, "boot").catch((error: unknown) =>
        this.#options.log.warn({ reason: sentence(error) }, "no fresh evidence"),
      );
    }, ATTEST_EVERY_MS);
    this.#options.onConnected?.(bootNonce);
    try {
      await this.#sendCredentials(session); // before the first job; those that come from now on are sent as they come
      this.#pump.use(session);
      return await session.closed;
    } finally {
      clearInterval(timer);
      this.#pump.use(null);
      this.#session = null;
      this.#aside?.close("the other connection ended");
      this.#aside = null;
      this.#options.onDisconnected?.();
      this.#latest.clear();
    }
  }

  /** Not essential: without it everything goes over the one connection. */
  async #openAside(session: EnclaveSession): Promise<void> {
    try {
      const aside = await EnclaveSession.open(await connectEnclave(this.#options.address, CONNECT_MS), CONNECT_MS);
      this.#aside = aside;
      const forget = (): void => {
        if (this.#aside === aside) this.#aside = null;
      };
      void aside.closed.then(forget);
      void session.closed.then(() => aside.close("the other connection ended"));
    } catch (error) {
      this.#options.log.warn({ reason: sentence(error) }, "no second connection to the enclave: status lists wait behind jobs");
    }
  }

  async #attest(session: EnclaveSession, nonce: Uint8Array | null, keys: KeysAsked): Promise<Attestation> {
    const body = await session.request(MESSAGE.attest, encodeAttestRequest({ nonce, keys }), ATTEST_MS);
    try {
      const reply = decodeAttestReply(body);
      const { bootId } = decodeIdentity(reply.identity);
      if (this.#bootId !== null && !equalBytes(bootId, this.#bootId)) {
        this.#options.log.warn(
          { bootId: toHex(bootId) },
          "another enclave, or the same one booted anew: jobs sealed to keys that it lacks must be sealed again",
        );
      }
      if (this.#bootId === null || !equalBytes(bootId, this.#bootId)) this.#options.onBoot?.(bootId, body);
      this.#bootId = bootId;
      const atMs = this.#options.clock.nowMs();
      if (keys === "boot") this.#attestedAtMs = atMs;
      const attestation = { body, reply, atMs };
      if (nonce === null) this.#latest.set(keys, attestation);
      return attestation;
    } catch {
      session.close("the enclave broke the protocol: attestation");
      throw new DependencyError("enclave-unavailable", "the enclave broke the protocol", 1000);
    }
  }

  async #sendCredentials(session: EnclaveSession): Promise<void> {
    if (this.#credentials === null) return;
    try {
      await session.request(MESSAGE.credentials, this.#credentials, CREDENTIALS_MS);
    } catch (error) {
      const advice = error instanceof EnclaveRefusal ? ENCLAVE_REFUSAL[error.reason] : sentence(error);
      this.#options.log.warn({}, `the enclave did not take the KMS credentials: ${advice}`);
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}

const CONNECT_MS = 5_000;
const BOOT_MS = 60_000;
const CREDENTIALS_MS = 15_000;
const ATTEST_MS = 15_000;
const ATTEST_EVERY_MS = 60_000; // also finds a connection that is dead without saying so
const LEAST_DELAY_MS = 100;
const MOST_DELAY_MS = 5_000;
