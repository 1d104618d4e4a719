import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { decodeAttestReply, fromBase64, toHex } from "@caladrius/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startHarness, stateOf, submit, until, type Harness } from "../test-support/harness.ts";
import { makeOpaqueJob } from "../test-support/sealed-job.ts";
import { MAX_BODY_BYTES } from "./intake.ts";

const TYPE = "application/vnd.caladrius.sealed-job+cbor";

describe("the host's HTTP interface", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startHarness();
  });
  afterEach(() => harness.close());
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(harness.host.url + path, { headers });
  const post = (
    body: string | Uint8Array<ArrayBuffer> | null,
    headers: Record<string, string> = { "content-type": TYPE },
  ): Promise<Response> => fetch(`${harness.host.url}/v1/jobs`, { method: "POST", headers, body });

  it("refuses with problem details, each with its code", async () => {
    const { host, enclave } = harness;
    const unknown = "0".repeat(32);
    const late = makeOpaqueJob({ keyId: enclave.keyId, notAfter: 1000 });
    const cases: [() => Promise<Response>, number, string][] = [
      [() => get("/nothing"), 404, "route-unknown"],
      [() => get("/v1/jobs/XYZ"), 400, "request-invalid"],
      [() => get(`/v1/jobs/${unknown}`), 404, "job-unknown"],
      [() => get(`/v1/jobs/${unknown}/result`), 404, "job-unknown"],
      [() => get(`/v1/jobs/${unknown}/result?recipient=8`), 400, "request-invalid"],
      [() => get(`/v1/jobs/${unknown}/result?more=1`), 400, "request-invalid"],
      [() => get("/v1/attestation?nonce=00"), 400, "request-invalid"],
      [() => get("/v1/attestation?nonce=zz00000000000000"), 400, "request-invalid"],
      [() => get("/v1/jobs/%ff"), 400, "request-invalid"],
      [() => get(`/v1/events?job=${unknown}`), 404, "job-unknown"],
      [() => post("{}", { "content-type": "application/json" }), 415, "media-type"],
      [() => post(null, {}), 415, "media-type"],
      [() => post("not cbor"), 400, "job-malformed"],
      [() => post(new Uint8Array(late.sealed.subarray(0, 4000))), 400, "job-malformed"],
      [() => submit(host, late.sealed), 422, "job-not-after"],
      [() => fetch(`${host.url}/v1/jobs/${unknown}`, { method: "DELETE" }), 401, "token-missing"],
    ];
    for (const [answer, status, code] of cases) {
      const response = await answer();
      const problem = (await response.json()) as Record<string, unknown>;
      expect([response.status, problem["code"]], code).toEqual([status, code]);
      expect(problem).toMatchObject({
        type: `urn:caladrius:problem:${code}`,
        status,
        title: expect.any(String),
        detail: expect.any(String),
      });
      expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("demands a length, holds it to the limit, and waits for a body only so long", async () => {
    const chunked = await raw("POST /v1/jobs HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n");
    expect(chunked).toMatch(/^HTTP\/1.1 411 [^]*"length-required"/);
    const large = await raw(`POST /v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: ${MAX_BODY_BYTES + 1}\r\n`, "x");
    expect(large).toMatch(/^HTTP\/1.1 413 [^]*"body-too-large"/);
    const cut = makeOpaqueJob();
    const short = await raw(
      `POST /v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: ${cut.sealed.length}\r\n`,
      cut.sealed.subarray(0, 100),
      true,
    );
    expect(short).toMatch(/^$|"body-aborted"|"request-invalid"/);
    expect(await raw("no http at all\r\n", "")).toMatch(/^HTTP\/1.1 400 [^]*"request-invalid"/);
    expect(await raw(`GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(9000)}\r\n`, "")).toMatch(/^HTTP\/1.1 431 [^]*"header-too-large"/);
    const slow = await startHarness({ limits: { bodyIdleMs: 50 } });
    const answer = await raw(`POST /v1/jobs HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n`, "x", false, slow.host.url);
    expect(answer).toMatch(/^HTTP\/1.1 408 [^]*"body-timeout"/);
    await slow.close();
  });

  it("takes the largest job, and bounds the bodies in memory", async () => {
    const job = makeOpaqueJob({ keyId: harness.enclave.keyId, bytes: 24 * 1024 * 1024 });
    expect((await submit(harness.host, job.sealed)).status).toBe(202);
    await until(async () => (await stateOf(harness.host, job.id)) === "answered");
    const small = await startHarness({ limits: { intakeBytes: 100_000 } });
    const refused = await submit(small.host, makeOpaqueJob({ bytes: 300_000 }).sealed);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, "busy"]);
    for (let i = 0; i < 5; i++)
      expect((await submit(small.host, makeOpaqueJob({ keyId: small.enclave.keyId, bytes: 43_000 }).sealed)).status).toBe(202);
    await small.close();
  });

  it("limits requests, open jobs and stored bytes", async () => {
    const narrow = await startHarness({
      limits: { openJobsPerClient: 1, requestsPerMinute: 8, attestationsPerMinute: 1, noticePagesPerMinute: 1, storedBytes: 20_000 },
    });
    narrow.enclave.behaviour = "hold";
    expect((await submit(narrow.host, makeOpaqueJob({ keyId: narrow.enclave.keyId }).sealed)).status).toBe(202);
    const quota = await submit(narrow.host, makeOpaqueJob().sealed);
    expect([quota.status, ((await quota.json()) as { code: string }).code]).toEqual([429, "job-quota"]);
    const full = await submit(narrow.host, makeOpaqueJob({ bytes: 30_000 }).sealed);
    expect([full.status, ((await full.json()) as { code: string }).code]).toEqual([507, "store-full"]);
    expect((await fetch(`${narrow.host.url}/v1/attestation`)).status).toBe(200);
    expect((await fetch(`${narrow.host.url}/v1/attestation`)).status).toBe(429);
    expect((await fetch(`${narrow.host.url}/v1/notices`)).status).toBe(200);
    expect((await fetch(`${narrow.host.url}/v1/notices`)).status).toBe(429);
    for (let i = 0; i < 8; i++) await fetch(`${narrow.host.url}/v1/jobs/${"0".repeat(32)}`);
    const limited = await fetch(`${narrow.host.url}/v1/jobs/${"0".repeat(32)}`);
    expect([limited.status, ((await limited.json()) as { code: string }).code]).toEqual([429, "rate-limit"]);
    expect(Number(limited.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await fetch(`${narrow.host.url}/healthz`)).status).toBe(200);
    await narrow.close();
  });

  it("gives attestations as JSON and as CBOR, over the caller's nonce", async () => {
    const nonce = "00112233445566778899aabbccddeeff";
    const json = (await (await get(`/v1/attestation?nonce=${nonce}`)).json()) as { evidence: string; identity: string; sequence: number };
    expect(toHex(fromBase64(json.evidence))).toContain(nonce);
    const cbor = await get(`/v1/attestation?nonce=${nonce}`, { accept: "application/vnd.caladrius.attestation+cbor" });
    expect(cbor.headers.get("content-type")).toBe("application/vnd.caladrius.attestation+cbor");
    expect(toHex(decodeAttestReply(new Uint8Array(await cbor.arrayBuffer())).evidence)).toContain(nonce);
    expect((await get("/v1/attestation", { accept: "application/cbor" })).status).toBe(200);
    await harness.enclave.kill();
    await until(async () => (await get("/v1/attestation")).status === 503);
    expect(harness.log.join("")).not.toContain(nonce);
  });

  it("answers 202 while a job is open, then why there is no reply", async () => {
    harness.enclave.behaviour = "hold";
    const job = makeOpaqueJob({ keyId: harness.enclave.keyId });
    const { deleteToken } = (await (await submit(harness.host, job.sealed)).json()) as { deleteToken: string };
    for (const path of ["result", "status"]) {
      const pending = await get(`/v1/jobs/${job.id}/${path}`);
      expect([pending.status, pending.headers.get("retry-after")]).toEqual([202, "1"]);
    }
    const waiting = get(`/v1/jobs/${job.id}/result?wait=10`);
    await until(() => harness.enclave.held === 1);
    harness.enclave.letGo();
    expect((await waiting).status).toBe(200);
    expect((await get(`/v1/jobs/${job.id}/result?recipient=1`)).status).toBe(404);
    harness.enclave.behaviour = "cannot-open";
    const closed = makeOpaqueJob({ keyId: harness.enclave.keyId });
    await submit(harness.host, closed.sealed);
    expect((await get(`/v1/jobs/${closed.id}/result?wait=10`)).status).toBe(422);
    expect((await get(`/v1/jobs/${closed.id}/status`)).status).toBe(200);

    const remove = (token: string): Promise<Response> =>
      fetch(`${harness.host.url}/v1/jobs/${job.id}`, { method: "DELETE", headers: { authorization: `Bearer ${token}` } });
    expect((await remove("0".repeat(64))).status).toBe(403);
    expect((await remove(deleteToken)).status).toBe(204);
    expect((await remove(deleteToken)).status).toBe(404);
  });

  it("expires jobs that nobody computed in time, and is not ready without fresh evidence", async () => {
    await harness.enclave.kill();
    const job = makeOpaqueJob({ notAfter: Math.floor(Date.now() / 1000) + 60 });
    await submit(harness.host, job.sealed);
    harness.clock.aheadMs = 120_000;
    await harness.restart();
    expect(await stateOf(harness.host, job.id)).toBe("expired");
    expect((await get(`/v1/jobs/${job.id}/result`)).status).toBe(410);
    await harness.enclave.listen();
    await until(async () => (await get("/readyz")).ok);
    harness.clock.aheadMs += 16 * 60_000;
    const stale = await get("/readyz");
    expect([stale.status, ((await stale.json()) as { detail: string }).detail]).toEqual([
      503,
      "the last evidence is older than 15 minutes",
    ]);
    expect((await get("/healthz")).status).toBe(200);
  });

  it("tells states as they happen, ids alone", async () => {
    const all = await listen(`${harness.host.url}/v1/events`);
    harness.enclave.behaviour = "hold";
    const [job, other] = [makeOpaqueJob({ keyId: harness.enclave.keyId }), makeOpaqueJob({ keyId: harness.enclave.keyId })];
    await submit(harness.host, job.sealed);
    await until(() => all.text().includes('"running"'));
    const one = await listen(`${harness.host.url}/v1/events?job=${job.id}`);
    await until(() => one.text().includes('"running"')); // its present state first
    await submit(harness.host, other.sealed);
    await until(() => harness.enclave.held === 2);
    harness.enclave.letGo();
    await until(() => one.text().includes('"answered"') && all.text().split('"answered"').length === 3);
    expect(states(all.text(), job.id)).toEqual(["accepted", "running", "answered"]);
    expect(one.text()).not.toContain(other.id);
    await harness.host.close(); // ends the streams
    await all.ended;
  });

  it("describes every route, and shows it offline", async () => {
    const openapi = (await (await get("/openapi.json")).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: object; summary?: string }>>;
    };
    expect(openapi.openapi).toBe("3.1.0");
    const routes = Object.entries(openapi.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
    expect(routes.toSorted()).toEqual([
      "delete /v1/jobs/{id}",
      "get /healthz",
      "get /metrics",
      "get /readyz",
      "get /v1/attestation",
      "get /v1/events",
      "get /v1/jobs/{id}",
      "get /v1/jobs/{id}/result",
      "get /v1/jobs/{id}/status",
      "get /v1/notices",
      "get /v1/notices/boots",
      "get /v1/status-list",
      "post /v1/jobs",
      "post /v1/status-list",
    ]);
    for (const methods of Object.values(openapi.paths)) {
      for (const { responses, summary } of Object.values(methods)) {
        expect(summary).toBeTypeOf("string");
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(["4XX", "5XX"]));
      }
    }
    const page = await get("/docs/");
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).not.toMatch(/(?:src|href)="https?:/);
    expect(page.headers.get("content-security-policy")).toMatch(/script-src[^;]*'self'/);
    for (const [, file] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const part = await fetch(new URL(file!, `${harness.host.url}/docs/`));
      await part.arrayBuffer();
      expect(part.status, file).toBe(200);
    }
    expect((await get("/healthz")).headers.get("content-security-policy")).toBe("default-src 'none';frame-ancestors 'none'");
  });

  it("counts without naming, and logs without payloads or queries", async () => {
    const job = makeOpaqueJob({ keyId: harness.enclave.keyId, bytes: 43_000 });
    const { deleteToken } = (await (await submit(harness.host, job.sealed)).json()) as { deleteToken: string };
    await until(async () => (await stateOf(harness.host, job.id)) === "answered");
    await get(`/v1/jobs/${job.id}/result?wait=1`);
    await get("/<script>?secret=secret");
    const metrics = await (await get("/metrics")).text();
    expect(metrics).toContain('caladrius_jobs{state="answered"} 1');
    expect(metrics).toContain('caladrius_jobs_ended_total{state="answered"} 1');
    expect(metrics).toContain("caladrius_enclave_connected 1");
    expect(metrics).toContain('caladrius_http_requests_total{route="/v1/jobs/:id",method="GET",status="2xx"}');
    expect(metrics).toContain('route="unknown"');
    const log = harness.log.filter((line) => !line.includes("Server listening")).join("");
    expect(log).toContain('"route":"/v1/jobs"');
    for (const text of [metrics, log]) {
      for (const hidden of [job.id, deleteToken, "secret", "127.0.0.1", "wait=", toHex(job.sealed.subarray(200, 232))])
        expect(text).not.toContain(hidden);
    }
  });

  function raw(head: string, body: string | Uint8Array, end = false, url = harness.host.url): Promise<string> {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    let text = "";
    socket.on("data", (bytes) => (text += bytes.toString("latin1")));
    const type = head.startsWith("POST") ? `content-type: ${TYPE}\r\n` : "";
    socket.write(`${head}${type}\r\n`);
    socket.write(body);
    if (end) socket.end();
    return new Promise((resolve) => socket.on("error", () => {}).on("close", () => resolve(text)));
  }
});

function states(text: string, id: string): string[] {
  return [...text.matchAll(/^data: (.*)$/gm)]
    .map(([, json]) => JSON.parse(json!) as { id: string; state: string })
    .filter((event) => event.id === id)
    .map(({ state }) => state);
}

async function listen(url: string): Promise<{ text(): string; ended: Promise<void> }> {
  let text = "";
  return new Promise((resolve, reject) => {
    httpRequest(url, (response) => {
      const ended = new Promise<void>((done) => response.on("close", done));
      response.on("data", (bytes) => (text += String(bytes))).on("error", () => {});
      resolve({ text: () => text, ended });
    })
      .on("error", reject)
      .end();
  });
}
