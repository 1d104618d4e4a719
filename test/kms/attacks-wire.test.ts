import { randomBytes } from "node:crypto";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { createServer as createTls, type TlsOptions } from "node:tls";
import { issueUnder, makeAuthority, type Issued } from "@caladrius/enclave/kms/test-support/authority.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { outcome } from "./test-support/answers.ts";
import type { AttackedEnclave } from "./test-support/enclave.ts";
import { dataKeyJob } from "./test-support/jobs.ts";
import { honestly, type Direction } from "./test-support/parent.ts";
import { startWorld, type World } from "./test-support/world.ts";

// The attacker runs the parent and has every byte between the enclave and KMS, but no private key of KMS.

const HOST = "kms.eu-central-1.amazonaws.com";
let world: World;
let epoch: Uint8Array;
let job: Uint8Array;
let enclave: AttackedEnclave;
beforeAll(async () => {
  world = await startWorld({ attempts: 1 });
  epoch = world.sign((await (await world.boot()).birth()).candidate);
  job = (await dataKeyJob(world)).sealed;
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.reset();
  enclave = await world.boot();
  world.calls = [];
});
afterEach(async () => {
  await world.reset();
  expect(enclave.ended).toEqual([]);
  await enclave.serve(epoch);
  expect(await enclave.answer(job)).toBe("opened");
});

const tries = async (): Promise<string[]> => [await outcome(enclave.serve(epoch)), await outcome(enclave.answer(job))];
const UNREACHABLE = ["kms-unreachable", "kms-unreachable"];

describe("a parent that changes bytes of TLS", () => {
  const changes: Readonly<Record<string, (direction: Direction, bytes: Buffer, count: number) => readonly Uint8Array[]>> = {
    "one bit to KMS": (direction, bytes, count) => (direction === "to-kms" && count > 1 ? [flipped(bytes)] : [bytes]),
    "one bit to the enclave": (direction, bytes, count) => (direction === "to-enclave" && count > 1 ? [flipped(bytes)] : [bytes]),
    "everything twice to the enclave": (direction, bytes) => (direction === "to-enclave" ? [bytes, bytes] : [bytes]),
    "everything twice to KMS": (direction, bytes) => (direction === "to-kms" ? [bytes, bytes] : [bytes]),
    "halves in the other order": (direction, bytes) =>
      direction === "to-enclave" ? [bytes.subarray(bytes.length >> 1), bytes.subarray(0, bytes.length >> 1)] : [bytes],
    "random bytes": (direction, bytes) => (direction === "to-enclave" ? [randomBytes(bytes.length)] : [bytes]),
    "an HTTP answer in the clear": (direction) => (direction === "to-enclave" ? [Buffer.from("HTTP/1.1 200 OK\r\n\r\n{}")] : []),
  };
  it.each(Object.keys(changes))("%s: nothing is taken", async (name) => {
    const count: Record<string, number> = {};
    world.parent.meddle = (direction, bytes, connection) => {
      const key = `${connection} ${direction}`;
      count[key] = (count[key] ?? 0) + 1;
      return changes[name]?.(direction, bytes, count[key]) ?? [bytes];
    };
    expect(await tries()).toEqual(UNREACHABLE);
    expect(await outcome(enclave.attest("fleet"))).toBe("no-fleet");
  });

  it("by replaying a whole conversation that gave the right answers", async () => {
    const first = await world.boot();
    await first.serve(epoch);
    const [kept] = world.parent.seen;
    expect(kept?.["to-enclave"].length).toBeGreaterThan(3000);
    world.parent.cut();
    world.calls = [];
    world.parent.target = (socket) => void socket.once("data", () => socket.write(kept?.["to-enclave"] ?? "")).resume();
    expect(await tries()).toEqual(UNREACHABLE);
    expect(world.calls).toEqual([]);
  });

  it("by sending the enclave's request to KMS once more: KMS does not take it", async () => {
    await enclave.serve(epoch);
    const answered = world.calls.length;
    expect(answered).toBe(2);
    const kept = world.parent.seen.at(-1)?.["to-kms"] ?? Buffer.alloc(0);
    const replay = connect(world.kms.port, "127.0.0.1").on("error", () => undefined);
    replay.write(kept);
    const closed = new Promise((resolve) => void replay.once("close", resolve));
    replay.resume();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000))]);
    replay.destroy();
    expect(world.calls.length).toBe(answered);
    enclave = await world.boot();
  });

  it("by holding answers back on a kept connection and giving them to the next request", async () => {
    await enclave.serve(epoch); // the connection is there
    const held: Uint8Array[] = [];
    let holding = true;
    world.parent.meddle = (direction, bytes) => {
      if (direction === "to-kms") return [bytes];
      if (holding) {
        held.push(Uint8Array.from(bytes));
        return [];
      }
      return [...held.splice(0), bytes];
    };
    const [one, two] = [await dataKeyJob(world), await dataKeyJob(world)];
    const first = outcome(enclave.answer(one.sealed));
    setTimeout(() => (holding = false), 500);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const second = await outcome(enclave.answer(two.sealed));
    await world.reset();
    expect(["answered", "kms-unreachable"]).toContain(await first);
    expect(["answered", "kms-unreachable"]).toContain(second);
    for (const { sealed } of [one, two]) expect(await enclave.answer(sealed)).toBe("opened");
    enclave = await world.boot();
  });
});

describe("a parent that lowers TLS", () => {
  it("by taking TLS 1.3 out of the enclave's hello: noticed by the mark in the server's random (RFC 8446 section 4.1.3)", async () => {
    let changed = 0;
    world.parent.meddle = (direction, bytes) => {
      const at = direction === "to-kms" ? bytes.indexOf(SUPPORTED_VERSIONS) : -1;
      if (at < 0) return [bytes];
      changed++;
      const hello = Buffer.from(bytes);
      hello.writeUInt16BE(0xfafa, at); // an extension that nobody knows
      return [hello];
    };
    expect(await tries()).toEqual(UNREACHABLE);
    expect(changed).toBeGreaterThan(0);
    expect(world.calls).toEqual([]);
  });

  it.each<[string, TlsOptions]>([
    ["TLS 1.1", { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }],
    ["TLS 1.2 with CBC", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES256-SHA384" }],
  ])("to %s, even with a certificate that would do", async (_, options) => {
    const asked = answerAs(issueUnder(world.authority, { commonName: HOST, dnsNames: [HOST], nowMs: Date.now() }), options);
    expect(await tries()).toEqual(UNREACHABLE);
    expect(asked).toEqual([]);
  });
});

describe("a parent that answers itself", () => {
  const name = (authority: Issued, change: object = {}): Issued =>
    issueUnder(authority, { commonName: HOST, dnsNames: [HOST], nowMs: Date.now(), ...change });
  it.each<[string, () => Issued]>([
    ["under an authority of its own", () => name(makeAuthority({ commonName: "another authority", nowMs: Date.now() }))],
    ["under the right authority and another name", () => name(world.authority, { dnsNames: ["kms.eu-west-1.amazonaws.com"] })],
    ["under the right authority for localhost", () => name(world.authority, { dnsNames: ["localhost"] })],
    ["under a certificate that has ended", () => name(world.authority, { notAfterMs: Date.now() - 60_000 })],
    ["under a certificate that has not begun", () => name(world.authority, { notBeforeMs: Date.now() + 86_400_000 })],
    ["with a certificate that a mere server issued", () => name(name(world.authority))],
  ])("%s sees no request, no credentials and no document", async (_, identity) => {
    const asked = answerAs(identity());
    expect(await tries()).toEqual(UNREACHABLE);
    expect(asked).toEqual([]);
  });

  it("with the right name under a root of the constitution is taken for KMS: the test above can fail", async () => {
    const asked = answerAs(name(world.authority));
    await tries();
    expect(asked.length).toBeGreaterThan(0);
  });

  it("with a whole KMS of its own, in which it may do everything", async () => {
    const theirs = await startWorld();
    try {
      world.parent.target = theirs.kms.port;
      expect(await tries()).toEqual(UNREACHABLE);
      expect(theirs.calls).toEqual([]);
    } finally {
      await theirs.close();
    }
  });
});

describe("a parent that carries and looks", () => {
  it("sees neither credentials nor documents nor key names nor data keys in what it carries", async () => {
    await enclave.serve(epoch);
    await enclave.birth("ward", 2);
    expect(await enclave.answer(job)).toBe("opened");
    const { accessKeyId, secretAccessKey, session } = world.role.credentials;
    const carried = Buffer.concat(world.parent.seen.flatMap((seen) => [seen["to-kms"], seen["to-enclave"]])).toString("latin1");
    expect(carried.length).toBeGreaterThan(10_000);
    expect(carried).toContain(HOST); // the name in the hello is in the clear: the search finds what is there
    for (const secret of [accessKeyId, secretAccessKey, session?.token ?? "", "TrentService", "AttestationDocument", ...world.fleetKeys])
      expect(carried).not.toContain(secret);
    enclave = await world.boot();
  });
});

/** Takes the place of KMS; what it was asked is told. */
function answerAs({ chainPem, keyPem }: Issued, options: TlsOptions = {}): string[] {
  const asked: string[] = [];
  const http = createHttp((request: IncomingMessage, response) => {
    asked.push(request.url ?? "");
    response.end("{}");
  });
  const server = createTls({ key: keyPem, cert: chainPem, ALPNProtocols: ["http/1.1"], ...options }, (socket) =>
    http.emit("connection", socket),
  );
  server.on("tlsClientError", () => undefined);
  world.parent.meddle = honestly;
  world.parent.target = (socket: Socket) => void server.emit("connection", socket);
  return asked;
}

function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(changed.length >> 1) ^ 1, changed.length >> 1);
  return changed;
}

/** The extension's number, its length, and TLS 1.3 and 1.2 in it. */
const SUPPORTED_VERSIONS = Buffer.from("002b00050403040303", "hex");
