import { ConfigurationError, MAX_BUNDLE_BYTES, MAX_CONSTITUTION_BYTES, MAX_STATUS_LIST_BYTES, MESSAGE } from "@caladrius/wire";
import { FleetKeeper } from "./fleet/keeper.ts";
import { StateHub } from "./http/hub.ts";
import { HostMetrics } from "./http/metrics.ts";
import { buildServer, type HostLogger } from "./http/server.ts";
import type { HostPages } from "./http/services.ts";
import { CredentialKeeper, type CredentialSource } from "./kms-credentials/index.ts";
import { forwardKms, type KmsEndpoint, type KmsForwarder, type KmsForwardEvents } from "./kms-forward/forward.ts";
import { DEFAULT_LIMITS, type HostLimits } from "./limits.ts";
import { Relay, type RelayLog } from "./relay/relay.ts";
import type { SignInConfig } from "./sign-in/config.ts";
import { openSignIn } from "./sign-in/sign-in.ts";
import { StatusListKeeper, type StatusListState } from "./status/keeper.ts";
import type { StatusListSource } from "./status/source.ts";
import { openSqliteQueue } from "./store/sqlite-queue.ts";
import { escapeText } from "./text.ts";

export { SEALED_JOB_TYPE, SEALED_REPLY_TYPE, STATUS_TYPE } from "./http/jobs.ts";
export { ATTESTATION_TYPE } from "./http/attestation.ts";
export { ENCLAVE_REFUSAL } from "./enclave-errors.ts";
export { requestFleetBirth } from "./fleet/birth.ts";
export { credentialChain, credentialFile, type CredentialSource, type CredentialState } from "./kms-credentials/index.ts";
export { HOST_CODE, HTTP_STATUS, type HostCode } from "./errors.ts";
export { DEFAULT_LIMITS, type HostLimits } from "./limits.ts";
export type { HostLogger } from "./http/server.ts";
export type { HostPages } from "./http/services.ts";
export type { KmsEndpoint } from "./kms-forward/forward.ts";
export type { ClaimedJob, JobQueue, JobState, JobView, NewJob, Outcome, Submission } from "./queue.ts";
export { keptStatusList, type StatusListState } from "./status/keeper.ts";
export { STATUS_LIST_TYPE, statusListFile, statusListUrl, type StatusListSource } from "./status/source.ts";
export { parseSignInFile, type SignInConfig, type TenantLimits } from "./sign-in/config.ts";
export { openSqliteQueue, type SqliteQueueOptions } from "./store/sqlite-queue.ts";

/** What a host is started with. */
export interface HostOptions {
  /** Unix socket of the enclave: a hybrid vsock, whose port 5000 is `serve` */
  enclaveSocket: string;
  /** true when the socket is `serve` itself, without the vsock handshake */
  plain?: boolean;
  /** constitution and bundle statements, the bundle's approvals: handed on unread */
  constitution: Uint8Array;
  bundle: Uint8Array;
  bundleApprovals: readonly Uint8Array[];
  /** the status list to begin with, unless `dataDir` holds a newer one that an enclave took */
  statusList: Uint8Array;
  /** where newer ones are looked for; without it they come by `setStatusList` and over HTTP */
  statusLists?: StatusListSource;
  /** an enclave was booted: a status list that repeats the nonce is fresh for it */
  onBooted?: (bootNonce: Uint8Array) => void;
  /** folder of the job store; one host at a time */
  dataDir: string;
  /** 0 takes any free port */
  port: number;
  listenHost: string;
  /** addresses of proxies whose X-Forwarded-For counts, comma-separated; without it a proxy is one client to limits and quotas */
  trustProxy?: string;
  /** Unix socket that the enclave's `kms` stream arrives at, and where its bytes go; both or neither */
  kmsListen?: string;
  kmsEndpoint?: KmsEndpoint;
  /** credentials for KMS, handed to the enclave; they let nobody read anything, the key's policy decides on that */
  kmsCredentials?: CredentialSource;
  /** folders with `.fleet` files, or such files: epochs that the enclave is to serve */
  fleet?: readonly string[];
  /** how often these are looked at, default 5000 ms */
  fleetEveryMs?: number;
  /** who may use the host; without it whoever reaches it */
  signIn?: SignInConfig;
  /** pages for people, such as /verify; called at each request */
  pages?: HostPages;
  /** null: no log */
  logger?: HostLogger | null;
  clock: { nowMs(): number };
  limits?: Partial<HostLimits>;
}

/** A host that runs. */
export interface RunningHost {
  url: string;
  /** Hands a newer status list to the enclave, now and after each reconnection. @throws Refusal when it is not taken */
  setStatusList(statusList: Uint8Array): Promise<void>;
  readonly statusList: StatusListState;
  /** Takes no more jobs, lets running ones end for `limits.drainMs`, keeps the accepted ones for the next start. */
  close(): Promise<void>;
}

/**
 * Starts a host: job store, relay to the enclave, HTTP interface, and the KMS forwarder where one is asked for. It listens
 * at once; `/readyz` tells when the enclave is there.
 * @throws ConfigurationError store-locked, store-version, store-unreadable, configuration-bytes
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  refuseWrongBytes(options);
  const { clock, dataDir, constitution, bundle, bundleApprovals } = options;
  const limits: HostLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const metrics = new HostMetrics();
  const queue = await openSqliteQueue({ dataDir, clock, limits, onCommit: (ms, changes) => metrics.committed(ms, changes) });
  const undo: (() => Promise<void>)[] = [() => queue.close()];
  try {
    const sink: { target: RelayLog } = { target: { info: () => {}, warn: () => {} } };
    const log: RelayLog = {
      info: (fields, text) => sink.target.info(fields, text),
      warn: (fields, text) => sink.target.warn(fields, text),
    };
    const statusLists = await openStatusLists(options, log, (file) => relay.askAside(MESSAGE.statusList, file, limits.enclaveMs));
    const relay: Relay = new Relay({
      address: { path: options.enclaveSocket, plain: options.plain ?? false, port: SERVE_PORT },
      boot: { constitution, bundle, bundleApprovals, statusList: () => statusLists.bootWith() },
      queue,
      clock,
      limits,
      log,
      onConnected: (bootNonce) => {
        statusLists.connected(bootNonce);
        fleet?.connected();
        if (bootNonce === null) return;
        try {
          options.onBooted?.(bootNonce);
        } catch (error) {
          log.warn({ reason: error instanceof Error ? error.message : "unknown" }, "no fresh status list was made");
        }
      },
      onBoot: (bootId, attestation) => {
        queue.notices.keepBoot(bootId, attestation).catch(() => log.warn({}, "the evidence of this boot was not kept for auditors"));
      },
      onDisconnected: () => statusLists.disconnected(),
      isFleetKey: (keyId) => fleet?.keeps(keyId) === true,
    });
    const fleet =
      options.fleet === undefined || options.fleet.length === 0
        ? null
        : new FleetKeeper({
            places: options.fleet,
            ...(options.fleetEveryMs === undefined ? {} : { lookEveryMs: options.fleetEveryMs }),
            clock,
            log,
            serve: (epoch) => relay.ask(MESSAGE.fleetServe, epoch, limits.enclaveMs),
            onServed: () => relay.wake(),
          });
    const credentials =
      options.kmsCredentials === undefined
        ? null
        : new CredentialKeeper({
            source: options.kmsCredentials,
            clock,
            log,
            hand: async (encoded) => {
              await relay.setCredentials(encoded);
              fleet?.retry();
              relay.wake();
            },
          });
    let forwarder: KmsForwarder | null = null;
    let draining = false;
    metrics.observe({
      queue,
      enclave: () => relay.state,
      nowMs: () => clock.nowMs(),
      kmsConnections: () => forwarder?.open ?? 0,
      credentials: () => credentials?.state ?? null,
      epochs: () => fleet?.views ?? [],
      statusList: () => statusLists.state,
    });
    const services = {
      queue,
      enclave: relay,
      fleet,
      credentials,
      statusLists,
      hub: new StateHub(queue),
      signIn: options.signIn === undefined ? null : await openSignIn(options.signIn, clock),
      metrics,
      clock,
      limits,
      isDraining: (): boolean => draining,
      pages: options.pages ?? null,
    };
    const app = await buildServer(services, { logger: options.logger ?? null, trustProxy: options.trustProxy ?? null });
    sink.target = escaping(app.log);
    undo.unshift(async () => {
      const cut = setTimeout(() => app.server.closeAllConnections(), LINGER_MS); // a reader that stalls must not keep the host
      await app.close();
      clearTimeout(cut);
    });
    if (options.kmsListen !== undefined && options.kmsEndpoint !== undefined) {
      const running = await forwardKms(options.kmsListen, options.kmsEndpoint, limits, kmsEvents(options.kmsEndpoint, metrics, log));
      forwarder = running;
      undo.unshift(() => running.close());
    }
    await queue.sweep();
    const url = await listen(app, options);
    const sweeper = setInterval(() => {
      queue.sweep().catch((error: unknown) => log.warn({ reason: error instanceof Error ? error.message : "unknown" }, "sweep failed"));
    }, SWEEP_EVERY_MS);
    void credentials?.start();
    fleet?.start();
    statusLists.start();
    relay.start();
    undo.unshift(
      async () => clearInterval(sweeper),
      () => relay.stop(limits.drainMs),
      async () => void (await Promise.all([fleet?.stop(), credentials?.stop(), statusLists.stop()])),
    );
    let closing: Promise<void> | null = null;
    return {
      url,
      setStatusList: async (list) => void (await statusLists.offer(list)),
      get statusList() {
        return statusLists.state;
      },
      close: () => {
        draining = true;
        closing ??= runAll(undo);
        return closing;
      },
    };
  } catch (error) {
    await runAll(undo);
    throw error;
  }
}

/** @throws ConfigurationError configuration-bytes for a list that is none of this deployment */
async function openStatusLists(
  { constitution, statusList: first, statusLists: source, dataDir, clock }: HostOptions,
  log: RelayLog,
  ask: (file: Uint8Array) => Promise<Uint8Array> | null,
): Promise<StatusListKeeper> {
  try {
    return await StatusListKeeper.open({ constitution, first, source: source ?? null, dataDir, clock, log, ask });
  } catch (error) {
    throw new ConfigurationError(
      "configuration-bytes",
      `the status list is none for this constitution (${error instanceof Error ? error.message : "unknown"})`,
    );
  }
}

async function listen(app: Awaited<ReturnType<typeof buildServer>>, { port, listenHost }: HostOptions): Promise<string> {
  try {
    return await app.listen({ port, host: listenHost });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "error";
    throw new ConfigurationError(
      "listen-failed",
      `cannot listen on ${escapeText(listenHost)} port ${port}: ${code}. Choose another --port.`,
    );
  }
}

async function runAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

/** Sizes alone: what the bytes say is for the enclave to measure and for verifiers to judge. */
function refuseWrongBytes({ constitution, bundle, statusList, kmsListen, kmsEndpoint }: HostOptions): void {
  const files: readonly [string, Uint8Array | null, number][] = [
    ["constitution", constitution, MAX_CONSTITUTION_BYTES],
    ["bundle", bundle, MAX_BUNDLE_BYTES],
    ["status list", statusList, MAX_STATUS_LIST_BYTES],
  ];
  for (const [name, bytes, most] of files) {
    if (bytes === null || (bytes.length > 0 && bytes.length <= most)) continue;
    throw new ConfigurationError("configuration-bytes", `the ${name} has ${bytes.length} bytes; 1 to ${most} can be handed to an enclave`);
  }
  if ((kmsListen === undefined) !== (kmsEndpoint === undefined)) {
    throw new ConfigurationError("configuration-bytes", "the KMS forwarder needs both a socket to listen on and an endpoint");
  }
}

/** Counts connections to KMS, and tells once when it cannot be reached and once when it can again. */
function kmsEvents({ host, port }: KmsEndpoint, metrics: HostMetrics, log: RelayLog): KmsForwardEvents {
  let reachable = true;
  return {
    ended: (end, bytes) => {
      metrics.kmsEnded(end, bytes);
      if (end === "refused" || end === "stopped" || reachable === (end !== "unreachable")) return;
      reachable = end !== "unreachable";
      const fields = { endpoint: `${host}:${port}` };
      if (reachable) log.info(fields, "KMS can be reached again");
      else log.warn(fields, "KMS cannot be reached from this host; the operator looks after the network and the endpoint's name");
    },
  };
}

/** Text that came from outside (a peer's answer, a file's name) is escaped before it reaches a log. */
function escaping(log: RelayLog): RelayLog {
  return { info: (fields, text) => log.info(clean(fields), text), warn: (fields, text) => log.warn(clean(fields), text) };
}

function clean(fields: Readonly<Record<string, string | number>>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? escapeText(value) : value]));
}

const SERVE_PORT = 5000;
const LINGER_MS = 1_000;
const SWEEP_EVERY_MS = 30_000;
