import { parseTrustFile } from "@caladrius/attestation-verifier";
import {
  createSubmitterKey,
  submit,
  type RetrySettings,
  type SubmitOptions,
  type SubmitOutcome,
  type SubmitterKey,
} from "@caladrius/client";
import { decodeCbor, type DisclosureLevel, type Recording } from "@caladrius/wire";
import { startProxy, type HostileProxy } from "./proxy.ts";
import { startStack, type Stack } from "./stack.ts";

/** An honest client, and everything between it and the enclave in hostile hands: a proxy before the host, a carrier behind it. */
export interface Hostile {
  stack: Stack;
  proxy: HostileProxy;
  key: SubmitterKey;
  /** submits through the proxy, with one key for all */
  send(recordings: readonly Recording[], options?: Partial<SubmitOptions>): Promise<SubmitOutcome[]>;
  one(recording: Recording, options?: Partial<SubmitOptions>): Promise<SubmitOutcome>;
  /** honest again */
  reset(): void;
  close(): Promise<void>;
}

/** Short pauses, and patience for a host or an enclave that is being started again. */
export const QUICK: RetrySettings = { firstPauseMs: 2, longestPauseMs: 50, patienceMs: 20_000, firstContactMs: 2000 };

export async function startHostile(level: DisclosureLevel): Promise<Hostile> {
  const stack = await startStack({ unlimited: true });
  const proxy = await startProxy(stack.url);
  const key = await createSubmitterKey();
  const send: Hostile["send"] = (recordings, options = {}) =>
    submit(
      recordings.map((recording) => ({ recording })),
      { hostUrl: proxy.url, trust: parseTrustFile(stack.trust), key, level, retry: QUICK, ...options },
    );
  return {
    stack,
    proxy,
    key,
    send,
    async one(recording, options) {
      const [outcome] = await send([recording], options);
      if (outcome === undefined) throw new Error("no outcome");
      return outcome;
    },
    reset() {
      proxy.reset();
      stack.tap.meddleFrames = (_, frame) => [frame];
    },
    async close() {
      await proxy.close();
      await stack.close();
    },
  };
}

/** Kind and id of a frame's message. */
export function messageOf(frame: Uint8Array): { kind: number; id: number } {
  const message = decodeCbor(frame.subarray(4));
  return Array.isArray(message) ? { kind: Number(message[0]), id: Number(message[1]) } : { kind: -1, id: -1 };
}

/** The refusal with which something ends; nothing when it does not. */
export async function failure(outcome: Promise<unknown>): Promise<{ name?: string; code?: string }> {
  return outcome.then(
    () => ({}),
    (error: unknown) => error as { name: string; code: string },
  );
}
