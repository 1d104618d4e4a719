import { encodeCredentials, type Credentials } from "@caladrius/wire";
import type { RelayLog } from "../relay/relay.ts";
import { CredentialProblem, NEVER_MS, type CredentialSource } from "./source.ts";

/** How the host stands with KMS credentials. `ending`: less than five minutes are left and nobody has renewed them. */
export interface CredentialState {
  state: "missing" | "fresh" | "ending" | "expired";
  /** Unix ms, null for credentials that never end or are missing */
  expiresAtMs: number | null;
}

/** What a keeper needs. */
export interface CredentialKeeperOptions {
  source: CredentialSource;
  clock: { nowMs(): number };
  log: RelayLog;
  /** hands the encoded message to the enclave, now and after each reconnection; must not reject */
  hand: (credentials: Uint8Array) => Promise<void>;
}

/** Looks at a source again and again, and hands on whatever is new. Nothing of a credential is ever logged. */
export class CredentialKeeper {
  readonly #options: CredentialKeeperOptions;
  #current: Credentials | null = null;
  #told: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: CredentialKeeperOptions) {
    this.#options = options;
  }

  /** Reads for the first time, and from then on by itself. What is wrong is told in the log; later looks may find better. */
  async start(): Promise<void> {
    this.#looking = this.#look();
    await this.#looking;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#looking;
  }

  get state(): CredentialState {
    if (this.#current === null) return { state: "missing", expiresAtMs: null };
    const { expiresMs } = this.#current;
    const leftMs = expiresMs - this.#options.clock.nowMs();
    const state = leftMs <= 0 ? "expired" : leftMs < ENDING_MS ? "ending" : "fresh";
    return { state, expiresAtMs: expiresMs === NEVER_MS ? null : expiresMs };
  }

  #lookAgain(): void {
    this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    const { source, clock, log } = this.#options;
    const renew = this.#current !== null && this.#current.expiresMs - clock.nowMs() < RENEW_MS;
    try {
      await this.#take(await source.read(renew));
      this.#tellEnd();
    } catch (error) {
      // An older sentence about the same thing is not repeated; what was read before stays good until it ends.
      this.#tell(error instanceof CredentialProblem ? error.message : `${source.name} cannot be read; this is a bug`);
      if (!(error instanceof CredentialProblem))
        log.warn({ reason: error instanceof Error ? error.name : "unknown" }, "reading KMS credentials failed");
    }
    if (!this.#stopped) this.#timer = setTimeout(() => this.#lookAgain(), source.everyMs);
  }

  async #take(read: Credentials): Promise<void> {
    const { clock, log, hand, source } = this.#options;
    if (this.#current !== null && sameCredentials(this.#current, read)) return;
    if (read.expiresMs <= clock.nowMs() && this.#current !== null) return; // what is at hand cannot be worse
    this.#current = read;
    const left = read.expiresMs === NEVER_MS ? {} : { secondsLeft: Math.round((read.expiresMs - clock.nowMs()) / 1000) };
    log.info({ from: source.name, ...left }, "new KMS credentials for the enclave");
    await hand(encodeCredentials(read));
  }

  #tellEnd(): void {
    const { source } = this.#options;
    const { state, expiresAtMs } = this.state;
    const at = expiresAtMs === null ? "" : new Date(expiresAtMs).toISOString();
    if (state === "expired")
      return this.#tell(
        `the KMS credentials ended at ${at} and ${source.name} has no newer ones; whoever issues them renews them, jobs that need KMS wait`,
      );
    if (state === "ending")
      return this.#tell(`the KMS credentials end at ${at} and ${source.name} has no newer ones yet; whoever issues them renews them`);
    if (this.#told !== null) this.#options.log.info({ from: source.name }, "KMS credentials are good again");
    this.#told = null;
  }

  #tell(problem: string): void {
    if (problem !== this.#told) this.#options.log.warn({}, problem);
    this.#told = problem;
  }
}

function sameCredentials(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey === b.secretAccessKey &&
    a.sessionToken === b.sessionToken &&
    a.expiresMs === b.expiresMs
  );
}

/** From here on the issuer is asked for new ones, so that they are inside five minutes before the old ones end. */
const RENEW_MS = 10 * 60_000;
const ENDING_MS = 5 * 60_000;
