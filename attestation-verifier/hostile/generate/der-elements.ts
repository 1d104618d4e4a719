/** One element inside DER: where its tag stands, how long tag and length are, and how long it is with its content. */
export interface DerElement {
  readonly at: number;
  readonly header: number;
  readonly length: number;
  readonly tag: number;
  /** tags from the outermost inwards, such as "30/30/02" */
  readonly path: string;
}

/** All elements of good DER, also those inside of OCTET STRINGs and BIT STRINGs that hold DER themselves. */
export function derElements(bytes: Uint8Array, from = 0, to: number = bytes.length, above = ""): DerElement[] {
  const found: DerElement[] = [];
  for (let at = from; at < to;) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1] ?? 0;
    const wide = first > 0x7f ? first & 0x7f : 0;
    let content = wide === 0 ? first : 0;
    for (let i = 0; i < wide; i++) content = content * 256 + (bytes[at + 2 + i] ?? 0);
    const header = 2 + wide;
    const path = `${above}${above === "" ? "" : "/"}${tag.toString(16).padStart(2, "0")}`;
    found.push({ at, header, length: header + content, tag, path });
    const inside = insideOf(bytes, tag, at + header, content);
    if (inside !== null) found.push(...derElements(bytes, inside, at + header + content, path));
    at += header + content;
  }
  return found;
}

/** Where elements inside begin; null = the content is a plain value. */
function insideOf(bytes: Uint8Array, tag: number, at: number, content: number): number | null {
  if ((tag & 0x20) !== 0) return at;
  if (tag === 0x04 && content > 2 && bytes[at + 1] === content - 2) return at; // an extension's value, all of it one element
  return tag === 0x03 && bytes[at] === 0 && bytes[at + 1] === 0x30 ? at + 1 : null; // an ECDSA signature
}
