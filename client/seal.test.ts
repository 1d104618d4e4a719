import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  decodeJobContent,
  decodeRecording,
  decodeSealedJob,
  decodeSignedRequest,
  decodeStatement,
  isSizeBucket,
  sealedJobInfo,
  SUITES,
  type Recording,
  type SuiteId,
} from "@caladrius/wire";
import { createSubmitterKey } from "./keys.ts";
import { sealJob, type JobRequest, type SealedSubmission } from "./seal.ts";
import { CIPHER_SUITES } from "./suites.ts";
import type { SealingTarget } from "./trust.ts";

const recording = (samples: number): Recording => ({
  subject: "subject-1",
  device: "device-1",
  channels: [
    {
      code: "loinc:8867-4",
      unit: "/min",
      startMs: 1_767_254_400_000,
      timing: { kind: "rate", numerator: 1, denominator: 1 },
      samples: new Int16Array(samples).fill(70),
      scale: { numerator: 1, offset: 0, denominator: 1 },
      missing: -32768,
    },
  ],
  events: [],
});
const job: JobRequest = {
  level: "findings",
  purpose: "TREAT",
  detectors: ["news2"],
  nonce: new Uint8Array(32).fill(7),
  notAfter: 1_800_000_000,
};

describe.each(Object.keys(SUITES) as SuiteId[])("sealJob under %s", (suite) => {
  const setUp = async (): Promise<{ target: SealingTarget; open: (submission: SealedSubmission) => Promise<Uint8Array> }> => {
    const cipherSuite = CIPHER_SUITES[suite];
    const pair = await cipherSuite.GenerateKeyPair();
    const publicKey = await cipherSuite.SerializePublicKey(pair.publicKey);
    const [keyId, constitutionDigest] = [new Uint8Array(32).fill(1), new Uint8Array(48).fill(2)];
    // What verification leaves cannot be made here: the fields that sealing reads are enough.
    const target = { recipient: { suite, publicKey }, keyId, constitutionDigest } as unknown as SealingTarget;
    return {
      target,
      open: ({ sealed }) => {
        const { headerBytes, enc, ciphertext } = decodeSealedJob(sealed);
        return cipherSuite.Open(pair, enc, ciphertext, { aad: headerBytes, info: sealedJobInfo(keyId, constitutionDigest) });
      },
    };
  };

  it("makes a job that opens to the signed request and the recording", async () => {
    const { target, open } = await setUp();
    const key = await createSubmitterKey();
    const submission = await sealJob(target, recording(600), job, key);
    const { header, headerBytes } = decodeSealedJob(submission.sealed);
    expect(header).toMatchObject({
      version: 1,
      suite,
      keyId: target.keyId,
      jobId: submission.jobId,
      notAfter: job.notAfter,
      paddedBytes: submission.paddedBytes,
    });
    expect(submission.digest).toEqual(new Uint8Array(createHash("sha256").update(submission.sealed).digest()));

    const content = decodeJobContent(await open(submission));
    expect(decodeRecording(content.recording)).toEqual(recording(600));
    expect(content.deviceBatch).toBeNull();
    const { request, ...bound } = decodeSignedRequest(decodeStatement(content.request, "request").payload);
    expect(bound).toEqual({
      headerBytes,
      keySetDigest: target.keyId,
      constitutionDigest: target.constitutionDigest,
      recordingDigest: new Uint8Array(createHash("sha256").update(content.recording).digest()),
    });
    expect(request).toMatchObject({
      submitter: key.signing,
      subject: "subject-1",
      purpose: "TREAT",
      detectors: ["news2"],
      nonce: job.nonce,
      recipients: [{ key: key.sealing, level: "findings" }],
    });
  });

  it("has a size that tells a bucket alone, also at its edges", async () => {
    const { target, open } = await setUp();
    const key = await createSubmitterKey("X25519");
    const sizes = new Set<number>();
    for (let samples = 1500; samples < 1900; samples += 16) {
      const submission = await sealJob(target, recording(samples), job, key);
      expect(isSizeBucket(submission.paddedBytes)).toBe(true);
      sizes.add(submission.paddedBytes);
      expect(decodeRecording(decodeJobContent(await open(submission)).recording).channels[0]?.samples.length).toBe(samples);
    }
    expect(sizes).toEqual(new Set([4096, 6144]));
  });

  it("takes a fresh job id and a fresh key each time", async () => {
    const { target } = await setUp();
    const key = await createSubmitterKey("X25519");
    const [one, two] = [await sealJob(target, recording(10), job, key), await sealJob(target, recording(10), job, key)];
    expect(one.jobId).not.toEqual(two.jobId);
    expect(decodeSealedJob(one.sealed).enc).not.toEqual(decodeSealedJob(two.sealed).enc);
  });

  it("refuses what the format does not hold", async () => {
    const { target } = await setUp();
    const key = await createSubmitterKey("X25519");
    await expect(sealJob(target, { ...recording(10), subject: "" }, job, key)).rejects.toMatchObject({ name: "WireError" });
    await expect(sealJob(target, recording(10), { ...job, nonce: new Uint8Array(7) }, key)).rejects.toMatchObject({ name: "WireError" });
    await expect(sealJob(target, recording(17_000_000), job, key)).rejects.toMatchObject({ name: "LimitError" });
  });
});
