import { decodeFleetServeReply, DependencyError, toHex, type EnclaveErrorName } from "@caladrius/wire";
import { ENCLAVE_REFUSAL } from "../enclave-errors.ts";
import type { RelayLog } from "../relay/relay.ts";
import { EnclaveRefusal } from "../relay/session.ts";
import { escapeText } from "../text.ts";
import { readFleetFiles, type FleetFile } from "./files.ts";

/** Where an epoch stands: `early` and `ended` by the host's clock, `waiting` to be taken (again), `refused` until something changes. */
export type EpochState = "early" | "waiting" | "served" | "refused" | "ended";

/** Every state, for tables and metrics. */
export const EPOCH_STATES: readonly EpochState[] = ["early", "waiting", "served", "refused", "ended"];

/** An epoch and where it stands. */
export interface EpochView {
  fleet: string;
  epoch: number;
  keyId: string;
  state: EpochState;
  /** what the enclave last said, null when it took it or was not asked */
  code: EnclaveErrorName | null;
  notAfterMs: number;
}

/** What a keeper needs. */
export interface FleetKeeperOptions {
  /** folders and files, looked at again and again */
  places: readonly string[];
  clock: { nowMs(): number };
  log: RelayLog;
  /** hands an epoch to the enclave; null while there is none. @throws EnclaveRefusal, DependencyError */
  serve: (epoch: Uint8Array) => Promise<Uint8Array> | null;
  /** jobs that waited for an epoch may be tried */
  onServed: () => void;
  /** how often the places are looked at */
  lookEveryMs?: number;
}

interface Epoch {
  file: FleetFile;
  served: boolean;
  code: EnclaveErrorName | null;
  lasting: boolean;
  attempts: number;
  nextMs: number;
}

/**
 * Keeps an enclave serving the epochs that lie in the host's folders: hands them over after each boot and whenever a file
 * comes or changes, and again and again while KMS is away. One at a time, the newest first, because that is the one that
 * those who seal are told of.
 */
export class FleetKeeper {
  readonly #options: FleetKeeperOptions;
  readonly #epochs = new Map<string, Epoch>();
  readonly #told = new Map<string, string>();
  #stopped = false;
  #generation = 0;
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #woken = false;

  constructor(options: FleetKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.retry();
    await this.#running;
  }

  /** The enclave is there, perhaps another one: nothing is served until it says so. */
  connected(): void {
    this.#generation += 1;
    for (const epoch of this.#epochs.values()) Object.assign(epoch, { served: false, code: null, lasting: false });
    this.retry();
  }

  /** Something changed, such as credentials: what waits is tried now. */
  retry(): void {
    for (const epoch of this.#epochs.values()) Object.assign(epoch, { nextMs: 0, attempts: 0 });
    this.#woken = true;
    this.#wake();
  }

  /** Whether jobs under this key id (hex) belong to an epoch that is not over: they are kept while it is not served. */
  keeps(keyId: string): boolean {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#epochs.values()].some(({ file }) => file.keyId === keyId && nowMs < file.notAfterMs);
  }

  get views(): EpochView[] {
    const nowMs = this.#options.clock.nowMs();
    return [...this.#epochs.values()].map((one) => {
      const { fleet, epoch, keyId, notAfterMs } = one.file;
      return { fleet, epoch, keyId, state: stateOf(one, nowMs), code: one.code, notAfterMs };
    });
  }

  async #run(): Promise<void> {
    const { lookEveryMs = LOOK_EVERY_MS } = this.#options;
    while (!this.#stopped) {
      this.#woken = false;
      try {
        await this.#look();
        await this.#serveDue();
      } catch (error) {
        this.#options.log.warn({ reason: error instanceof Error ? error.message : "unknown" }, "looking after the fleet failed");
      }
      if (!this.#stopped && !this.#woken) await this.#sleep(lookEveryMs);
    }
  }

  async #look(): Promise<void> {
    const { files, problems } = await readFleetFiles(this.#options.places);
    for (const { path, problem } of problems)
      this.#tell(path, `${escapeText(path)}: ${problem}; the operator puts the right file there, or takes it away`);
    const present = new Set(files.map(({ path }) => path));
    for (const path of this.#epochs.keys()) if (!present.has(path)) this.#epochs.delete(path);
    for (const file of files) {
      const known = this.#epochs.get(file.path);
      if (known !== undefined && Buffer.compare(known.file.bytes, file.bytes) === 0) continue;
      this.#told.delete(file.path);
      this.#epochs.set(file.path, { file, served: false, code: null, lasting: false, attempts: 0, nextMs: 0 });
    }
  }

  async #serveDue(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    for (const epoch of this.#epochs.values()) if (stateOf(epoch, nowMs) === "ended") this.#ended(epoch);
    const due = [...this.#epochs.values()]
      .filter((one) => ["waiting", "refused"].includes(stateOf(one, nowMs)) && one.nextMs <= nowMs)
      .toSorted((a, b) => b.file.epoch - a.file.epoch);
    for (const epoch of due) {
      if (this.#stopped) return;
      await this.#serve(epoch);
    }
  }

  async #serve(epoch: Epoch): Promise<void> {
    const { serve, log, onServed, clock } = this.#options;
    const generation = this.#generation;
    const answer = serve(epoch.file.bytes);
    if (answer === null) return; // no enclave: tried when there is one
    try {
      const { keyId } = decodeFleetServeReply(await answer);
      if (generation !== this.#generation) return; // said by an enclave that is gone
      if (toHex(keyId) !== epoch.file.keyId) throw new TypeError("the enclave serves another key than the record names");
      Object.assign(epoch, { served: true, code: null, lasting: false, attempts: 0 });
      this.#told.delete(epoch.file.path);
      log.info(
        { fleet: epoch.file.fleet, epoch: epoch.file.epoch, keyId: epoch.file.keyId.slice(0, 16) },
        "the enclave serves an epoch of the fleet",
      );
      onServed();
    } catch (error) {
      if (generation !== this.#generation) return;
      const code = error instanceof EnclaveRefusal ? error.reason : null;
      epoch.code = code;
      epoch.lasting = code !== null && LASTING.has(code);
      epoch.nextMs =
        clock.nowMs() + (epoch.lasting ? LASTING_PAUSE_MS : Math.min(FIRST_PAUSE_MS * 2 ** Math.min(epoch.attempts, 20), MOST_PAUSE_MS));
      epoch.attempts += 1;
      this.#tellRefused(epoch, code, error);
    }
  }

  #tellRefused({ file }: Epoch, code: EnclaveErrorName | null, error: unknown): void {
    if (error instanceof DependencyError && error.code === "enclave-unavailable") return; // the relay tells
    if (code === null)
      return this.#tell(
        file.path,
        `${escapeText(file.path)}: the enclave did not answer (${error instanceof Error ? error.message : "unknown"}); it is tried again`,
      );
    this.#tell(
      file.path,
      `${escapeText(file.path)}: the enclave does not serve epoch ${file.epoch} of fleet ${file.fleet}, ${code}: ${ENCLAVE_REFUSAL[code]}`,
    );
  }

  #ended(epoch: Epoch): void {
    epoch.served = false;
    const { path, fleet, epoch: number } = epoch.file;
    this.#tell(
      path,
      `${escapeText(path)}: epoch ${number} of fleet ${fleet} is over; its approvers approve the next one, and the operator takes this file away`,
    );
  }

  /** A sentence is told when it is new, not at every attempt. */
  #tell(path: string, sentence: string): void {
    if (this.#told.get(path) !== sentence) this.#options.log.warn({}, sentence);
    this.#told.set(path, sentence);
  }

  #sleep(mostMs: number): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const pauses = [...this.#epochs.values()].filter(({ nextMs }) => nextMs > nowMs).map(({ nextMs }) => nextMs - nowMs);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, Math.min(...pauses, mostMs));
      this.#wake = done;
    });
  }
}

function stateOf({ file, served, lasting }: Epoch, nowMs: number): EpochState {
  if (nowMs >= file.notAfterMs) return "ended";
  if (served) return "served";
  if (nowMs < file.notBeforeMs) return "early";
  return lasting ? "refused" : "waiting";
}

/** What the same bytes would be answered again; tried all the same now and then, since clocks differ and policies change. */
const LASTING: ReadonlySet<EnclaveErrorName> = new Set<EnclaveErrorName>([
  "no-kms",
  "malformed-message",
  "unknown-message",
  "fleet-record-refused",
  "fleet-keys-differ",
  "fleet-epoch-ended",
]);
const LOOK_EVERY_MS = 5_000;
const FIRST_PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 15_000;
const LASTING_PAUSE_MS = 5 * 60_000;
