import type { DecisionMemory, GrantUse, NewestBatch, SignedByDevice } from "@caladrius/policies";

/**
 * What an enclave remembers of the jobs that it answered, until it ends: which uses of grants were spent, and how far each
 * device has numbered. Bounded; where there is no room, what would have to be remembered is denied.
 */
export class AnsweredJobs implements DecisionMemory {
  readonly #mostUses: number;
  readonly #mostUnregistered: number;
  readonly #uses = new Map<string, SpentUse>();
  /** how many of those are of one grant */
  readonly #usesOf = new Map<string, number>();
  /** by thumbprint; registered devices are as many as the bundle names */
  readonly #registered = new Map<string, NewestBatch>();
  readonly #unregistered = new Map<string, NewestBatch>();
  /** uses of grants that ended before this, Unix ms, were forgotten */
  #forgottenBeforeMs = 0;

  /** @param limits by default 65,536 uses, about 13 MB, a quarter of them of one grant, and 4096 devices that the bundle does not register */
  constructor({ uses = 65_536, unregistered = 4096 }: { uses?: number; unregistered?: number } = {}) {
    this.#mostUses = uses;
    this.#mostUnregistered = unregistered;
  }

  /**
   * A grant that had ended when uses were last forgotten stays ended, whatever the clock says later: else time going back by
   * what two anchors may differ would spend a use twice.
   */
  spentWith(use: GrantUse, nowFromMs: number): Uint8Array | "full" | "forgotten" | null {
    if (use.notAfter * 1000 < this.#forgottenBeforeMs) return "forgotten";
    const spent = this.#uses.get(useKey(use));
    if (spent !== undefined) return new Uint8Array(Buffer.from(spent.jobDigest, "latin1"));
    if (this.#uses.size >= this.#mostUses) this.#forgetEnded(nowFromMs);
    const own = this.#usesOf.get(grantKey(use)) ?? 0;
    return this.#uses.size >= this.#mostUses || own >= this.#mostUses / SHARE_OF_ONE ? "full" : null;
  }

  newestOf(thumbprint: Uint8Array, registered: boolean): NewestBatch | "full" | null {
    const newest = (registered ? this.#registered : this.#unregistered).get(text(thumbprint));
    if (newest !== undefined) return newest;
    return !registered && this.#unregistered.size >= this.#mostUnregistered ? "full" : null;
  }

  /** Takes in what an answered job used up. A job that was denied uses up nothing, and is never given to this. */
  answered(jobDigest: Uint8Array, { grant, device }: { grant: GrantUse | null; device: SignedByDevice | null }): void {
    if (grant !== null) this.#spend(jobDigest, grant);
    // What was told as a replay is no newer than what is known.
    if (device === null || device.flags.includes("device-replay")) return;
    const { sequence, digest } = device;
    (device.name === null ? this.#unregistered : this.#registered).set(text(device.thumbprint), { sequence, digest });
  }

  #spend(jobDigest: Uint8Array, grant: GrantUse): void {
    const key = useKey(grant);
    if (!this.#uses.has(key)) this.#count(grantKey(grant), 1);
    this.#uses.set(key, { jobDigest: text(jobDigest), notAfter: grant.notAfter });
  }

  #count(grant: string, by: 1 | -1): void {
    const uses = (this.#usesOf.get(grant) ?? 0) + by;
    if (uses > 0) this.#usesOf.set(grant, uses);
    else this.#usesOf.delete(grant);
  }

  #forgetEnded(nowFromMs: number): void {
    if (nowFromMs <= this.#forgottenBeforeMs) return;
    this.#forgottenBeforeMs = nowFromMs;
    for (const [key, { notAfter }] of this.#uses) {
      if (notAfter * 1000 >= nowFromMs) continue;
      this.#uses.delete(key);
      this.#count(key.slice(0, GRANT_BYTES), -1);
    }
  }
}

/** As text: an array of 32 bytes takes ten times the room. */
interface SpentUse {
  jobDigest: string;
  notAfter: number;
}

function useKey(use: GrantUse): string {
  return `${grantKey(use)}${use.use}`;
}

function grantKey({ issuer, id }: GrantUse): string {
  return text(Buffer.concat([issuer, id]));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const SHARE_OF_ONE = 4;
/** Issuer and id. */
const GRANT_BYTES = 48;
