import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  decodeApproved,
  decodeStatement,
  decodeStatusList,
  encodeConstitution,
  encodeStatement,
  equalBytes,
  type StatusList,
} from "@caladrius/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-status-"));
const at = (name: string): string => join(folder, name);
const keys = {
  ada: generateKeyPairSync("ed25519").privateKey,
  ben: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
  status: generateKeyPairSync("ed25519").privateKey,
  spare: generateKeyPairSync("ed25519").privateKey,
  submitter: generateKeyPairSync("ed25519").privateKey,
};
const rawKey = (key: KeyObject): Uint8Array =>
  new Uint8Array(
    createPublicKey(key)
      .export({ format: "der", type: "spki" })
      .subarray(key.asymmetricKeyType === "ec" ? -65 : -32),
  );
const thumbprint = (key: KeyObject): string => createHash("sha256").update(rawKey(key)).digest("hex");
const GRANT = "00112233445566778899aabbccddeeff";

beforeAll(async () => {
  for (const [name, key] of Object.entries(keys)) {
    writeFileSync(at(`${name}.pem`), key.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
    writeFileSync(at(`${name}.pub.pem`), createPublicKey(key).export({ format: "pem", type: "spki" }));
  }
  const one = [{ role: "vendor", threshold: 1 }];
  const now = Math.floor(Date.now() / 1000);
  const payload = encodeConstitution({
    version: 1,
    number: 1,
    predecessor: null,
    name: "status",
    notBefore: now - 3600,
    notAfter: now + 365 * 24 * 3600,
    approvers: [
      { person: "ada", role: "vendor", key: { alg: "Ed25519", key: rawKey(keys.ada) }, passkey: null },
      { person: "ben", role: "hospital", key: { alg: "ESP256", key: rawKey(keys.ben) }, passkey: null },
    ],
    quorums: { bundle: one, release: one, fleet: one, succession: one, status: [...one, { role: "hospital", threshold: 1 }] },
    statusKeys: [keys.status, keys.spare].map((key) => ({ alg: "Ed25519", key: rawKey(key) })),
    auditorKeys: [],
    kms: null,
    log: null,
  });
  writeFileSync(
    at("constitution.cose"),
    encodeStatement("constitution", "Ed25519", payload, (bytes) => new Uint8Array(sign(null, bytes, keys.ada))),
  );
  expect((await call("status", "new", ...under, "--key", at("status.pem"), "--out", at("first.cbor"))).code).toBe(EXIT.ok);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => copyFileSync(at("first.cbor"), at("list.cbor")));

const under = ["--constitution", at("constitution.cose")];
const run = (command: string, file: string, ...more: string[]): ReturnType<typeof call> =>
  call("status", command, at(file), ...under, "--key", at("status.pem"), ...more);
const listIn = (name: string): StatusList =>
  decodeStatusList(decodeStatement(decodeApproved(readFileSync(at(name))).statement, "status-list").payload);
const lastObject = (stdout: string): Record<string, unknown> =>
  JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;

describe("status new", () => {
  it("makes a list for a day that revokes nothing", async () => {
    const list = listIn("first.cbor");
    expect(list).toMatchObject({ number: 1, revocations: [], releases: [], lowestPolicyVersion: 0, bootNonce: null });
    expect(list.expiresAt - list.issuedAt).toBe(24 * 3600);
    expect((await call("status", "new", ...under, "--key", at("status.pem"), "--out", at("first.cbor"))).code).toBe(EXIT.unreachable);
  });

  it("takes no approver's key", async () => {
    const made = await call("status", "new", ...under, "--key", at("ada.pem"), "--out", at("x.cbor"));
    expect([made.code, made.stderr]).toEqual([EXIT.usage, expect.stringContaining("not among the constitution's 2 status keys")]);
  });
});

describe("status revoke", () => {
  it("makes the next list in the file's place, and nothing the second time", async () => {
    const words = ["--signer", at("submitter.pub.pem"), "--grant", GRANT, "--device", thumbprint(keys.ben), "--reason", "stolen", "--json"];
    const first = await run("revoke", "list.cbor", ...words);
    expect([first.code, lastObject(first.stdout)]).toEqual([
      EXIT.ok,
      expect.objectContaining({ changed: true, number: 2, complete: true }),
    ]);
    expect(listIn("list.cbor").revocations.map(({ what, id, reason }) => [what, Buffer.from(id).toString("hex"), reason])).toEqual([
      ["key", thumbprint(keys.submitter), "stolen"],
      ["device", thumbprint(keys.ben), "stolen"],
      ["grant", GRANT, "stolen"],
    ]);
    const second = await run("revoke", "list.cbor", ...words);
    expect([second.code, lastObject(second.stdout)]).toEqual([EXIT.ok, expect.objectContaining({ changed: false, number: 2 })]);
  });

  it("takes a time, a private key, a floor, and another file", async () => {
    const since = "2026-01-02T03:04:05Z";
    const words = ["--signer", at("submitter.pem"), "--reason", "left", "--since", since, "--lowest-policy", "7", "--out", at("next.cbor")];
    expect((await run("revoke", "list.cbor", ...words)).code).toBe(EXIT.ok);
    expect(listIn("next.cbor")).toMatchObject({ lowestPolicyVersion: 7, revocations: [{ since: Date.parse(since) / 1000 }] });
    expect(listIn("list.cbor").number).toBe(1);
    expect((await run("revoke", "list.cbor", ...words)).code).toBe(EXIT.unreachable); // next.cbor is there
  });

  it("says what follows when an approver's key goes", async () => {
    const revoked = await run("revoke", "list.cbor", "--signer", at("ben.pub.pem"), "--reason", "stolen");
    expect([revoked.code, revoked.stdout]).toEqual([
      EXIT.ok,
      expect.stringContaining("no approval of ben, hospital, with this key counts any more"),
    ]);
  });

  it.each([
    ["signer", "00", "a file with the key in PEM, or the 64 hex digits of its SHA-256", ", 2 hex digits"],
    ["device", "bed-4", "a file with the key in PEM, or the 64 hex digits of its SHA-256", ""],
    ["grant", "0011", "a grant's file, or the 32 hex digits of its id", ", 4 hex digits"],
    ["grant", GRANT.toUpperCase(), "a grant's file, or the 32 hex digits of its id", ", 32 hex digits, some in upper case"],
    ["release", "ab".repeat(32), "a release's file, or the 96 hex digits of its digest", ", 64 hex digits"],
  ])("says what --%s takes, which is not %s", async (option, named, expected, digits) => {
    const { code, stderr } = await run("revoke", "list.cbor", `--${option}`, named, "--reason", "x");
    const found = `--${option}: expected ${expected}, found "${named}"${digits} and no file of this name`;
    expect([code, stderr]).toEqual([EXIT.usage, expect.stringContaining(found)]);
  });

  it.each<[string, string[], number]>([
    ["nothing is named", ["--reason", "x"], EXIT.usage],
    ["no reason is given", ["--grant", GRANT], EXIT.usage],
    ["a key is none", ["--signer", at("constitution.cose"), "--reason", "x"], EXIT.usage],
    ["a release's images are told by nothing", ["--release", "ab".repeat(48), "--reason", "x"], EXIT.usage],
    ["a host is no address", ["--grant", GRANT, "--reason", "x", "--fresh", "--host", "caladrius"], EXIT.usage],
    ["fresh is for two", ["--grant", GRANT, "--reason", "x", "--fresh", "--host", "http://a", "--host", "http://b"], EXIT.usage],
  ])("refuses when %s", async (_, words, code) => {
    expect((await run("revoke", "list.cbor", ...words)).code).toBe(code);
    expect(listIn("list.cbor").number).toBe(1);
  });

  it("by a key that the last list revokes is refused", async () => {
    await run("revoke", "list.cbor", "--signer", at("status.pem"), "--reason", "stolen");
    const next = await run("revoke", "list.cbor", "--grant", GRANT, "--reason", "x");
    expect([next.code, next.stderr]).toEqual([
      EXIT.contraindicated,
      expect.stringContaining("a status key that was revoked signed the list"),
    ]);
    const spare = await call("status", "revoke", at("list.cbor"), ...under, "--key", at("spare.pem"), "--grant", GRANT, "--reason", "x");
    expect(spare.code).toBe(EXIT.ok);
  });
});

describe("status restore, approve and publish", () => {
  it("take something back once every role has approved it", async () => {
    await run("revoke", "list.cbor", "--grant", GRANT, "--reason", "withdrawn");
    const drafted = await run("restore", "list.cbor", "--grant", GRANT, "--out", at("draft.cbor"), "--json");
    expect([drafted.code, lastObject(drafted.stdout)]).toEqual([
      EXIT.ok,
      expect.objectContaining({
        complete: false,
        missing: [expect.objectContaining({ role: "vendor" }), expect.objectContaining({ role: "hospital" })],
      }),
    ]);
    const approve = (person: string): ReturnType<typeof call> =>
      call("status", "approve", at("draft.cbor"), ...under, "--key", at(`${person}.pem`), "--last", at("list.cbor"), "--json");
    const publish = (): ReturnType<typeof call> => call("status", "publish", at("draft.cbor"), ...under, "--over", at("list.cbor"));
    expect(lastObject((await approve("ada")).stdout)).toMatchObject({ changed: true, complete: false });
    expect(lastObject((await approve("ada")).stdout)).toMatchObject({ changed: false });
    expect([(await publish()).code, listIn("list.cbor").number]).toEqual([EXIT.contraindicated, 2]);
    expect(lastObject((await approve("ben")).stdout)).toMatchObject({ changed: true, complete: true });
    const shown = await call("status", "show", at("draft.cbor"), ...under, "--last", at("list.cbor"));
    expect(shown.stdout).toContain(`takes back grant ${GRANT}`);
    expect([(await publish()).code, listIn("list.cbor")]).toEqual([EXIT.ok, expect.objectContaining({ number: 3, revocations: [] })]);
    expect((await call("status", "approve", at("draft.cbor"), ...under, "--key", at("submitter.pem"))).code).toBe(EXIT.usage);
  });

  it("leave the last list where it is", async () => {
    await run("revoke", "list.cbor", "--grant", GRANT, "--reason", "withdrawn");
    expect((await run("restore", "list.cbor", "--grant", GRANT, "--out", at("list.cbor"))).code).toBe(EXIT.usage);
    expect((await run("restore", "list.cbor", "--out", at("d.cbor"))).code).toBe(EXIT.usage);
  });
});

describe("status renew and lifecycle", () => {
  it("keep what is revoked", async () => {
    await run("revoke", "list.cbor", "--grant", GRANT, "--reason", "withdrawn");
    const nonce = "5a".repeat(32);
    expect((await run("renew", "list.cbor", "--nonce", nonce)).code).toBe(EXIT.ok);
    expect(listIn("list.cbor")).toMatchObject({ number: 3, revocations: [{ what: "grant" }], bootNonce: new Uint8Array(32).fill(0x5a) });
    expect((await run("lifecycle", "list.cbor", "--release", "ab".repeat(48), "--stage", "gone")).code).toBe(EXIT.usage);
  });
});

describe("status show", () => {
  it("verifies under a constitution, and exits 10 where enclaves would refuse", async () => {
    const shown = await call("status", "show", at("list.cbor"), ...under, "--current", "--json");
    expect([shown.code, lastObject(shown.stdout)]).toEqual([EXIT.ok, expect.objectContaining({ status: "verified", number: 1 })]);
    const forged = new Uint8Array(readFileSync(at("list.cbor")));
    forged[forged.length - 5] = (forged[forged.length - 5] ?? 0) ^ 1;
    writeFileSync(at("forged.cbor"), forged);
    expect((await call("status", "show", at("forged.cbor"), ...under)).code).toBe(EXIT.contraindicated);
    expect((await call("status", "show", at("forged.cbor"))).stdout).toContain("not verified");
    expect((await call("status", "show", at("constitution.cose"))).code).toBe(EXIT.malformed);
    expect((await call("status", "show", at("list.cbor"), "--current")).code).toBe(EXIT.usage);
    await run("renew", "list.cbor", "--out", at("renewed.cbor"));
    expect((await call("status", "show", at("list.cbor"), ...under, "--last", at("renewed.cbor"))).code).toBe(EXIT.contraindicated);
  });
});

describe("hosts that a list is handed to", () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => server.close()));
  const hostThat = async (status: number, body: object, got: Uint8Array[] = []): Promise<string> => {
    const server = createServer((request, reply) => {
      const parts: Buffer[] = [];
      request
        .on("data", (part: Buffer) => parts.push(part))
        .on("end", () => {
          if (request.method === "POST") got.push(Buffer.concat(parts));
          const ready = { statusList: { bootNonce: "c4".repeat(32) } };
          reply
            .writeHead(request.method === "POST" ? status : 200, { "content-type": "application/json" })
            .end(JSON.stringify(request.method === "POST" ? body : ready));
        });
    });
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  };

  it("get it, one refusing or silent does not keep it from the others, and the exit code tells", async () => {
    const got: Uint8Array[] = [];
    const good = await hostThat(200, { state: "in-force" }, got);
    const refusing = await hostThat(409, { code: "status-list-older", detail: "number 2" });
    const words = ["--grant", GRANT, "--reason", "x", "--json"];
    const revoked = await run("revoke", "list.cbor", ...words, "--host", refusing, "--host", good);
    expect([revoked.code, lastObject(revoked.stdout)["published"]]).toEqual([
      EXIT.contraindicated,
      [expect.objectContaining({ state: "status-list-older" }), expect.objectContaining({ state: "in-force" })],
    ]);
    expect(got.map((bytes) => equalBytes(bytes, readFileSync(at("list.cbor"))))).toEqual([true]);
    const silent = await run("revoke", "list.cbor", ...words, "--host", "http://127.0.0.1:9", "--host", good);
    expect([silent.code, lastObject(silent.stdout)["changed"], got.length]).toEqual([EXIT.unreachable, false, 2]);
  });

  it("tell the boot nonce that --fresh repeats", async () => {
    const host = await hostThat(200, { state: "in-force" });
    expect((await run("renew", "list.cbor", "--fresh", "--host", host)).code).toBe(EXIT.ok);
    expect(listIn("list.cbor").bootNonce).toEqual(new Uint8Array(32).fill(0xc4));
  });
});
