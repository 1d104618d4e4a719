import { ascii, concat, der, extension, hex } from "../../generate/der.ts";
import { encodeFields } from "../../generate/test-document.ts";
import { makeChain, type CertificateParts, type Place } from "../../generate/test-pki.ts";
import { derElements } from "./der-elements.ts";
import { chain, fields, judgeDocument, signed } from "./genuine.ts";
import { TIMES, type HostileInput } from "./hostile-input.ts";

/** Lengths that lie: giant, indefinite, reserved, in more bytes than they need. */
const LENGTHS = ["84ffffffff", "83ffffff", "82ffff", "81ff", "80", "ff", "88ffffffffffffffff", "8400000001", "8100"].map(hex);
const PLACES: readonly Place[] = ["root", "regional", "zonal", "instance", "leaf"];

/** What tries the reader of certificates: a lying length at every element, and much of what there may be more than one of. */
export function certificateInputs(): HostileInput[] {
  const certificates = [...chain.cabundle, chain.certificate];
  let turn = 0;
  return [
    ...certificates.flatMap((certificate, i) =>
      derElements(certificate).map(({ at, header, path }) => {
        const length = LENGTHS[turn++ % LENGTHS.length] ?? hex("80");
        const bomb = concat(certificate.subarray(0, at + 1), length, certificate.subarray(at + header));
        // one reader reads all five, so every element of the leaf is tried as often as it must survive, the others' less
        const times = PLACES[i] === "leaf" ? TIMES : 50;
        return judged(`${PLACES[i]} ${path}: length ${Buffer.from(length).toString("hex")}`, withCertificate(i, bomb), times);
      }),
    ),
    ...EDITS.map(([name, edit]) => {
      const { cabundle, certificate } = makeChain((parts) => edit(parts.leaf));
      return judged(name, signed(encodeFields({ ...fields, cabundle, certificate })));
    }),
    ...[0x30, 0x31, 0xa0, 0x24].map((tag) => judged(`a kilobyte of ${tag}`, withCertificate(4, new Uint8Array(1024).fill(tag)))),
    judged("sequences within sequences", withCertificate(4, hex("3080".repeat(512)))),
    judged(
      "PEM",
      withCertificate(4, ascii(`-----BEGIN CERTIFICATE-----\n${Buffer.from(chain.certificate).toString("base64")}`.slice(0, 1024))),
    ),
  ];
}

const EDITS: readonly [string, (leaf: CertificateParts) => void][] = [
  ["an extension with an OID of 400 bytes", (leaf) => leaf.extensions.push(extension("8f".repeat(399) + "01", true, hex("")))],
  [
    "a name with an OID of 300 bytes",
    (leaf) => (leaf.subject = der(0x30, der(0x31, der(0x30, der(0x06, new Uint8Array(300).fill(0x8f)), der(0x0c, ascii("x")))))),
  ],
  [
    "40 extensions, the last critical",
    (leaf) =>
      leaf.extensions.push(
        ...Array.from({ length: 40 }, (_, i) => extension(`2a${(i + 1).toString(16).padStart(2, "0")}`, i === 39, hex(""))),
      ),
  ],
  [
    "40 extensions, the last again",
    (leaf) =>
      leaf.extensions.push(
        ...Array.from({ length: 40 }, (_, i) => extension(`2a${(Math.min(i, 38) + 1).toString(16).padStart(2, "0")}`, false, hex(""))),
      ),
  ],
  [
    "30 attributes of a name",
    (leaf) =>
      (leaf.subject = der(0x30, ...Array.from({ length: 30 }, () => der(0x31, der(0x30, hex("0603550403"), der(0x0c, ascii("x"))))))),
  ],
  ["a serial number of 400 bytes", (leaf) => (leaf.serial = der(0x02, new Uint8Array(400).fill(1)))],
  [
    "a signature of 300 bytes",
    (leaf) => (leaf.finishSignature = () => concat(hex("00"), der(0x30, der(0x02, new Uint8Array(300).fill(1))))),
  ],
];

function judged(name: string, bytes: Uint8Array, times: number = TIMES): HostileInput {
  return { name, code: /^(payload|bundle|certificate|chain)-/, times, judge: () => judgeDocument(bytes) };
}

/** A document, rightly signed, with other bytes in the place of one of its certificates. */
function withCertificate(index: number, certificate: Uint8Array): Uint8Array {
  const cabundle = chain.cabundle.map((one, i) => (i === index ? certificate : one));
  return signed(encodeFields({ ...fields, cabundle, certificate: index === 4 ? certificate : chain.certificate }));
}
