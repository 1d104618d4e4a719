import { parseTrustFile, verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { createSubmitterKey, openReply, sealJob, verifySealingTarget, type SealingTarget, type SubmitterKey } from "@caladrius/client";
import { makeSampleRecordings } from "@caladrius/client/samples";
import { answerJob } from "@caladrius/enclave/attest";
import { attestWithNonce, rotateKeys, type Enclave } from "@caladrius/enclave/boot";
import {
  AEAD_TAG_BYTES,
  decodeDisclosure,
  decodeResultFile,
  decodeSealedReply,
  decodeStatement,
  decodeOuterStatus,
  replyPaddedBytes,
  toHex,
  type DisclosureLevel,
} from "@caladrius/wire";
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { bootInProcess, makeSurroundings, trustOf, type Surroundings } from "./support/index.ts";

let around: Surroundings;
let enclave: Enclave;
let target: SealingTarget;

async function verifiedTarget(of: Enclave): Promise<SealingTarget> {
  const nonce = new Uint8Array(32).fill(5);
  const evidence = await attestWithNonce(of, nonce);
  return verifySealingTarget(
    { evidence, identity: of.identity.bytes },
    { trust: parseTrustFile(trustOf(around)), nonce, nowMs: Date.now(), signatures },
  );
}

beforeAll(async () => {
  around = await makeSurroundings();
  enclave = await bootInProcess(around);
  target = await verifiedTarget(enclave);
});

const LEVELS: readonly DisclosureLevel[] = ["full", "findings", "alarm"];

interface Job {
  sealed: Uint8Array;
  digest: Uint8Array;
  paddedBytes: number;
  nonce: Uint8Array;
  readers: { key: SubmitterKey; level: DisclosureLevel }[];
}

async function seal(subject: string, purpose = "TREAT"): Promise<Job> {
  const recording = makeSampleRecordings().find((one) => one.subject === subject);
  if (recording === undefined) throw new Error("no such sample");
  const keys = await Promise.all([createSubmitterKey(), createSubmitterKey("X25519"), createSubmitterKey()]);
  const readers = keys.map((key, i) => ({ key, level: LEVELS[i] ?? "alarm" }));
  const [submitter, ...others] = readers;
  if (submitter === undefined) throw new Error("no reader");
  const nonce = new Uint8Array(16).fill(9);
  const request = { level: submitter.level, purpose, detectors: [], nonce, notAfter: Math.ceil(Date.now() / 1000) + 600 };
  const recipients = others.map(({ key, level }) => ({ key: key.sealing, level }));
  const { sealed, digest, paddedBytes } = await sealJob(target, recording, { ...request, recipients }, submitter.key);
  return { sealed, digest, paddedBytes, nonce, readers };
}

function answer(job: Job, of: Enclave = enclave): { status: Uint8Array; replies: Uint8Array[] } {
  const answered = answerJob(of, job.sealed);
  if (answered.kind !== "reply") throw new Error(answered.reason);
  return answered.reply;
}

/** The result file that each reader makes of its reply. */
function open(job: Job, replies: readonly Uint8Array[]): Promise<Uint8Array[]> {
  return Promise.all(job.readers.map(({ key, level }, i) => openReply(replies[i] ?? new Uint8Array(), { ...job, level }, key)));
}

describe("several recipients of one job", () => {
  it("get one signed result, the same bytes, and differ only in the disclosures beside it", async () => {
    const job = await seal("sample-deterioration");
    const files = await open(job, answer(job).replies);
    const decoded = files.map((file) => decodeResultFile(file));
    expect(new Set(decoded.map(({ result }) => toHex(result))).size).toBe(1);
    expect(new Set(decoded.map(({ identity }) => toHex(identity))).size).toBe(1);
    const [full, findings, alarm] = decoded.map(
      ({ disclosures }) => new Set(disclosures.filter((one) => decodeDisclosure(one).name !== "level").map(toHex)),
    );
    expect([...(alarm ?? [])].every((one) => findings?.has(one))).toBe(true);
    expect([...(findings ?? [])].every((one) => full?.has(one))).toBe(true);
    expect((alarm?.size ?? 0) < (findings?.size ?? 0) && (findings?.size ?? 0) < (full?.size ?? 0)).toBe(true);
    for (const file of files) {
      const verdict = await verifyResultFile(
        file,
        parseTrustFile(trustOf(around)),
        { jobDigest: job.digest, nonce: job.nonce },
        signatures,
      );
      expect(verdict).toMatchObject({ status: "warning", exitCode: 0 });
      expect(verdict.claims?.disclosed["alarm-summary"]).toMatchObject({ anyAlarm: true, highestPriority: "high" });
    }
  });

  it("cannot open each other's replies", async () => {
    const job = await seal("sample-stable");
    const { replies } = answer(job);
    const [submitter, , third] = job.readers;
    await expect(openReply(replies[2] ?? new Uint8Array(), { ...job, level: "alarm" }, submitter?.key as SubmitterKey)).rejects.toThrow(
      /does not open/,
    );
    await expect(openReply(replies[0] ?? new Uint8Array(), { ...job, level: "full" }, third?.key as SubmitterKey)).rejects.toThrow(
      /does not open/,
    );
  });

  it("have replies whose sizes follow from level and padded job size alone, answered or denied", async () => {
    for (const [subject, purpose] of [
      ["sample-deterioration", "TREAT"],
      ["sample-stable", "TREAT"],
      ["sample-stable", "HMARKT"],
    ] as const) {
      const job = await seal(subject, purpose);
      const { status, replies } = answer(job);
      const sizes = replies.map((reply) => decodeSealedReply(reply).ciphertext.length - AEAD_TAG_BYTES);
      expect(sizes).toEqual(job.readers.map(({ level }) => replyPaddedBytes(level, job.paddedBytes)));
      const outer = decodeOuterStatus(decodeStatement(status, "status").payload);
      expect(outer).toMatchObject({ state: "answered" });
      expect(outer.replyDigests.map(toHex)).toEqual(replies.map((reply) => createHash("sha256").update(reply).digest("hex")));
      expect(toHex(outer.jobDigest)).toBe(toHex(job.digest));
    }
  });

  it("are denied together when one asks for more than the policy allows further recipients", async () => {
    const job = await seal("sample-stable", "HRESCH"); // findings at most, and the second asks for them
    const [, findings] = await open(job, answer(job).replies);
    const verdict = await verifyResultFile(findings ?? new Uint8Array(), parseTrustFile(trustOf(around)), {}, signatures);
    expect(verdict.claims?.disclosed.denial).toBeNull();
    const tooWide = await seal("sample-stable", "HPAYMT"); // alarm at most for further recipients
    for (const file of await open(tooWide, answer(tooWide).replies)) {
      const denied = await verifyResultFile(file, parseTrustFile(trustOf(around)), {}, signatures);
      expect(denied.claims?.disclosed.denial).toBe("denied-level");
    }
  });

  it("give the same array of digests for the same job again, and another for another job", async () => {
    const job = await seal("sample-stable");
    const digests = async (of: Job): Promise<string[]> => {
      const [file] = await open(of, answer(of).replies);
      return decodeResultFile(file ?? new Uint8Array()).disclosures.map(toHex);
    };
    expect(await digests(job)).toEqual(await digests(job));
    expect(await digests(job)).not.toEqual(await digests(await seal("sample-stable")));
  });
});

describe("keys over time", () => {
  it("open jobs sealed before the last rotation, and none sealed before the one before", async () => {
    const rotating = await bootInProcess(around);
    const before = target;
    target = await verifiedTarget(rotating);
    const job = await seal("sample-stable");
    await rotateKeys(rotating);
    const files = await open(job, answer(job, rotating).replies);
    const verdict = await verifyResultFile(
      files[0] ?? new Uint8Array(),
      parseTrustFile(trustOf(around)),
      { jobDigest: job.digest },
      signatures,
    );
    expect(verdict.status).toBe("warning");
    await rotateKeys(rotating);
    expect(answerJob(rotating, job.sealed)).toEqual({ kind: "unopened", reason: "unknown-key" });
    target = before;
  });

  it("open nothing that was sealed to another enclave of the same image", async () => {
    const other = await bootInProcess(around);
    expect(answerJob(other, (await seal("sample-stable")).sealed)).toEqual({ kind: "unopened", reason: "unknown-key" });
  });
});
