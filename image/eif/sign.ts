import { createPrivateKey, sign, X509Certificate, type KeyObject } from "node:crypto";
import { encodeCbor, type CborValue } from "@caladrius/wire";
import { ImageError } from "../errors.ts";
import { decodeCertificatePem } from "./certificate.ts";
import { measureParts } from "./measure.ts";
import { readEif } from "./read.ts";
import { verifySignatureSection } from "./signature.ts";
import { assembleEif } from "./write.ts";

/** Who signs an image. */
export interface Signer {
  /** P-384 private key in PEM: PKCS#8 or SEC1, not encrypted. */
  key: string;
  /** The X.509 certificate of that key in PEM; PCR8 will measure it. */
  certificate: string;
}

/**
 * Sign an image as nitro-cli does: a section at its end with the certificate and a COSE_Sign1 (ES384) over PCR0.
 *
 * PCR0, 1 and 2 stay as they are; PCR8 becomes the certificate's. All other sections and the header's fields are kept.
 * ECDSA is randomised: two signatures differ, and nothing measures them.
 * @param options.replace drop a signature that is there
 * @throws ImageError `sign-key`, `sign-certificate`, `sign-signed`, and `eif-…` for what is no image
 */
export function signEif(image: Uint8Array, signer: Signer, options: { replace?: boolean } = {}): Uint8Array {
  const eif = readEif(image);
  if (eif.signature !== null && options.replace !== true) throw new ImageError("sign-signed", "its signature is kept");
  const key = keyOf(signer.key);
  demandCertificate(signer.certificate, key);
  const { pcr0 } = measureParts(eif);
  const data = signatureSection(pcr0, key, signer.certificate);
  verifySignatureSection(data, pcr0); // what we write, we accept: also refuses what grew over the limits of the grammar
  const unsigned = eif.sections.filter(({ kind }) => kind !== "signature");
  return assembleEif([...unsigned, { kind: "signature", data }], eif);
}

/** CBOR of [{signing_certificate, signature}] in nitro-cli's order of keys, byte vectors as arrays of integers. */
function signatureSection(pcr0: Uint8Array, key: KeyObject, certificate: string): Uint8Array {
  const protectedHeader = encodeCbor(new Map([[1, ES384]]));
  const payload = encodeCbor(
    new Map<string, CborValue>([
      ["register_index", 0],
      ["register_value", [...pcr0]],
    ]),
  );
  const toBeSigned = encodeCbor(["Signature1", protectedHeader, new Uint8Array(0), payload]); // RFC 9052 §4.4
  const signature = new Uint8Array(sign("sha384", toBeSigned, { key, dsaEncoding: "ieee-p1363" }));
  const cose = encodeCbor([protectedHeader, new Map(), payload, signature]);
  return new Uint8Array(
    Buffer.concat([
      ARRAY_OF_ONE_MAP_OF_TWO,
      encodeCbor("signing_certificate"),
      encodeCbor([...Buffer.from(certificate)]),
      encodeCbor("signature"),
      encodeCbor([...cose]),
    ]),
  );
}

function keyOf(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new ImageError("sign-key", pem.includes("ENCRYPTED") ? "it is encrypted: decrypt it first" : "no private key can be read");
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve !== P384) throw new ImageError("sign-key", `expected ${P384}, actual ${curve ?? key.asymmetricKeyType ?? "another"}`);
  return key;
}

function demandCertificate(pem: string, key: KeyObject): void {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(decodeCertificatePem(pem));
  } catch (error) {
    throw new ImageError("sign-certificate", error instanceof Error ? error.message : "unreadable");
  }
  if (!certificate.checkPrivateKey(key)) throw new ImageError("sign-certificate", "it is for another key");
}

/** RFC 9053 §2.1. */
const ES384 = -35;
const P384 = "secp384r1";
const ARRAY_OF_ONE_MAP_OF_TWO = new Uint8Array([0x81, 0xa2]);
