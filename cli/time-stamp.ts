import { Refusal } from "@caladrius/attestation-verifier";

/**
 * A TimeStampReq (RFC 3161 §2.4.1), DER: version 1, SHA-256, a nonce, and the authority's certificate wished for.
 * @param digest SHA-256, 32 bytes
 * @param nonce 1 to 64 random bytes
 */
export function encodeTimeStampRequest(digest: Uint8Array, nonce: Uint8Array): Uint8Array {
  const imprint = der(0x30, Buffer.from("300d06096086480165030402010500", "hex"), der(0x04, digest));
  // the highest bit would be the sign, and leading zeros are not DER: the first byte becomes 40 to 7f
  const positive = Uint8Array.from(nonce, (byte, i) => (i === 0 ? (byte & 0x3f) | 0x40 : byte));
  return der(0x30, der(0x02, Uint8Array.of(1)), imprint, der(0x02, positive), der(0x01, Uint8Array.of(0xff)));
}

/**
 * The token in a TimeStampResp (RFC 3161 §2.4.2), or the bytes themselves where they are a token already. What the token
 * says is not looked at.
 * @throws Refusal time-evidence-form, also when the authority refused
 */
export function tokenOf(bytes: Uint8Array): Uint8Array {
  const [whole, ...behind] = elements(bytes, "response");
  if (whole?.tag !== 0x30 || behind.length > 0) throw malformed("not one time-stamp response or token");
  const [first, token, ...more] = elements(whole.content, "response");
  if (first?.tag === 0x06) return bytes; // a token begins with its content type
  const [status, text] = first?.tag === 0x30 ? elements(first.content, "status") : [];
  if (status?.tag !== 0x02) throw malformed("neither a time-stamp response nor a token");
  const number = status.content.length === 1 ? (status.content[0] ?? 0) : -1;
  if (number !== 0 && number !== 1) throw malformed(`an answer of status ${number} (${STATUS[number] ?? "unknown"})${said(text)}`);
  if (token === undefined || more.length > 0) throw malformed("a response without one token");
  return token.whole;
}

/** What the authority says about it: PKIFreeText, texts in a list. */
function said(text: Element | undefined): string {
  if (text?.tag !== 0x30) return "";
  const words = elements(text.content, "status").map(({ content }) => Buffer.from(content).toString("utf8"));
  return `: ${words.join(" ").slice(0, 200)}`;
}

interface Element {
  tag: number;
  content: Uint8Array;
  whole: Uint8Array;
}

function elements(bytes: Uint8Array, what: string): Element[] {
  const all: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag = 0, first = 0xff] = bytes.subarray(at);
    const head = first < 0x80 ? 2 : first - 0x80 + 2;
    const length = first < 0x80 ? first : Number.parseInt(Buffer.from(bytes.subarray(at + 2, at + head)).toString("hex"), 16);
    const end = at + head + length;
    if (!(first !== 0x80 && head <= 5 && end <= bytes.length)) throw malformed(`${what}: bytes that are not DER`);
    all.push({ tag, content: bytes.subarray(at + head, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return all;
}

function der(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts); // a request has fewer than 128 bytes
  return new Uint8Array(Buffer.concat([Uint8Array.of(tag, content.length), content]));
}

function malformed(actual: string): Refusal {
  return new Refusal("time-evidence-form", { actual });
}

/** PKIStatus (RFC 3161 §2.4.2) */
const STATUS: Readonly<Record<number, string>> = {
  2: "rejection",
  3: "waiting",
  4: "revocation warning",
  5: "revocation notification",
};
