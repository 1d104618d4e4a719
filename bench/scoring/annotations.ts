/** One annotation of a WFDB annotation file ("MIT format", annot(5)). */
export interface Annotation {
  /** sample number */
  at: number;
  /** annotation code, 0 to 49 (ecgcodes.h) */
  type: number;
  subtype: number;
  channel: number;
  num: number;
  /** bytes of the text, one character each */
  aux: string;
}

/** A stretch of samples, both ends included. */
export interface Stretch {
  from: number;
  to: number;
}

/** What a reference says about beats. */
export interface Reference {
  /** sample numbers of beats outside VF, ascending */
  beats: number[];
  /** annotation code of each */
  types: number[];
  /** ventricular flutter or fibrillation: from VFON to VFOFF, or to the end */
  vf: Stretch[];
}

/**
 * Reads an annotation file: entries of two bytes (code in the upper 6 bits, interval in the lower 10), with SKIP for long
 * intervals and SUB, CHN, NUM and AUX for the fields of the entry before. CHN and NUM hold until they are changed.
 * @throws Error where the file ends inside an entry
 */
export function readAnnotations(bytes: Uint8Array): Annotation[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const annotations: Annotation[] = [];
  let [at, channel, num] = [0, 0, 0];
  for (let p = 0; p + 1 < bytes.length;) {
    const word = view.getUint16(p, true);
    const [code, low] = [word >> 10, word & 1023];
    p += 2;
    const last = annotations.at(-1);
    if (word === 0) break;
    else if (code === SKIP) {
      at += view.getInt16(p, true) * 65_536 + view.getUint16(p + 2, true);
      p += 4;
    } else if (code === NUM) {
      num = signed(low);
      if (last !== undefined) last.num = num;
    } else if (code === SUB) {
      if (last !== undefined) last.subtype = signed(low);
    } else if (code === CHN) {
      channel = low & 255;
      if (last !== undefined) last.channel = channel;
    } else if (code === AUX) {
      if (p + low > bytes.length) throw new Error(`annotation file: a text of ${low} bytes at ${p} goes past the end`);
      if (last !== undefined) last.aux = String.fromCharCode(...bytes.subarray(p, p + low));
      p += low + (low & 1);
    } else {
      at += low;
      annotations.push({ at, type: code, subtype: 0, channel, num, aux: "" });
    }
  }
  return annotations;
}

/** The beats of an annotation file, without those inside ventricular flutter or fibrillation (EC57 does not score these). */
export function referenceOf(annotations: readonly Annotation[]): Reference {
  const reference: Reference = { beats: [], types: [], vf: [] };
  let on: number | null = null;
  for (const { at, type } of annotations) {
    if (on !== null) {
      if (type !== VFOFF) continue;
      reference.vf.push({ from: on, to: at });
      on = null;
    } else if (type === VFON) on = at;
    else if (BEAT_TYPES.has(type)) {
      reference.beats.push(at);
      reference.types.push(type);
    }
  }
  if (on !== null) reference.vf.push({ from: on, to: Number.POSITIVE_INFINITY });
  return reference;
}

function signed(low: number): number {
  return ((low & 255) << 24) >> 24;
}

const SKIP = 59;
const NUM = 60;
const SUB = 61;
const CHN = 62;
const AUX = 63;
const VFON = 32;
const VFOFF = 33;
/** Codes that stand for a QRS complex (ecgmap.h, isqrs). */
const BEAT_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 30, 34, 35, 38, 41]);
