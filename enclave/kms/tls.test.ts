import { ConfigurationError } from "@caladrius/wire";
import { createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { KmsClient, KmsOptions } from "./client.ts";
import { createKms } from "./client.ts";
import { issueUnder, makeAuthority, type Issued } from "./test-support/authority.ts";
import { BLOB, CONTEXT, CREDENTIALS, HOST, KEY_ARN } from "./test-support/constants.ts";
import { clientOf, codeOf, honestly, json, optionsOf, startFakeKms, type FakeKms, type FakeOptions } from "./test-support/fake-kms.ts";
import { makeClock } from "./test-support/surroundings.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
const open: (FakeKms | KmsClient)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function start(
  options: FakeOptions = {},
  change: (fake: FakeKms) => Partial<KmsOptions> = () => ({}),
): Promise<[FakeKms, KmsClient]> {
  const fake = await startFakeKms(NOW_MS, options);
  const kms = clientOf(fake, change(fake));
  open.push(kms, fake);
  return [fake, kms];
}

const decrypt = (kms: KmsClient): Promise<Uint8Array> => kms.decrypt(KEY_ARN, BLOB, CONTEXT);

/** No byte of a request may have reached whoever it was. */
async function isNeverAsked(options: FakeOptions, change?: (fake: FakeKms) => Partial<KmsOptions>): Promise<void> {
  const [fake, kms] = await start(options, change);
  kms.setCredentials({ ...CREDENTIALS, expiresMs: NOW_MS + 30 * DAY_MS });
  expect(await codeOf(decrypt(kms))).toBe("kms-unreachable");
  expect(fake.connections.length).toBeGreaterThan(0);
  expect(fake.asked).toEqual([]);
}

const server = (authority: Issued, change: object = {}): Issued =>
  issueUnder(authority, { commonName: HOST, dnsNames: [HOST], nowMs: NOW_MS, ...change });

describe("whoever answers the kms socket is not asked", () => {
  it("under another authority", () =>
    isNeverAsked({ identity: () => server(makeAuthority({ commonName: "test authority", nowMs: NOW_MS })) }));

  it("under its own signature", () => isNeverAsked({ identity: () => selfSigned() }));

  it("under an authority that Node or the system knows, when the constitution does not name it", () =>
    isNeverAsked({}, () => ({ tlsRoots: [makeAuthority({ commonName: "another", nowMs: NOW_MS }).certificate] })));

  it.each([["attacker.example"], [`${HOST}.attacker.example`], ["kms.eu-west-1.amazonaws.com"], ["*.amazonaws.com"], ["localhost"]])(
    "under a certificate for %s",
    (dns) => isNeverAsked({ identity: (authority) => server(authority, { dnsNames: [dns] }) }),
  );

  it("under a certificate that has ended by the system's clock", () =>
    isNeverAsked({ identity: (authority) => server(authority, { notAfterMs: NOW_MS - 1000 }) }));

  it.each([
    ["has ended", 11 * DAY_MS],
    ["has not begun", -11 * DAY_MS],
  ])("under a certificate that %s by the enclave's clock, though not by the kernel's", (_name, aheadMs) =>
    isNeverAsked({}, () => ({ clock: makeClock(NOW_MS + aheadMs).clock })),
  );

  it("under an intermediate that has ended by the enclave's clock, though not by the kernel's", () =>
    isNeverAsked(
      {
        identity: (authority) => {
          const between = issueUnder(authority, { commonName: "between", nowMs: NOW_MS, notAfterMs: NOW_MS + DAY_MS });
          return server(between);
        },
      },
      () => ({ clock: makeClock(NOW_MS + 2 * DAY_MS).clock }),
    ));

  it("by a certificate that may not issue any", () =>
    isNeverAsked({ identity: (authority) => server(issueUnder(authority, { commonName: HOST, dnsNames: [HOST], nowMs: NOW_MS })) }));

  it("in TLS 1.1", () => isNeverAsked({ tls: { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } }));

  it("in TLS 1.2 without forward secrecy", () =>
    isNeverAsked({ tls: { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256:AES256-GCM-SHA384" } }));

  it("in TLS 1.2 with CBC", () => isNeverAsked({ tls: { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-SHA384" } }));

  it("in plain HTTP", () => isNeverAsked({ plaintext: true }));

  it("without time", async () => {
    const [fake, kms] = await start();
    const { clock, move } = makeClock(NOW_MS);
    const lost = clientOf(fake, { clock });
    open.push(lost);
    move(3_600_001);
    await expect(decrypt(lost)).rejects.toMatchObject({ code: "time-unknown" });
    expect(fake.connections).toEqual([]);
    expect(await decrypt(kms)).toHaveLength(32);
  });
});

function selfSigned(): Issued {
  const authority = makeAuthority({ commonName: HOST, dnsNames: [HOST], nowMs: NOW_MS });
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(authority.certificate).toString("base64")}\n-----END CERTIFICATE-----\n`;
  return { ...authority, chainPem: pem };
}

describe("a connection", () => {
  it("is TLS 1.3 where the server has it, and 1.2 where it has not", async () => {
    for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
      const [fake, kms] = await start({ tls: { maxVersion } });
      const seen: (string | null)[] = [];
      fake.behave = (response, asked, honest) => {
        seen.push((response.req.socket as TLSSocket).getProtocol());
        honestly(response, asked, honest);
      };
      expect(await decrypt(kms)).toEqual(new Uint8Array(fake.dataKey));
      expect(seen).toEqual([maxVersion]);
    }
  });

  it("may lead up to the root through an intermediate", async () => {
    const [fake, kms] = await start({
      identity: (authority) => server(issueUnder(authority, { commonName: "between", nowMs: NOW_MS })),
    });
    expect(await decrypt(kms)).toEqual(new Uint8Array(fake.dataKey));
  });

  it("is never resumed: each handshake shows the certificates", async () => {
    const [fake, kms] = await start();
    const reused: boolean[] = [];
    fake.behave = (response, asked, honest) => {
      reused.push((response.req.socket as TLSSocket).isSessionReused());
      response.setHeader("connection", "close");
      honestly(response, asked, honest);
    };
    await decrypt(kms);
    await decrypt(kms);
    expect(reused).toEqual([false, false]);
    expect(fake.connections).toHaveLength(2);
  });

  it("that was dropped while idle is made again", async () => {
    const [fake, kms] = await start();
    await decrypt(kms);
    for (const socket of fake.connections) socket.destroy();
    expect(await decrypt(kms)).toHaveLength(32);
    expect(fake.connections).toHaveLength(2);
  });
});

describe("a server that holds the right certificate and misbehaves", () => {
  const behaviours: Record<string, (response: ServerResponse) => void> = {
    "closes without an answer": (response) => response.destroy(),
    "closes in mid answer": (response) => {
      response.writeHead(200, { "content-length": 500 }).write('{"KeyId":');
      setTimeout(() => response.destroy(), 20);
    },
    "sends one byte at a time": (response) => {
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    },
    "sends its header one byte at a time": (response) => {
      const { socket } = response;
      const text = `HTTP/1.1 200 OK\r\nx: ${"y".repeat(200)}`;
      let at = 0;
      const timer = setInterval(() => socket?.write(text.slice(at, ++at)), 20);
      response.on("close", () => clearInterval(timer));
    },
    "never answers": () => undefined,
    "sends no HTTP": (response) => void response.socket?.end("SSH-2.0-OpenSSH_9.2\r\n"),
    "sends a header without end": (response) => void response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(1 << 17)}`),
    "switches protocols": (response) =>
      void response.socket?.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    "sends interim answers for ever": (response) => {
      const timer = setInterval(() => response.socket?.write("HTTP/1.1 103 Early Hints\r\n\r\n"), 10);
      response.on("close", () => clearInterval(timer));
    },
  };
  it.each(Object.keys(behaviours))("%s: unreachable, within its time", async (name) => {
    const [fake, kms] = await start();
    fake.behave = (response) => behaviours[name]?.(response);
    const begun = performance.now();
    expect(await codeOf(decrypt(kms))).toBe("kms-unreachable");
    expect(performance.now() - begun).toBeLessThan(10_000); // two attempts of 0.8 s, and a busy machine; without limits it would never end
    expect(fake.asked).toHaveLength(2);
  });

  it("sends more than is read", async () => {
    const [fake, kms] = await start();
    let written = 0;
    fake.behave = (response) => {
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      const more = (): void => {
        while (!response.destroyed && response.write(" ".repeat(16_384))) written += 16_384;
      };
      response.on("drain", more);
      more();
    };
    expect(await codeOf(decrypt(kms))).toBe("kms-answer-refused");
    expect(fake.asked).toHaveLength(1);
    expect(written).toBeLessThan(1 << 24);
  });

  it("redirects to another place, which is not asked", async () => {
    const [other] = await start();
    const [fake, kms] = await start();
    for (const status of [301, 302, 303, 307, 308]) {
      fake.behave = (response) => void response.writeHead(status, { location: `https://${HOST}/elsewhere` }).end("{}");
      expect(await codeOf(decrypt(kms))).toBe("kms-answer-refused");
    }
    expect(fake.asked.map(({ target }) => target)).toEqual(Array(5).fill("TrentService.Decrypt"));
    expect(other.asked).toEqual([]);
  });

  it("sends an answer before it was asked: none takes it for its own", async () => {
    const [fake, kms] = await start();
    const planted = JSON.stringify({ KeyId: KEY_ARN, EncryptionAlgorithm: "SYMMETRIC_DEFAULT", Plaintext: "AAAA" });
    fake.behave = (response, asked, honest) => {
      const text = JSON.stringify(honest);
      const one = (body: string): string =>
        `HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
      if (fake.asked.length === 1) response.socket?.write(one(text) + one(planted));
      else honestly(response, asked, honest);
    };
    expect(await decrypt(kms)).toEqual(new Uint8Array(fake.dataKey));
    expect(await decrypt(kms)).toEqual(new Uint8Array(fake.dataKey));
  });

  it("answers calls in another order: each gets its own", async () => {
    const [fake, kms] = await start();
    const held: (() => void)[] = [];
    fake.behave = (response, _asked, honest) => {
      held.push(() => json(response, 200, honest));
      if (held.length === 3) for (const answer of held.toReversed()) answer();
    };
    const other = KEY_ARN.replace(/.$/, "f");
    const all = await Promise.all([
      kms.decrypt(KEY_ARN, BLOB, CONTEXT),
      kms.decrypt(other, BLOB, CONTEXT),
      kms.generateDataKey(KEY_ARN, CONTEXT),
    ]);
    expect(all).toEqual([
      new Uint8Array(fake.dataKey),
      new Uint8Array(fake.dataKey),
      { plaintext: new Uint8Array(fake.dataKey), blob: new Uint8Array(BLOB) },
    ]);
    expect(fake.connections).toHaveLength(3);
  });

  it("swaps the answers of two keys: neither is taken", async () => {
    const [fake, kms] = await start();
    const held: { response: ServerResponse; honest: Record<string, unknown> }[] = [];
    fake.behave = (response, _asked, honest) => {
      held.push({ response, honest });
      const [a, b] = held;
      if (a === undefined || b === undefined) return;
      json(a.response, 200, b.honest);
      json(b.response, 200, a.honest);
    };
    const other = KEY_ARN.replace(/.$/, "f");
    const codes = await Promise.all([KEY_ARN, other].map((arn) => codeOf(kms.decrypt(arn, BLOB, CONTEXT))));
    expect(codes).toEqual(["kms-answer-refused", "kms-answer-refused"]);
  });
});

describe("a kms socket", () => {
  it("that is not there", async () => {
    const [fake] = await start();
    const kms = clientOf(fake, { socketPath: `${fake.socketPath}-none` });
    expect(await codeOf(decrypt(kms))).toBe("kms-unreachable");
  });

  it("that accepts and says nothing is given up in time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "kms-"));
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(join(folder, "kms"), resolve));
    const [fake] = await start();
    const kms = clientOf(fake, { socketPath: join(folder, "kms") });
    const begun = performance.now();
    expect(await codeOf(decrypt(kms))).toBe("kms-unreachable");
    expect(performance.now() - begun).toBeLessThan(3000);
    silent.close();
    await rm(folder, { recursive: true });
  });
});

describe("a constitution", () => {
  it("names an endpoint and roots that can be used, or the enclave does not boot", async () => {
    const [fake] = await start();
    const refused = (change: Partial<KmsOptions>): string => {
      try {
        createKms({ ...optionsOf(fake), ...change }).close();
      } catch (error) {
        return error instanceof ConfigurationError ? error.code : String(error);
      }
      return "taken";
    };
    for (const endpoint of [HOST, `https://${HOST}`, `${HOST}:8443`, "https://127.0.0.1:4443", "https://[::1]:4443", "localhost:1"])
      expect([endpoint, refused({ endpoint })]).toEqual([endpoint, "taken"]);
    for (const endpoint of [
      `http://${HOST}`,
      `https://${HOST}/`,
      `https://a@${HOST}`,
      `${HOST}:0`,
      `${HOST}:65536`,
      "",
      `${HOST}?x`,
      `${HOST}\n`,
      "[::1",
    ])
      expect([endpoint, refused({ endpoint })]).toEqual([endpoint, "kms-endpoint"]);
    const { certificate } = fake.authority;
    expect(refused({ tlsRoots: [certificate, certificate] })).toBe("taken");
    for (const root of [
      Buffer.concat([certificate, Buffer.from([0])]),
      certificate.subarray(1),
      Buffer.from(fake.authority.keyPem),
      new Uint8Array(0),
    ])
      expect(refused({ tlsRoots: [root] })).toBe("kms-tls-roots");
  });
});
