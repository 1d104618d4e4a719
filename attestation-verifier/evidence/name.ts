import { utf8Decode } from "@caladrius/wire";
import { Refusal } from "../verdict/refusal.ts";
import { TAG, type DerReader } from "./der.ts";

/** A distinguished name (RFC 5280 §4.1.2.4). */
export class Name {
  /** the whole element: names are compared as these bytes, never as attributes */
  readonly der: Uint8Array;
  readonly #value: Uint8Array;
  #text: string | null = null;

  constructor(der: Uint8Array, commonName: Uint8Array) {
    this.der = der;
    this.#value = commonName;
  }

  /** printable ASCII; made when asked for, since most names are only compared */
  get commonName(): string {
    return (this.#text ??= utf8Decode(this.#value));
  }
}

/**
 * Reads a name: single attributes in UTF8String or PrintableString, exactly one common name.
 * @throws Refusal certificate-der, certificate-name
 */
export function readName(reader: DerReader, what: string): Name {
  const start = reader.at;
  let commonName: Uint8Array | null = null;
  const outer = reader.enter(TAG.sequence, what);
  while (reader.at < reader.end) {
    const set = reader.enter(TAG.set, what);
    const pair = reader.enter(TAG.sequence, what);
    const isCommonName = reader.skipExactly(COMMON_NAME);
    if (!isCommonName) reader.oid(what);
    const value = readText(reader, what);
    if (isCommonName) {
      if (commonName !== null) throw new Refusal("certificate-name", { subject: `${reader.name}, ${what}`, actual: "two common names" });
      commonName = value;
    }
    reader.leave(pair, what);
    reader.leave(set, what);
  }
  reader.leave(outer, what);
  if (commonName === null || !isPrintableAscii(commonName))
    throw new Refusal("certificate-name", { subject: `${reader.name}, ${what}`, actual: "no common name in printable ASCII" });
  return new Name(reader.bytes.subarray(start, reader.at), commonName);
}

/** The content of a PrintableString, which is ASCII, or of a UTF8String, which is UTF-8 (X.680 §41). */
function readText(reader: DerReader, what: string): Uint8Array {
  const printable = reader.nextIs(TAG.printableString);
  const content = reader.content(printable ? TAG.printableString : TAG.utf8String, what);
  let all = 0;
  for (const byte of content) all |= byte;
  if (all > 0x7f && (printable || !isUtf8(content))) throw reader.refuse(what, "a text that is not in its encoding");
  return content;
}

function isUtf8(content: Uint8Array): boolean {
  try {
    utf8Decode(content);
    return true;
  } catch {
    return false;
  }
}

/** Every common name of the profile is ASCII; others are not compared, and not shown. */
function isPrintableAscii(content: Uint8Array): boolean {
  for (const byte of content) if (byte < 0x20 || byte > 0x7e) return false;
  return true;
}

/** id-at-commonName, 2.5.4.3, with its head */
const COMMON_NAME: Uint8Array = Uint8Array.of(0x06, 0x03, 0x55, 0x04, 0x03);
