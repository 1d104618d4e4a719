import { equalBytes, toHex, type Emergency, type SigningPublicKey } from "@caladrius/wire";
import type { TimeInterval } from "../boot/clock.ts";
import { isEscalated, isReachable, isReached, mayDecide, standingOf, type Answerable, type Answered, type Deciders } from "./standing.ts";

/** An emergency that an enclave keeps, until it ends. */
export interface KeptEmergency extends Answerable {
  /** statement of kind emergency: what approvers approve */
  readonly statement: Uint8Array;
  /** the job that opened it, hex */
  readonly openedWith: string;
  readonly answers: Answered[];
  grantedFromMs: number | null;
  refused: boolean;
  /** the jobs that were answered under it, hex */
  readonly usedWith: Set<string>;
}

/**
 * The emergencies of one boot and how often they were used. Bounded: where there is no room, what would have to be
 * remembered is denied. A job that a host repeats changes nothing.
 */
export class Emergencies {
  readonly #limits: { kept: number; perRequester: number; uses: number };
  #kept: KeptEmergency[] = [];
  /** the jobs that opened what was forgotten, hex, the newest of them */
  readonly #forgotten = new Set<string>();
  #uses = 0;

  /** @param limits by default 64 at once, 4 of them of one requester, each used by 1024 jobs */
  constructor({ kept = 64, perRequester = 4, uses = 1024 }: { kept?: number; perRequester?: number; uses?: number } = {}) {
    this.#limits = { kept, perRequester, uses };
  }

  /** How often an emergency was used since boot. */
  get uses(): number {
    return this.#uses;
  }

  /** In the order of their opening. */
  get all(): readonly KeptEmergency[] {
    return this.#kept;
  }

  find(id: Uint8Array): KeptEmergency | null {
    return this.#kept.find(({ emergency }) => equalBytes(emergency.id, id)) ?? null;
  }

  /** The one that this job opened before, if it did. */
  openedWith(jobDigest: Uint8Array): KeptEmergency | null {
    const job = toHex(jobDigest);
    return this.#kept.find((kept) => kept.openedWith === job) ?? null;
  }

  /** Whether this job opened one that ended and was forgotten: a host that repeats it opens nothing. */
  wasOpenedWith(jobDigest: Uint8Array): boolean {
    return this.#forgotten.has(toHex(jobDigest));
  }

  /** Whether one more of this requester can be kept, once what has ended is forgotten. */
  hasRoom(requester: SigningPublicKey, deciders: Deciders, now: TimeInterval): boolean {
    const fits = (): boolean => this.#kept.length < this.#limits.kept && this.#of(requester).length < this.#limits.perRequester;
    if (!fits()) this.#forget(deciders, now);
    return fits();
  }

  #forget(deciders: Deciders, now: TimeInterval): void {
    const lasts = new Set(this.#kept.filter((kept) => ["waiting", "granted"].includes(standingOf(kept, deciders, now).state)));
    for (const kept of this.#kept) if (!lasts.has(kept)) this.#forgotten.add(kept.openedWith);
    this.#kept = [...lasts];
    for (const job of this.#forgotten) if (this.#forgotten.size > MOST_FORGOTTEN) this.#forgotten.delete(job);
  }

  open(emergency: Emergency, statement: Uint8Array, jobDigest: Uint8Array): KeptEmergency {
    const kept: KeptEmergency = {
      emergency,
      statement,
      openedWith: toHex(jobDigest),
      answers: [],
      grantedFromMs: null,
      refused: false,
      usedWith: new Set(),
    };
    this.#kept.push(kept);
    return kept;
  }

  /**
   * Takes in what an approver says, in each role in which it is theirs to say. A person's first word in a role stands, and
   * nobody says both.
   * @returns what came of it; null when the word counts for nothing
   */
  answer(
    kept: KeptEmergency,
    word: Pick<Answered, "granted"> & { by: readonly Answered["approver"][] },
    deciders: Deciders,
    now: TimeInterval,
  ): "taken" | "granted" | "refused" | null {
    const { state, asked } = standingOf(kept, deciders, now);
    if (state !== "waiting") return null;
    const said = (approver: Answered["approver"]): boolean =>
      kept.answers.some(
        (one) => one.approver.person === approver.person && (one.approver.role === approver.role || one.granted !== word.granted),
      );
    const counting = word.by.filter(
      (approver) =>
        asked.some(({ role }) => role === approver.role) &&
        !deciders.isRevoked(approver.key) &&
        mayDecide(approver, kept.emergency, deciders) &&
        !said(approver),
    );
    if (counting.length === 0) return null;
    const escalated = isEscalated(kept, deciders.rule, now);
    for (const approver of counting) kept.answers.push({ approver, granted: word.granted, fromMs: now.fromMs });
    if (isReached(kept, deciders, escalated)) {
      kept.grantedFromMs ??= now.fromMs;
      return "granted";
    }
    kept.refused = !isReachable(kept, deciders, escalated);
    return kept.refused ? "refused" : "taken";
  }

  /** Whether one more job can be remembered as answered under it. */
  mayUse({ usedWith }: KeptEmergency, jobDigest: Uint8Array): boolean {
    return usedWith.has(toHex(jobDigest)) || usedWith.size < this.#limits.uses;
  }

  /** Counts a job that was answered under it. False for one that had been. */
  use({ usedWith }: KeptEmergency, jobDigest: Uint8Array): boolean {
    const job = toHex(jobDigest);
    if (usedWith.has(job)) return false;
    usedWith.add(job);
    this.#uses += 1;
    return true;
  }

  #of({ alg, key }: SigningPublicKey): KeptEmergency[] {
    return this.#kept.filter(({ emergency: { requester } }) => requester.alg === alg && equalBytes(requester.key, key));
  }
}

/** About half a megabyte. */
const MOST_FORGOTTEN = 4096;
