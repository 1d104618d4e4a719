import { decodeOuterStatus, decodeSealedJob, decodeStatement, encodeSealedJob, MESSAGE, toHex, type JobReply } from "@caladrius/wire";
import { beforeEach, describe, expect, it } from "vitest";
import { KmsError, type KmsErrorCode } from "../kms/port.ts";
import { DATA_KEY, KMS_KEYS, makeDeployment, NOW_SECONDS } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { dataKeyJob, jobFor, openReply, type TestJob } from "../test-support/jobs.ts";

const deployment = makeDeployment();
const { constitutionDigest } = deployment;
let world: World;
let a: TestEnclave;
let b: TestEnclave;
beforeEach(async () => {
  world = new World();
  a = await world.boot(deployment);
  b = await world.boot(deployment);
});

describe("a job under a data key", () => {
  it("is opened by any enclave of the deployment, in the name of its boot, with one array of disclosures", async () => {
    const job = await dataKeyJob(world.kms, constitutionDigest);
    const arrays = await Promise.all(
      [a, b].map(async (enclave) => {
        const content = read(job, await enclave.answer(job.sealed));
        expect(content.identity).toEqual(enclave.inside.identity.bytes);
        expect(toHex(content.claims.jobDigest)).toBe(toHex(job.digest));
        return content.claims.disclosureDigests.map(toHex);
      }),
    );
    expect(arrays[0]).toEqual(arrays[1]);
    const context = { "caladrius-constitution": toHex(constitutionDigest), "caladrius-job": toHex(job.jobId) };
    expect(world.kms.calls).toEqual([a, b].map(() => ({ operation: "decrypt", keyArn: DATA_KEY, context })));
  });

  it("has answers of the same sizes as a job under the enclave's keys, answered or denied", async () => {
    const sizes = async (job: TestJob): Promise<number[]> => {
      const { status, replies } = await a.answer(job.sealed);
      expect(decodeOuterStatus(decodeStatement(status, "status").payload).state).toBe("answered");
      return [status.length, ...replies.map((reply) => reply.length)];
    };
    const denied = { request: { purpose: "HMARKT" } };
    const resealed = { signedHeader: (header: object) => ({ ...header, jobId: new Uint8Array(16) }) as never };
    const expected = await sizes(jobFor(a.inside.identity.bytes));
    for (const change of [{}, denied, resealed]) {
      expect(await sizes(jobFor(a.inside.identity.bytes, change))).toEqual(expected);
      expect(await sizes(await dataKeyJob(world.kms, constitutionDigest, change))).toEqual(expected);
    }
  });

  it("was denied when its request was signed for another envelope", async () => {
    const job = await dataKeyJob(world.kms, constitutionDigest, {
      signedHeader: (header) => ({ ...header, notAfter: header.notAfter + 1 }),
    });
    const disclosures = read(job, await a.answer(job.sealed)).disclosures.map((one) => Buffer.from(one).toString("latin1"));
    expect(disclosures).toHaveLength(1);
    expect(disclosures[0]).toContain("denied");
  });

  it("leaves nothing of its data key behind, opened or not", async () => {
    const job = await dataKeyJob(world.kms, constitutionDigest);
    await a.answer(job.sealed);
    await a.answer(edited(job, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext, 9) })));
    a.nsm.failing = new Error("NSM: InternalError");
    world.elapsedMs = 3_590_000; // the evidence must be renewed before the answer
    await expect(a.answer(job.sealed)).rejects.toThrow("internal");
    expect(world.kms.given).toHaveLength(3);
    expect(world.kms.given.every((key) => key.every((byte) => byte === 0))).toBe(true);
  });
});

describe("before KMS is asked", () => {
  it.each<[string, string, () => Promise<Uint8Array>]>([
    [
      "a key that the bundle does not list",
      "unknown-key",
      async () => (await dataKeyJob(world.kms, constitutionDigest, { keyArn: KMS_KEYS[0] ?? "" })).sealed,
    ],
    [
      "a job that has expired",
      "job-expired",
      async () => (await dataKeyJob(world.kms, constitutionDigest, { notAfter: NOW_SECONDS - 1 })).sealed,
    ],
    ["bytes that are no job", "malformed-message", async () => (await dataKeyJob(world.kms, constitutionDigest)).sealed.subarray(1)],
    [
      "a data key longer than KMS gives",
      "malformed-message",
      async () => edited(await dataKeyJob(world.kms, constitutionDigest), () => ({ enc: new Uint8Array(6145) })),
    ],
  ])("%s is %s", async (_, code, make) => {
    await expect(a.answer(await make())).rejects.toThrow(code);
    expect(world.kms.calls).toEqual([]);
  });

  it("an enclave without KMS says so", async () => {
    const { sealed } = await dataKeyJob(world.kms, constitutionDigest);
    const without = await world.boot(deployment, { kms: false });
    await expect(without.answer(sealed)).rejects.toThrow("no-kms");
    const unnamed = makeDeployment({ kms: false });
    const job = await dataKeyJob(world.kms, unnamed.constitutionDigest);
    await expect((await world.boot(unnamed)).answer(job.sealed)).rejects.toThrow("no-kms");
  });

  it("a bundle that lists no data keys opens none", async () => {
    const none = await world.boot(makeDeployment({ dataKeys: [] }));
    await expect(none.answer((await dataKeyJob(world.kms, none.inside.constitutionDigest)).sealed)).rejects.toThrow("unknown-key");
  });
});

describe("a job that does not open", () => {
  it.each<[string, (job: TestJob, other: TestJob) => Uint8Array]>([
    ["has the data key of another job", (job, other) => edited(job, () => ({ enc: decodeSealedJob(other.sealed).enc }))],
    ["has the content of another job", (job, other) => edited(job, () => ({ ciphertext: decodeSealedJob(other.sealed).ciphertext }))],
    ["has the header of another job", (job, other) => edited(job, () => ({ headerBytes: decodeSealedJob(other.sealed).headerBytes }))],
    ["has a changed data key", (job) => edited(job, ({ enc }) => ({ enc: flipped(enc, 20) }))],
    ["has a changed content", (job) => edited(job, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext, 0) }))],
    ["has a changed tag", (job) => edited(job, ({ ciphertext }) => ({ ciphertext: flipped(ciphertext, ciphertext.length - 1) }))],
    [
      "has a data key that the host made under the same KMS key and context",
      (job) => {
        const { header } = decodeSealedJob(job.sealed);
        const context = { "caladrius-constitution": toHex(constitutionDigest), "caladrius-job": toHex(header.jobId) };
        return edited(job, () => ({ enc: world.kms.encrypt(DATA_KEY, new Uint8Array(32), context) }));
      },
    ],
    [
      "has a data key of another length",
      (job) => {
        const { header } = decodeSealedJob(job.sealed);
        const context = { "caladrius-constitution": toHex(constitutionDigest), "caladrius-job": toHex(header.jobId) };
        return edited(job, () => ({ enc: world.kms.encrypt(DATA_KEY, new Uint8Array(16), context) }));
      },
    ],
  ])("%s: cannot-open, attested", async (_, change) => {
    const [job, other] = [await dataKeyJob(world.kms, constitutionDigest), await dataKeyJob(world.kms, constitutionDigest)];
    const { status, replies } = await a.answer(change(job, other));
    expect(replies).toEqual([]);
    expect(decodeOuterStatus(decodeStatement(status, "status").payload).state).toBe("cannot-open");
  });

  it("was sealed under another constitution", async () => {
    const elsewhere = makeDeployment({ name: "other" });
    const job = await dataKeyJob(world.kms, elsewhere.constitutionDigest);
    expect((await a.answer(job.sealed)).replies).toEqual([]);
    expect((await (await world.boot(elsewhere)).answer(job.sealed)).replies).toHaveLength(1);
  });
});

describe("KMS that fails", () => {
  const codes: readonly KmsErrorCode[] = ["kms-credentials", "kms-unreachable", "kms-denied", "kms-throttled", "kms-answer-refused"];
  it.each(codes)("with %s: the host keeps the job and may try again", async (code) => {
    const job = await dataKeyJob(world.kms, constitutionDigest);
    world.kms.before = () => {
      throw new KmsError(code);
    };
    await expect(a.answer(job.sealed)).rejects.toThrow(code);
    world.kms.before = () => {};
    expect((await a.answer(job.sealed)).replies).toHaveLength(1);
  });

  it("by waiting until the job has expired", async () => {
    const job = await dataKeyJob(world.kms, constitutionDigest, { notAfter: NOW_SECONDS + 60 });
    world.kms.before = () => void (world.elapsedMs = 61_000);
    await expect(a.answer(job.sealed)).rejects.toThrow("job-expired");
  });

  it("by not answering: a bounded number of jobs wait, other jobs do not", async () => {
    const job = await dataKeyJob(world.kms, constitutionDigest);
    const release: (() => void)[] = [];
    world.kms.before = () => new Promise((resolve) => release.push(resolve));
    const answers = Array.from({ length: 40 }, () => a.send(MESSAGE.job, job.sealed));
    expect((await a.answer(jobFor(a.inside.identity.bytes).sealed)).replies).toHaveLength(1);
    expect(release).toHaveLength(16);
    world.kms.before = () => {};
    for (const go of release) go();
    const ended = await Promise.all(answers);
    expect(ended.filter((end) => "error" in end && end.error === "overloaded")).toHaveLength(8);
    expect(ended.filter((end) => "body" in end)).toHaveLength(32);
  });
});

function read(job: TestJob, { replies }: JobReply): ReturnType<typeof openReply> {
  return openReply(job, replies[0] ?? new Uint8Array());
}

type Parts = Pick<ReturnType<typeof decodeSealedJob>, "headerBytes" | "enc" | "ciphertext">;

function edited({ sealed }: TestJob, change: (parts: Parts) => Partial<Parts>): Uint8Array {
  const parts = decodeSealedJob(sealed);
  return encodeSealedJob({ ...parts, ...change(parts) });
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
