import { equalBytes, fromHex } from "@caladrius/wire";
import { TAG, type DerReader } from "../evidence/der.ts";
import type { HashName } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import { readHash, readSignatureAlgorithm, requireHash, type SignatureAlgorithm } from "./algorithms.ts";
import { readAny, readEach, readInside, readInteger, readNumber, readWhole } from "./form.ts";
import { readAttributes, readSignedAttributes, type SignedAttributes } from "./signed-attributes.ts";
import { TST_INFO } from "./time-stamp-info.ts";

/** A time-stamp token's envelope (RFC 5652 §5.1), read and not yet verified. Byte fields are views of the received bytes. */
export interface SignedData {
  /** TSTInfo, DER */
  readonly content: Uint8Array;
  /** certificates that came along, unread */
  readonly certificates: readonly Uint8Array[];
  readonly signer: SignerIdentifier;
  readonly hash: HashName;
  readonly attributes: SignedAttributes;
  /** what the signature covers (RFC 5652 §5.4): the attributes as received, under the tag SET */
  readonly toBeSigned: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
}

/** RFC 5652 §5.3 */
export type SignerIdentifier = { readonly issuer: Uint8Array; readonly serial: Uint8Array } | { readonly keyIdentifier: Uint8Array };

/**
 * Reads one TimeStampToken: ContentInfo with SignedData of version 3 over a TSTInfo, with exactly one signer
 * (RFC 3161 §2.4.2) and signed attributes.
 * @throws Refusal time-evidence-form, time-evidence-unsupported
 */
export function readSignedData(token: Uint8Array): SignedData {
  return readWhole(token, "time-stamp token", (reader) =>
    readInside(reader, TAG.sequence, "ContentInfo", () => {
      readType(reader, SIGNED_DATA, "contentType");
      return readInside(reader, TAG.context0, "content", () =>
        readInside(reader, TAG.sequence, "SignedData", () => {
          readVersion(reader, "SignedData version", [3]);
          const hashes = readEach(reader, TAG.set, "digestAlgorithms", () => readHash(reader, "digestAlgorithms"));
          const content = readContent(reader);
          const certificates = reader.nextIs(TAG.context0)
            ? readEach(reader, TAG.context0, "certificates", () => reader.element(TAG.sequence, "certificate"))
            : [];
          if (reader.nextIs(TAG.context1)) readEach(reader, TAG.context1, "crls", () => readAny(reader, "crl"));
          const signer = readInside(reader, TAG.set, "signerInfos", () => readSignerInfo(reader));
          // RFC 5652 §5.1 allows to refuse this
          if (!hashes.includes(signer.hash)) throw reader.refuse("digestAlgorithms", `a set without ${signer.hash}`);
          return { content, certificates, ...signer };
        }),
      );
    }),
  );
}

function readContent(reader: DerReader): Uint8Array {
  return readInside(reader, TAG.sequence, "encapContentInfo", () => {
    readType(reader, TST_INFO, "eContentType");
    return readInside(reader, TAG.context0, "eContent", () => reader.content(TAG.octetString, "eContent"));
  });
}

function readSignerInfo(reader: DerReader): Omit<SignedData, "content" | "certificates"> {
  return readInside(reader, TAG.sequence, "SignerInfo", () => {
    const version = readVersion(reader, "SignerInfo version", [1, 3]);
    // RFC 5652 §5.3: version 1 names the certificate by issuer and serial number, version 3 by key identifier
    const signer = version === 1 ? readIssuerAndSerial(reader) : { keyIdentifier: reader.content(TAG.context0Primitive, "sid") };
    const hash = requireHash(readHash(reader, "digestAlgorithm"), "digestAlgorithm");
    const attributeBytes = reader.element(TAG.context0, "signed attributes");
    const attributes = readSignedAttributes(attributeBytes);
    const toBeSigned = new Uint8Array(attributeBytes);
    toBeSigned[0] = TAG.set;
    const algorithm = readSignatureAlgorithm(reader, "signatureAlgorithm");
    const signature = reader.content(TAG.octetString, "signature");
    if (reader.nextIs(TAG.context1)) readAttributes(reader, TAG.context1, "unsigned attributes");
    return { signer, hash, attributes, toBeSigned, algorithm, signature };
  });
}

function readIssuerAndSerial(reader: DerReader): SignerIdentifier {
  return readInside(reader, TAG.sequence, "sid", () => ({
    issuer: reader.element(TAG.sequence, "issuer"),
    serial: readInteger(reader, "serial number"),
  }));
}

function readType(reader: DerReader, expected: Uint8Array, what: string): void {
  if (!equalBytes(reader.content(TAG.oid, what), expected)) throw reader.refuse(what, "another type");
}

function readVersion(reader: DerReader, subject: string, known: readonly number[]): number {
  const version = readNumber(reader, TAG.integer, subject);
  if (!known.includes(version))
    throw new Refusal("time-evidence-unsupported", { subject, expected: known.join(" or "), actual: `${version}` });
  return version;
}

/** id-signedData, 1.2.840.113549.1.7.2 */
const SIGNED_DATA: Uint8Array = fromHex("2a864886f70d010702");
