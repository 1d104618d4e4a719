/** What stands in memory of a job that has not ended. */
export interface OpenJob {
  id: string;
  client: string;
  /** SHA-256 of the sealed bytes */
  digest: Uint8Array;
  notAfter: number;
  acceptedAtMs: number;
  running: boolean;
}

/** The open jobs of a store: who is next, who works, how many each client has. */
export class OpenJobs {
  readonly #jobs = new Map<string, OpenJob>();
  readonly #byClient = new Map<string, number>();
  readonly #ready = new Set<string>();

  get(id: string): OpenJob | undefined {
    return this.#jobs.get(id);
  }

  all(): OpenJob[] {
    return [...this.#jobs.values()];
  }

  counts(): { accepted: number; running: number } {
    let running = 0;
    for (const job of this.#jobs.values()) if (job.running) running++;
    return { accepted: this.#jobs.size - running, running };
  }

  /** Counts a job against its client's quota before it is there. False when the quota is used up. */
  reserve(client: string, most: number): boolean {
    const open = this.#byClient.get(client) ?? 0;
    if (open >= most) return false;
    this.#byClient.set(client, open + 1);
    return true;
  }

  /** Takes a reservation back. */
  cancel(client: string): void {
    const left = (this.#byClient.get(client) ?? 0) - 1;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }

  /** Adds a job whose place is reserved, ready to be handed out. */
  add(job: OpenJob): void {
    this.#jobs.set(job.id, job);
    this.#ready.add(job.id);
  }

  /** Forgets a job that ended. */
  drop(id: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    this.#jobs.delete(id);
    this.#ready.delete(id);
    this.cancel(job.client);
  }

  /** Puts a job that is open at the end of those to hand out. */
  offer(id: string): boolean {
    if (!this.#jobs.has(id)) return false;
    this.#ready.add(id);
    return true;
  }

  /** The next job to hand out, marked running. */
  next(): OpenJob | null {
    for (const id of this.#ready) {
      this.#ready.delete(id);
      const job = this.#jobs.get(id);
      if (job === undefined || job.running) continue;
      job.running = true;
      return job;
    }
    return null;
  }
}
