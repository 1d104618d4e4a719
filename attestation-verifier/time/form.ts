import { DerReader, TAG, type DerProfile } from "../evidence/der.ts";
import { Refusal } from "../verdict/refusal.ts";

/** One element of DER as views of the received bytes. */
export interface Element {
  /** what it is a part of, for refusals */
  readonly name: string;
  /** 0 for a field that was left out, and for what `readFrom` makes */
  readonly tag: number;
  readonly content: Uint8Array;
  /** head and content */
  readonly whole: Uint8Array;
}

/** Bytes whose elements are to be read; they are attacker-controlled. */
export function readFrom(content: Uint8Array, name: string): Element {
  return { name, tag: 0, content, whole: content };
}

/**
 * The elements that stand inside one, in order. Primitive values that have one form in DER have it: an INTEGER is shortest
 * (X.690 §8.3.2), and a BOOLEAN, which in all these structures is FALSE by default, is TRUE (§11.1, §11.5).
 * @throws Refusal time-evidence-form
 */
export function readElements(of: Element): Element[] {
  const { name, content: bytes } = of;
  const reader = new DerReader(bytes, name, PROFILE);
  const all: Element[] = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const tag = bytes[start] as number;
    const content = reader.content(tag, "element");
    // X.690 §8.1.2.4: a tag whose low bits are all set goes on in the next byte
    if (
      (tag & 0x1f) === 0x1f ||
      (tag === TAG.integer && !isShortest(content)) ||
      (tag === TAG.boolean && (content.length !== 1 || content[0] !== 0xff))
    )
      throw refuseForm(of, `an element at byte ${start} that is not DER`);
    all.push({ name, tag, content, whole: bytes.subarray(start, reader.at) });
  }
  return all;
}

/**
 * What stands inside an element, as fields with these tags in this order and nothing else; `-tag` may be left out.
 * @throws Refusal time-evidence-form
 */
export function readFields<const T extends readonly number[]>(of: Element, ...tags: T): { [K in keyof T]: Element } {
  const elements = readElements(of);
  const fields = tags.map((tag) => {
    const [next] = elements;
    if (next?.tag === Math.abs(tag)) elements.shift();
    else if (tag > 0) throw refuseForm(of, `no field with tag ${tag}`);
    return next?.tag === Math.abs(tag) ? next : readFrom(NOTHING, of.name);
  });
  if (elements.length > 0) throw refuseForm(of, "fields that do not belong there");
  return fields as { [K in keyof T]: Element };
}

/** A list of one element at least, all with one tag. @throws Refusal time-evidence-form */
export function readList(of: Element, tag: number): Element[] {
  const elements = readElements(of);
  if (elements.length === 0 || elements.some((element) => element.tag !== tag)) throw refuseForm(of, "an empty or mixed list");
  return elements;
}

/** An INTEGER from 0 to 2^31 - 1, under whatever tag; 0 for a field that was left out. @throws Refusal time-evidence-form */
export function readNumber(of: Element): number {
  const { tag, content } = of;
  if (tag > 0 && (!isShortest(content) || content.length > 4 || (content[0] as number) > 0x7f)) throw refuseForm(of, "no small number");
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** The bytes of a BIT STRING without unused bits. @throws Refusal time-evidence-form */
export function readBits(of: Element): Uint8Array {
  if (of.content[0] !== 0) throw refuseForm(of, "unused bits");
  return of.content.subarray(1);
}

export function refuseForm({ name }: Element, actual: string): Refusal {
  return new Refusal("time-evidence-form", { subject: name, actual });
}

export function refuseUnsupported({ name }: Element, actual: string): Refusal {
  return new Refusal("time-evidence-unsupported", { subject: name, actual: actual.slice(0, 64) });
}

function isShortest(integer: Uint8Array): boolean {
  const [first, second] = integer;
  return (
    first !== undefined &&
    (second === undefined || (first === 0 && second > 0x7f) || (first === 0xff && second < 0x80) || (first > 0 && first < 0xff))
  );
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** DerReader reports nothing but the form of elements; a token has at most 64 KiB. */
const PROFILE: DerProfile = {
  codes: { der: "time-evidence-form", algorithm: "time-evidence-form", time: "time-evidence-form", signature: "time-evidence-form" },
  lengthBytes: 2,
};
