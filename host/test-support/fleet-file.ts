import { createHash, randomBytes } from "node:crypto";
import { encodeFleetCandidate, encodeFleetEpoch, encodeFleetRecord, encodeKeySet, encodeStatement } from "@caladrius/wire";

/** An epoch as far as a host can tell: its record names its candidate, and nobody signed it. */
export function makeFleetFile(options: { epoch?: number; notBefore?: number; notAfter?: number } = {}): {
  bytes: Uint8Array;
  keyId: Uint8Array;
} {
  const { epoch = 1, notBefore = 0, notAfter = 4_000_000_000 } = options;
  const keySet = encodeKeySet({ keys: [{ suite: "X25519", publicKey: randomBytes(32) }], fleet: "ward" });
  const keyId = createHash("sha256").update(keySet).digest();
  const wrapped = [{ keyArn: "arn:aws:kms:eu-central-1:111122223333:key/1", blob: randomBytes(200) }];
  const shared = { version: 1, fleet: "ward", epoch, constitutionDigest: new Uint8Array(48) };
  const candidate = encodeFleetCandidate({ ...shared, keySet, wrapped, bootId: randomBytes(16) });
  const digests = wrapped.map(({ keyArn, blob }) => ({ keyArn, digest: createHash("sha256").update(blob).digest() }));
  const payload = encodeFleetRecord({ ...shared, keySetDigest: keyId, wrapped: digests, notBefore, notAfter });
  const record = encodeStatement("fleet-record", "Ed25519", payload, () => new Uint8Array(64));
  return { bytes: encodeFleetEpoch({ candidate, record, approvals: [] }), keyId };
}
