import { decodeForeignCbor, DependencyError, equalBytes, identityCommitment, type CborValue } from "@caladrius/wire";
import { sha384 } from "../crypto.ts";
import type { Nsm } from "../nsm/client.ts";
import type { Clock } from "./clock.ts";

/**
 * Asks NSM for a document over an identity and takes its time as an anchor.
 * @param nonce the caller's, null for the evidence that goes with results
 * @throws DependencyError nsm-*, InvariantError clock-contradiction
 */
export async function attestIdentity(nsm: Nsm, clock: Clock, identityBytes: Uint8Array, nonce: Uint8Array | null): Promise<Uint8Array> {
  const userData = sha384(identityCommitment(identityBytes));
  const beganMs = clock.monotonicMs();
  const { document } = await nsm.call<"Attestation">({ kind: "Attestation", userData, nonce, publicKey: null });
  const endedMs = clock.monotonicMs();
  const { timestamp, user_data } = documentFields(document);
  if (typeof timestamp !== "number" || !(user_data instanceof Uint8Array) || !equalBytes(user_data, userData)) {
    throw new DependencyError("nsm-InvalidResponse", "the document does not hold what was asked for", 1000);
  }
  clock.anchor({ documentMs: timestamp, beganMs, endedMs });
  return document;
}

/** The two fields that the enclave itself needs of its own document; relying parties verify the whole of it. */
function documentFields(document: Uint8Array): { timestamp: CborValue | undefined; user_data: CborValue | undefined } {
  const envelope = decodeForeignCbor(document, { maxBytes: 16 * 1024, maxDepth: 4, maxItems: 256 });
  const payload = Array.isArray(envelope) ? (envelope as readonly CborValue[])[2] : undefined;
  const fields = payload instanceof Uint8Array ? decodeForeignCbor(payload, { maxDepth: 4, maxItems: 256 }) : null;
  if (!(fields instanceof Map)) throw new DependencyError("nsm-InvalidResponse", "the document is not a COSE_Sign1 over a map", 1000);
  const map = fields as ReadonlyMap<number | string, CborValue>;
  return { timestamp: map.get("timestamp"), user_data: map.get("user_data") };
}
