import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHost, type HostLimits, type HostOptions, type HostPages, type RunningHost } from "../index.ts";
import { FakeEnclave } from "./fake-enclave.ts";
import { fakeStatusList } from "./status-list.ts";

/** A host beside a fake enclave in a folder of its own. */
export interface Harness {
  dir: string;
  enclave: FakeEnclave;
  host: RunningHost;
  log: string[];
  /** what the host's clock adds to the wall clock */
  clock: { aheadMs: number };
  /** Stops the host and starts one on the same folder. */
  restart(): Promise<RunningHost>;
  close(): Promise<void>;
}

/** Starts both; the enclave is connected when this returns, unless `connected` is false. */
export async function startHarness(
  options: {
    limits?: Partial<HostLimits>;
    plain?: boolean;
    connected?: boolean;
    pages?: HostPages;
    /** more, given the harness' folder */
    more?: (dir: string) => Partial<HostOptions>;
  } = {},
): Promise<Harness> {
  const dir = mkdtempSync(join(tmpdir(), "caladrius-host-"));
  const enclave = await new FakeEnclave(join(dir, "vsock"), options.plain ?? false).listen();
  const log: string[] = [];
  const clock = { aheadMs: 0 };
  const start = (): Promise<RunningHost> =>
    startHost({
      ...testHostOptions(dir, enclave.path),
      plain: options.plain ?? false,
      clock: { nowMs: () => Date.now() + clock.aheadMs },
      limits: { drainMs: 200, loopDelayMs: BUSY_MS, ...options.limits },
      ...(options.pages === undefined ? {} : { pages: options.pages }),
      logger: { level: "info", write: (line) => void log.push(line) },
      ...options.more?.(dir),
    });
  const harness: Harness = {
    dir,
    enclave,
    log,
    clock,
    host: await start(),
    restart: async () => {
      await harness.host.close();
      harness.host = await start();
      return harness.host;
    },
    close: async () => {
      await harness.host.close();
      await enclave.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  if (options.connected !== false) await until(async () => (await fetch(`${harness.host.url}/readyz`)).ok);
  return harness;
}

/** A busy machine is not what is tested. */
export const BUSY_MS = 60_000;

/** Options that any host under test shares. */
export function testHostOptions(dir: string, enclaveSocket: string): HostOptions {
  return {
    enclaveSocket,
    constitution: CONSTITUTION,
    bundle: Buffer.from("bundle"),
    bundleApprovals: [Buffer.from("approval")],
    statusList: fakeStatusList(CONSTITUTION),
    dataDir: join(dir, "data"),
    port: 0,
    listenHost: "127.0.0.1",
    clock: { nowMs: () => Date.now() },
  };
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, mostMs = 10_000): Promise<void> {
  const end = performance.now() + mostMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${mostMs} ms in vain: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Submits a sealed job. */
export function submit(host: { url: string }, sealed: Uint8Array): Promise<Response> {
  return fetch(`${host.url}/v1/jobs`, {
    method: "POST",
    headers: { "content-type": "application/vnd.caladrius.sealed-job+cbor" },
    body: new Uint8Array(sealed),
  });
}

/** The state that the host tells. */
export async function stateOf(host: { url: string }, id: string): Promise<string> {
  const answer = (await (await fetch(`${host.url}/v1/jobs/${id}`)).json()) as { state: string };
  return answer.state;
}

/** What the fake enclave is booted with. */
export const CONSTITUTION: Uint8Array = Buffer.from("constitution");
