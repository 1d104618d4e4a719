import { randomBytes } from "node:crypto";
import path from "node:path";
import type { Image } from "@caladrius/image";
import { measureApplication } from "@caladrius/image";
import { ConfigurationError } from "@caladrius/wire";
import { bootPcrs, createNsm, instanceIdOf, makeModuleId, serveNsm } from "../nsm/index.ts";
import type { Clock, SimulatedPki } from "../pki/index.ts";
import { openSimulatedPki } from "../pki/index.ts";
import { serveHybridVsock } from "../vsock/index.ts";
import { VSOCK_NAME } from "./folder.ts";
import type { EnclaveExit, LineListener } from "./process.ts";
import { startProgram } from "./start.ts";

/** What it takes to launch a simulated enclave. */
export interface LaunchOptions {
  image: Pick<Image, "applicationRamdisk" | "measurements">;
  /** Holds the simulator's own root, made at the first launch. */
  dataDir: string;
  /** Already open, where several enclaves share one. */
  pki?: SimulatedPki;
  /** Default: this machine's clock. */
  clock?: Clock;
  /** Default: this machine's randomness. */
  randomBytes?: (length: number) => Uint8Array;
  /** `i-<17 hex>-enc<16 hex>`; made up by default. PCR4 follows from its instance part. */
  moduleId?: string;
  /** The parent instance's role, which PCR3 measures; zero without one. */
  roleArn?: string;
  /** As `--debug-mode`: PCR0, PCR1 and PCR2 read zero. */
  debug?: boolean;
  /** Where the host finds the enclave (hybrid vsock); in the enclave's own folder by default. At most 107 bytes. */
  socketPath?: string;
  /** Told each line the enclave writes. */
  onLine?: LineListener;
  /** False runs it without namespaces even where they work. */
  namespaces?: boolean;
  /** Until the program listens; default 20 s. */
  timeoutMs?: number;
}

/** A simulated enclave that runs. */
export interface RunningEnclave {
  /** Hybrid vsock: connect, write `CONNECT 5000\n`. The enclave's own connections to port 8000 go to `${socketPath}_8000`. */
  socketPath: string;
  moduleId: string;
  /** The platform PCRs its documents begin with. */
  pcrs: ReadonlyMap<number, Uint8Array>;
  /** The simulator's root, for a trust file that names it. */
  rootPem: string;
  isolation: { namespaces: boolean; detail: string };
  /** Of the outermost process, for measuring. */
  pid: number;
  /** When it has ended and everything of it is removed. */
  exited: Promise<EnclaveExit>;
  stop(): Promise<void>;
}

/**
 * Launch an enclave from an application ramdisk: the simulator's NSM, KMS way and vsock around the measured command.
 * @throws ConfigurationError `image-measurement` when the ramdisk is not the measured one; ImageError `cpio-…`;
 *   DependencyError `enclave-exited`, `enclave-silent`
 */
export async function launchEnclave(options: LaunchOptions): Promise<RunningEnclave> {
  const { applicationRamdisk, measurements } = options.image;
  // The hypervisor measures what it boots; so does this.
  if (!Buffer.from(measureApplication([applicationRamdisk])).equals(measurements.pcr2))
    throw new ConfigurationError("image-measurement", "the application ramdisk is not the one that PCR2 measures");
  const clock = options.clock ?? { nowMs: () => Date.now() };
  const random = options.randomBytes ?? ((length: number): Uint8Array => randomBytes(length));
  const pki = options.pki ?? (await openSimulatedPki(options.dataDir, clock));
  const moduleId = options.moduleId ?? makeModuleId(clock, random);
  const debug = options.debug ?? false;
  const pcrs = bootPcrs(measurements, instanceIdOf(moduleId), options.roleArn ?? null);
  if (debug) for (const index of [0, 1, 2]) pcrs.set(index, new Uint8Array(48));
  const nsm = createNsm({ pki, moduleId, pcrs, clock, randomBytes: random, debug });

  let socketPath = "";
  const program = await startProgram({
    ...options,
    applicationRamdisk,
    open: async ({ folder, nsm: nsmSocket, serve, kms }) => {
      socketPath = options.socketPath ?? path.join(folder, VSOCK_NAME);
      const guestSocket = (port: number): string | null => (port === SERVE_PORT ? serve : null);
      const module = await serveNsm(nsm, nsmSocket);
      try {
        return [module, await serveHybridVsock({ path: socketPath, guestSocket, guestPorts: [{ port: KMS_PORT, socketPath: kms }] })];
      } catch (error) {
        await module.close();
        throw error;
      }
    },
  });
  const { isolation, pid, exited, stop } = program;
  return { socketPath, moduleId, pcrs, rootPem: pki.rootPem, isolation, pid, exited, stop };
}

// The ports that init.c relays.
const SERVE_PORT = 5000;
const KMS_PORT = 8000;
