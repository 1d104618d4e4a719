import { concatBytes } from "@caladrius/wire";
import {
  constructedContent,
  envelopedData,
  indefinite,
  OID,
  oneRecipient,
  primitiveContent,
  VERSION_2,
} from "../kms/recipient/enveloped-data.ts";
import { der, objectIdentifier, octetString, sequence } from "../pki/der.ts";
import { NULL, type Forgeries, type HonestCms } from "./honest-cms.ts";

/** Encrypted content of a wrong length or form. */
export function forgeContent({ parts, ciphertext }: HonestCms): Forgeries {
  const holding = (content: Uint8Array): Uint8Array => envelopedData({ ...parts, content });
  const one = Uint8Array.of(0);
  const nothing = new Uint8Array();
  return {
    "empty content": holding(constructedContent(nothing)),
    "empty primitive content": holding(primitiveContent(nothing)),
    "constructed content of nothing": holding(indefinite(0xa0)),
    "no content": holding(nothing),
    "content one byte short": holding(constructedContent(ciphertext.subarray(1))),
    "primitive content one byte short": holding(primitiveContent(ciphertext.subarray(1))),
    "content and one byte more": holding(constructedContent(concatBytes(ciphertext, one))),
    "content under [1]": holding(indefinite(0xa1, octetString(ciphertext))),
    "content under an OCTET STRING": holding(octetString(ciphertext)),
    "content as a BIT STRING": holding(indefinite(0xa0, der(0x03, one, ciphertext))),
    "content as a SEQUENCE": holding(indefinite(0xa0, sequence(octetString(ciphertext)))),
    "content twice": holding(concatBytes(constructedContent(ciphertext), constructedContent(ciphertext))),
    "primitive content without a length": holding(concatBytes(Uint8Array.of(0x80, 0x80), ciphertext, END_OF_CONTENTS)),
    "content in both forms": holding(concatBytes(constructedContent(ciphertext), primitiveContent(ciphertext))),
  };
}

/** Messages whose outside is not that of a ContentInfo, or whose lengths contradict each other. */
export function forgeFrames({ bytes, parts }: HonestCms): Forgeries {
  const { recipients, contentAlgorithm, content } = parts;
  const info = (...items: Uint8Array[]): Uint8Array => indefinite(0x30, ...items);
  const encrypted = info(objectIdentifier(OID.data), contentAlgorithm, content);
  const type = objectIdentifier(OID.envelopedData);
  return {
    nothing: new Uint8Array(),
    "one zero byte": Uint8Array.of(0),
    "the message in Base64": Buffer.from(Buffer.from(bytes).toString("base64")),
    "one zero byte after the message": concatBytes(bytes, Uint8Array.of(0)),
    "an end-of-contents after the message": concatBytes(bytes, END_OF_CONTENTS),
    "the message twice": concatBytes(bytes, bytes),
    "a line end after the message": concatBytes(bytes, Uint8Array.of(10)),
    "the last byte missing": bytes.subarray(0, -1),
    "one end-of-contents missing": bytes.subarray(0, -2),
    "every end-of-contents at the tail missing": bytes.subarray(0, -10),
    "half the message": bytes.subarray(0, bytes.length >> 1),
    "a definite outer length that ends too early": definiteOuter(bytes, -1),
    "a definite outer length that ends too late": definiteOuter(bytes, 1),
    "another content type outside": info(objectIdentifier(OID.data), indefinite(0xa0, info(VERSION_2, recipients, encrypted))),
    "another content type inside": message(VERSION_2, recipients, info(type, contentAlgorithm, content)),
    "version 0": message(Uint8Array.of(2, 1, 0), recipients, encrypted),
    "version 3": message(Uint8Array.of(2, 1, 3), recipients, encrypted),
    "an empty version": message(Uint8Array.of(2, 0), recipients, encrypted),
    "no version": message(recipients, encrypted),
    "a version of 4000 bytes": message(der(0x02, new Uint8Array(4000).fill(2)), recipients, encrypted),
    "originator information": message(VERSION_2, der(0xa0), recipients, encrypted),
    "no encrypted content": message(VERSION_2, recipients),
    "encrypted content twice": message(VERSION_2, recipients, encrypted, encrypted),
    "a third element in the ContentInfo": info(type, indefinite(0xa0, info(VERSION_2, recipients, encrypted)), NULL),
    "two messages in one ContentInfo": info(
      type,
      indefinite(0xa0, info(VERSION_2, recipients, encrypted), info(VERSION_2, recipients, encrypted)),
    ),
    "an EnvelopedData without its ContentInfo": info(VERSION_2, recipients, encrypted),
    "an object identifier that does not end": info(der(0x06, new Uint8Array(9).fill(0x80)), indefinite(0xa0)),
    "an empty object identifier": info(der(0x06), indefinite(0xa0, info(VERSION_2, recipients, encrypted))),
  };
}

/** Bytes made to cost a reader its stack, its memory or its time. */
export function forgeBombs({ parts, ciphertext, bytes }: HonestCms): Forgeries {
  const open = (tag: number, depth: number): Uint8Array => Uint8Array.from({ length: 2 * depth }, (_, i) => (i % 2 === 0 ? tag : 0x80));
  const closed = (tag: number, depth: number, core: Uint8Array): Uint8Array =>
    concatBytes(open(tag, depth), core, new Uint8Array(2 * depth));
  const holding = (content: Uint8Array): Uint8Array => envelopedData({ ...parts, content });
  const claiming = (...length: number[]): Uint8Array => concatBytes(Uint8Array.of(0x30, ...length), bytes.subarray(2));
  const empties = (count: number): Uint8Array => Uint8Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 0x04 : 0x00));
  return {
    "10000 sequences without a length, one in the other": closed(0x30, DEEP, new Uint8Array()),
    "10000 sequences that never end": open(0x30, DEEP),
    "100000 sequences without a length, one in the other": closed(0x30, 10 * DEEP, new Uint8Array()),
    "10000 definite sequences, one in the other": nested(0x30, DEEP),
    "10000 times [0] around the EnvelopedData": indefinite(0x30, objectIdentifier(OID.envelopedData), closed(0xa0, DEEP, new Uint8Array())),
    "10000 constructed octet strings around the content": holding(indefinite(0xa0, closed(0x24, DEEP, octetString(ciphertext)))),
    "10000 sequences where the recipients stand": envelopedData({ ...parts, recipients: closed(0x31, DEEP, new Uint8Array()) }),
    "10000 sequences in the parameters of OAEP": envelopedData({
      ...parts,
      recipients: indefinite(0x31, indefinite(0x30, VERSION_2, closed(0x30, DEEP, new Uint8Array()))),
    }),
    "100000 empty octet strings as content": holding(indefinite(0xa0, empties(10 * DEEP))),
    "100000 empty octet strings before the content": holding(indefinite(0xa0, empties(10 * DEEP), octetString(ciphertext))),
    "300000 zero bytes": new Uint8Array(30 * DEEP),
    "300000 zero bytes after the message": concatBytes(bytes, new Uint8Array(30 * DEEP)),
    "a length of 2^31 - 1": claiming(0x84, 0x7f, 0xff, 0xff, 0xff),
    "a length of 2^32 - 1": claiming(0x84, 0xff, 0xff, 0xff, 0xff),
    "a length of 2^53": claiming(0x87, 0x20, 0, 0, 0, 0, 0, 0),
    "a length of 2^64 - 1": claiming(0x88, 255, 255, 255, 255, 255, 255, 255, 255),
    "a length of 126 bytes": claiming(0xfe, ...Array.from({ length: 126 }, () => 255)),
    "the reserved first length byte": claiming(0xff),
    "a wrapped key that claims 2 GB": holding(
      concatBytes(Uint8Array.of(0xa0, 0x80, 0x04, 0x84, 0x7f, 0xff, 0xff, 0xff), ciphertext, new Uint8Array(4)),
    ),
    "primitive content that claims 2 GB": holding(concatBytes(Uint8Array.of(0x80, 0x84, 0x7f, 0xff, 0xff, 0xff), ciphertext)),
    "a tag number of 4000 bytes": concatBytes(
      Uint8Array.of(0x3f),
      new Uint8Array(4000).fill(0xff),
      Uint8Array.of(0x01, 0x80),
      END_OF_CONTENTS,
    ),
    "an object identifier of 60000 bytes": indefinite(0x30, der(0x06, new Uint8Array(60_000).fill(0x81)), indefinite(0xa0)),
  };
}

/** The honest message in shapes that BER allows and KMS does not write. */
export function reshape({ parts, recipient, ciphertext, bytes }: HonestCms): Forgeries {
  const { contentAlgorithm } = parts;
  const half = ciphertext.length >> 1;
  const pieces = [ciphertext.subarray(0, half), ciphertext.subarray(half)].map(octetString);
  const holding = (content: Uint8Array): Uint8Array => envelopedData({ ...parts, content });
  const oneSet = indefinite(
    0x31,
    indefinite(0x30, VERSION_2, der(0x80, recipient.keyId), recipient.algorithm, octetString(recipient.encryptedKey)),
  );
  const distinguished = sequence(
    objectIdentifier(OID.envelopedData),
    der(0xa0, sequence(VERSION_2, parts.recipients, sequence(objectIdentifier(OID.data), contentAlgorithm, primitiveContent(ciphertext)))),
  );
  const encrypted = indefinite(0x30, objectIdentifier(OID.data), contentAlgorithm, parts.content);
  return {
    "unprotected attributes": message(VERSION_2, parts.recipients, encrypted, der(0xa1)),
    "content in two octet strings": holding(indefinite(0xa0, ...pieces)),
    "content in a definite [0] around an octet string": holding(der(0xa0, octetString(ciphertext))),
    "content in a constructed octet string": holding(indefinite(0xa0, indefinite(0x24, octetString(ciphertext)))),
    "content after an empty octet string": holding(indefinite(0xa0, octetString(new Uint8Array()), octetString(ciphertext))),
    "content whose length takes eight bytes": holding(
      indefinite(
        0xa0,
        concatBytes(Uint8Array.of(0x04, 0x88, 0, 0, 0, 0, 0, 0, ciphertext.length >> 8, ciphertext.length & 255), ciphertext),
      ),
    ),
    "recipients without a length": envelopedData({ ...parts, recipients: oneSet }),
    "definite lengths everywhere": distinguished,
    "a definite outer length around indefinite ones": definiteOuter(bytes, 0),
    "an object identifier after a needless zero in its length": concatBytes(Uint8Array.of(0x30, 0x80, 0x06, 0x81), bytes.subarray(3)),
    "OAEP whose hashes have no parameters": envelopedData({
      ...parts,
      recipients: oneRecipient({ ...recipient, algorithm: bareOaep() }),
    }),
  };
}

function message(...items: Uint8Array[]): Uint8Array {
  return indefinite(0x30, objectIdentifier(OID.envelopedData), indefinite(0xa0, indefinite(0x30, ...items)));
}

/** OAEP with SHA-256 whose hash identifiers leave NULL out (RFC 5754 §2 asks readers to take both). */
function bareOaep(): Uint8Array {
  const sha256 = sequence(objectIdentifier(OID.sha256));
  return sequence(objectIdentifier(OID.rsaesOaep), sequence(der(0xa0, sha256), der(0xa1, sequence(objectIdentifier(OID.mgf1), sha256))));
}

/** The message with a definite outer length that is wrong by so many bytes; the end-of-contents of the outside is gone. */
function definiteOuter(bytes: Uint8Array, wrongBy: number): Uint8Array {
  const body = bytes.subarray(2, -2);
  const length = body.length + wrongBy;
  return concatBytes(Uint8Array.of(0x30, 0x82, length >> 8, length & 255), body);
}

/** Definite lengths, each counted from the inside. */
function nested(tag: number, depth: number): Uint8Array {
  const heads: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < depth; level++) {
    const head = Uint8Array.of(tag, 0x83, length >> 16, (length >> 8) & 255, length & 255);
    heads.push(head);
    length += head.length;
  }
  return concatBytes(...heads.toReversed());
}

const END_OF_CONTENTS = new Uint8Array(2);
const DEEP = 10_000;
