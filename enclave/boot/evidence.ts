import { X509Certificate } from "node:crypto";
import { decodeForeignCbor, DependencyError, equalBytes, type CborValue } from "@caladrius/wire";
import { sha384 } from "../crypto.ts";
import type { Nsm } from "../nsm/client.ts";
import type { Clock } from "./clock.ts";

/** A document and the last moment for which it may carry results. */
export interface Evidence {
  document: Uint8Array;
  /** Unix ms: the end of its certificate or an hour after its time, whichever comes first */
  goodUntilMs: number;
}

/** Relying parties accept results up to an hour after the evidence, inside the certificate's validity. */
const MAX_AFTER_EVIDENCE_MS = 3_600_000;

/**
 * Asks NSM for a document and takes its time as an anchor.
 * @param commitment its SHA-384 becomes user_data: says what the document is about, and of which kind that is
 * @param nonce the caller's, null for the evidence that goes with results
 * @throws DependencyError nsm-*, InvariantError clock-contradiction
 */
export async function attestCommitment(nsm: Nsm, clock: Clock, commitment: Uint8Array, nonce: Uint8Array | null): Promise<Evidence> {
  const userData = sha384(commitment);
  const beganMs = clock.monotonicMs();
  const { document } = await nsm.call<"Attestation">({ kind: "Attestation", userData, nonce, publicKey: null });
  const endedMs = clock.monotonicMs();
  const { timestamp, user_data, certificate } = documentFields(document);
  if (
    typeof timestamp !== "number" ||
    !(certificate instanceof Uint8Array) ||
    !(user_data instanceof Uint8Array) ||
    !equalBytes(user_data, userData)
  ) {
    throw new DependencyError("nsm-InvalidResponse", "the document does not hold what was asked for", 1000);
  }
  clock.anchor({ documentMs: timestamp, beganMs, endedMs });
  return { document, goodUntilMs: Math.min(endOf(certificate), timestamp + MAX_AFTER_EVIDENCE_MS) };
}

/**
 * When the document's certificate ends, in Unix ms. One that cannot be read, such as the zeros of QEMU's machine, limits
 * nothing here: it is for relying parties to refuse the document, and this program trusts none of it.
 */
function endOf(certificate: Uint8Array): number {
  try {
    return new X509Certificate(certificate).validToDate.getTime();
  } catch {
    return Infinity;
  }
}

/** The fields that the enclave itself needs of its own document; relying parties verify the whole of it. */
function documentFields(document: Uint8Array): Record<"timestamp" | "user_data" | "certificate", CborValue | undefined> {
  const envelope = decodeForeignCbor(document, { maxBytes: 16 * 1024, maxDepth: 4, maxItems: 256 });
  const payload = Array.isArray(envelope) ? (envelope as readonly CborValue[])[2] : undefined;
  const fields = payload instanceof Uint8Array ? decodeForeignCbor(payload, { maxDepth: 4, maxItems: 256 }) : null;
  if (!(fields instanceof Map)) throw new DependencyError("nsm-InvalidResponse", "the document is not a COSE_Sign1 over a map", 1000);
  const map = fields as ReadonlyMap<number | string, CborValue>;
  return { timestamp: map.get("timestamp"), user_data: map.get("user_data"), certificate: map.get("certificate") };
}
