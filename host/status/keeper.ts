import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeStatusListReply, equalBytes, LimitError, WireError } from "@caladrius/wire";
import { ENCLAVE_REFUSAL } from "../enclave-errors.ts";
import { Refusal } from "../errors.ts";
import type { RelayLog } from "../relay/relay.ts";
import { EnclaveRefusal } from "../relay/session.ts";
import { readStatusList, type StatusListFile } from "./read-list.ts";
import { SourceProblem, type StatusListSource } from "./source.ts";

/** How the host stands with status lists. */
export interface StatusListState {
  /** of the newest list that an enclave took; before the first one, of the list given at start */
  number: number;
  issuedAtMs: number;
  expiresAtMs: number;
  /** waiting: no enclave that is connected has it; expired: the enclave denies all but care, and that after its grace */
  state: "waiting" | "in-force" | "expired";
  /** the enclave says that it repeats its boot nonce */
  fresh: boolean;
  /** what a list for this boot of the enclave has to repeat; null while none is known. No secret. */
  bootNonce: Uint8Array | null;
}

/** What a keeper needs. */
export interface StatusListKeeperOptions {
  constitution: Uint8Array;
  /** given at start */
  first: Uint8Array;
  source: StatusListSource | null;
  /** folder in which the newest list is kept: a host that starts again must not go back to an older one */
  dataDir: string;
  clock: { nowMs(): number };
  log: RelayLog;
  /** asks the enclave to take a list; null while none is connected */
  ask: (file: Uint8Array) => Promise<Uint8Array> | null;
}

interface Held extends StatusListFile {
  /** an enclave took it, so it is genuine */
  taken: boolean;
}

/**
 * Sees to it that the enclave has the newest status list. The host cannot tell a genuine list from a forged one with a
 * higher number, so nothing replaces the list at hand before an enclave has taken it.
 */
export class StatusListKeeper {
  readonly #options: StatusListKeeperOptions;
  #held: Held;
  /** read from the source, and not yet taken */
  #candidate: StatusListFile | null = null;
  #given: StatusListFile;
  #fresh = false;
  #inForce = false;
  #bootNonce: Uint8Array | null = null;
  #againAtMs = 0;
  #told = "";
  #stopped = false;
  /** counts the enclaves that were connected */
  #generation = 0;
  #wake: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #offering: Promise<unknown> = Promise.resolve();
  #keeping: Promise<void> = Promise.resolve();
  #offers = 0;

  private constructor(options: StatusListKeeperOptions, first: StatusListFile, kept: StatusListFile | null) {
    this.#options = options;
    this.#given = first;
    this.#held = kept === null ? { ...first, taken: false } : { ...kept, taken: true };
    if (kept !== null && first.number > kept.number) this.#candidate = first;
  }

  /** @throws WireError, LimitError when `first` is no status list for this constitution */
  static async open(options: StatusListKeeperOptions): Promise<StatusListKeeper> {
    const first = readStatusList(options.first, options.constitution);
    return new StatusListKeeper(options, first, await readKept(options));
  }

  start(): void {
    if (this.#options.source !== null) this.#running = this.#watch(this.#options.source);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
    await this.#offering.catch(() => undefined);
    await this.#keeping;
  }

  get state(): StatusListState {
    const { number, issuedAtMs, expiresAtMs } = this.#held;
    const state = !this.#inForce ? "waiting" : this.#options.clock.nowMs() > expiresAtMs ? "expired" : "in-force";
    return { number, issuedAtMs, expiresAtMs, state, fresh: this.#inForce && this.#fresh, bootNonce: this.#bootNonce };
  }

  /** The newest list that an enclave took, or the one given at start. */
  get newest(): StatusListFile {
    return this.#held;
  }

  /** The list to boot an enclave with: the one at hand, unless it is unproven or over and there is a newer one. */
  bootWith(): Uint8Array {
    const over = this.#options.clock.nowMs() > this.#held.expiresAtMs;
    this.#given = this.#candidate !== null && (over || !this.#held.taken) ? this.#candidate : this.#held;
    return this.#given.file;
  }

  /** An enclave is there: booted with `bootWith`'s list, which made this nonce, or by somebody before (null). */
  connected(bootNonce: Uint8Array | null): void {
    this.disconnected();
    if (bootNonce !== null) this.#take(this.#given, { fresh: false, bootNonce });
    else this.#offerAgain(this.#held);
    if (this.#candidate !== null) this.#offerAgain(this.#candidate);
  }

  /** The enclave is gone: what it said holds for none that comes. */
  disconnected(): void {
    this.#generation += 1;
    this.#inForce = false;
    this.#bootNonce = null;
  }

  /**
   * Hands a list to the enclave, from whomever it comes; one at a time. The same one again is answered as before.
   * @throws Refusal status-list-malformed, status-list-older, status-list-refused, enclave-unavailable, busy; DependencyError
   */
  async offer(file: Uint8Array): Promise<StatusListState> {
    const list = this.#read(file);
    if (this.#offers >= MOST_OFFERS) throw new Refusal("busy", "other status lists are being looked at", 1000);
    this.#offers += 1;
    const turn = this.#offering.catch(() => undefined).then(() => this.#push(list));
    this.#offering = turn;
    try {
      await turn;
    } finally {
      this.#offers -= 1;
    }
    return this.state;
  }

  #read(file: Uint8Array): StatusListFile {
    try {
      return readStatusList(file, this.#options.constitution);
    } catch (error) {
      if (error instanceof WireError || error instanceof LimitError)
        throw new Refusal("status-list-malformed", `${error.code}: ${error.message}`);
      throw error;
    }
  }

  async #push(list: StatusListFile): Promise<void> {
    const same = list.number === this.#held.number && equalBytes(list.payload, this.#held.payload);
    if (same && this.#inForce) return;
    if (this.#held.taken && list.number <= this.#held.number && !same)
      throw new Refusal("status-list-older", `number ${list.number}, and ${this.#held.number} is at hand`);
    const generation = this.#generation;
    const answer = this.#options.ask(list.file);
    if (answer === null) throw new Refusal("enclave-unavailable", "no enclave is connected that could take it", 1000);
    let body: Uint8Array;
    try {
      body = await answer;
    } catch (error) {
      if (!(error instanceof EnclaveRefusal)) throw error;
      if (error.reason !== "status-list-refused") throw new Refusal("enclave-refused", error.message, 1000);
      throw new Refusal("status-list-refused", ENCLAVE_REFUSAL[error.reason]);
    }
    const { number, fresh, bootNonce } = decodeStatusListReply(body);
    if (number < list.number) throw new Refusal("enclave-refused", `the enclave has number ${number} in force`);
    this.#take(list, generation === this.#generation ? { fresh, bootNonce } : null);
  }

  /** @param by what the enclave says that has it in force now; null: it is gone again */
  #take(list: StatusListFile, by: { fresh: boolean; bootNonce: Uint8Array } | null): void {
    const { log } = this.#options;
    const isNew = !this.#held.taken || this.#held.number < list.number;
    if (isNew) this.#held = { ...list, taken: true };
    if (this.#candidate !== null && this.#candidate.number <= list.number) this.#candidate = null;
    if (by !== null) [this.#inForce, this.#fresh, this.#bootNonce] = [true, by.fresh, by.bootNonce];
    if (!isNew) return;
    log.info({ number: list.number, expiresAt: new Date(list.expiresAtMs).toISOString() }, "a status list came into force");
    this.#keeping = this.#keeping
      .then(() => this.#keep(list.file))
      .catch((error: unknown) => log.warn({ reason: reasonOf(error) }, "the status list could not be kept on disk"));
  }

  async #watch(source: StatusListSource): Promise<void> {
    let pauseMs = source.everyMs;
    while (!this.#stopped) {
      try {
        const bytes = await source.read();
        if (bytes !== null) this.#consider(bytes, source);
        if (this.#candidate !== null && performance.now() >= this.#againAtMs) await this.#offerCandidate(this.#candidate);
        pauseMs = source.everyMs;
        if (this.#candidate === null) this.#told = "";
      } catch (error) {
        // That no enclave is there the relay tells; a list waits for it without a word.
        if (!(error instanceof Refusal) || error.code !== "enclave-unavailable") this.#tell(sentenceOf(error, source));
        pauseMs = Math.min(2 * pauseMs, source.mostMs);
      }
      if (!this.#stopped) await this.#sleep(pauseMs);
    }
  }

  /** What was refused may have been early: it is tried again, but not at every look. */
  async #offerCandidate({ file }: StatusListFile): Promise<void> {
    this.#againAtMs = performance.now() + REFUSED_PAUSE_MS;
    try {
      await this.offer(file);
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== "status-list-refused") this.#againAtMs = 0;
      throw error;
    }
  }

  /** What a source gives is tried until an enclave takes it: it may be early, or the enclave away. */
  #consider(bytes: Uint8Array, source: StatusListSource): void {
    const list = this.#read(bytes);
    if (equalBytes(list.payload, this.#held.payload)) return;
    const newer = list.number > this.#held.number || !this.#held.taken;
    if (newer) [this.#candidate, this.#againAtMs] = [list, 0];
    else throw new SourceProblem(`${source.name} has number ${list.number}, which is not newer than ${this.#held.number}`);
  }

  #offerAgain({ file }: StatusListFile): void {
    this.offer(file).catch((error: unknown) =>
      this.#options.log.warn({ reason: reasonOf(error) }, "the enclave did not take the status list"),
    );
  }

  /** A sentence is told when it is new, not at every look. */
  #tell(sentence: string): void {
    if (sentence !== this.#told) this.#options.log.warn({}, sentence);
    this.#told = sentence;
  }

  async #keep(file: Uint8Array): Promise<void> {
    const path = keptStatusList(this.#options.dataDir);
    await writeFile(`${path}.new`, file, { mode: 0o600, flush: true });
    await rename(`${path}.new`, path);
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

/** The list kept from an earlier run, if it is of this deployment. */
async function readKept({ dataDir, constitution }: StatusListKeeperOptions): Promise<StatusListFile | null> {
  try {
    return readStatusList(new Uint8Array(await readFile(keptStatusList(dataDir))), constitution);
  } catch {
    return null; // none, or of another deployment
  }
}

/** Where a host keeps the newest list that an enclave took. */
export function keptStatusList(dataDir: string): string {
  return join(dataDir, "status-list.cbor");
}

function sentenceOf(error: unknown, { name }: StatusListSource): string {
  if (error instanceof SourceProblem) return `${error.message}; whoever issues status lists looks after it`;
  return `${name} is not in force: ${reasonOf(error)}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}

const MOST_OFFERS = 4;
const REFUSED_PAUSE_MS = 10_000;
