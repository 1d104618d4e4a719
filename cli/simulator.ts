import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DETECTORS } from "@caladrius/enclave/analyse";
import { buildImage, extendZero, type Image } from "@caladrius/image";
import {
  launchEnclave,
  openDevelopmentDeployment,
  openDevelopmentKms,
  openSimulatedPki,
  type DevelopmentKms,
  type RunningEnclave,
  type SimulatedPki,
} from "@caladrius/nitro-sim";
import { toHex } from "@caladrius/wire";
import { DEFAULT_MAX_AGE_SECONDS } from "./defaults.ts";
import { writeWhole } from "./files.ts";
import type { Deployment } from "./given-deployment.ts";
import { lockFolder } from "./lock.ts";

/** A simulated enclave with all that a host and a relying party need beside it. */
export interface Simulator {
  image: Image;
  deployment: Deployment;
  /** path of the trust file that accepts this enclave under this constitution */
  trust: string;
  /** what the trust file pins: PCR0, 1, 2 and 16, lower-case hex */
  pcrs: Readonly<Record<string, string>>;
  /** the hybrid vsock socket; stays the same when the enclave is started again */
  socketPath: string;
  isolation: RunningEnclave["isolation"];
  /** null without a fleet */
  fleet: SimulatedFleet | null;
  /** Ends the enclave; it is not started again. */
  stop(): Promise<void>;
}

/** What a simulated fleet has beside its enclave. */
export interface SimulatedFleet {
  name: string;
  kms: DevelopmentKms;
  /** folder of its epochs */
  epochs: string;
}

/** What the simulator tells on its way. */
export interface SimulatorEvents {
  progress(step: string): void;
  /** the enclave ended by itself and is started again: its keys are gone */
  restarting(reason: string): void;
}

/**
 * Builds and measures the image, opens the development deployment of a data directory, writes the trust file that belongs
 * to both, and starts the enclave from the image. The directory is this process's alone until `stop`: another build
 * would write another trust file into it.
 * @param fleet name of a fleet whose keys lie behind a simulated KMS, with a constitution of its own; null: none
 * @param given the deployment to boot with; null: the data directory's development deployment, or the fleet's
 * @throws ConfigurationError store-locked
 */
export async function startSimulator(
  data: string,
  events: SimulatorEvents,
  fleet: string | null = null,
  given: Deployment | null = null,
): Promise<Simulator> {
  const unlock = await lockFolder(data);
  try {
    const simulator = await startIn(data, events, fleet, given);
    const stop = async (): Promise<void> => {
      await simulator.stop();
      unlock();
    };
    return { ...simulator, stop };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function startIn(data: string, events: SimulatorEvents, fleetName: string | null, given: Deployment | null): Promise<Simulator> {
  const image = await buildImage({ cacheDir: join(data, "image"), onProgress: (step) => events.progress(`image: ${step}`) });
  const clock = { nowMs: (): number => Date.now() };
  const pki = await openSimulatedPki(join(data, "pki"), clock);
  const fleetFolder = join(data, `fleet-${fleetName ?? ""}`);
  const kms = fleetName === null ? null : await openDevelopmentKms({ dataDir: join(fleetFolder, "kms"), pki, clock });
  try {
    const fleet = fleetName === null || kms === null ? null : { name: fleetName, kms, epochs: join(fleetFolder, "epochs") };
    const started = await startEnclave(data, fleet === null ? data : fleetFolder, { image, pki, clock, fleet, given }, events);
    const stop = async (): Promise<void> => {
      await started.stop();
      await kms?.close();
    };
    return { ...started, stop };
  } catch (error) {
    await kms?.close();
    throw error;
  }
}

async function startEnclave(
  data: string,
  folder: string,
  {
    image,
    pki,
    clock,
    fleet,
    given,
  }: { image: Image; pki: SimulatedPki; clock: { nowMs(): number }; fleet: SimulatedFleet | null; given: Deployment | null },
  events: SimulatorEvents,
): Promise<Simulator> {
  const detectors = DETECTORS.map(({ id }) => id);
  const named = fleet === null ? {} : { kms: fleet.kms.named, dataKeys: [fleet.kms.dataKey] };
  const deployment: Deployment = given ?? openDevelopmentDeployment(join(folder, "deployment"), clock, detectors, named);
  deployment.newStatusList();

  const { pcr0, pcr1, pcr2 } = image.measurements;
  const pcrs = { "0": toHex(pcr0), "1": toHex(pcr1), "2": toHex(pcr2), "16": toHex(extendZero(deployment.constitutionDigest)) };
  const trust = join(data, "trust.json");
  const sealing = fleet === null ? {} : { fleet: true };
  const file = {
    roots: [pki.rootPem],
    pcrs: [pcrs],
    allowDebug: false,
    allowSimulator: true,
    maxAgeSeconds: DEFAULT_MAX_AGE_SECONDS,
    ...sealing,
  };
  await writeWhole(trust, `${JSON.stringify(file, null, 2)}\n`, { force: true });

  if (fleet !== null) await fleet.kms.admit([pcrs], deployment.constitutionDigest, fleet.name);

  events.progress("enclave: start");
  const sockets = await mkdtemp(join(Buffer.byteLength(tmpdir()) > MOST_TMP_BYTES ? "/tmp" : tmpdir(), "caladrius-vsock-"));
  const socketPath = join(sockets, "vsock");
  try {
    const keeper = await Keeper.start(() => launchEnclave({ image, dataDir: data, pki, clock, socketPath }), events);
    const stop = async (): Promise<void> => {
      await keeper.stop();
      await rm(sockets, { recursive: true, force: true });
    };
    return { image, deployment, trust, pcrs, socketPath, isolation: keeper.isolation, fleet, stop };
  } catch (error) {
    await rm(sockets, { recursive: true, force: true });
    throw error;
  }
}

/** Starts an enclave again whenever it ends by itself, as an operator's supervisor would. */
class Keeper {
  #current: RunningEnclave;
  readonly #stopped = new AbortController();
  readonly #launch: () => Promise<RunningEnclave>;
  readonly #events: SimulatorEvents;
  readonly #done: Promise<void>;

  private constructor(first: RunningEnclave, launch: () => Promise<RunningEnclave>, events: SimulatorEvents) {
    this.#current = first;
    this.#launch = launch;
    this.#events = events;
    this.#done = this.#watch();
  }

  /** @throws what the first launch throws */
  static async start(launch: () => Promise<RunningEnclave>, events: SimulatorEvents): Promise<Keeper> {
    return new Keeper(await launch(), launch, events);
  }

  get isolation(): RunningEnclave["isolation"] {
    return this.#current.isolation;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#current.stop();
    await this.#done;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const exit = await this.#current.exited;
      if (signal.aborted) return;
      this.#events.restarting(exit.signal ?? `exit code ${exit.code}`);
      await this.#again(signal);
    }
  }

  /** Launches until it works or is no longer wanted. */
  async #again(signal: AbortSignal): Promise<void> {
    for (let delayMs = LEAST_DELAY_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, MOST_DELAY_MS)) {
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        this.#current = await this.#launch();
        if (signal.aborted) await this.#current.stop();
        return;
      } catch (error) {
        this.#events.restarting(error instanceof Error ? error.message : "it did not start");
      }
    }
  }
}

const LEAST_DELAY_MS = 200;
const MOST_DELAY_MS = 10_000;
/** A socket's path holds 107 bytes, and the way to the enclave's own connections is five longer. */
const MOST_TMP_BYTES = 107 - "/caladrius-vsock-XXXXXX/vsock_8000".length;
