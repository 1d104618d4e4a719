import type { Code } from "../verdict/code.ts";
import { Refusal } from "../verdict/refusal.ts";

/** What is read: certificates unless said otherwise. */
export interface DerProfile {
  /** what is refused with which code: bytes outside DER, and the parts that X.509 structures share (x509-parts.ts) */
  readonly codes: { readonly der: Code; readonly algorithm: Code; readonly time: Code; readonly signature: Code };
  /** bytes that a length may take behind its first: 2 reaches 65,535, 3 reaches 16 MiB */
  readonly lengthBytes: 2 | 3;
}

/**
 * A cursor over DER (X.690 §10): one byte tags, definite lengths in their shortest form, nothing else. It moves over the
 * received bytes and copies none. `name` says what is read, such as a certificate's place, for refusals.
 */
export class DerReader {
  readonly bytes: Uint8Array;
  readonly name: string;
  /** offset of the next element */
  at: number;
  /** offset behind the element that is being read */
  end: number;
  readonly profile: DerProfile;

  constructor(bytes: Uint8Array, name: string, profile: DerProfile = CERTIFICATE) {
    this.bytes = bytes;
    this.name = name;
    this.profile = profile;
    this.at = 0;
    this.end = bytes.length;
  }

  /** Steps into the content of the next element, which must have this tag. Returns the `end` to give back to `leave`. */
  enter(tag: number, what: string): number {
    const outer = this.end;
    this.end = this.#head(tag, what);
    return outer;
  }

  /** Steps out of an element whose content must have been read to its last byte. */
  leave(outer: number, what: string): void {
    if (this.at !== this.end) throw this.refuse(what, `${this.end - this.at} bytes more than it should have`);
    this.end = outer;
  }

  /** The content of the next element as a view; steps behind it. */
  content(tag: number, what: string): Uint8Array {
    const behind = this.#head(tag, what);
    const view = this.bytes.subarray(this.at, behind);
    this.at = behind;
    return view;
  }

  /** The content of an OBJECT IDENTIFIER: whole numbers in base 128, each in its shortest form (X.690 §8.19). */
  oid(what: string): Uint8Array {
    const content = this.content(TAG.oid, what);
    let begins = true; // a number, at this byte
    for (const byte of content) {
      if (begins && byte === 0x80) throw this.refuse(what, "an object identifier that is not in its shortest form");
      begins = byte < 0x80;
    }
    if (content.length === 0 || !begins) throw this.refuse(what, "half an object identifier");
    return content;
  }

  /** The next element with its head, as a view; steps behind it. */
  element(tag: number, what: string): Uint8Array {
    const start = this.at;
    this.at = this.#head(tag, what);
    return this.bytes.subarray(start, this.at);
  }

  /** Steps over exactly these bytes if they come next inside the current element; says whether they did. */
  skipExactly(expected: Uint8Array): boolean {
    const { bytes, at } = this;
    if (expected.length > this.end - at) return false;
    for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
    this.at = at + expected.length;
    return true;
  }

  /** Whether an element with this tag comes next inside the current one. */
  nextIs(tag: number): boolean {
    return this.at < this.end && this.bytes[this.at] === tag;
  }

  refuse(what: string, actual: string): Refusal {
    return new Refusal(this.profile.codes.der, { subject: `${this.name}, ${what} at byte ${this.at}`, actual });
  }

  /** Reads tag and length, moves to the content and returns the offset behind it. */
  #head(tag: number, what: string): number {
    const { bytes, end } = this;
    let at = this.at;
    const found = bytes[at];
    if (at >= end || found === undefined) throw this.refuse(what, "nothing");
    if (found !== tag) throw this.refuse(what, `tag ${found}, not ${tag}`);
    let length = bytes[at + 1] ?? -1;
    at += 2;
    if (at > end || length < 0) throw this.refuse(what, "no length");
    if (length > 0x7f) {
      // X.690 §10.1: 81 only for 128..255, 82 only from 256, 83 only from 65,536 and where the profile says so; longer forms
      // and 80 (indefinite) never. Length bytes that lie behind the end leave fewer than no bytes for the content.
      const first = bytes[at] ?? 0;
      if (length === 0x81 && first > 0x7f) {
        length = first;
        at += 1;
      } else if (length === 0x82 && first > 0) {
        length = (first << 8) | (bytes[at + 1] ?? 0);
        at += 2;
      } else if (length === 0x83 && this.profile.lengthBytes === 3 && first > 0) {
        length = (first << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
        at += 3;
      } else throw this.refuse(what, "a length that is not in its shortest definite form");
    }
    if (length > end - at) throw this.refuse(what, `length ${length} with ${Math.max(end - at, 0)} bytes left`);
    this.at = at;
    return at + length;
  }
}

/** Certificates of the profile have at most 1024 bytes. */
const CERTIFICATE: DerProfile = {
  codes: { der: "certificate-der", algorithm: "certificate-algorithm", time: "certificate-time", signature: "certificate-signature" },
  lengthBytes: 2,
};

/** Universal and context tags (X.690 §8.1.2) that certificates, revocation lists and time stamps use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context0Primitive: 0x80,
  context1: 0xa1,
  context1Primitive: 0x81,
  context6Primitive: 0x86,
  context3: 0xa3,
} as const;
