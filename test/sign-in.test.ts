import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import {
  createSubmitterKey,
  fetchReply,
  HostClient,
  openReply,
  submit,
  tokensOfFile,
  tokensOfServer,
  type SubmitOptions,
} from "@caladrius/client";
import { parseSignInFile } from "@caladrius/host";
import { AuthorizationServer } from "@caladrius/host/test-support/authorization-server.ts";
import { toHex } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startStack, type Stack } from "./support/index.ts";
import { smallRecording } from "./submit/recording.ts";

// A host that wants sign-in over a real enclave process, and an authorization server on this machine.

let server: AuthorizationServer;
let stack: Stack;
let folder: string;
const QUICK = { firstPauseMs: 5, longestPauseMs: 50, patienceMs: 3000, firstContactMs: 500 };
const SECRET = "s3cret: of ward/a";

beforeAll(async () => {
  server = await new AuthorizationServer().start();
  server.clients.set("ward-a", SECRET);
  folder = mkdtempSync(join(tmpdir(), "caladrius-sign-in-"));
  const signIn = parseSignInFile(JSON.stringify({ issuer: server.url, audience: "https://host.example", jwks: `${server.url}/jwks.json` }));
  stack = await startStack();
  await stack.restartHost({ signIn });
});
afterAll(async () => {
  await stack.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (options: Partial<SubmitOptions>): ReturnType<typeof submit> =>
  submit([{ recording: smallRecording("subject-1"), sources: ["night.csv"] }], {
    hostUrl: stack.url,
    trust: parseTrustFile(stack.trust),
    retry: QUICK,
    ...options,
  });
const ofServer = (secret = SECRET): ReturnType<typeof tokensOfServer> =>
  tokensOfServer({ tokenUrl: `${server.url}/token`, clientId: "ward-a", secret: { kind: "secret", text: secret } });

describe("signing in", () => {
  it("is done with client credentials, one token for many requests, and another one when the host takes the first no more", async () => {
    const tokens = ofServer();
    const before = server.issued;
    const [outcome] = await run({ tokens });
    expect([outcome?.status, server.issued - before]).toEqual(["verified", 1]);
    const first = await tokens.token(AbortSignal.timeout(20_000));
    const renewed = await tokens.token(AbortSignal.timeout(20_000), first);
    expect(renewed).not.toBe(first);
  });

  it("is done with a private key that never leaves (RFC 7523), or with a token from a file", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const tokens = tokensOfServer({ tokenUrl: `${server.url}/token`, clientId: "ward-a", secret: { kind: "key", pem, keyId: "k1" } });
    expect((await run({ tokens }))[0]?.status).toBe("verified");
    const [header, claims] = (server.assertions.at(-1) ?? "").split(".").map((part) => Buffer.from(part, "base64url").toString());
    expect(JSON.parse(header ?? "")).toEqual({ alg: "ES256", typ: "JWT", kid: "k1" });
    expect(JSON.parse(claims ?? "")).toMatchObject({ iss: "ward-a", sub: "ward-a", aud: `${server.url}/token` });
    const path = join(folder, "token");
    writeFileSync(path, `${await server.token()}\n`);
    expect((await run({ tokens: tokensOfFile(path) }))[0]?.status).toBe("verified");
  });

  it("fails in words, and sends no token in the clear", async () => {
    await expect(run({})).rejects.toMatchObject({
      code: "host-refused",
      message: expect.stringContaining("401 sign-in-missing, it wants an access token and got none") as string,
    });
    await expect(run({ tokens: ofServer("wrong") })).rejects.toMatchObject({ code: "sign-in-token" });
    const path = join(folder, "old");
    writeFileSync(path, await server.token({ exp: 1 }));
    await expect(run({ tokens: tokensOfFile(path) })).rejects.toMatchObject({ code: "sign-in-token" });
    await expect(run({ tokens: ofServer(), hostUrl: "http://host.example" })).rejects.toMatchObject({ code: "sign-in-url" });
    expect(() => tokensOfServer({ tokenUrl: "http://idp.example/token", clientId: "a", secret: { kind: "secret", text: "s" } })).toThrow(
      /https/,
    );
  });
});

describe("story: a stolen token", () => {
  it("gets sealed bytes and no data: neither replies nor grants are of use without the submitter's key", async () => {
    const [key, thief] = [await createSubmitterKey(), await createSubmitterKey()];
    const tokens = ofServer();
    const recipients = [{ key: (await createSubmitterKey()).sealing, level: "alarm" }] as const;
    const [outcome] = await run({ tokens, key, recipients });
    const receipt = outcome?.receipts[0];
    if (receipt === undefined) throw new Error("no receipt");
    const signal = AbortSignal.timeout(20_000);
    const host = new HostClient(stack.url, { signal, tokens });
    const reply = await host.reply(receipt.jobId); // the host hands it to whoever has the tenant's token
    if (!(reply instanceof Uint8Array)) throw new Error("no reply");
    const job = { ...receipt, level: "findings" } as const;
    await expect(openReply(reply, job, thief)).rejects.toMatchObject({ code: "reply-open" });
    expect(await openReply(reply, job, key)).toEqual(outcome?.file);
    // A grant that the thief found beside the token: the enclave wants its holder's signature.
    const [denied] = await run({ tokens, key: thief, grants: [{ grant: new Uint8Array(64), use: 1 }] });
    expect(denied?.verdict?.claims?.disclosed).toMatchObject({ denial: "denied-grant", finding: [] });
  });

  it("of another tenant gets not even those, but for a recipient who has the receipt", async () => {
    server.clients.set("ward-b", "other");
    const ward = await createSubmitterKey();
    const [outcome] = await run({ tokens: ofServer(), recipients: [{ key: ward.sealing, level: "alarm" }] });
    const receipt = outcome?.receipts[0];
    if (receipt === undefined) throw new Error("no receipt");
    const signal = AbortSignal.timeout(20_000);
    const tokens = tokensOfServer({ tokenUrl: `${server.url}/token`, clientId: "ward-b", secret: { kind: "secret", text: "other" } });
    expect(await new HostClient(stack.url, { signal, tokens }).reply(receipt.jobId, 1)).toBe("unknown");
    const host = new HostClient(stack.url, { signal, tokens, jobDigest: receipt.digest });
    const { verdict } = await fetchReply(receipt, { host, trust: parseTrustFile(stack.trust), key: ward, signal });
    expect(verdict.claims?.disclosed.level).toBe("alarm");
  });

  it("stands in no log of the host", async () => {
    const token = await ofServer().token(AbortSignal.timeout(20_000));
    await fetch(`${stack.url}/v1/jobs/${toHex(new Uint8Array(16))}`, { headers: { authorization: `Bearer ${token}` } });
    for (const part of token.split(".").slice(1)) expect(stack.log.join("\n")).not.toContain(part);
  });
});
