import type { Said } from "./lead-stream.ts";
import { QrsShapes } from "./qrs-shapes.ts";

/** What was decided about a deflection. */
export interface Voted {
  /** raw sample */
  at: number;
  isBeat: boolean;
  /** of the first lead's three detectors, how many saw it */
  votes: number;
  /** these were not of one mind, or the second lead saw nothing of it, which it does of nearly all beats */
  isDisputed: boolean;
  /** a beat in noise whose shape is not known */
  isDoubtful: boolean;
}

/** What a detector of a lead says, with what stands there. */
interface Heard extends Said {
  lead: number;
  cut: readonly number[];
}

/** What was said within 150 ms. */
interface Cluster {
  at: number;
  /** how many detectors of the first and of the second lead */
  first: number;
  second: number;
  /** whether the second lead could be judged there */
  paired: boolean;
  /** what stands there in the first lead, or where that says nothing in the second */
  cut: readonly number[];
  /** … in the second lead, where it says something */
  secondCut: readonly number[] | null;
}

/**
 * Two of three detectors of the first lead make a beat. The second lead has no vote of its own: what it says counts as
 * far as the leads agreed on the last beats. Where its detectors were right before, it makes a beat of what one detector
 * of the first lead saw, and fills a pause; where it saw the other beats, it overrules an early one that was not unanimous.
 * While single detectors keep seeing what is no beat there is noise, and two of three do not make a beat between others.
 * What is unlike all known shapes of QRS complexes is no beat between two that follow each other as beats usually do: in
 * noise whatever saw it, else where only two saw it and it comes earlier than any beat before.
 */
export class Vote {
  readonly #tell: (voted: Voted) => void;
  readonly #window: number;
  readonly #apart: number;
  readonly #said: Heard[] = [];
  readonly #clusters: Cluster[] = [];
  readonly #shapes: readonly [QrsShapes, QrsShapes];
  readonly #right = new Trust(); // of what the second lead says unanimously, how much was a beat
  readonly #saw = new Trust(); // of what the first lead says unanimously, how much the second saw
  readonly #noise = new Trust(); // of what the first lead says, how much one detector alone said and was no beat
  readonly #intervals: number[] = [];
  /** median of the last 8 RR intervals, 0 while there are fewer than 3 */
  #usual = 0;
  #last = Number.NEGATIVE_INFINITY;

  constructor(rate: number, tell: (voted: Voted) => void) {
    this.#tell = tell;
    this.#window = Math.floor(rate * 0.15);
    this.#apart = Math.floor(rate * 0.25);
    this.#shapes = [new QrsShapes(rate), new QrsShapes(rate)];
  }

  /** What a detector of a lead (0 or 1) says, and what stands there; in any order between `decide` calls. */
  take(lead: number, { detector, at }: Said, cut: readonly number[]): void {
    const entry = { detector, at, lead, cut };
    let i = this.#said.length;
    while (i > 0 && before(entry, this.#said[i - 1] as Heard)) i--;
    this.#said.splice(i, 0, entry);
  }

  /** Everything before `decidedTo` has been said. `paired` tells where the second lead was judged as well. */
  decide(decidedTo: number, paired: (at: number) => boolean): void {
    while (this.#said.length > 0 && (this.#said[0] as Heard).at + this.#window < decidedTo) this.#clusters.push(this.#nextCluster(paired));
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
    const start = (this.#said[0] as Heard).at;
    const seen = [0, 0];
    const heard: [Heard[], Heard[]] = [[], []];
    let taken = 0;
    for (const entry of this.#said) {
      const { at, lead, detector } = entry;
      if (at - start > this.#window) break;
      const bit = 1 << detector;
      if (((seen[lead] ?? 0) & bit) !== 0 && at - start > 0.7 * this.#window) break; // the next beat has begun
      seen[lead] = (seen[lead] ?? 0) | bit;
      (lead === 0 ? heard[0] : heard[1]).push(entry);
      taken++;
    }
    this.#said.splice(0, taken);
    const second = middleOf(heard[1]);
    const { at, cut } = (middleOf(heard[0]) ?? second) as Heard;
    const [firstSaw, secondSaw] = [COUNT[seen[0] ?? 0] ?? 0, COUNT[seen[1] ?? 0] ?? 0];
    return { at, first: firstSaw, second: secondSaw, paired: paired(at), cut, secondCut: second?.cut ?? null };
  }

  #nextAccepted(): number {
    for (let i = 1; i < this.#clusters.length; i++) {
      const { first, at } = this.#clusters[i] as Cluster;
      if (first >= 2) return at;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Whether nothing that has not been heard yet can change what `#judge` says, so that it does not matter when it is asked. */
  #isDecidable(cluster: Cluster, decidedTo: number): boolean {
    const { at, first } = cluster;
    const usual = this.#usual;
    const heardTo = decidedTo - this.#window;
    if (heardTo < this.#last + this.#spanOf(usual) && this.#isUnlike(cluster, usual) && this.#nextLike(usual) === Number.POSITIVE_INFINITY)
      return false;
    if (this.#nextAccepted() < Number.POSITIVE_INFINITY || !this.#isOpen(cluster, usual)) return true;
    const longest = first === 0 ? LONG * Math.max(...this.#intervals) : 0;
    return heardTo >= Math.max(at + Math.max(this.#apart, usual), this.#last + Math.max(PAUSE * usual, longest));
  }

  /** Whether what follows can change what `#judge` says: else nobody is kept waiting for it. */
  #isOpen({ first, second, paired }: Cluster, usual: number): boolean {
    if (first === 3 || usual === 0) return false;
    const right = this.#right.share;
    if (first === 2) return (paired && second === 0 && this.#saw.share >= SAW) || this.#noise.share >= NOISY;
    return paired && second >= (first === 1 ? 2 : 3) && right >= RIGHT_OF_MOST;
  }

  /** How long two beats that follow each other are apart at most, where something between them is asked about. */
  #spanOf(usual: number): number {
    return usual * (this.#noise.share >= NOISY ? NOISY_SPAN : SPAN);
  }

  /** Whether something that two detectors saw, or three in noise, has no known shape in either lead. */
  #isUnlike({ first, second, paired, cut, secondCut }: Cluster, usual: number): boolean {
    if (usual === 0 || first < 2 || (first === 3 && this.#noise.share < NOISY)) return false;
    if ((this.#shapes[0].oddness(cut) ?? 0) <= ODD) return false;
    const isSeen = paired && second === 3 && secondCut !== null;
    return !isSeen || (this.#shapes[1].oddness(secondCut) ?? ODD) >= ODD;
  }

  /** Where the next one of known shape is that could follow the last beat. */
  #nextLike(usual: number): number {
    const to = this.#last + this.#spanOf(usual);
    for (let i = 1; i < this.#clusters.length; i++) {
      const { first, at, cut } = this.#clusters[i] as Cluster;
      if (at >= to) break;
      if (first >= 2 && (this.#shapes[0].oddness(cut) ?? ODD + 1) <= ODD) return at;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Whether the second lead saw nothing, which it does of nearly all beats. */
  #isUnseen({ second, paired }: Cluster): boolean {
    return paired && second === 0 && this.#saw.share >= SAW;
  }

  /** Whether something unlike all known stands between two that follow each other. */
  #isBetween({ at, first }: Cluster, usual: number): boolean {
    const next = this.#nextLike(usual);
    if (next === Number.POSITIVE_INFINITY) return false;
    if (this.#noise.share >= (first === 2 ? NOISY : LOUD)) return true;
    return Math.min(at - this.#last, next - at) < SHORT * Math.min(...this.#intervals);
  }

  #judge(cluster: Cluster): void {
    const { at, first, second, paired, cut, secondCut } = cluster;
    const usual = this.#usual;
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
    const isNoisy = this.#noise.share >= NOISY && usual > 0;
    if (isBeat && first < 2 && isNoisy && secondCut !== null && (this.#shapes[1].oddness(secondCut) ?? 0) > ODD) isBeat = false;
    const isUnlike = isBeat && this.#isUnlike(cluster, usual);
    const isRejected = isUnlike && (this.#isUnseen(cluster) || this.#isBetween(cluster, usual));
    if (isRejected) isBeat = false;
    const isDoubtful = isBeat && isUnlike && this.#noise.share >= LOUD;
    const isDisputed = isRejected || isDoubtful || first === 1 || (first === 0 && isBeat) || this.#isDisputed(cluster, usual);
    if (first > 0) this.#noise.add((first === 1 && !isBeat) || isRejected ? 2 : 0);
    if (paired && second === 3) this.#right.add(first >= 2 ? 2 : first === 1 || isBeat ? 1 : 0);
    if (paired && first === 3 && !isUnlike) this.#saw.add(second >= 2 ? 2 : second);
    if (first === 3) this.#shapes[0].learn(cut);
    if (second === 3 && secondCut !== null) this.#shapes[1].learn(secondCut);
    this.#tell({ at, isBeat, votes: first, isDisputed, isDoubtful });
    if (!isBeat) return;
    if (this.#last > Number.NEGATIVE_INFINITY) {
      this.#intervals.push(at - this.#last);
      if (this.#intervals.length > 8) this.#intervals.shift();
      if (this.#intervals.length >= 3) this.#usual = this.#intervals.toSorted((a, b) => a - b)[this.#intervals.length >> 1] ?? 0;
    }
    this.#last = at;
  }

  /** Whether two detectors, or three of which the second lead saw nothing, are to be doubted: not where the shape is well known. */
  #isDisputed({ first, second, paired, cut }: Cluster, usual: number): boolean {
    const isAlone = first === 3 && paired && second === 0 && this.#saw.share >= SAW;
    if (first !== 2 && !isAlone) return false;
    if ((first === 2 && second < 3) || usual === 0) return true;
    return (this.#shapes[0].oddness(cut) ?? ODD) >= COMMON;
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

function middleOf(heard: readonly Heard[]): Heard | undefined {
  return heard[(heard.length - 1) >> 1];
}

function before(a: Heard, b: Heard): boolean {
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
/** … and from this one on there is so much that all three detectors are often wrong at once. */
const LOUD = 0.15;
/** So many times further from all known shapes than usual is odd, so many times is common. */
const ODD = 4;
const COMMON = 2;
/** Two beats between which nothing odd is a beat are so many usual intervals apart at most, in noise so many. */
const SPAN = 1.2;
const NOISY_SPAN = 1.5;
/** Without noise an odd beat is not to come earlier than this part of the shortest of the last intervals. */
const SHORT = 0.8;
/** How much of what the second lead says must have been right, by how little the first lead saw. */
const RIGHT_OF_MOST = 0.8;
const RIGHT_OF_ALL = 0.85;
const RIGHT_OF_NEARLY_ALL = 0.9;
/** How much of what the first lead saw the second must have seen. */
const SAW = 0.9;
