import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startHarness, stateOf, submit, until, type Harness } from "./test-support/harness.ts";
import { makeOpaqueJob } from "./test-support/sealed-job.ts";

describe("a job's way through the host", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startHarness();
  });
  afterEach(() => harness.close());

  it("is accepted, answered, and given out", async () => {
    const { host, enclave } = harness;
    enclave.recipients = 2;
    const job = makeOpaqueJob({ keyId: enclave.keyId, bytes: 43_000 });
    const accepted = await submit(host, job.sealed);
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get("location")).toBe(`/v1/jobs/${job.id}`);
    expect(await accepted.json()).toEqual({ id: job.id, state: "accepted", deleteToken: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const result = await fetch(`${host.url}/v1/jobs/${job.id}/result?wait=10`);
    expect(result.status).toBe(200);
    expect(result.headers.get("content-type")).toBe("application/vnd.caladrius.sealed-reply+cbor");
    expect((await result.arrayBuffer()).byteLength).toBe(600);
    expect((await fetch(`${host.url}/v1/jobs/${job.id}/result?recipient=1`)).status).toBe(200);
    const status = await fetch(`${host.url}/v1/jobs/${job.id}/status`);
    expect(status.headers.get("content-type")).toBe("application/vnd.caladrius.status+cose");
    expect(await (await fetch(`${host.url}/v1/jobs/${job.id}`)).json()).toMatchObject({ id: job.id, state: "answered", replies: 2 });
    expect(enclave.answers.get(job.id)).toBe(1);
  });

  it("is known the second time, and other bytes under its id are a conflict", async () => {
    const { host, enclave } = harness;
    const job = makeOpaqueJob({ keyId: enclave.keyId });
    const first = (await (await submit(host, job.sealed)).json()) as { deleteToken: string };
    await until(async () => (await stateOf(host, job.id)) === "answered");
    const again = await submit(host, job.sealed);
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual({ id: job.id, state: "answered", deleteToken: first.deleteToken });
    const other = await submit(host, makeOpaqueJob({ keyId: enclave.keyId, jobId: Buffer.from(job.id, "hex") }).sealed);
    expect(other.status).toBe(409);
    expect(other.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    expect(await other.json()).toMatchObject({ code: "job-conflict", status: 409, type: "urn:caladrius:problem:job-conflict" });
    expect(enclave.arrivals.get(job.id)).toBe(1);
  });

  it("stops though a reader stalls", async () => {
    const { host, enclave } = harness;
    enclave.replyBytes = 8_000_000;
    const job = makeOpaqueJob({ keyId: enclave.keyId });
    await submit(host, job.sealed);
    const stalled = await fetch(`${host.url}/v1/jobs/${job.id}/result?wait=10`); // its body is never read
    const begun = performance.now();
    await host.close();
    expect(performance.now() - begun).toBeLessThan(5000);
    await stalled.body?.cancel().catch(() => {});
  });
});
