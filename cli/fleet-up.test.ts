import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import { submit } from "@caladrius/client";
import { makeSampleRecordings } from "@caladrius/client/samples";
import { decodeAttestReply, decodeIdentity, toHex } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { startLocal, type Local } from "./local.ts";
import { call } from "./test-support/call.ts";

let data: string;
beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), "caladrius-up-"));
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

const log: string[] = [];
const start = (): Promise<Local> =>
  startLocal({
    data,
    port: 0,
    fleet: "ward",
    logger: { level: "warn", write: (line) => void log.push(line) },
    events: { progress: () => {}, restarting: () => {} },
  });

async function identityOf(url: string): Promise<{ keySet: string; bootId: string }> {
  const answer = await fetch(`${url}/v1/attestation?keys=fleet`, { headers: { accept: "application/cbor" } });
  const { keySet, bootId } = decodeIdentity(decodeAttestReply(new Uint8Array(await answer.arrayBuffer())).identity);
  return { keySet: toHex(keySet), bootId: toHex(bootId) };
}

describe("up --fleet", () => {
  it("serves a fleet whose keys outlive KMS, host and enclave, and takes what is sealed to it", async () => {
    const first = await start();
    const before = await identityOf(first.url);
    const shown = await call(
      "fleet",
      "show",
      join(data, "fleet-ward", "epochs", "1.fleet"),
      "--constitution",
      first.simulator.deployment.paths.constitution,
    );
    await first.close();
    expect(shown).toMatchObject({ code: EXIT.ok, stdout: expect.stringContaining("complete") as string });

    const second = await start();
    try {
      const after = await identityOf(second.url);
      expect(after.keySet).toBe(before.keySet);
      expect(after.bootId).not.toBe(before.bootId);
      expect(readdirSync(join(data, "fleet-ward", "epochs"))).toEqual(["1.fleet"]);
      const trust = parseTrustFile(readFileSync(second.simulator.trust, "utf8"));
      expect(trust.fleet).toBe(true);
      const [outcome] = await submit([{ recording: makeSampleRecordings()[0]! }], { hostUrl: second.url, trust });
      expect(outcome).toMatchObject({ status: "verified", resealed: 0 });
      expect(log).toEqual([]);
    } finally {
      await second.close();
    }
  }, 120_000);

  it("wants a name that is one", async () => {
    expect(await call("up", "--fleet", "Ward 7", "--data", data)).toMatchObject({ code: EXIT.usage });
  });
});
