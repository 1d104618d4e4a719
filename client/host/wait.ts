import type { IncomingMessage } from "node:http";
import { toHex } from "@caladrius/wire";
import { JOB_STATES, type HostClient, type JobAnswer, type JobState } from "./client.ts";
import { Backoff, DEFAULT_RETRY, type RetrySettings } from "./retry.ts";

/** Waiting found no end before its time. */
export type WaitAnswer = JobAnswer | "late";

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** ms from now */
  readonly forMs: number;
  readonly retry?: Partial<RetrySettings>;
  readonly onState?: (state: JobState) => void;
}

/**
 * Waits for a job's end: on its event stream, and by asking whenever the stream is not there, breaks or is silent. A
 * host that says "running" for ever is left when the time is over.
 * @throws SubmitError, DependencyError of HostClient; the signal's reason
 */
export async function waitForEnd(host: HostClient, jobId: Uint8Array, { signal, forMs, retry, onState }: WaitOptions): Promise<WaitAnswer> {
  const over = AbortSignal.timeout(Math.min(Math.max(0, forMs), MAX_TIMER_MS));
  const backoff = new Backoff({ ...DEFAULT_RETRY, ...retry }, signal);
  const tell = onState ?? (() => {});
  for (;;) {
    const seen = await followEvents(host, jobId, AbortSignal.any([signal, over]), tell);
    signal.throwIfAborted();
    const answer = seen ?? (await host.state(jobId));
    if (isFinal(answer)) return answer;
    if (over.aborted) return "late";
    await backoff.pause();
  }
}

function isFinal(state: JobAnswer): boolean {
  return state !== "accepted" && state !== "running";
}

/** The final state that a stream tells, null when it ends, breaks, says nothing for a while or says nonsense. */
async function followEvents(
  host: HostClient,
  jobId: Uint8Array,
  signal: AbortSignal,
  tell: (state: JobState) => void,
): Promise<JobState | null> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const stream = await host.events(jobId, AbortSignal.any([signal, silence.signal]));
    stream?.on("data", () => timer.refresh());
    return stream === null ? null : await finalState(stream, toHex(jobId), tell);
  } catch {
    return null; // whoever asked looks at the signal
  } finally {
    clearTimeout(timer);
  }
}

function finalState(stream: IncomingMessage, id: string, tell: (state: JobState) => void): Promise<JobState | null> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let text = "";
    const end = (state: JobState | null): void => {
      stream.removeListener("data", onData);
      resolve(state);
      // Our host ends the stream after this state, and the connection serves the next request.
      if (state === null) stream.destroy();
      else linger(stream);
    };
    const onData = (part: Uint8Array): void => {
      text += decoder.decode(part, { stream: true });
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      if (text.length > MAX_EVENT_CHARACTERS) return end(null);
      for (const event of events) {
        const state = stateOf(event, id);
        if (state !== null) tell(state);
        if (state !== null && isFinal(state)) return end(state);
      }
    };
    stream
      .on("data", onData)
      .once("close", () => resolve(null))
      .on("error", reject);
  });
}

/** Reads what is left of a stream for a moment. */
function linger(stream: IncomingMessage): void {
  const timer = setTimeout(() => stream.destroy(), LINGER_MS).unref();
  stream.once("close", () => clearTimeout(timer)).resume();
}

/** HTML §9.2.6, as far as our host uses it: the data line of an event about this job. */
function stateOf(event: string, id: string): JobState | null {
  const data = event.split("\n").find((line) => line.startsWith("data:"));
  if (data === undefined) return null;
  try {
    const told = JSON.parse(data.slice("data:".length)) as { id?: unknown; state?: unknown } | null;
    return told?.id === id ? (JOB_STATES.find((state) => state === told.state) ?? null) : null;
  } catch {
    return null;
  }
}

/** The host sends a sign of life every 15 s. */
const SILENCE_MS = 45_000;
const LINGER_MS = 250;
const MAX_EVENT_CHARACTERS = 64 * 1024;
/** Longest delay that a timer of Node holds. */
const MAX_TIMER_MS = 2 ** 31 - 1;
