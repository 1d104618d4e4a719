import type { JobQueue, JobState } from "../queue.ts";

type Listener = (id: string, state: JobState) => void;

/** Spreads changes of state to those who wait for one job or for all. */
export class StateHub {
  readonly #all = new Set<Listener>();
  readonly #byJob = new Map<string, Set<Listener>>();

  constructor(queue: JobQueue) {
    queue.watch((id, state) => {
      for (const listener of this.#all) listener(id, state);
      for (const listener of this.#byJob.get(id) ?? []) listener(id, state);
    });
  }

  /** Listens to one job, or to all with null. Returns how to stop that. */
  listen(id: string | null, listener: Listener): () => void {
    if (id === null) {
      this.#all.add(listener);
      return () => void this.#all.delete(listener);
    }
    const listeners = this.#byJob.get(id) ?? new Set();
    this.#byJob.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byJob.get(id) === listeners) this.#byJob.delete(id);
    };
  }
}

/** Whether a job in this state changes no more. */
export function isFinal(state: JobState): boolean {
  return state !== "accepted" && state !== "running";
}
