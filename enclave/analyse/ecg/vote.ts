import type { Said } from "./lead-stream.ts";

/** What was decided about a deflection. */
export interface Voted {
  /** raw sample */
  at: number;
  isBeat: boolean;
  /** of the first lead's three detectors, how many saw it */
  votes: number;
  /** these were not of one mind, or the second lead saw nothing of it, which it does of nearly all beats */
  isDisputed: boolean;
}

/** What was said within 150 ms. */
interface Cluster {
  at: number;
  /** how many detectors of the first and of the second lead */
  first: number;
  second: number;
  /** whether the second lead could be judged there */
  paired: boolean;
}

/**
 * Two of three detectors of the first lead make a beat. The second lead has no vote of its own: what it says counts as
 * far as the leads agreed on the last beats. Where its detectors were right before, it makes a beat of what one detector
 * of the first lead saw, and fills a pause; where it saw the other beats, it overrules an early one that was not unanimous.
 * While single detectors keep seeing what is no beat there is noise, and two of three do not make a beat between others.
 */
export class Vote {
  readonly #tell: (voted: Voted) => void;
  readonly #window: number;
  readonly #apart: number;
  readonly #said: (Said & { lead: number })[] = [];
  readonly #clusters: Cluster[] = [];
  readonly #right = new Trust(); // of what the second lead says unanimously, how much was a beat
  readonly #saw = new Trust(); // of what the first lead says unanimously, how much the second saw
  readonly #noise = new Trust(); // of what the first lead says, how much one detector alone said and was no beat
  readonly #intervals: number[] = [];
  #last = Number.NEGATIVE_INFINITY;

  constructor(rate: number, tell: (voted: Voted) => void) {
    this.#tell = tell;
    this.#window = Math.floor(rate * 0.15);
    this.#apart = Math.floor(rate * 0.25);
  }

  /** What a detector of a lead (0 or 1) says; in any order between `decide` calls. */
  take(lead: number, said: Said): void {
    const entry = { ...said, lead };
    let i = this.#said.length;
    while (i > 0 && before(entry, this.#said[i - 1] as Said & { lead: number })) i--;
    this.#said.splice(i, 0, entry);
  }

  /** Everything before `decidedTo` has been said. `paired` tells where the second lead was judged as well. */
  decide(decidedTo: number, paired: (at: number) => boolean): void {
    while (this.#said.length > 0 && (this.#said[0] as Said).at + this.#window < decidedTo) this.#clusters.push(this.#nextCluster(paired));
    for (let next = this.#clusters[0]; next !== undefined && this.#isDecidable(next, decidedTo); next = this.#clusters[0]) {
      this.#judge(next);
      this.#clusters.shift();
    }
  }

  /** Nothing before this raw sample will be told any more, when everything before `decidedTo` has been said. */
  undecidedFrom(decidedTo: number): number {
    return Math.min(this.#clusters[0]?.at ?? decidedTo, this.#said[0]?.at ?? decidedTo, decidedTo - this.#window) - this.#window;
  }

  #nextCluster(paired: (at: number) => boolean): Cluster {
    const start = (this.#said[0] as Said).at;
    const seen = [0, 0];
    const times: [number[], number[]] = [[], []];
    let taken = 0;
    for (const { at, lead, detector } of this.#said) {
      if (at - start > this.#window) break;
      const bit = 1 << detector;
      if (((seen[lead] ?? 0) & bit) !== 0 && at - start > 0.7 * this.#window) break; // the next beat has begun
      seen[lead] = (seen[lead] ?? 0) | bit;
      (lead === 0 ? times[0] : times[1]).push(at);
      taken++;
    }
    this.#said.splice(0, taken);
    const own = times[0].length > 0 ? times[0] : times[1];
    const at = own[(own.length - 1) >> 1] ?? start;
    return { at, first: COUNT[seen[0] ?? 0] ?? 0, second: COUNT[seen[1] ?? 0] ?? 0, paired: paired(at) };
  }

  #nextAccepted(): number {
    for (let i = 1; i < this.#clusters.length; i++) {
      const { first, at } = this.#clusters[i] as Cluster;
      if (first >= 2) return at;
    }
    return Number.POSITIVE_INFINITY;
  }

  #isDecidable(cluster: Cluster, decidedTo: number): boolean {
    const { at } = cluster;
    if (this.#nextAccepted() < Number.POSITIVE_INFINITY) return true;
    const usual = this.#usualInterval();
    if (!this.#isOpen(cluster, usual)) return true;
    return decidedTo - this.#window >= Math.max(at + Math.max(this.#apart, usual), this.#last + PAUSE * usual);
  }

  /** Whether what follows can change what `#judge` says: else nobody is kept waiting for it. */
  #isOpen({ first, second, paired }: Cluster, usual: number): boolean {
    if (first === 3 || usual === 0) return false;
    const right = this.#right.share;
    if (first === 2) return (paired && second === 0 && this.#saw.share >= SAW) || this.#noise.share >= NOISY;
    return paired && second >= (first === 1 ? 2 : 3) && right >= RIGHT_OF_MOST;
  }

  #judge(cluster: Cluster): void {
    const { at, first, second, paired } = cluster;
    const usual = this.#usualInterval();
    const next = this.#nextAccepted();
    let isBeat = first >= 2;
    if (paired && usual > 0) {
      const isApart = at - this.#last >= this.#apart && next - at >= this.#apart;
      const isEarly = at - this.#last < EARLY * usual || next - at < EARLY * usual;
      const right = this.#right.share;
      const pause = (next - this.#last) / usual;
      if (!isBeat && isApart && first === 1)
        isBeat = (second === 3 && right >= RIGHT_OF_NEARLY_ALL) || (second === 2 && right >= RIGHT_OF_MOST && pause >= PAUSE);
      else if (!isBeat && isApart && second === 3)
        isBeat = right >= RIGHT_OF_ALL && pause >= PAUSE && next - this.#last >= LONG * Math.max(...this.#intervals);
      else if (isBeat && first === 2 && second === 0 && isEarly && this.#saw.share >= SAW) isBeat = false;
    }
    if (isBeat && first === 2 && this.#noise.share >= NOISY && usual > 0) {
      const isSqueezed = at - this.#last < ALMOST * usual || next - at < ALMOST * usual;
      if (isSqueezed && !(paired && second === 3 && this.#right.share >= RIGHT_OF_NEARLY_ALL)) isBeat = false;
    }
    if (first > 0) this.#noise.add(first === 1 && !isBeat ? 2 : 0);
    const isDisputed = first === 1 || first === 2 || (first === 3 && paired && second === 0 && this.#saw.share >= SAW);
    if (paired && second === 3) this.#right.add(first >= 2 ? 2 : first === 1 || isBeat ? 1 : 0);
    if (paired && first === 3) this.#saw.add(second >= 2 ? 2 : second);
    this.#tell({ at, isBeat, votes: first, isDisputed });
    if (!isBeat) return;
    if (this.#last > Number.NEGATIVE_INFINITY) {
      this.#intervals.push(at - this.#last);
      if (this.#intervals.length > 8) this.#intervals.shift();
    }
    this.#last = at;
  }

  /** Median of the last 8 RR intervals, 0 while there are fewer than 3. */
  #usualInterval(): number {
    if (this.#intervals.length < 3) return 0;
    const sorted = this.#intervals.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}

/** A share over the last 60 answers of 0, 1 or 2 halves; 0 while there are fewer than 10. */
class Trust {
  readonly #answers: number[] = [];
  #sum = 0;

  add(halves: number): void {
    this.#answers.push(halves);
    this.#sum += halves;
    if (this.#answers.length > 60) this.#sum -= this.#answers.shift() ?? 0;
  }

  get share(): number {
    return this.#answers.length < 10 ? 0 : this.#sum / (2 * this.#answers.length);
  }
}

function before(a: Said & { lead: number }, b: Said & { lead: number }): boolean {
  return a.at < b.at || (a.at === b.at && (a.lead < b.lead || (a.lead === b.lead && a.detector < b.detector)));
}

/** How many of three bits are set. */
const COUNT = [0, 1, 1, 2, 1, 2, 2, 3] as const;
/** A pause lasts at least this many usual intervals, an early beat at most that many. */
const PAUSE = 1.6;
const EARLY = 0.7;
/** … and this many of the longest of the last intervals where the first lead saw nothing at all. */
const LONG = 1.2;
/** From this share of single voices on there is noise, in which a beat is not to be nearer than this many usual intervals. */
const NOISY = 0.05;
const ALMOST = 0.8;
/** How much of what the second lead says must have been right, by how little the first lead saw. */
const RIGHT_OF_MOST = 0.8;
const RIGHT_OF_ALL = 0.85;
const RIGHT_OF_NEARLY_ALL = 0.9;
/** How much of what the first lead saw the second must have seen. */
const SAW = 0.9;
