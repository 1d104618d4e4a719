import { DerReader } from "../evidence/der.ts";
import { readName } from "../evidence/name.ts";
import { readCertificateList } from "./certificate-list.ts";
import { LIST_PROFILE } from "./list-extensions.ts";

/** What a revocation list says of itself. Nothing of it was verified. */
export interface DescribedList {
  /** common name of its issuer; null where it has none in printable ASCII */
  readonly issuer: string | null;
  /** Unix ms */
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number;
}

/**
 * Reads what a revocation list says of itself, for people: whether it is one at all is known before any file is judged by
 * it. Its signature is not checked and its entries are not read, which `verifyEvidence` does.
 *
 * @param der at most 4 MiB, attacker-controlled
 * @param name what refusals call it
 * @throws Refusal crl-form, crl-extension
 */
export function describeCertificateList(der: Uint8Array, name: string): DescribedList {
  const { issuer, thisUpdateMs, nextUpdateMs } = readCertificateList(new Uint8Array(der), name);
  return { issuer: commonNameOf(issuer, name), thisUpdateMs, nextUpdateMs };
}

function commonNameOf(issuer: Uint8Array, name: string): string | null {
  try {
    return readName(new DerReader(issuer, name, LIST_PROFILE), "issuer").commonName;
  } catch {
    return null;
  }
}
