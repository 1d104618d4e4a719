import { createCipheriv, randomBytes, sign } from "node:crypto";
import { ed25519TestKey, spkiOf } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import type { DevelopmentSigner } from "@caladrius/policies/development";
import {
  decodeIdentity,
  decodeKeySet,
  decodeReplyContent,
  decodeResultClaims,
  decodeSealedReply,
  decodeStatement,
  encodeJobContent,
  encodeRecording,
  encodeSealedJob,
  encodeSealedJobHeader,
  encodeSignedRequest,
  encodeStatement,
  KMS_SUITE,
  kmsJobAad,
  kmsJobContext,
  replyInfo,
  sealedJobInfo,
  toHex,
  utf8Encode,
  type JobSuiteId,
  type ReplyContent,
  type Request,
  type ResultClaims,
  type SealedJobHeader,
} from "@caladrius/wire";
import { even, recordingOf, START_MS } from "../analyse/recordings.fixture.ts";
import { sha256 } from "../crypto.ts";
import { deriveKeyPair, importPublicKey, open, seal } from "../open/hpke.ts";
import { DATA_KEY, NOW_SECONDS } from "./deployment.ts";
import type { MemoryKms } from "./memory-kms.ts";

/** A sealed job and what its answer must repeat. */
export interface TestJob {
  sealed: Uint8Array;
  digest: Uint8Array;
}

/** What may differ from the job that everybody would send. */
export interface JobChange {
  notAfter?: number;
  request?: Partial<Request>;
  /** the header that the submitter signs, instead of the one that travels */
  signedHeader?: (header: SealedJobHeader) => SealedJobHeader;
  /** who submits, instead of the one of all jobs */
  signer?: DevelopmentSigner;
  /** the device's statement that goes with the recording */
  deviceBatch?: Uint8Array;
  /** instead of RECORDING */
  recording?: Uint8Array;
}

const PADDED_BYTES = 8192;
const submitter = ed25519TestKey("fleet submitter");
export const SUBMITTER_KEY: Uint8Array = new Uint8Array(spkiOf(submitter).subarray(-32));
const SUBMITTER: DevelopmentSigner = {
  publicKey: { alg: "Ed25519", key: SUBMITTER_KEY },
  sign: (bytes) => new Uint8Array(sign(null, bytes, submitter)),
};
const reader = deriveKeyPair("X25519", new Uint8Array(32).fill(3));
export const RECORDING: Uint8Array = encodeRecording(
  recordingOf([even("loinc:8867-4", "/min", Array<number>(600).fill(150), { startMs: START_MS })]),
);

/** A job to the keys that an identity names. */
export function jobFor(identityBytes: Uint8Array, change: JobChange = {}): TestJob {
  const { keySet, constitutionDigest } = decodeIdentity(identityBytes);
  const [key] = decodeKeySet(keySet).keys;
  if (key === undefined) throw new Error("no key");
  const keyId = sha256(keySet);
  const { headerBytes, content } = prepare(key.suite, keyId, constitutionDigest, change);
  const info = sealedJobInfo(keyId, constitutionDigest);
  return job(headerBytes, seal(importPublicKey(key.suite, key.publicKey), { info, aad: headerBytes, plaintext: content }));
}

/** A job under a data key, which the submitter had KMS make. */
export async function dataKeyJob(
  kms: Pick<MemoryKms, "generateDataKey" | "calls" | "given">,
  constitutionDigest: Uint8Array,
  { keyArn = DATA_KEY, contextOf, ...change }: JobChange & { keyArn?: string; contextOf?: TestJob } = {},
): Promise<TestJob & { jobId: Uint8Array }> {
  const { header, headerBytes, content } = prepare(KMS_SUITE, sha256(utf8Encode(keyArn)), constitutionDigest, change);
  const context = kmsJobContext(toHex(constitutionDigest), toHex(contextOf?.digest.subarray(0, 16) ?? header.jobId));
  const { plaintext, blob } = await kms.generateDataKey(keyArn, context);
  const cipher = createCipheriv("aes-256-gcm", plaintext, new Uint8Array(12));
  cipher.setAAD(kmsJobAad(constitutionDigest, headerBytes));
  const ciphertext = new Uint8Array(Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]));
  kms.calls.length = kms.given.length = 0;
  return { ...job(headerBytes, { enc: blob, ciphertext }), jobId: header.jobId };
}

/** What the submitter reads of a reply, and the claims of its result. */
export function openReply(of: TestJob, reply: Uint8Array): ReplyContent & { claims: ResultClaims } {
  const { enc, ciphertext } = decodeSealedReply(reply);
  const content = decodeReplyContent(open(reader, { enc, info: replyInfo(of.digest), aad: new Uint8Array(0), ciphertext }));
  return { ...content, claims: decodeResultClaims(decodeStatement(content.result, "result").payload) };
}

function job(headerBytes: Uint8Array, sealedContent: { enc: Uint8Array; ciphertext: Uint8Array }): TestJob {
  const sealed = encodeSealedJob({ headerBytes, ...sealedContent });
  return { sealed, digest: sha256(sealed) };
}

function prepare(
  suite: JobSuiteId,
  keyId: Uint8Array,
  constitutionDigest: Uint8Array,
  {
    notAfter = NOW_SECONDS + 7200,
    request: changed = {},
    signedHeader = (header) => header,
    signer = SUBMITTER,
    deviceBatch,
    recording = RECORDING,
  }: JobChange,
): { header: SealedJobHeader; headerBytes: Uint8Array; content: Uint8Array } {
  const header = { version: 1, suite, keyId, jobId: new Uint8Array(randomBytes(16)), notAfter, paddedBytes: PADDED_BYTES };
  const request: Request = {
    submitter: signer.publicKey,
    recipients: [{ key: { suite: "X25519", publicKey: reader.publicKey }, level: "full" }],
    subject: "subject-1",
    ward: null,
    purpose: "TREAT",
    detectors: [],
    nonce: new Uint8Array(16).fill(5),
    floors: { policyVersion: 0, statusVersion: 0 },
    grants: [],
    ...changed,
  };
  const payload = encodeSignedRequest({
    headerBytes: encodeSealedJobHeader(signedHeader(header)),
    keySetDigest: keyId,
    constitutionDigest,
    request,
    recordingDigest: sha256(recording),
  });
  const statement = encodeStatement("request", signer.publicKey.alg, payload, signer.sign);
  return {
    header,
    headerBytes: encodeSealedJobHeader(header),
    content: encodeJobContent({ request: statement, recording, deviceBatch: deviceBatch ?? null }, PADDED_BYTES),
  };
}
