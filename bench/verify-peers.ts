import { fork, type ChildProcess } from "node:child_process";
import { inProcess, type Batch, type Candidate } from "./rounds.ts";
import type { Subject } from "./verify-subject.ts";

/** Where a peer can be asked, how to time it; where not, why. `close` ends its process. */
export interface Peer {
  readonly candidate: Candidate | null;
  readonly skipped: string | null;
  close(): void;
}

interface Adapter {
  prepare(task: Omit<Subject, "name" | "trust"> & { nonce: null }): Judge | Promise<Judge>;
}
type Judge = () => boolean | Promise<boolean>;

/** The peers of bench/peers, set up on the subject. One that does not accept it is not timed: it would not do the same work. */
export async function openPeers(subject: Subject): Promise<ReadonlyMap<string, Peer>> {
  const peers = new Map<string, Peer>();
  peers.set("@evervault/attestation-bindings", await openNative(subject));
  peers.set("@evervault/wasm-attestation-bindings", await openHere("evervault-wasm", subject));
  peers.set("@turnkey/crypto, its parts", await openHere("turnkey", subject));
  return peers;
}

async function openHere(name: string, { document, root, pcrSets, atMs }: Subject): Promise<Peer> {
  try {
    const adapter = (await import(new URL(`peers/${name}.mjs`, import.meta.url).href)) as Adapter;
    const judge = await adapter.prepare({ document, root, pcrSets, atMs, nonce: null });
    if (!(await judge())) return skip("it does not accept this document");
    return { candidate: inProcess(name, judge), skipped: null, close: () => {} };
  } catch (error) {
    return skip(error instanceof Error ? error.message : String(error));
  }
}

/** This one reads the clock of the operating system, so it runs in a process whose clock is moved. */
async function openNative({ document, root, pcrSets, atMs }: Subject): Promise<Peer> {
  let child: ChildProcess;
  try {
    const adapter = (await import(new URL("peers/evervault-native.mjs", import.meta.url).href)) as {
      clockVariables(atMs: number): NodeJS.ProcessEnv;
    };
    child = fork(new URL("peers/evervault-native-child.mjs", import.meta.url), {
      env: { ...process.env, ...adapter.clockVariables(atMs) },
      serialization: "advanced",
    });
  } catch (error) {
    return skip(error instanceof Error ? error.message : String(error));
  }
  const refused = await ask<string | null>(child, { document, root, pcrSets });
  if (refused !== null) {
    child.kill();
    return skip(refused);
  }
  const candidate: Candidate = { name: "evervault-native", batch: (calls) => ask<Batch>(child, { calls }) };
  return { candidate, skipped: null, close: () => child.kill() };
}

function ask<T>(child: ChildProcess, question: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the peer's process ended with ${code}`));
    child.once("exit", ended);
    child.once("message", (answer) => {
      child.off("exit", ended);
      resolve(answer as T);
    });
    child.send(question);
  });
}

function skip(skipped: string): Peer {
  return { candidate: null, skipped, close: () => {} };
}
