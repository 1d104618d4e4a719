import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { ascii, concat, der, extension, hex, name, positive, utcTime } from "./der.ts";
import { signFixed, spkiOf, testKey } from "./test-keys.ts";

/** Everything that goes into one certificate, each part as DER, so that a test can break any of it. */
export interface CertificateParts {
  version: Uint8Array;
  serial: Uint8Array;
  innerAlgorithm: Uint8Array;
  issuer: Uint8Array;
  notBefore: Uint8Array;
  notAfter: Uint8Array;
  subject: Uint8Array;
  spki: Uint8Array;
  extensions: Uint8Array[];
  outerAlgorithm: Uint8Array;
  /** key that signs; the certificate above's by default */
  signer: KeyObject;
  hash: string;
  /** behind the extensions, inside what is signed */
  tbsTail: Uint8Array;
  /** last word on the whole certificate */
  finish: (certificate: Uint8Array) => Uint8Array;
  /** last word on the signature's BIT STRING content, unused bits first */
  finishSignature: (bits: Uint8Array) => Uint8Array;
}

export { spkiOf };
export type Place = "root" | "regional" | "zonal" | "instance" | "leaf";

/** A chain in AWS's shape, valid around `timeMs`, for the enclave `moduleId`. */
export interface TestChain {
  root: Uint8Array;
  cabundle: Uint8Array[];
  certificate: Uint8Array;
  leafKey: KeyObject;
}

export const INSTANCE_ID = "i-0123456789abcdef0";
export const MODULE_ID: string = `${INSTANCE_ID}-enc0123456789abcdef`;
export const REGION = "eu-central-1";
/** 2026-03-01T12:00:00Z */
export const NOW_MS: number = Date.UTC(2026, 2, 1, 12);
const HOUR = 3_600_000;

export const ECDSA_WITH_SHA384: Uint8Array = hex("300a06082a8648ce3d040303");
export const OID = {
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  subjectKeyIdentifier: "551d0e",
  authorityKeyIdentifier: "551d23",
} as const;
export const AUTHORITY_USAGE: Uint8Array = extension(OID.keyUsage, true, hex("03020186"));

/** TEST KEYS, see test-keys.ts. */
const keys: Record<Place, KeyObject> = {
  root: testKey("root"),
  regional: testKey("regional"),
  zonal: testKey("zonal"),
  instance: testKey("instance"),
  leaf: testKey("leaf"),
};

export function keyOf(place: Place): KeyObject {
  return keys[place];
}

/** SHA-1 of the key would be usual; any 20 bytes of it do. */
export function keyIdentifier(place: Place): Uint8Array {
  return new Uint8Array(createHash("sha256").update(spkiOf(keys[place])).digest().subarray(0, 20));
}

export function basicConstraints(pathLength: number | null): Uint8Array {
  return extension(
    OID.basicConstraints,
    true,
    der(0x30, hex("0101ff"), pathLength === null ? hex("") : der(0x02, Uint8Array.of(pathLength))),
  );
}

const organisation = [
  ["C", "US"],
  ["O", "Amazon"],
  ["OU", "AWS"],
] as const;

export function subjectOf(place: Place, root: string): Uint8Array {
  const cn = (text: string): Uint8Array => name([...organisation, ["CN", text]]);
  if (place === "root") return cn(root);
  if (place === "regional") return cn(`0123456789abcdef.${REGION}.aws.nitro-enclaves`);
  if (place === "zonal")
    return name([
      ["CN", `fedcba9876543210.zonal.${REGION}.aws.nitro-enclaves`],
      ["OU", "AWS"],
      ["O", "Amazon"],
      ["C", "US"],
    ]);
  if (place === "instance") return cn(`${INSTANCE_ID}.${REGION}.aws.nitro-enclaves`);
  return cn(`${MODULE_ID}.${REGION}.aws`);
}

/** Makes the five certificates; `edit` may change any part of any of them before it is signed. */
export function makeChain(edit: (parts: Record<Place, CertificateParts>) => void = () => {}, root = "test.nitro-enclaves"): TestChain {
  const leafBegin = NOW_MS - HOUR;
  const identifiers = (place: Place, above: Place): Uint8Array[] => [
    extension(OID.authorityKeyIdentifier, false, der(0x30, der(0x80, keyIdentifier(above)))),
    extension(OID.subjectKeyIdentifier, false, der(0x04, keyIdentifier(place))),
  ];
  const parts = (place: Place, above: Place, days: number, extensions: Uint8Array[]): CertificateParts => ({
    version: hex("a003020102"),
    serial: positive(hex("5a00000000000000000000000000000000")),
    innerAlgorithm: ECDSA_WITH_SHA384,
    issuer: subjectOf(above, root),
    notBefore: utcTime(NOW_MS - (days * 24 * HOUR) / 2),
    notAfter: utcTime(NOW_MS + (days * 24 * HOUR) / 2),
    subject: subjectOf(place, root),
    spki: spkiOf(keys[place]),
    extensions,
    outerAlgorithm: ECDSA_WITH_SHA384,
    signer: keys[above],
    hash: "sha384",
    tbsTail: hex(""),
    finish: (certificate) => certificate,
    finishSignature: (bits) => bits,
  });
  const all: Record<Place, CertificateParts> = {
    root: parts("root", "root", 3650, [
      basicConstraints(null),
      extension(OID.subjectKeyIdentifier, false, der(0x04, keyIdentifier("root"))),
      AUTHORITY_USAGE,
    ]),
    regional: parts("regional", "root", 20, [basicConstraints(2), ...identifiers("regional", "root"), AUTHORITY_USAGE]),
    zonal: parts("zonal", "regional", 6, [basicConstraints(1), ...identifiers("zonal", "regional"), AUTHORITY_USAGE]),
    instance: parts("instance", "zonal", 1, [
      basicConstraints(0),
      extension(OID.keyUsage, true, hex("03020204")),
      ...identifiers("instance", "zonal"),
    ]),
    leaf: {
      ...parts("leaf", "instance", 1, [
        extension(OID.basicConstraints, true, hex("3000")),
        extension(OID.keyUsage, false, hex("030206c0")),
      ]),
      serial: positive(leafSerial(leafBegin)),
      notBefore: utcTime(leafBegin),
      notAfter: utcTime(leafBegin + 3 * HOUR),
    },
  };
  edit(all);
  const cabundle = (["root", "regional", "zonal", "instance"] as const).map((place) => makeCertificate(all[place]));
  return { root: cabundle[0] ?? hex(""), cabundle, certificate: makeCertificate(all.leaf), leafKey: keys.leaf };
}

/** Enclave id, four zero bytes, time of issue. */
export function leafSerial(beginMs: number): Uint8Array {
  return hex(`0123456789abcdef00000000${(beginMs / 1000).toString(16)}`);
}

export function makeCertificate(parts: CertificateParts): Uint8Array {
  const { version, serial, innerAlgorithm, issuer, notBefore, notAfter, subject, spki, extensions, tbsTail } = parts;
  const tbs = der(
    0x30,
    version,
    serial,
    innerAlgorithm,
    issuer,
    der(0x30, notBefore, notAfter),
    subject,
    spki,
    der(0xa3, der(0x30, ...extensions)),
    tbsTail,
  );
  const signature = signFixed(parts.signer, parts.hash, tbs, "der");
  const bits = parts.finishSignature(concat(Uint8Array.of(0), signature));
  return parts.finish(der(0x30, tbs, parts.outerAlgorithm, der(0x03, bits)));
}

export function sha384(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(
    createHash("sha384")
      .update(concat(...parts))
      .digest(),
  );
}

/** A fixed register value that is not zero. */
export function pcr(fill: number): Uint8Array {
  return new Uint8Array(48).fill(fill);
}

export const PCR4: Uint8Array = sha384(new Uint8Array(48), ascii(INSTANCE_ID));

/** A test key for results, fixed so that failures repeat. */
export const RESULT_KEY: KeyObject = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]),
  format: "der",
  type: "pkcs8",
});
