import { createHash, randomBytes } from "node:crypto";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { HostClient, verifySealingTarget, type SealingTarget, type SubmitterKey } from "@caladrius/client";
import { importPublicKey, seal } from "@caladrius/enclave/open/hpke";
import {
  encodeJobContent,
  encodeSealedJob,
  encodeSealedJobHeader,
  encodeSignedRequest,
  encodeStatement,
  sealedJobInfo,
  type DisclosureLevel,
  type Request,
} from "@caladrius/wire";

/** A sealed job that an honest client would not make. */
export interface CraftedJob {
  sealed: Uint8Array;
  digest: Uint8Array;
  jobId: Uint8Array;
  nonce: Uint8Array;
  paddedBytes: number;
  level: DisclosureLevel;
}

/** The enclave behind a host, verified under this trust file. */
export async function sealingTarget(hostUrl: string, trust: string): Promise<SealingTarget> {
  const nonce = new Uint8Array(randomBytes(32));
  const host = new HostClient(hostUrl, { signal: new AbortController().signal });
  const attestation = await host.attestation(nonce);
  return verifySealingTarget(attestation, { trust: parseTrustFile(trust), nonce, nowMs: Date.now(), signatures });
}

/**
 * Seals any request over any bytes for a recording, signed by any key, or any content at all in their place. The padded
 * size is the caller's.
 */
export function craftJob(
  target: SealingTarget,
  {
    recording,
    key,
    change = {},
    sign = (bytes) => key.sign(bytes),
    content = null,
    paddedBytes,
    notAfter = inAnHour(),
  }: {
    recording: Uint8Array;
    key: SubmitterKey;
    change?: Partial<Request>;
    sign?: (bytes: Uint8Array) => Uint8Array;
    /** takes the place of request and recording, padded with zeros */
    content?: Uint8Array | null;
    paddedBytes: number;
    notAfter?: number;
  },
): CraftedJob {
  const { keyId, constitutionDigest } = target;
  const jobId = new Uint8Array(randomBytes(16));
  const { suite } = target.recipient;
  const headerBytes = encodeSealedJobHeader({ version: 1, suite, keyId, jobId, notAfter, paddedBytes });
  const level = change.recipients?.[0]?.level ?? "full";
  const request: Request = {
    submitter: key.signing,
    recipients: [{ key: key.sealing, level }],
    subject: "subject",
    ward: null,
    purpose: "TREAT",
    detectors: [],
    nonce: new Uint8Array(randomBytes(32)),
    floors: { policyVersion: 0, statusVersion: 0 },
    grants: [],
    ...change,
  };
  const signed = encodeSignedRequest({ headerBytes, keySetDigest: keyId, constitutionDigest, request, recordingDigest: sha256(recording) });
  const plaintext =
    content === null
      ? encodeJobContent({ request: encodeStatement("request", "Ed25519", signed, sign), recording, deviceBatch: null }, paddedBytes)
      : new Uint8Array(paddedBytes);
  if (content !== null) plaintext.set(content);
  const sealedContent = seal(importPublicKey(suite, target.recipient.publicKey), {
    info: sealedJobInfo(keyId, constitutionDigest),
    aad: headerBytes,
    plaintext,
  });
  const sealed = encodeSealedJob({ headerBytes, ...sealedContent });
  return { sealed, digest: sha256(sealed), jobId, nonce: request.nonce, paddedBytes, level };
}

/** A copy with one bit changed. */
export function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ bit;
  return changed;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

function inAnHour(): number {
  return Math.floor(Date.now() / 1000) + 3600;
}
