import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { JOB_STATES, type JobQueue } from "../queue.ts";
import { isFinal } from "./hub.ts";

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
  }

  /** Adds what is read at each scrape: jobs by state and the enclave's connection. */
  observe(
    queue: JobQueue,
    enclave: () => { connected: boolean; attestedAtMs: number | null; reconnects: number; jobsInFlight: number },
    nowMs: () => number,
  ): void {
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
