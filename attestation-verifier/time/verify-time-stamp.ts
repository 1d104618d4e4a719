import { equalBytes, toHex } from "@caladrius/wire";
import { TAG } from "../evidence/der.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import { Refusal } from "../verdict/refusal.ts";
import { DIGEST, readSignatureAlgorithm } from "./algorithms.ts";
import { readTimeCertificate, type TimeCertificate } from "./certificate.ts";
import { readFrom, refuseUnsupported } from "./form.ts";
import { fits, verifySignature } from "./public-key.ts";
import { readSignedData, TST_INFO, type SignedData } from "./signed-data.ts";
import type { TimeAuthority } from "./time-authority.ts";
import { readTimeStampInfo, type TimeStampInfo } from "./time-stamp-info.ts";

/** What a token must cover, and who may have made it; no authorities = nothing verifies. */
export interface VerifyTimeStampOptions {
  /** SHA-256 of what the token must cover, 32 bytes */
  readonly digest: Uint8Array;
  readonly authorities: readonly TimeAuthority[];
  readonly signatures: SignatureBackend;
}

/** When something existed, as an authority that the caller pinned says. */
export interface ProvedTime {
  /** Unix ms: it existed at this time at the latest */
  readonly atMs: number;
  /** Unix ms: the stamp was not made before this time */
  readonly fromMs: number;
  /** common name in the certificate that signed, or its SHA-256 in hex */
  readonly authority: string;
}

/**
 * Verifies an RFC 3161 time-stamp token under pinned authorities: form, the signer's certificate (itself pinned, or issued by
 * a pinned one, for time stamping alone, in force at genTime), signature, and that the token covers `digest`. It does not look
 * whether the certificate was revoked, and takes the authority's key for its own ever since.
 *
 * The interval is genTime less and plus the accuracy; where the token states none, one second.
 *
 * @param token TimeStampToken, DER, attacker-controlled; it is copied before it is read
 * @throws Refusal time-evidence-form, time-evidence-unsupported, time-evidence-authority, time-evidence-signature,
 * time-evidence-imprint
 */
export async function verifyTimeStamp(token: Uint8Array, { digest, authorities, signatures }: VerifyTimeStampOptions): Promise<ProvedTime> {
  const data = readSignedData(new Uint8Array(token));
  const info = readTimeStampInfo(data.content);
  const certificate = findSigner(data, authorities);
  await verifyAuthority(certificate, info, authorities, signatures);
  await verifySigned(data, certificate, signatures);
  if (info.imprint === null || !equalBytes(info.imprint, digest))
    throw new Refusal("time-evidence-imprint", {
      expected: `SHA-256 ${toHex(digest)}`,
      actual: info.imprint === null ? "no SHA-256" : toHex(info.imprint),
    });
  return { atMs: info.atMs, fromMs: info.fromMs, authority: certificate.name };
}

/** The certificate that the signed attributes name by its hash, from the token or the pinned ones. */
function findSigner({ attributes, certificates, signer }: SignedData, authorities: readonly TimeAuthority[]): TimeCertificate {
  const der = [...certificates.map(({ whole }) => whole), ...authorities.map(({ certificate }) => certificate.der)].find((one) =>
    attributes.certificateHashes.every(({ hash, digest }) => equalBytes(DIGEST[hash](one), digest)),
  );
  if (der === undefined) throw refuseAuthority("a certificate that is neither pinned nor in the token");
  const certificate = readTimeCertificate(der);
  const named = signer.tag === TAG.sequence ? certificate.issuerAndSerial : certificate.keyIdentifier;
  if (named === null || !equalBytes(signer.content, named))
    throw new Refusal("time-evidence-signature", { actual: "two names of the signer that mean two certificates" });
  return certificate;
}

/** Whether the certificate may stamp, was in force, and is pinned or issued by a pinned one. */
async function verifyAuthority(
  certificate: TimeCertificate,
  { genTimeMs }: TimeStampInfo,
  authorities: readonly TimeAuthority[],
  signatures: SignatureBackend,
): Promise<void> {
  const { name, algorithm: identifier, toBeSigned, signature } = certificate;
  if (!certificate.stamps) throw refuseAuthority(`${name}, which is not for time stamping alone`);
  if (!inForce(certificate, genTimeMs)) throw refuseAuthority(`${name}, which was not in force`);
  const pinned = authorities.map((authority) => authority.certificate);
  if (pinned.some((one) => equalBytes(one.der, certificate.der))) return;
  for (const issuer of pinned) {
    if (!issuer.issues || !equalBytes(issuer.subject, certificate.issuer) || !inForce(issuer, genTimeMs)) continue;
    const algorithm = readSignatureAlgorithm(identifier);
    const signed = { key: issuer.publicKey, algorithm, hash: algorithm.hash };
    // Authorities keep their name when they change to another kind of key
    if (fits(signed) && (await verifySignature(signed, toBeSigned, signature, signatures))) return;
  }
  throw refuseAuthority(`${name}, which is neither pinned nor issued by one that is`);
}

function inForce({ notBeforeMs, notAfterMs }: TimeCertificate, atMs: number): boolean {
  return notBeforeMs <= atMs && atMs <= notAfterMs;
}

/** RFC 5652 §5.4, §5.6: content, digest of it in the attributes, signature over the attributes. */
async function verifySigned(data: SignedData, { publicKey: key, name }: TimeCertificate, signatures: SignatureBackend): Promise<void> {
  const { attributes, content, hash, algorithm, toBeSigned, signature } = data;
  const signed = { key, algorithm, hash };
  if (!fits(signed))
    throw refuseUnsupported(
      readFrom(signature, "signature"),
      `${algorithm.kind} with ${algorithm.hash}, ${hash} and a key for ${key.kind}`,
    );
  const holds =
    attributes.contentType === TST_INFO &&
    equalBytes(attributes.messageDigest, DIGEST[hash](content)) &&
    (await verifySignature(signed, toBeSigned, signature, signatures));
  if (!holds) throw new Refusal("time-evidence-signature", { subject: name });
}

function refuseAuthority(actual: string): Refusal {
  return new Refusal("time-evidence-authority", { actual });
}
