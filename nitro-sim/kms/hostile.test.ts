import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newPrincipal, type Principal } from "./principals.ts";
import { errorResponse } from "./protocol/response.ts";
import type { Intercept } from "./protocol/server.ts";
import { MAX_SKEW_MS } from "./sigv4/verify.ts";
import { call, send, signedHeaders, type RawAnswer, type RawRequest } from "./test-support/raw.ts";
import { ACCOUNT, startTestKms, type TestKms } from "./test-support/service.ts";

const ADMIN_POLICY = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "kms:*", Resource: "*" }] });
let service: TestKms;
let intercept: Intercept | null = null;
let temporary: Principal;
beforeAll(async () => {
  service = await startTestKms({ intercept: (seen, response) => (intercept === null ? response : intercept(seen, response)) });
  const { nowMs } = service.time;
  temporary = newPrincipal({ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/r/s`, policies: [ADMIN_POLICY], expiresMs: nowMs + 60_000 });
  service.kms.principals.add(temporary);
});
afterAll(() => service.close());

/** A request that would be accepted, with something changed. */
function request(change: Partial<RawRequest> = {}): RawRequest {
  return {
    operation: "GenerateRandom",
    body: '{"NumberOfBytes":8}',
    credentials: service.administrator.credentials,
    signedAtMs: service.time.nowMs,
    ...change,
  };
}

const errorOf = ({ status, json }: RawAnswer): string => `${status} ${String(json["__type"])}`;
const attempt = async (change: Partial<RawRequest> = {}): Promise<string> => {
  const answer = await call(service.kms, request(change));
  return answer.status === 200 ? "200" : errorOf(answer);
};

describe("signatures", () => {
  it("are accepted when they are right, also a second time: SigV4 has no nonce", async () => {
    const headers = signedHeaders(service.kms, request());
    const [first, again] = [await send(service.kms, headers, request().body), await send(service.kms, headers, request().body)];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(first.json["Plaintext"]).not.toEqual(again.json["Plaintext"]);
    expect(first.headers["content-type"]).toBe("application/x-amz-json-1.1");
    expect(first.headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(first.headers["x-amzn-requestid"]).not.toBe(again.headers["x-amzn-requestid"]);
  });

  it.each([
    [
      "another secret",
      { credentials: { ...newPrincipal({ arn: `arn:aws:iam::${ACCOUNT}:root` }).credentials } },
      "UnrecognizedClientException",
    ],
    ["another region", { region: "us-east-1" }, "InvalidSignatureException"],
    ["another service", { service: "s3" }, "InvalidSignatureException"],
    ["host unsigned", { unsigned: ["host"] }, "InvalidSignatureException"],
    ["x-amz-date unsigned", { unsigned: ["x-amz-date"] }, "InvalidSignatureException"],
    ["x-amz-target unsigned", { unsigned: ["x-amz-target"] }, "InvalidSignatureException"],
    ["a further x-amz header unsigned", { headers: { "x-amz-extra": "1" }, unsigned: ["x-amz-extra"] }, "InvalidSignatureException"],
    ["a token of nobody", { headers: { "x-amz-security-token": "t" } }, "UnrecognizedClientException"],
  ])("with %s are refused", async (_, change, name) => {
    expect(await attempt(change)).toBe(`400 ${name}`);
  });

  it("under the right key id and a wrong secret are refused", async () => {
    const credentials = { ...service.administrator.credentials, secretAccessKey: "wrong" };
    expect(await attempt({ credentials })).toBe("400 InvalidSignatureException");
  });

  it("are good for five minutes either way and no longer", async () => {
    const { nowMs } = service.time;
    const whole = Math.floor(nowMs / 1000) * 1000;
    service.time.nowMs = whole;
    for (const [signedAtMs, expected] of [
      [whole - MAX_SKEW_MS, "200"],
      [whole + MAX_SKEW_MS, "200"],
      [whole - MAX_SKEW_MS - 1000, "400 InvalidSignatureException"],
      [whole + MAX_SKEW_MS + 1000, "400 InvalidSignatureException"],
    ] as const)
      expect(await attempt({ signedAtMs }), String(signedAtMs - whole)).toBe(expected);
    const late = await call(service.kms, request({ signedAtMs: whole - 3_600_000 }));
    expect(String(late.json["message"])).toMatch(
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    );
  });

  it("cover the body and every header they name", async () => {
    const headers = signedHeaders(service.kms, request());
    const changed = {
      "x-amz-target": "TrentService.ListKeys",
      host: "evil",
      "content-type": "text/plain",
      "x-amz-date": "20200101T000000Z",
    };
    for (const [name, value] of Object.entries(changed)) {
      const answer = await send(service.kms, { ...headers, [name]: value }, request().body);
      expect(errorOf(answer), name).toBe("400 InvalidSignatureException");
    }
    for (const body of ['{"NumberOfBytes":9}', "", '{"NumberOfBytes":8} '])
      expect(errorOf(await send(service.kms, headers, body)), body).toBe("400 InvalidSignatureException");
  });

  it.each([
    ["", "MissingAuthenticationTokenException"],
    ["Bearer abc", "IncompleteSignatureException"],
    ["AWS4-HMAC-SHA256 Credential=a/b/c", "IncompleteSignatureException"],
    ["AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/kms/aws4_request, SignedHeaders=host", "IncompleteSignatureException"],
    ["AWS4-HMAC-SHA256 Credential=A, Credential=B, SignedHeaders=host, Signature=00", "IncompleteSignatureException"],
    ["AWS4-ECDSA-P256-SHA256 Credential=A, SignedHeaders=host, Signature=00", "IncompleteSignatureException"],
  ])("as %j are refused", async (authorization, name) => {
    const { authorization: _, ...headers } = signedHeaders(service.kms, request());
    const answer = await send(service.kms, authorization === "" ? headers : { ...headers, authorization }, request().body);
    expect(errorOf(answer)).toBe(`400 ${name}`);
  });

  it("of a header that is sent twice cover both", async () => {
    const headers = signedHeaders(service.kms, request());
    const socket = await tls();
    const lines = [
      ...Object.entries(headers),
      ["x-amz-target", "TrentService.ListKeys"],
      ["content-length", "19"],
      ["connection", "close"],
    ];
    socket.write(`POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n{"NumberOfBytes":8}`);
    expect(await readAll(socket)).toContain("InvalidSignatureException");
  });

  it("of temporary credentials need their token and end with them", async () => {
    const { credentials } = temporary;
    expect(await attempt({ credentials })).toBe("200");
    expect(await attempt({ credentials: { ...credentials, session: null } })).toBe("400 UnrecognizedClientException");
    const other = { ...credentials, session: { token: "other", expiresMs: 0 } };
    expect(await attempt({ credentials: other })).toBe("400 UnrecognizedClientException");
    service.time.nowMs += 61_000;
    expect(await attempt({ credentials, signedAtMs: service.time.nowMs })).toBe("400 ExpiredTokenException");
    service.kms.principals.remove(credentials.accessKeyId);
    expect(await attempt({ credentials })).toBe("400 UnrecognizedClientException");
  });
});

describe("bodies", () => {
  it.each([
    ["truncated", '{"NumberOfBytes":8'],
    ["with a member twice", '{"NumberOfBytes":8,"NumberOfBytes":9}'],
    ["with a text for a number", '{"NumberOfBytes":"8"}'],
    ["with half a number", '{"NumberOfBytes":8.5}'],
    ["that are a list", "[]"],
    ["nested a thousand deep", `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`],
  ])("%s are refused", async (_, body) => {
    expect(await attempt({ body })).toBe("400 SerializationException");
  });

  it.each([
    ["KeyId", { KeyId: {}, Plaintext: "AAAA" }, "SerializationException"],
    ["no base64", { KeyId: "a", Plaintext: "A" }, "SerializationException"],
    ["base64 with a space", { KeyId: "a", Plaintext: "AA A" }, "SerializationException"],
    ["a context of numbers", { KeyId: "a", Plaintext: "AAAA", EncryptionContext: { a: 1 } }, "SerializationException"],
    ["half a surrogate pair", { KeyId: "a", Plaintext: "AAAA", EncryptionContext: { a: "\ud800" } }, "ValidationException"],
    ["no KeyId", { Plaintext: "AAAA" }, "ValidationException"],
    ["an algorithm that is none", { KeyId: "a", Plaintext: "AAAA", EncryptionAlgorithm: "ROT13" }, "ValidationException"],
  ])("of Encrypt with %s are refused", async (_, members, name) => {
    expect(await attempt({ operation: "Encrypt", body: JSON.stringify(members) })).toBe(`400 ${name}`);
  });

  it("that are too long are refused before they are read to the end", async () => {
    const body = `{"NumberOfBytes":8,"x":"${"y".repeat(600_000)}"}`;
    expect(await attempt({ body }).catch(() => "cut off")).toMatch(/^413 RequestEntityTooLargeException$|^cut off$/);
    const socket = await tls();
    socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    const chunk = `10000\r\n${"y".repeat(0x10000)}\r\n`;
    socket.on("error", () => undefined);
    for (let sent = 0; sent < 12 && !socket.destroyed; sent++) socket.write(chunk);
    expect(await readAll(socket)).toContain("413");
  });

  it("have members of an object's own alone", async () => {
    expect(await attempt({ body: '{"__proto__":{"NumberOfBytes":8}}' })).toBe("400 ValidationException");
    expect(await attempt({ operation: "constructor" })).toBe("400 UnknownOperationException");
  });
});

describe("requests", () => {
  it("for what is no operation are refused", async () => {
    expect(await attempt({ operation: "Nothing" })).toBe("400 UnknownOperationException");
    expect(await attempt({ operation: "ListGrants" })).toBe("400 UnsupportedOperationException");
    const { kms } = service;
    for (const options of [{ method: "GET" }, { path: "/key" }, { path: "/?Action=ListKeys" }])
      expect(errorOf(await send(kms, signedHeaders(kms, request()), "", options))).toBe("400 UnknownOperationException");
  });

  it("that come slowly are cut off, and others are served meanwhile", async () => {
    const socket = await tls();
    socket.on("error", () => undefined);
    socket.write("POST / HTTP/1.1\r\nHost: localhost\r\n");
    const began = performance.now();
    const ended = readAll(socket);
    expect(await attempt()).toBe("200");
    expect(await ended).toContain("408");
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("in the clear, or of an old TLS, are not answered", async () => {
    const plain = connectTcp(service.kms.port, "127.0.0.1");
    plain.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    plain.on("error", () => undefined);
    const chunks: Buffer[] = [];
    plain.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(plain, "close");
    expect(Buffer.concat(chunks).toString("latin1")).not.toContain("HTTP/1.1 200");
    await expect(tls({ minVersion: "TLSv1.1", maxVersion: "TLSv1.1" })).rejects.toThrow();
    await expect(tls({ ca: [] })).rejects.toThrow(/self.signed|unable to verify|issuer/i);
    await expect(tls({ servername: "kms.us-east-1.amazonaws.com" })).rejects.toThrow(/altnames/);
    (await tls({ servername: "kms.eu-central-1.amazonaws.com" })).destroy();
  });
});

describe("an intercept", () => {
  it("sees calls, and forges, delays or drops answers", async () => {
    const seen: unknown[] = [];
    intercept = (one, response) => {
      seen.push([one.operation, one.callerArn, one.request]);
      return { ...response, body: '{"Plaintext":"AAAA"}' };
    };
    expect((await call(service.kms, request())).json).toEqual({ Plaintext: "AAAA" });
    expect(seen).toEqual([["GenerateRandom", service.administrator.arn, { NumberOfBytes: 8 }]]);
    intercept = () => errorResponse("ThrottlingException", "Rate exceeded", { nowMs: service.time.nowMs });
    expect(await attempt()).toBe("400 ThrottlingException");
    intercept = () => "drop";
    await expect(call(service.kms, request())).rejects.toThrow(/hang up|ECONNRESET/);
    let release = (): void => undefined;
    let arrived = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const there = new Promise<void>((resolve) => (arrived = resolve));
    intercept = async (_, response) => {
      arrived();
      await held;
      return response;
    };
    const waiting = call(service.kms, request());
    await there;
    intercept = null;
    expect(await attempt()).toBe("200");
    release();
    expect((await waiting).status).toBe(200);
  });
});

/** A TLS connection of one's own. */
async function tls(options: object = {}): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port: service.kms.port, servername: "localhost", ca: service.kms.caPem, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** All that comes until the other side ends. */
async function readAll(socket: TLSSocket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}
