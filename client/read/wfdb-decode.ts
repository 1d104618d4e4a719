import { MISSING_16 } from "./columns.ts";
import { ReadError } from "./problems.ts";
import { bytesFor, missingOf, unpack } from "./wfdb-formats.ts";
import type { WfdbSignal } from "./wfdb-header.ts";

/** A signal file, read block by block. */
export interface SignalBytes {
  /** @returns exactly these bytes, valid until the next call. @throws ReadError file-missing, wfdb-truncated */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/** Where the samples of one signal of a file go. */
export interface SignalTarget {
  signal: WfdbSignal;
  /** null for a signal that is not used: it is summed alone */
  samples: Int16Array | null;
  /** place of frame 0's first sample */
  at: number;
}

/** What was found in one signal. */
export interface DecodedSignal {
  /** "no sample" by the format's own mark, or past the end by skew */
  missing: number;
  /** set where the first sample is not the header's initial value, though the checksum is right */
  initialProblem: ReadError | null;
}

/**
 * Reads the samples of all signals of one file (signal(5)): frame by frame, in each the signals in turn. Memory beside the
 * targets is one block.
 * @param frames whole frames that the file is known to hold
 * @throws ReadError wfdb-checksum, wfdb-initial-value, file-missing, wfdb-truncated
 */
export function decodeSignalFile(
  file: string,
  bytes: SignalBytes,
  targets: readonly SignalTarget[],
  frames: number,
  onBytes: (count: number) => void,
): DecodedSignal[] {
  const format = targets[0]?.signal.format ?? 16;
  const byteOffset = targets[0]?.signal.byteOffset ?? 0;
  const columns = targets.map((target) => new Column(target, frames));
  const slots = columns.flatMap((column) => Array.from({ length: column.perFrame }, () => column));
  const total = frames * slots.length;
  const block = new Int16Array(Math.min(total, BLOCK_SAMPLES));
  for (let done = 0, slot = 0; done < total; done += block.length) {
    const count = Math.min(block.length, total - done);
    const length = bytesFor(format, count);
    unpack(format, bytes.read(byteOffset + bytesFor(format, done), length), block, count);
    for (let i = 0; i < count; i++) {
      slots[slot]?.push(block[i] as number);
      if (++slot === slots.length) slot = 0;
    }
    onBytes(length);
  }
  return columns.map((column, i) => column.finish(`${file}, signal ${i}`));
}

/** One signal while it is read. */
class Column {
  readonly perFrame: number;
  readonly #signal: WfdbSignal;
  readonly #samples: Int16Array | null;
  readonly #mark: number;
  readonly #end: number;
  #at: number;
  #start: number;
  #sum = 0;
  #missing = 0;
  #first: number | null = null;

  constructor({ signal, samples, at }: SignalTarget, frames: number) {
    this.perFrame = signal.samplesPerFrame;
    this.#signal = signal;
    this.#samples = samples;
    this.#mark = missingOf(signal.format);
    // header(5): samples before frame 0 are passed over, and as many are missing at the end.
    const skewed = Math.min(signal.skew, frames) * this.perFrame;
    this.#start = at;
    this.#at = at - skewed;
    this.#end = at + frames * this.perFrame;
  }

  push(raw: number): void {
    this.#first ??= raw;
    this.#sum = (this.#sum + raw) | 0;
    const at = this.#at++;
    if (at < this.#start || this.#samples === null) return;
    if (raw === this.#mark) {
      this.#missing++;
      raw = MISSING_16;
    }
    this.#samples[at] = raw;
  }

  finish(where: string): DecodedSignal {
    const { checksum, initial } = this.#signal;
    const sum = (this.#sum << 16) >> 16;
    if (checksum !== null && sum !== (checksum << 16) >> 16)
      throw new ReadError("wfdb-checksum", where, `checksum ${checksum}`, String(sum));
    const isFirst = initial === null || this.#first === null || initial === this.#first;
    const initialProblem = isFirst ? null : new ReadError("wfdb-initial-value", where, `first sample ${initial}`, String(this.#first));
    if (initialProblem !== null && checksum === null) throw initialProblem;
    for (let at = Math.max(this.#at, this.#start); at < this.#end; at++) {
      if (this.#samples !== null) this.#samples[at] = MISSING_16;
      this.#missing++;
    }
    return { missing: this.#samples === null ? 0 : this.#missing, initialProblem };
  }
}

/** Whole packs of every format, about a megabyte. */
const BLOCK_SAMPLES = 6 * 131_072;
