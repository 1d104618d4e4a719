import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSignInFile, type SignInConfig } from "../index.ts";
import { rateKeyOf } from "./require-sign-in.ts";
import { AuthorizationServer } from "../test-support/authorization-server.ts";
import { startHarness, until, type Harness } from "../test-support/harness.ts";
import { makeOpaqueJob } from "../test-support/sealed-job.ts";

// A host that wants access tokens, and a real authorization server on this machine.

let server: AuthorizationServer;
let harness: Harness;

const configOf = (change: object = {}): SignInConfig =>
  parseSignInFile(JSON.stringify({ issuer: server.url, audience: "https://host.example", jwks: `${server.url}/jwks.json`, ...change }));

beforeAll(async () => {
  server = await new AuthorizationServer().start();
  harness = await startHarness({
    more: () => ({ signIn: configOf({ tenants: { "ward-a": {}, "ward-b": {}, narrow: { requestsPerMinute: 3, openJobs: 1 } } }) }),
  });
});
afterAll(async () => {
  await harness.close();
  await server.close();
});

const ask = (
  path: string,
  token: string | null,
  init: Omit<RequestInit, "headers"> & { headers?: Record<string, string> } = {},
): Promise<Response> =>
  fetch(`${harness.host.url}${path}`, {
    ...init,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...init.headers },
  });
const send = (sealed: Uint8Array, token: string | null): Promise<Response> =>
  ask("/v1/jobs", token, {
    method: "POST",
    headers: { "content-type": "application/vnd.caladrius.sealed-job+cbor" },
    body: new Uint8Array(sealed),
  });
const refusal = async (response: Response): Promise<[number, unknown, string | null]> => [
  response.status,
  ((await response.json()) as { code?: unknown }).code,
  response.headers.get("www-authenticate"),
];

describe("access tokens", () => {
  it("are wanted for jobs, events and attestations, and for nothing that stops or watches the host", async () => {
    for (const path of ["/v1/attestation", "/v1/events", `/v1/jobs/${"0".repeat(32)}`])
      expect(await refusal(await ask(path, null))).toEqual([401, "sign-in-missing", 'Bearer realm="caladrius"']);
    expect((await send(makeOpaqueJob().sealed, null)).status).toBe(401);
    for (const path of ["/healthz", "/readyz", "/metrics", "/v1/status-list", "/v1/notices", "/v1/notices/boots"])
      expect((await ask(path, null)).status).toBe(200);
    expect((await ask("/v1/attestation", await server.token())).status).toBe(200);
  });

  it("count only as RFC 9068 has them", async () => {
    const now = Math.floor(Date.now() / 1000);
    const other = (await generateKeyPair("ES256")).privateKey;
    const secret = new TextEncoder().encode(JSON.stringify(server.jwks.keys[0]));
    const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url")}.${(await server.token()).split(".")[1]}.`;
    const bad: [string, string][] = [
      ["another issuer", await server.token({ iss: "https://else.example" })],
      ["another audience", await server.token({ aud: "https://other.example" })],
      ["ended", await server.token({ exp: now - 120 })],
      ["not begun", await server.token({ nbf: now + 300 })],
      ["no end", await server.token({ exp: undefined })],
      ["no client", await server.token({ client_id: undefined })],
      ["an ID token", await server.token({}, { typ: "JWT" })],
      ["another key", await server.token({}, {}, other)],
      ["a shared secret", await server.token({}, { alg: "HS256" }, secret)],
      ["no signature", none],
      ["tenant of another shape", await server.token({ client_id: ["ward-a"] })],
      ["not a token", "abc"],
    ];
    for (const [name, token] of bad) {
      const [status, code, challenge] = await refusal(await ask("/v1/attestation", token));
      expect([name, status, code, challenge]).toEqual([name, 401, "sign-in-refused", 'Bearer realm="caladrius", error="invalid_token"']);
    }
    expect(await refusal(await ask("/v1/attestation", await server.token({ client_id: "stranger" })))).toEqual([
      403,
      "sign-in-scope",
      'Bearer realm="caladrius", error="insufficient_scope"',
    ]);
    expect((await ask("/v1/attestation", await server.token({ exp: now - 30 }))).status).toBe(200); // within the skew
  });

  it("stand in no log and no metric", async () => {
    const token = await server.token();
    await ask("/v1/attestation", token);
    await ask(`/v1/jobs/${"1".repeat(32)}`, `${token.slice(0, -4)}AAAA`);
    const metrics = await (await ask("/metrics", null)).text();
    for (const part of token.split(".")) expect(`${harness.log.join("\n")}${metrics}`).not.toContain(part);
  });
});

describe("tenants", () => {
  it("see, follow and delete their own jobs alone; a recipient with the sealed job's digest may read", async () => {
    const [a, b] = [await server.token({ client_id: "ward-a" }), await server.token({ client_id: "ward-b" })];
    const { sealed } = makeOpaqueJob({ keyId: harness.enclave.keyId });
    const accepted = (await (await send(sealed, a)).json()) as { id: string; deleteToken: string };
    const path = `/v1/jobs/${accepted.id}`;
    await until(async () => ((await (await ask(path, a)).json()) as { state: string }).state === "answered");
    for (const suffix of ["", "/result", "/status"])
      expect((await refusal(await ask(`${path}${suffix}`, b))).slice(0, 2)).toEqual([404, "job-unknown"]);
    expect((await refusal(await ask(`/v1/events?job=${accepted.id}`, b)))[1]).toBe("job-unknown");
    expect((await refusal(await ask("/v1/events", b)))[1]).toBe("request-invalid");
    const digest = createHash("sha256").update(sealed).digest("hex");
    expect((await ask(`${path}/result`, b, { headers: { "caladrius-job-digest": digest } })).status).toBe(200);
    expect((await ask(`${path}/result`, b, { headers: { "caladrius-job-digest": "0".repeat(64) } })).status).toBe(404);
    const remove = (token: string, more: Record<string, string>): Promise<Response> =>
      ask(path, token, { method: "DELETE", headers: more });
    const own = { "caladrius-delete-token": accepted.deleteToken };
    expect((await remove(b, { ...own, "caladrius-job-digest": digest })).status).toBe(404);
    expect((await refusal(await remove(a, {})))[1]).toBe("token-missing");
    expect((await remove(a, own)).status).toBe(204);
  });

  it("have rates and quotas of their own", async () => {
    const narrow = await server.token({ client_id: "narrow" });
    harness.enclave.behaviour = "hold";
    try {
      expect((await send(makeOpaqueJob().sealed, narrow)).status).toBe(202);
      expect((await refusal(await send(makeOpaqueJob().sealed, narrow)))[1]).toBe("job-quota");
      await ask(`/v1/jobs/${"2".repeat(32)}`, narrow);
      expect((await refusal(await ask(`/v1/jobs/${"2".repeat(32)}`, narrow)))[1]).toBe("rate-limit");
      expect((await send(makeOpaqueJob().sealed, await server.token())).status).toBe(202);
    } finally {
      harness.enclave.behaviour = "answer";
    }
  });
});

describe("the authorization server's keys", () => {
  it("are cached, asked for again for a key that is not known, and read again from a file that changed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "caladrius-keys-"));
    const path = join(folder, "jwks.json");
    const { openSignIn } = await import("./sign-in.ts");
    const fetched = server.fetched;
    const byUrl = await openSignIn(configOf(), { nowMs: () => Date.now() });
    for (let i = 0; i < 3; i++) expect((await byUrl.tenantOf(`Bearer ${await server.token()}`)).name).toBe("ward-a");
    expect(server.fetched).toBe(fetched + 1);
    writeFileSync(path, JSON.stringify(server.jwks));
    utimesSync(path, 1, 1);
    const byFile = await openSignIn(configOf({ jwks: path }), { nowMs: () => Date.now() });
    expect((await byFile.tenantOf(`Bearer ${await server.token()}`)).name).toBe("ward-a");
    await server.rotate();
    const next = `Bearer ${await server.token()}`;
    await expect(byFile.tenantOf(next)).rejects.toMatchObject({ code: "sign-in-refused" });
    writeFileSync(path, JSON.stringify(server.jwks));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await byFile.tenantOf(next)).name).toBe("ward-a");
    await expect(openSignIn(configOf({ jwks: join(folder, "none.json") }), { nowMs: () => 0 })).rejects.toMatchObject({
      code: "sign-in-keys",
    });
    rmSync(folder, { recursive: true });
  });

  it("out of reach let nobody in, and remembered tokens end with their time", async () => {
    const { openSignIn } = await import("./sign-in.ts");
    const lost = await openSignIn(configOf({ jwks: "http://127.0.0.1:9/jwks.json" }), { nowMs: () => Date.now() });
    await expect(lost.tenantOf(`Bearer ${await server.token()}`)).rejects.toMatchObject({ code: "sign-in-unavailable" });
    let ahead = 0;
    const clock = await openSignIn(configOf(), { nowMs: () => Date.now() + ahead });
    const token = `Bearer ${await server.token()}`;
    expect((await clock.tenantOf(token)).name).toBe("ward-a");
    ahead = 400_000;
    await expect(clock.tenantOf(token)).rejects.toMatchObject({ code: "sign-in-refused" });
  });
});

describe("rates without a token", () => {
  it("are counted by address, of IPv6 by the subnet of one subscriber", () => {
    const keys = ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8:0:0:9::2", "2001:db8:0:1::1", "fe80::1%eth0", "::1"].map((ip) =>
      rateKeyOf({ ip } as Parameters<typeof rateKeyOf>[0]),
    );
    expect(keys).toEqual(["192.0.2.1", "::ffff:192.0.2.1", "2001:db8:0:0", "2001:db8:0:0", "2001:db8:0:1", "fe80:0:0:0", "0:0:0:0"]);
  });
});

describe("a sign-in file", () => {
  it.each([
    "",
    "[]",
    "{}",
    '{"issuer":"i","audience":"a","jwks":"http://keys.example/jwks"}',
    '{"issuer":"i","audience":"a","jwks":"ftp://keys.example/jwks"}',
    '{"issuer":"i","audience":"a","jwks":"k.json","algorithms":["HS256"]}',
    '{"issuer":"i","audience":"a","jwks":"k.json","algorithms":["none"]}',
    '{"issuer":"i","audience":"a","jwks":"k.json","clockSkewSeconds":9999}',
    '{"issuer":"i","audience":"a","jwks":"k.json","tenants":{"a":{"openJobs":0}}}',
    '{"issuer":"i","audience":"a","jwks":"k.json","audiance":"x"}',
  ])("is refused: %s", (text) => {
    expect(() => parseSignInFile(text)).toThrow(/sign-in file cannot be used/);
  });
});
