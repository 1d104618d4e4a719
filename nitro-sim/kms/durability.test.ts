import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  RotateKeyOnDemandCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parsePrincipals } from "./principals.ts";
import { startKms, type SimulatedKms, type SimulatedKmsOptions } from "./start.ts";
import { sdkClient } from "./test-support/service.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-kms-durable-"));
});
afterAll(() => rm(dir, { recursive: true }));

const options = (dataDir: string): SimulatedKmsOptions => ({
  dataDir,
  principals: [],
  clock: { nowMs: () => Date.now() },
  attestationRoots: [],
});

interface Running {
  readonly process: ChildProcess;
  readonly told: Pick<SimulatedKms, "url" | "caPem" | "region">;
}

async function serve(dataDir: string): Promise<Running> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./test-support/serve.ts", import.meta.url)), dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) return { process: child, told: JSON.parse(line) as Running["told"] };
  throw new Error("the service ended before it listened");
}

describe("a service that is killed", () => {
  it("has everything that it acknowledged", async () => {
    const dataDir = join(dir, "killed");
    const acknowledged: { arn: string; alias: string | null; blobs: Uint8Array[] }[] = [];
    let calls = 0;
    for (let round = 0; round < 4; round++) {
      const { process: child, told } = await serve(dataDir);
      const [administrator] = parsePrincipals(readFileSync(join(dataDir, "principals.json"), "utf8"));
      const client = sdkClient(told, administrator!);
      for (const { arn, alias, blobs } of acknowledged) {
        expect((await client.send(new DescribeKeyCommand({ KeyId: alias ?? arn }))).KeyMetadata?.Arn).toBe(arn);
        for (const CiphertextBlob of blobs) {
          const { Plaintext } = await client.send(new DecryptCommand({ CiphertextBlob, KeyId: arn }));
          expect(Buffer.from(Plaintext!).toString()).toBe(arn);
        }
      }
      const killed = once(child, "exit");
      let kill: NodeJS.Timeout | null = null;
      try {
        for (;;) {
          const { KeyMetadata } = await client.send(new CreateKeyCommand({}));
          const key = { arn: KeyMetadata!.Arn!, alias: null as string | null, blobs: [] as Uint8Array[] };
          acknowledged.push(key);
          calls++;
          kill ??= setTimeout(() => child.kill("SIGKILL"), 80 + 70 * round);
          const alias = `alias/k${acknowledged.length}`;
          await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: key.arn }));
          key.alias = alias;
          calls++;
          for (let version = 0; version < 2; version++) {
            const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: key.arn, Plaintext: Buffer.from(key.arn) }));
            key.blobs.push(CiphertextBlob!);
            await client.send(new RotateKeyOnDemandCommand({ KeyId: key.arn }));
            calls += 2;
          }
        }
      } catch {
        await killed; // cut off in the middle of a call
      }
      client.destroy();
    }
    expect(acknowledged.length).toBeGreaterThan(0);
    const log = readFileSync(join(dataDir, "audit.jsonl"), "utf8").trimEnd().split("\n");
    const written = log.map((line) => JSON.parse(line) as { eventName: string; errorCode?: string });
    const changes = written.filter(
      ({ eventName, errorCode }) => errorCode === undefined && !["DescribeKey", "Decrypt"].includes(eventName),
    );
    expect(changes.length).toBeGreaterThanOrEqual(calls);
  });
});

describe("a data folder", () => {
  it("is one service's alone", async () => {
    const dataDir = join(dir, "locked");
    const first = await startKms(options(dataDir));
    await expect(startKms(options(dataDir))).rejects.toMatchObject({ code: "kms-locked" });
    await first.close();
    await (await startKms(options(dataDir))).close();
  });

  it("does not open under another master key, nor hold key material in the clear", async () => {
    const dataDir = join(dir, "master");
    await (await startKms(options(dataDir))).close();
    const path = join(dataDir, "master.key");
    const key = readFileSync(path);
    expect(key).toHaveLength(32);
    for (const name of ["master.key", "kms.sqlite", "audit.jsonl", "tls-authority.pem"])
      expect(statSync(join(dataDir, name)).mode & 0o077, name).toBe(0);
    writeFileSync(path, key.toReversed());
    await expect(startKms(options(dataDir))).rejects.toMatchObject({ code: "kms-master-key" });
    writeFileSync(path, key.subarray(1));
    await expect(startKms(options(dataDir))).rejects.toMatchObject({ code: "kms-master-key" });
    writeFileSync(path, key);
    chmodSync(path, 0o640);
    await expect(startKms(options(dataDir))).rejects.toMatchObject({ code: "kms-file-mode" });
    chmodSync(path, 0o600);
    await (await startKms(options(dataDir))).close();
  });

  it("keeps its certificate authority, and gets another when that is removed", async () => {
    const dataDir = join(dir, "tls");
    const pems: string[] = [];
    for (const remove of [false, true, false]) {
      if (remove) rmSync(join(dataDir, "tls-authority.pem"));
      const kms = await startKms(options(dataDir));
      pems.push(kms.caPem);
      expect(readFileSync(kms.caPath, "utf8")).toBe(kms.caPem);
      await kms.close();
    }
    expect([pems[0] === pems[1], pems[1] === pems[2]]).toEqual([false, true]);
    writeFileSync(join(dataDir, "tls-authority.pem"), "nothing");
    await expect(startKms(options(dataDir))).rejects.toMatchObject({ code: "kms-certificate-authority" });
  });

  it("of a later version is left alone", async () => {
    const { DatabaseSync } = await import("node:sqlite");
    const dataDir = join(dir, "later");
    await (await startKms(options(dataDir))).close();
    const db = new DatabaseSync(join(dataDir, "kms.sqlite"));
    db.exec("PRAGMA user_version = 2");
    db.close();
    await expect(startKms(options(dataDir))).rejects.toMatchObject({ code: "kms-version" });
  });

  it("goes on after a line of the log that a kill left half written", async () => {
    const dataDir = join(dir, "log");
    const first = await startKms(options(dataDir));
    await first.close();
    writeFileSync(first.auditPath, '{"half":');
    await (await startKms(options(dataDir))).close();
    expect(readFileSync(first.auditPath, "utf8")).toBe('{"half":\n');
  });

  it.each([
    ["kms-region", { region: "Frankfurt" }],
    ["kms-listen", { listen: "localhost" }],
    ["kms-listen", { port: 1, listen: "192.0.2.1" }],
    [
      "kms-principals",
      { principals: [{ arn: "alice", policies: [], credentials: { accessKeyId: "A".repeat(20), secretAccessKey: "s", session: null } }] },
    ],
  ])("refuses with %s what is wrong in the options", async (code, wrong) => {
    await expect(startKms({ ...options(join(dir, "wrong")), ...wrong })).rejects.toMatchObject({ code });
  });
});
