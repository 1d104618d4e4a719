import { randomBytes } from "node:crypto";
import { encodeFrames, MESSAGE } from "@caladrius/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FakeConnection } from "../test-support/fake-enclave.ts";
import { startHarness, stateOf, submit, until, type Harness } from "../test-support/harness.ts";
import { makeOpaqueJob, type OpaqueJob } from "../test-support/sealed-job.ts";

describe("the relay and its enclave", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startHarness();
  });
  afterEach(() => harness.close());

  const accept = async (bytes = 4096): Promise<OpaqueJob> => {
    const job = makeOpaqueJob({ keyId: harness.enclave.keyId, bytes });
    expect((await submit(harness.host, job.sealed)).status).toBe(202);
    return job;
  };
  const reaches = (job: OpaqueJob, state: string): Promise<void> => until(async () => (await stateOf(harness.host, job.id)) === state);

  it("boots the enclave with the files given, once, and speaks to a plain socket too", async () => {
    expect(harness.enclave.boots).toHaveLength(1);
    harness.enclave.hangUp();
    await reaches(await accept(), "answered");
    expect(harness.enclave.boots).toHaveLength(1);
    const plain = await startHarness({ plain: true });
    expect(plain.enclave.boots).toHaveLength(1);
    await plain.close();
  });

  it("stops while it is still connecting", async () => {
    const starting = await startHarness({ connected: false });
    await starting.close();
    expect(starting.enclave.boots.length).toBeLessThanOrEqual(1);
  });

  it.each(["answer", "cannot-open", "unknown-key", "job-expired", "malformed-message"] as const)(
    "ends a job when the enclave says %s",
    async (says) => {
      harness.enclave.behaviour = says;
      const states = {
        answer: "answered",
        "cannot-open": "cannot-open",
        "unknown-key": "reseal",
        "job-expired": "expired",
        "malformed-message": "cannot-open",
      };
      await reaches(await accept(), states[says]);
    },
  );

  it.each(["overloaded", "dependency-failed", "time-unknown", "internal"] as const)(
    "tries again when the enclave says %s",
    async (says) => {
      harness.enclave.behaviour = says;
      const job = await accept();
      await until(() => (harness.enclave.arrivals.get(job.id) ?? 0) >= 2);
      harness.enclave.behaviour = "answer";
      await reaches(job, "answered");
      expect(harness.enclave.answers.get(job.id)).toBe(1);
    },
  );

  it("says running while the enclave works, and sends again when the connection broke", async () => {
    harness.enclave.behaviour = "hold";
    const job = await accept(200_000);
    await reaches(job, "running");
    await until(() => harness.enclave.held === 1);
    harness.enclave.behaviour = "answer";
    harness.enclave.hangUp();
    await reaches(job, "answered");
    expect(harness.enclave.arrivals.get(job.id)).toBe(2);
  });

  it("marks jobs reseal when the enclave died with its keys", async () => {
    harness.enclave.behaviour = "hold";
    const jobs = [await accept(), await accept()];
    await until(() => harness.enclave.held === 2);
    await harness.enclave.kill();
    await reaches(jobs[0]!, "accepted");
    const ready = await fetch(`${harness.host.url}/readyz`);
    expect([ready.status, ((await ready.json()) as { code: string }).code]).toEqual([503, "enclave-unavailable"]);
    harness.enclave.behaviour = "answer";
    await harness.enclave.listen();
    for (const job of jobs) await reaches(job, "reseal");
    expect(harness.enclave.boots).toHaveLength(2);
    const result = await fetch(`${harness.host.url}/v1/jobs/${jobs[0]!.id}/result`);
    expect([result.status, ((await result.json()) as { code: string }).code]).toEqual([409, "job-reseal"]);
    await reaches(await accept(), "answered");
  });

  it("boots an enclave that forgets that it was booted", async () => {
    harness.enclave.behaviour = "not-booted";
    const job = await accept();
    await until(() => (harness.enclave.arrivals.get(job.id) ?? 0) >= 2);
    harness.enclave.behaviour = "answer";
    await reaches(job, "answered");
  });

  it("keeps the rest going when one job ends every enclave that opens it", async () => {
    harness.enclave.behaviour = ({ socket, send }, { id, kind, body }) => {
      if (body.length < 8192) socket.destroy();
      else send({ id, kind, body: harness.enclave.answerTo(body) });
    };
    const bad = makeOpaqueJob({ keyId: harness.enclave.keyId });
    await submit(harness.host, bad.sealed);
    await until(() => (harness.enclave.arrivals.get(bad.id) ?? 0) >= 3);
    await reaches(await accept(9000), "answered");
    expect(await stateOf(harness.host, bad.id)).toMatch(/accepted|running/);
  });

  const hostile: [string, (connection: FakeConnection, id: number, body: Uint8Array) => void][] = [
    ["bytes that are no frame", ({ socket }) => void socket.write(randomBytes(64))],
    [
      "a frame cut short",
      ({ socket }, id, body) => void socket.end([...encodeFrames({ kind: MESSAGE.job, id, body })][0]!.subarray(0, 20)),
    ],
    ["an answer that is no answer", ({ send }, id) => send({ kind: MESSAGE.job, id, body: randomBytes(40) })],
    ["an error that is no error", ({ send }, id) => send({ kind: MESSAGE.error, id, body: randomBytes(3) })],
    [
      "an answer to what nobody asked",
      ({ send }, id, body) => send({ kind: MESSAGE.job, id: id + 7777, body: harness.enclave.answerTo(body) }),
    ],
    ["an answer of another kind", ({ send }, id, body) => send({ kind: MESSAGE.attest, id, body: harness.enclave.answerTo(body) })],
    [
      "the answer to another job",
      ({ send }, id) => send({ kind: MESSAGE.job, id, body: harness.enclave.answerTo(makeOpaqueJob().sealed) }),
    ],
    [
      "the second half of an answer first",
      ({ socket }, id, body) => {
        const [first, second] = [...encodeFrames({ kind: MESSAGE.job, id, body })];
        socket.write(second!);
        socket.write(first!);
      },
    ],
    [
      "one half of an answer twice",
      ({ socket }, id, body) => {
        const [first] = [...encodeFrames({ kind: MESSAGE.job, id, body })];
        socket.write(first!);
        socket.write(first!);
      },
    ],
    ["a frame of 4 GiB", ({ socket }) => void socket.write(Buffer.from([255, 255, 255, 255, 0]))],
  ];
  it.each(hostile)("drops a peer that sends %s, and loses no job", async (_, misbehave) => {
    harness.enclave.behaviour = (connection, { id, body }) => misbehave(connection, id, body);
    const job = await accept(43_000);
    await until(() => (harness.enclave.arrivals.get(job.id) ?? 0) >= 2);
    expect((await fetch(`${harness.host.url}/healthz`)).status).toBe(200);
    harness.enclave.behaviour = "answer";
    await reaches(job, "answered");
    expect(harness.log.join("")).toMatch(/broke the protocol|hung up inside a message/);
  });

  it("takes an answer that comes twice once", async () => {
    harness.enclave.replyBytes = 100_000;
    harness.enclave.behaviour = ({ send }, { kind, id, body }) => {
      const answer = harness.enclave.answerTo(body);
      send({ kind, id, body: answer });
      send({ kind, id, body: answer });
    };
    const job = await accept();
    await reaches(job, "answered");
    expect((await fetch(`${harness.host.url}/v1/jobs/${job.id}/result`)).status).toBe(200);
    expect(harness.enclave.arrivals.get(job.id)).toBe(1);
  });

  it("gives up on an enclave that is silent", async () => {
    const impatient = await startHarness({ limits: { enclaveMs: 100 } });
    impatient.enclave.behaviour = "hold";
    const job = makeOpaqueJob({ keyId: impatient.enclave.keyId });
    await submit(impatient.host, job.sealed);
    await until(() => (impatient.enclave.arrivals.get(job.id) ?? 0) >= 2);
    impatient.enclave.behaviour = "answer";
    await until(async () => (await stateOf(impatient.host, job.id)) === "answered");
    await impatient.close();
  });

  it("sends no more at one time than the limits say", async () => {
    const narrow = await startHarness({ limits: { jobsInFlight: 2 } });
    narrow.enclave.behaviour = "hold";
    const jobs = Array.from({ length: 5 }, () => makeOpaqueJob({ keyId: narrow.enclave.keyId }));
    await Promise.all(jobs.map(({ sealed }) => submit(narrow.host, sealed)));
    await until(() => narrow.enclave.held === 2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(narrow.enclave.held).toBe(2);
    narrow.enclave.behaviour = "answer";
    narrow.enclave.letGo();
    for (const { id } of jobs) await until(async () => (await stateOf(narrow.host, id)) === "answered");
    await narrow.close();
  });
});
