import { mkdtempSync, rmSync } from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DETECTORS } from "@caladrius/enclave/analyse";
import { startHost, type HostOptions, type RunningHost } from "@caladrius/host";
import { buildImage, type Image } from "@caladrius/image";
import { launchEnclave, type RunningEnclave } from "@caladrius/nitro-sim";
import { openDevelopmentDeployment, type DevelopmentDeployment } from "@caladrius/nitro-sim/development";
import { toHex } from "@caladrius/wire";
import { CLOCK } from "./in-process.ts";
import { tapSocket, type Tap } from "./tap.ts";

/** Simulator, enclave process and host, with a carrier in between that sees every byte. */
export interface Stack {
  dir: string;
  image: Image;
  enclave: RunningEnclave;
  deployment: DevelopmentDeployment;
  tap: Tap;
  host: RunningHost;
  url: string;
  /** trust file that accepts exactly this enclave under this deployment */
  trust: string;
  /** everything the enclave wrote, and everything the host logged */
  console: string[];
  log: string[];
  /** ends the enclave and starts another one on the same socket */
  replaceEnclave(change?: { image?: Pick<Image, "applicationRamdisk" | "measurements"> }): Promise<void>;
  /** ends the host and starts it again on the same data, from now on with these changes */
  restartHost(change?: Partial<HostOptions>): Promise<void>;
  close(): Promise<void>;
}

/** For benchmarks: one client may ask as much as it likes. */
const BUSY_MS = 60_000; // how busy the machine is, is not what is tested
const UNLIMITED = { requestsPerMinute: 1e9, openJobsPerClient: 1e6, attestationsPerMinute: 1e9 };

let built: Promise<Image> | null = null;

/** The image of this source tree, built once for a test run. */
export function testImage(): Promise<Image> {
  built ??= buildImage({ cacheDir: join(tmpdir(), `caladrius-test-image-${process.getuid?.() ?? 0}`) });
  return built;
}

export async function startStack({ unlimited = false }: { unlimited?: boolean } = {}): Promise<Stack> {
  const dir = mkdtempSync(join(tmpdir(), "caladrius-stack-"));
  const image = await testImage();
  const lines: string[] = [];
  const log: string[] = [];
  const launch = (used: Pick<Image, "applicationRamdisk" | "measurements">): Promise<RunningEnclave> =>
    launchEnclave({ image: used, dataDir: join(dir, "simulator"), socketPath: join(dir, "v.sock"), onLine: (_, line) => lines.push(line) });
  const enclave = await launch(image);
  const deployment = openDevelopmentDeployment(
    join(dir, "deployment"),
    CLOCK,
    DETECTORS.map((detector) => detector.id),
  );
  const tap = await tapSocket(enclave.socketPath, join(dir, "tap.sock"));
  const statusList = deployment.newStatusList();
  let changes: Partial<HostOptions> = {};
  const start = (): Promise<RunningHost> =>
    startHost({
      enclaveSocket: tap.path,
      constitution: deployment.constitution,
      bundle: deployment.bundle.statement,
      bundleApprovals: deployment.bundle.approvals,
      statusList,
      dataDir: join(dir, "host"),
      port: 0,
      listenHost: "127.0.0.1",
      logger: { level: "debug", write: (line) => void log.push(line) },
      clock: CLOCK,
      limits: { loopDelayMs: BUSY_MS, ...(unlimited ? UNLIMITED : {}) },
      ...changes,
    });
  const host = await start();
  const stack: Stack = {
    dir,
    image,
    enclave,
    deployment,
    tap,
    host,
    url: host.url,
    trust: trustFile(enclave, deployment),
    console: lines,
    log,
    async replaceEnclave({ image: other = image } = {}) {
      await stack.enclave.stop();
      stack.enclave = await launch(other);
    },
    async restartHost(change = {}) {
      changes = { ...changes, ...change };
      await stack.host.close();
      stack.host = await start();
      stack.url = stack.host.url;
      await ready(stack.url);
    },
    async close() {
      await stack.host.close();
      await tap.close();
      await stack.enclave.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await ready(stack.url);
  return stack;
}

/** A trust file for the simulator: its own root, one whole PCR set with the constitution. */
export function trustFile(
  enclave: Pick<RunningEnclave, "pcrs" | "rootPem">,
  deployment: Pick<DevelopmentDeployment, "constitutionDigest">,
): string {
  const pcr = (index: number): string => toHex(enclave.pcrs.get(index) ?? new Uint8Array(48));
  const constitution = createHash("sha384").update(new Uint8Array(48)).update(deployment.constitutionDigest).digest("hex");
  return JSON.stringify({
    roots: [enclave.rootPem],
    pcrs: [{ "0": pcr(0), "1": pcr(1), "2": pcr(2), "16": constitution }],
    allowDebug: false,
    allowSimulator: true,
    maxAgeSeconds: 300,
  });
}

/** Waits until the host has a booted enclave. */
export async function ready(url: string, timeoutMs = 20_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while ((await fetch(`${url}/readyz`)).status !== 200) {
    if (performance.now() > until) throw new Error("the host is not ready");
    await sleep(25);
  }
}
