import { generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { extension, keyIdentifier, signCertificate } from "./certificate.ts";

/** A certificate authority of the chain with its private key. */
export interface Authority {
  /** Null for the root. */
  readonly issuer: Authority | null;
  /** Subject, DER. */
  readonly name: Uint8Array;
  readonly key: KeyObject;
  /** 20 bytes. */
  readonly keyId: Uint8Array;
  /** DER. */
  readonly certificate: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What tells the kinds of intermediate CA apart. */
export interface IntermediateProfile {
  readonly pathLength: number;
  readonly lifetimeMs: number;
  /** So that what is issued a moment later, under a slightly slower clock, still lies inside. */
  readonly backdatedMs: number;
  readonly serialBytes: number;
  readonly usage: "authority" | "instance";
}

/** The three kinds, as AWS issues them. */
export const INTERMEDIATE: { readonly [K in "regional" | "zonal" | "instance"]: IntermediateProfile } = {
  regional: { pathLength: 2, lifetimeMs: (20 * 24 + 1) * 3_600_000, backdatedMs: 180_000, serialBytes: 16, usage: "authority" },
  zonal: { pathLength: 1, lifetimeMs: (5 * 24 + 18) * 3_600_000, backdatedMs: 120_000, serialBytes: 16, usage: "authority" },
  instance: { pathLength: 0, lifetimeMs: 24 * 3_600_000, backdatedMs: 60_000, serialBytes: 20, usage: "instance" },
};

/** Whether a certificate is valid from `nowMs` until `untilMs`. */
export function covers(authority: Authority, nowMs: number, untilMs: number): boolean {
  return authority.notBeforeMs <= nowMs && untilMs <= authority.notAfterMs;
}

/** Issues an intermediate with a fresh key. `crlUri` is null where AWS puts no CRL distribution point. */
export function issueIntermediate(
  kind: keyof typeof INTERMEDIATE,
  issuer: Authority,
  subject: Uint8Array,
  nowMs: number,
  crlUri: string | null,
): Authority {
  const { pathLength, lifetimeMs, backdatedMs, serialBytes, usage } = INTERMEDIATE[kind];
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const keyId = keyIdentifier(publicKey);
  const constraints = extension.basicConstraints(true, pathLength);
  const ski = extension.subjectKeyIdentifier(keyId);
  const aki = extension.authorityKeyIdentifier(issuer.keyId);
  const keyUsage = extension.keyUsage(usage);
  const notBeforeMs = Math.floor((nowMs - backdatedMs) / 1000) * 1000;
  const notAfterMs = notBeforeMs + lifetimeMs;
  const certificate = signCertificate(
    {
      serial: randomBytes(serialBytes),
      issuer: issuer.name,
      subject,
      notBeforeMs,
      notAfterMs,
      publicKey,
      // AWS's order: the instance CA comes from other software than the two above it.
      extensions:
        crlUri === null ? [constraints, keyUsage, ski, aki] : [constraints, aki, ski, keyUsage, extension.crlDistributionPoint(crlUri)],
    },
    issuer.key,
  );
  return { issuer, name: subject, key: privateKey, keyId, certificate, notBeforeMs, notAfterMs };
}
