import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { credentialFile, startHost, statusListFile, type HostLogger, type HostOptions, type RunningHost } from "@caladrius/host";
import { ConfigurationError, DependencyError } from "@caladrius/wire";
import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_ADDRESS } from "./defaults.ts";
import { makeFolder } from "./files.ts";
import type { Deployment } from "./given-deployment.ts";
import { ensureLocalEpoch, untilServed } from "./fleet/local.ts";
import { lazyPages } from "./pages.ts";
import { startSimulator, type SimulatedFleet, type Simulator, type SimulatorEvents } from "./simulator.ts";

/** Simulator and host on this machine. */
export interface Local {
  simulator: Simulator;
  url: string;
  /** Drains the host, then ends the enclave. */
  close(): Promise<void>;
}

/** Starts both and returns once an attestation is there. */
export async function startLocal(options: {
  data: string;
  port: number;
  logger: HostLogger | null;
  events: SimulatorEvents;
  /** name of a fleet to serve; default: none */
  fleet?: string | null;
  /** the deployment to boot with; default: a development deployment */
  given?: Deployment | null;
  /** how long an attestation may take; default: a minute */
  readyWithinMs?: number;
}): Promise<Local> {
  const { data, port, logger, events, fleet: name = null, given = null, readyWithinMs } = options;
  await refuseTakenPort(port);
  const simulator = await startSimulator(data, events, name, given);
  const undo: (() => Promise<void>)[] = [() => simulator.stop()];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0)) await step();
  };
  try {
    const { constitution, bundle } = simulator.deployment;
    const hostData = join(data, "host");
    await makeFolder(hostData, 0o700);
    if (simulator.fleet !== null) await makeFolder(simulator.fleet.epochs, 0o700);
    events.progress("host: start");
    const host = await startHost({
      enclaveSocket: simulator.socketPath,
      constitution,
      bundle: bundle.statement,
      bundleApprovals: bundle.approvals,
      statusList: simulator.deployment.newStatusList(),
      statusLists: statusListFile(simulator.deployment.paths.statusList),
      onBooted: (bootNonce) => void simulator.deployment.newStatusList(bootNonce),
      dataDir: hostData,
      port,
      listenHost: DEFAULT_ADDRESS,
      ...fleetOptions(simulator),
      pages: lazyPages(),
      logger,
      clock: { nowMs: () => Date.now() },
    });
    undo.unshift(() => host.close());
    const renewal = renewStatusList(simulator, host);
    undo.unshift(async () => clearInterval(renewal));
    events.progress("enclave: boot");
    await untilReady(host.url, readyWithinMs);
    if (simulator.fleet !== null) await serveFleet(simulator, simulator.fleet, host.url, events);
    return { simulator, url: host.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** KMS behind the host's forwarder, its credentials, and the epochs. */
function fleetOptions({ fleet, socketPath }: Simulator): Partial<HostOptions> {
  if (fleet === null) return {};
  return {
    kmsListen: `${socketPath}_${KMS_PORT}`,
    kmsEndpoint: { host: "127.0.0.1", port: fleet.kms.kms.port },
    kmsCredentials: credentialFile(fleet.kms.credentialsPath),
    fleet: [fleet.epochs],
  };
}

async function serveFleet(
  { socketPath, trust, deployment }: Simulator,
  fleet: SimulatedFleet,
  url: string,
  events: SimulatorEvents,
): Promise<void> {
  const { constitution, approverKey } = deployment.paths;
  if (approverKey === null) return; // its approvers do it
  events.progress(`fleet ${fleet.name}: keys, evidence, approval`);
  const { constitutionDigest } = deployment;
  await ensureLocalEpoch({ fleet: fleet.name, epochs: fleet.epochs, socketPath, trust, constitution, approverKey, constitutionDigest });
  await untilServed(url);
}

/** Told before the image is built, not after. @throws ConfigurationError listen-failed */
async function refuseTakenPort(port: number): Promise<void> {
  const server = createServer().listen(port, DEFAULT_ADDRESS);
  await once(server, "listening").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "error";
    throw new ConfigurationError("listen-failed", `cannot listen on ${DEFAULT_ADDRESS} port ${port}: ${code}. Choose another --port.`);
  });
  server.close();
  await once(server, "close");
}

/** A status list is good for 24 hours. The host takes what lies in the file, also what `caladrius status` puts there. */
function renewStatusList(simulator: Simulator, host: RunningHost): NodeJS.Timeout {
  return setInterval(() => simulator.deployment.newStatusList(host.statusList.bootNonce), RENEW_EVERY_MS).unref();
}

/** Waits until the host says that it has evidence. @throws DependencyError host-not-ready */
export async function untilReady(url: string, mostMs: number = READY_WITHIN_MS): Promise<void> {
  const end = performance.now() + mostMs;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    if (performance.now() > end)
      throw new DependencyError("host-not-ready", `${url}: no attestation after ${mostMs / 1000} s; the log says why`, 1000);
    await sleep(POLL_MS);
  }
}

/** Resolves with the name of the first signal that asks for an end. Later ones change nothing: draining has its own limit. */
export function untilAsked(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
  });
}

/** How often a development status list is made anew. */
export const RENEW_EVERY_MS: number = 6 * 3_600_000;
const READY_WITHIN_MS = 60_000;
const POLL_MS = 50;
/** The vsock port of the parent at which an enclave finds KMS. */
const KMS_PORT = 8000;
