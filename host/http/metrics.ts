import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { EPOCH_STATES, type EpochView } from "../fleet/keeper.ts";
import type { CredentialState } from "../kms-credentials/index.ts";
import type { KmsConnectionEnd } from "../kms-forward/forward.ts";
import { JOB_STATES, type JobQueue } from "../queue.ts";
import type { RelayState } from "../relay/relay.ts";
import type { StatusListState } from "../status/keeper.ts";
import { isFinal } from "./hub.ts";

/** What is read at each scrape. */
export interface Observed {
  queue: JobQueue;
  enclave: () => RelayState;
  nowMs: () => number;
  kmsConnections: () => number;
  credentials: () => CredentialState | null;
  epochs: () => readonly EpochView[];
  statusList: () => StatusListState;
}

/**
 * Numbers about the host for its operator. Labels come from closed sets (routes, states, codes), never from ids, addresses
 * or sizes; sizes and durations only in buckets.
 */
export class HostMetrics {
  readonly registry: Registry = new Registry();
  readonly #requests: Counter<"route" | "method" | "status">;
  readonly #seconds: Histogram<"route">;
  readonly #commitSeconds: Histogram;
  readonly #commitBatch: Histogram;
  readonly #jobBytes: Histogram;
  readonly #ended: Counter<"state">;
  readonly #kmsEnded: Counter<"end">;
  readonly #kmsBytes: Histogram<"direction">;

  constructor() {
    const registers = [this.registry];
    this.#requests = new Counter({
      name: "caladrius_http_requests_total",
      help: "Answered requests",
      labelNames: ["route", "method", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "caladrius_http_request_seconds",
      help: "From header to answer",
      labelNames: ["route"],
      buckets: SECONDS,
      registers,
    });
    this.#commitSeconds = new Histogram({
      name: "caladrius_store_commit_seconds",
      help: "Transactions, with their fsync",
      buckets: SECONDS,
      registers,
    });
    this.#commitBatch = new Histogram({
      name: "caladrius_store_commit_changes",
      help: "Changes in one transaction",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    });
    this.#jobBytes = new Histogram({ name: "caladrius_job_bytes", help: "Sizes of accepted sealed jobs", buckets: BYTES, registers });
    this.#ended = new Counter({
      name: "caladrius_jobs_ended_total",
      help: "Jobs that ended since the start",
      labelNames: ["state"],
      registers,
    });
    this.#kmsEnded = new Counter({
      name: "caladrius_kms_connections_ended_total",
      help: "Connections between enclave and KMS, by how they ended",
      labelNames: ["end"],
      registers,
    });
    this.#kmsBytes = new Histogram({
      name: "caladrius_kms_connection_bytes",
      help: "Bytes of a connection between enclave and KMS; TLS, so their content is not known here",
      labelNames: ["direction"],
      buckets: BYTES,
      registers,
    });
  }

  /** Adds what is read at each scrape: jobs by state, the enclave's connection, KMS and the fleet. */
  observe({ queue, enclave, nowMs, kmsConnections, credentials, epochs, statusList }: Observed): void {
    const gauge = (name: string, help: string, read: () => number): void => {
      this.registry.registerMetric(
        new Gauge({
          name,
          help,
          registers: [],
          collect() {
            this.set(read());
          },
        }),
      );
    };
    this.registry.registerMetric(
      new Gauge({
        name: "caladrius_jobs",
        help: "Jobs in the store",
        labelNames: ["state"],
        registers: [],
        collect() {
          const counts = queue.counts();
          for (const state of JOB_STATES) this.set({ state }, counts[state]);
        },
      }),
    );
    gauge("caladrius_enclave_connected", "1 while the enclave is connected and booted", () => (enclave().connected ? 1 : 0));
    gauge("caladrius_enclave_reconnects", "Connections after the first", () => enclave().reconnects);
    gauge("caladrius_enclave_jobs_in_flight", "Jobs handed to the enclave", () => enclave().jobsInFlight);
    gauge("caladrius_jobs_waiting_for_kms", "Jobs that wait for KMS, or for an epoch to be served", () => enclave().jobsWaiting);
    gauge("caladrius_kms_connections", "Connections between enclave and KMS", kmsConnections);
    gauge("caladrius_kms_credentials_seconds", "Until the KMS credentials end, -1 without any or when they have ended", () => {
      const { state = "missing", expiresAtMs = null } = credentials() ?? {};
      if (state === "missing" || state === "expired") return -1;
      return expiresAtMs === null ? Infinity : Math.round((expiresAtMs - nowMs()) / 1000);
    });
    this.registry.registerMetric(
      new Gauge({
        name: "caladrius_fleet_epochs",
        help: "Epochs of the fleet by state",
        labelNames: ["state"],
        registers: [],
        collect() {
          const views = epochs();
          for (const state of EPOCH_STATES) this.set({ state }, views.filter((view) => view.state === state).length);
        },
      }),
    );
    gauge("caladrius_status_list_number", "Number of the newest status list that an enclave took", () => statusList().number);
    gauge("caladrius_status_list_in_force", "1 while the enclave has that list and it has not expired", () =>
      statusList().state === "in-force" ? 1 : 0,
    );
    gauge("caladrius_status_list_seconds", "Until that list expires; below 0 since it has", () =>
      Math.round((statusList().expiresAtMs - nowMs()) / 1000),
    );
    gauge("caladrius_attestation_age_seconds", "Age of the last evidence, -1 before the first", () => {
      const { attestedAtMs } = enclave();
      return attestedAtMs === null ? -1 : Math.round((nowMs() - attestedAtMs) / 1000);
    });
    queue.watch((_, state) => {
      if (isFinal(state)) this.#ended.inc({ state });
    });
  }

  /** A request was answered; `route` is the pattern, never the path. */
  answered(route: string, method: string, status: number, seconds: number): void {
    this.#requests.inc({ route, method, status: `${Math.floor(status / 100)}xx` });
    this.#seconds.observe({ route }, seconds);
  }

  /** A connection between enclave and KMS ended. */
  kmsEnded(end: KmsConnectionEnd, { toKms, fromKms }: { toKms: number; fromKms: number }): void {
    this.#kmsEnded.inc({ end });
    if (end === "refused" || end === "unreachable") return;
    this.#kmsBytes.observe({ direction: "to-kms" }, toKms);
    this.#kmsBytes.observe({ direction: "from-kms" }, fromKms);
  }

  committed(durationMs: number, batch: number): void {
    this.#commitSeconds.observe(durationMs / 1000);
    this.#commitBatch.observe(batch);
  }

  accepted(bytes: number): void {
    this.#jobBytes.observe(bytes);
  }
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BYTES = Array.from({ length: 14 }, (_, power) => 4096 * 2 ** power);
