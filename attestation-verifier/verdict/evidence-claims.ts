import type { AppraisedEvidence } from "../appraise/appraise.ts";
import type { Whereabouts } from "../evidence/consistency.ts";
import { crlDistributionPoints } from "../evidence/distribution-points.ts";
import type { PcrValue } from "../evidence/pcr.ts";

/** What verified evidence says, for whoever reads a verdict. */
export interface EvidenceClaims extends Whereabouts {
  readonly moduleId: string;
  /** Unix ms */
  readonly timestampMs: number;
  readonly debug: boolean;
  readonly simulated: boolean;
  /** every register of the document */
  readonly pcrs: ReadonlyMap<number, PcrValue>;
  /** the registers that the policy named, and that were equal */
  readonly matchedPcrs: readonly number[];
  readonly publicKey: Uint8Array | null;
  readonly userData: Uint8Array | null;
  readonly nonce: Uint8Array | null;
  /** fields of the document that this version does not know */
  readonly unknownFields: readonly string[];
  readonly root: { readonly commonName: string; readonly sha256: string };
  /** the certificates that a current revocation list does not name */
  readonly revocation: { readonly covered: readonly string[] };
  /** where certificates of the chain say that such lists are; nothing was fetched */
  readonly crlDistributionPoints: readonly { readonly certificate: string; readonly urls: readonly string[] }[];
  /** validity of the document's own certificate, Unix ms */
  readonly certificate: { readonly serial: Uint8Array; readonly notBeforeMs: number; readonly notAfterMs: number };
}

/** Collects the claims of appraised evidence. */
export function evidenceClaims({ evidence, pcrSet, debug, simulated }: AppraisedEvidence): EvidenceClaims {
  const {
    moduleId,
    instanceId,
    enclaveId,
    region,
    contradictions,
    timestampMs,
    pcrs,
    publicKey,
    userData,
    nonce,
    unknownFields,
    chain,
    revocation,
  } = evidence;
  const { serial, notBeforeMs, notAfterMs } = chain.leaf;
  return {
    moduleId,
    instanceId,
    enclaveId,
    region,
    contradictions,
    timestampMs,
    debug,
    simulated,
    pcrs,
    matchedPcrs: [...pcrSet.keys()].toSorted((a, b) => a - b),
    publicKey,
    userData,
    nonce,
    unknownFields,
    root: { commonName: chain.anchor.certificate.subject.commonName, sha256: chain.anchor.sha256 },
    revocation: { covered: revocation.covered },
    crlDistributionPoints: [chain.regional, chain.zonal, chain.instance, chain.leaf]
      .map((certificate) => ({ certificate: certificate.place, urls: crlDistributionPoints(certificate) }))
      .filter(({ urls }) => urls.length > 0),
    certificate: { serial, notBeforeMs, notAfterMs },
  };
}
