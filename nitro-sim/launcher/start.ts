import path from "node:path";
import { makeEnclaveFolder, removeEnclaveFolder } from "./folder.ts";
import { findIsolation } from "./isolation.ts";
import type { EnclaveExit, LineListener } from "./process.ts";
import { startProcess, waitForSocket } from "./process.ts";
import { unpackApplication } from "./unpack.ts";

/** Something that listens until it is closed. */
export interface Closable {
  close(): Promise<void>;
}

/** Where the sockets of an unpacked application lie, seen from outside. */
export interface EnclaveSockets {
  /** The enclave's own folder. */
  folder: string;
  nsm: string;
  serve: string;
  kms: string;
}

/** What it takes to start a program from an application ramdisk. */
export interface StartOptions {
  applicationRamdisk: Uint8Array;
  /** Open the sockets around the program; called before it starts. What it returns is closed when the program has ended. */
  open: (sockets: EnclaveSockets) => Promise<readonly Closable[]>;
  onLine?: LineListener;
  /** Default true: the strongest fence that works; false runs it plainly. */
  namespaces?: boolean;
  /** Default 20 s. */
  timeoutMs?: number;
}

/** A program that runs from its ramdisk. */
export interface StartedProgram {
  sockets: EnclaveSockets;
  isolation: { namespaces: boolean; detail: string };
  pid: number;
  /** When it has ended by itself or was stopped, and sockets and folder are gone. */
  exited: Promise<EnclaveExit>;
  /** Kill it, as a terminated enclave ends: at once. */
  stop(): Promise<void>;
}

/**
 * Unpack an application ramdisk and start its measured command with its measured environment.
 * @throws ImageError `cpio-…`; DependencyError `enclave-exited`, `enclave-silent`. Nothing is left behind then.
 */
export async function startProgram(options: StartOptions): Promise<StartedProgram> {
  const folder = await makeEnclaveFolder();
  const open: Closable[] = [];
  const cleanUp = async (): Promise<void> => {
    for (const closable of open.splice(0)) await closable.close();
    await removeEnclaveFolder(folder);
  };
  try {
    const application = await unpackApplication(options.applicationRamdisk, folder);
    const socket = (name: string): string => path.join(application.sockets, name);
    const sockets: EnclaveSockets = { folder, nsm: socket("nsm"), serve: socket("serve"), kms: socket("kms") };
    open.push(...(await options.open(sockets)));
    const { argv, namespaces, detail } = await findIsolation(application, options.namespaces ?? true);
    const running = startProcess(argv, application.env, options.onLine ?? ((): void => undefined));
    try {
      await waitForSocket(sockets.serve, running, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    } catch (error) {
      running.kill();
      await running.exited;
      throw error;
    }
    const exited = running.exited.then(async (exit) => {
      await cleanUp();
      return exit;
    });
    exited.catch(() => undefined); // told to whoever waits for it
    const stop = async (): Promise<void> => {
      running.kill();
      await exited;
    };
    return { sockets, isolation: { namespaces, detail }, pid: running.pid, exited, stop };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

const DEFAULT_TIMEOUT_MS = 20_000;
