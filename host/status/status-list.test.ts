import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { decodeBootMessage, equalBytes, type StatusList } from "@caladrius/wire";
import { afterEach, describe, expect, it } from "vitest";
import { STATUS_LIST_TYPE, statusListFile, statusListUrl, type HostOptions } from "../index.ts";
import { CONSTITUTION, startHarness, until, type Harness } from "../test-support/harness.ts";
import { fakeStatusList } from "../test-support/status-list.ts";

const list = (change: Partial<StatusList> = {}): Uint8Array => fakeStatusList(CONSTITUTION, change);
const NOW_S = Math.floor(Date.now() / 1000);

let harness: Harness;
let server: Server | null = null;
afterEach(async () => {
  await harness.close();
  server?.close();
  server = null;
});

interface View {
  number: number;
  state: string;
  fresh: boolean;
  expiresAt: string;
  bootNonce: string | null;
}
const view = async (): Promise<View> => ((await (await fetch(`${harness.host.url}/readyz`)).json()) as { statusList: View }).statusList;
const post = async (body: Uint8Array, type = STATUS_LIST_TYPE): Promise<[number, string]> => {
  const answer = await fetch(`${harness.host.url}/v1/status-list`, {
    method: "POST",
    headers: { "content-type": type },
    body: new Uint8Array(body),
  });
  const json = (await answer.json()) as { code?: string; state?: string };
  return [answer.status, json.code ?? json.state ?? ""];
};

describe("status lists over HTTP", () => {
  it("reach the enclave at once, are given out and are told to the operator", async () => {
    harness = await startHarness();
    expect(await view()).toMatchObject({ number: 1, state: "in-force", fresh: false });
    const newer = list({ number: 2, bootNonce: harness.enclave.bootNonce });
    expect(await post(newer)).toEqual([200, "in-force"]);
    expect(await post(newer)).toEqual([200, "in-force"]);
    expect(harness.enclave.statusLists).toHaveLength(1);
    expect(await view()).toMatchObject({ number: 2, fresh: true, bootNonce: Buffer.from(harness.enclave.bootNonce).toString("hex") });
    const got = await fetch(`${harness.host.url}/v1/status-list`);
    expect(got.headers.get("content-type")).toBe(STATUS_LIST_TYPE);
    expect(equalBytes(new Uint8Array(await got.arrayBuffer()), newer)).toBe(true);
    const again = await fetch(`${harness.host.url}/v1/status-list`, { headers: { "if-none-match": got.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
    const metrics = await (await fetch(`${harness.host.url}/metrics`)).text();
    expect(metrics).toMatch(/^caladrius_status_list_number 2$/m);
    expect(metrics).toMatch(/^caladrius_status_list_in_force 1$/m);
    expect(metrics).toMatch(/^caladrius_status_list_seconds 3[56]\d\d$/m);
  });

  it("are refused when they are older, others, forged, of another deployment, no lists or too large", async () => {
    harness = await startHarness();
    expect(await post(list({ number: 5 }))).toEqual([200, "in-force"]);
    expect(await post(list({ number: 4 }))).toEqual([409, "status-list-older"]);
    expect(await post(list({ number: 5, lowestPolicyVersion: 1 }))).toEqual([409, "status-list-older"]);
    harness.enclave.forged = 2 ** 40;
    expect(await post(list({ number: 2 ** 40 }))).toEqual([422, "status-list-refused"]);
    expect(await post(fakeStatusList(Buffer.from("other"), { number: 6 }))).toEqual([400, "status-list-malformed"]);
    expect(await post(Uint8Array.of(1, 2))).toEqual([400, "status-list-malformed"]);
    expect(await post(list({ number: 6 }), "application/json")).toEqual([415, "media-type"]);
    expect((await post(new Uint8Array(1024 * 1024 + 1)))[1]).toBe("body-too-large");
    // what was forged did not displace anything
    expect(await view()).toMatchObject({ number: 5, state: "in-force" });
    expect(await post(list({ number: 6 }))).toEqual([200, "in-force"]);
  });

  it("wait for an enclave, and are limited", async () => {
    harness = await startHarness({ limits: { statusListsPerMinute: 2 } });
    await harness.enclave.kill();
    await until(async () => (await fetch(`${harness.host.url}/readyz`)).status === 503);
    expect(await post(list({ number: 2 }))).toEqual([503, "enclave-unavailable"]);
    await post(list({ number: 2 }));
    expect(await post(list({ number: 2 }))).toEqual([429, "rate-limit"]);
  });

  it("that have expired make the host say that it is degraded", async () => {
    harness = await startHarness();
    harness.clock.aheadMs = 3600_000 + 2000;
    const ready = (await (await fetch(`${harness.host.url}/readyz`)).json()) as { code?: string };
    expect(ready).toMatchObject({ code: "enclave-unavailable" }); // the evidence is old as well by then
    expect(harness.host.statusList).toMatchObject({ number: 1, state: "expired" });
  });
});

describe("a status list at hand", () => {
  it("is handed over at each boot, and again to an enclave that went on without this host", async () => {
    harness = await startHarness();
    await harness.host.setStatusList(list({ number: 3 }));
    harness.enclave.hangUp();
    await until(() => harness.enclave.statusLists.length === 2);
    await harness.restart();
    await until(() => harness.enclave.statusLists.length === 3); // kept on disk
    await until(() => harness.host.statusList.number === 3 && harness.host.statusList.state === "in-force");
    await harness.enclave.kill();
    await harness.enclave.listen();
    await until(() => harness.enclave.boots.length === 2);
    expect(harness.enclave.statusNumber).toBe(3);
    await until(() => harness.host.statusList.state === "in-force");
    expect(harness.host.statusList.bootNonce).toEqual(new Uint8Array(harness.enclave.bootNonce));
  });

  it("tells whoever renews it when an enclave was booted", async () => {
    const nonces: Uint8Array[] = [];
    harness = await startHarness({ more: () => ({ onBooted: (nonce) => void nonces.push(nonce) }) });
    harness.enclave.hangUp();
    await until(() => harness.enclave.statusLists.length === 1);
    await harness.enclave.kill();
    await harness.enclave.listen();
    await until(() => nonces.length === 2);
    expect(Buffer.from(nonces[1] ?? []).equals(harness.enclave.bootNonce)).toBe(true);
  });
});

describe("a status list in a file", () => {
  const watched = async (): Promise<string> => {
    let path = "";
    harness = await startHarness({
      more: (dir): Partial<HostOptions> => {
        path = join(dir, "list.cbor");
        writeFileSync(path, list());
        return { statusLists: statusListFile(path) };
      },
    });
    return path;
  };

  it("is in force soon after it was replaced, whole or in place", async () => {
    const path = await watched();
    writeFileSync(`${path}.new`, list({ number: 2 }));
    renameSync(`${path}.new`, path);
    await until(() => harness.enclave.statusNumber === 2);
    writeFileSync(path, list({ number: 3 }).subarray(0, 50)); // half written
    await until(() => harness.log.some((line) => line.includes("is not in force")));
    writeFileSync(path, list({ number: 3 }));
    await until(() => harness.enclave.statusNumber === 3);
  });

  it("that is forged, older or gone leaves the one in force, and is told once", async () => {
    const path = await watched();
    harness.enclave.forged = 9;
    writeFileSync(`${path}.new`, list({ number: 9 }));
    renameSync(`${path}.new`, path);
    const told = (text: string): number => harness.log.filter((line) => line.includes(text)).length;
    await until(() => told("is not in force") === 1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(told("is not in force")).toBe(1);
    renameSync(path, `${path}.away`);
    await until(() => told("cannot be read (ENOENT)") === 1);
    mkdirSync(path);
    await until(() => told("cannot be read (EISDIR)") === 1);
    expect(harness.enclave.statusNumber).toBe(1);
    expect(await post(list({ number: 2 }))).toEqual([200, "in-force"]);
  });

  it("that comes while no enclave is there is handed over when one is", async () => {
    const path = await watched();
    await harness.enclave.kill();
    writeFileSync(path, list({ number: 4 }));
    await new Promise((resolve) => setTimeout(resolve, 1500)); // it is looked at every fifth of a second
    await harness.enclave.listen();
    await until(() => harness.enclave.statusNumber === 4);
  });

  it("replaces at boot one that is over", async () => {
    const path = await watched();
    await harness.enclave.kill();
    harness.clock.aheadMs = 2 * 3600_000;
    writeFileSync(path, list({ number: 4, issuedAt: NOW_S + 7000, expiresAt: NOW_S + 9000 }));
    await new Promise((resolve) => setTimeout(resolve, 1500)); // it is looked at every fifth of a second
    await harness.enclave.listen();
    await until(() => harness.enclave.boots.length === 2);
    const boot = decodeBootMessage(harness.enclave.boots[1] ?? new Uint8Array(0));
    expect(equalBytes(boot.statusList, list({ number: 4, issuedAt: NOW_S + 7000, expiresAt: NOW_S + 9000 }))).toBe(true);
  });
});

describe("a status list at an address", () => {
  const serve = async (
    answer: (headers: Record<string, unknown>) => { status: number; body: Uint8Array; etag?: string },
  ): Promise<string> => {
    const running = createServer((request, reply) => {
      const { status, body, etag } = answer(request.headers);
      reply.writeHead(status, etag === undefined ? {} : { etag }).end(body);
    });
    server = running;
    await new Promise<void>((resolve) => void running.listen(0, "127.0.0.1", resolve));
    const address = running.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/list?token=hush`;
  };
  const quick = (url: string): Pick<HostOptions, "statusLists"> => ({ statusLists: { ...statusListUrl(url), everyMs: 20, mostMs: 40 } });

  it("is fetched again and again, and its content once", async () => {
    let number = 2;
    let whole = 0;
    const url = await serve((headers) => {
      if (headers["if-none-match"] === `"${number}"`) return { status: 304, body: new Uint8Array(0) };
      whole += 1;
      return { status: 200, body: list({ number }), etag: `"${number}"` };
    });
    harness = await startHarness({ more: () => quick(url) });
    await until(() => harness.enclave.statusNumber === 2);
    number = 3;
    await until(() => harness.enclave.statusNumber === 3);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(whole).toBe(2);
  });

  it("that fails or is endless is told once, without its path, and tried again", async () => {
    let says: { status: number; body: Uint8Array } = { status: 500, body: new Uint8Array(0) };
    const url = await serve(() => says);
    harness = await startHarness({ more: () => quick(url) });
    const told = (text: string): number => harness.log.filter((line) => line.includes(text)).length;
    await until(() => told("answers 500") === 1);
    says = { status: 200, body: new Uint8Array(2 * 1024 * 1024) };
    await until(() => told("is larger than") === 1);
    says = { status: 302, body: new Uint8Array(0) };
    await until(() => told("answers 302") + told("cannot be fetched") >= 1);
    says = { status: 200, body: list({ number: 7 }) };
    await until(() => harness.enclave.statusNumber === 7);
    expect(told("hush")).toBe(0);
  });

  it.each(["ftp://x.example/list", "not an address", "https://me:hush@x.example/list"])("cannot be %s", async (url) => {
    harness = await startHarness();
    expect(() => statusListUrl(url)).toThrow("begins with https:// or http://");
  });
});
