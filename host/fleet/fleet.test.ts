import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KMS_SUITE, toHex } from "@caladrius/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ENCLAVE_REFUSAL } from "../enclave-errors.ts";
import { requestFleetBirth } from "./birth.ts";
import { makeFleetFile } from "../test-support/fleet-file.ts";
import { startHarness, stateOf, submit, until, type Harness } from "../test-support/harness.ts";
import { makeOpaqueJob, type OpaqueJob } from "../test-support/sealed-job.ts";

const SOON_S = 120;

describe("a host with a fleet", () => {
  let harness: Harness;
  const epoch = makeFleetFile({ epoch: 7 });
  beforeEach(async () => {
    harness = await startHarness({
      more: (dir) => {
        mkdirSync(join(dir, "fleet"), { recursive: true });
        writeFileSync(join(dir, "fleet", "7.fleet"), epoch.bytes);
        return { fleet: [join(dir, "fleet")], fleetEveryMs: 200 };
      },
    });
  });
  afterEach(() => harness.close());

  const file = (name: string): string => join(harness.dir, "fleet", name);
  const accept = async (keyId: Uint8Array, more: Parameters<typeof makeOpaqueJob>[0] = {}): Promise<OpaqueJob> => {
    const job = makeOpaqueJob({ keyId, ...more });
    await until(async () => [200, 202].includes((await submit(harness.host, job.sealed)).status)); // 503 while the machine is busy
    return job;
  };
  const reaches = (job: OpaqueJob, state: string): Promise<void> => until(async () => (await stateOf(harness.host, job.id)) === state);
  const served = (): Promise<void> => until(() => harness.enclave.serves.has(toHex(epoch.keyId)));
  const readyz = async (): Promise<{
    status: string;
    fleet: { epoch: number; state: string; code: string | null }[];
    jobsWaiting: number;
    waitingFor: string[];
  }> => (await fetch(`${harness.host.url}/readyz`)).json() as Promise<never>;
  const attestation = (query: string): Promise<Response> => fetch(`${harness.host.url}/v1/attestation?${query}`);

  it("hands epochs over after boot, and takes jobs sealed to them across a restart of the enclave", async () => {
    await served();
    await reaches(await accept(epoch.keyId), "answered");
    await harness.enclave.kill();
    const between = await accept(epoch.keyId);
    await harness.enclave.listen();
    await reaches(between, "answered");
    expect(harness.enclave.answers.get(between.id)).toBe(1);
  });

  it("keeps a fleet's jobs while KMS is away, and tries them when the epoch is served", async () => {
    await served();
    await harness.enclave.kill();
    harness.enclave.kms = "kms-unreachable";
    await harness.enclave.listen();
    await until(() => harness.enclave.boots.length === 2);
    const job = await accept(epoch.keyId);
    const boot = await accept(harness.enclave.keyId);
    await reaches(boot, "answered"); // others do not wait
    await until(async () => (await readyz()).jobsWaiting === 1);
    await until(async () => (await readyz()).fleet[0]?.code !== null); // the epoch may be handed over after the job
    expect(await stateOf(harness.host, job.id)).toMatch(/accepted|running/);
    expect(await readyz()).toMatchObject({
      status: "degraded",
      fleet: [{ epoch: 7, state: "waiting", code: "kms-unreachable" }],
      waitingFor: ["unknown-key"],
    });
    expect(((await (await attestation("keys=fleet")).json()) as { code: string }).code).toBe("fleet-waiting");
    harness.enclave.kms = "answers";
    await reaches(job, "answered");
    expect(await readyz()).toMatchObject({ status: "ready", fleet: [{ state: "served", code: null }], jobsWaiting: 0 });
    expect(harness.log.filter((line) => line.includes("does not serve epoch 7"))).toHaveLength(1); // not at each attempt
  });

  it("gives evidence for either identity", async () => {
    await served();
    const [boot, fleet] = await Promise.all(
      ["", "keys=fleet"].map(async (query) => (await attestation(query)).json() as Promise<{ identity: string }>),
    );
    expect(boot?.identity).not.toBe(fleet?.identity);
    expect((await attestation("keys=other")).status).toBe(400);
    rmSync(file("7.fleet"));
    await harness.enclave.kill();
    await harness.enclave.listen();
    await until(async () => (await attestation("keys=fleet")).status === 404);
  });

  it("takes up files that come, and reseals jobs of those that go or end", async () => {
    await served();
    const next = makeFleetFile({ epoch: 8, notAfter: Math.floor(Date.now() / 1000) + SOON_S });
    writeFileSync(file("8.fleet"), next.bytes);
    await until(() => harness.enclave.serves.has(toHex(next.keyId)));
    await reaches(await accept(next.keyId), "answered");
    harness.clock.aheadMs = 2 * SOON_S * 1000;
    harness.enclave.serves.delete(toHex(next.keyId)); // it drops an epoch that ended
    await reaches(await accept(next.keyId), "reseal");
    rmSync(file("7.fleet"));
    await until(async () => (await readyz()).fleet.every(({ epoch: number }) => number !== 7));
    harness.enclave.serves.delete(toHex(epoch.keyId));
    await reaches(await accept(epoch.keyId), "reseal");
  });

  it("does not hand over what is too early or over", async () => {
    await served();
    const now = Math.floor(Date.now() / 1000);
    writeFileSync(file("9.fleet"), makeFleetFile({ epoch: 9, notBefore: now + SOON_S }).bytes);
    writeFileSync(file("6.fleet"), makeFleetFile({ epoch: 6, notAfter: now - 1 }).bytes);
    await until(async () => (await readyz()).fleet.length === 3);
    expect((await readyz()).fleet.map(({ epoch: number, state }) => `${number} ${state}`).toSorted()).toEqual([
      "6 ended",
      "7 served",
      "9 early",
    ]);
    expect(harness.enclave.handed).toBe(1);
    await until(() => harness.log.some((line) => line.includes("epoch 6 of fleet ward is over")));
    harness.clock.aheadMs = 2 * SOON_S * 1000;
    await until(() => harness.enclave.handed === 2);
  });

  it.each(["fleet-record-refused", "fleet-keys-differ"] as const)(
    "names a file that is refused, the code and who acts: %s",
    async (code) => {
      await served();
      harness.enclave.record = code;
      await harness.enclave.kill();
      await harness.enclave.listen();
      await until(() => harness.log.some((line) => line.includes(code)));
      const [line = ""] = harness.log.filter((each) => each.includes(code));
      expect(line).toContain("7.fleet");
      expect(line).toMatch(/approvers act|security looks/);
      expect((await readyz()).fleet).toMatchObject([{ state: "refused", code }]);
      const handed = harness.enclave.handed;
      harness.enclave.record = "good";
      const corrected = makeFleetFile({ epoch: 7 });
      writeFileSync(file("7.fleet"), corrected.bytes); // a change is tried at once
      await until(() => harness.enclave.serves.has(toHex(corrected.keyId)));
      expect(harness.enclave.handed).toBe(handed + 1);
    },
  );

  it("names what is no epoch, and goes on with the rest", async () => {
    await served();
    writeFileSync(file("a.fleet"), "nonsense");
    mkdirSync(file("folder.fleet"));
    await until(
      () => harness.log.some((line) => line.includes("a.fleet")) && harness.log.some((line) => line.includes("folder.fleet")),
      12_000,
    );
    await reaches(await accept(epoch.keyId), "answered");
  });

  it.each(["kms-credentials", "kms-unreachable", "kms-denied", "kms-throttled", "kms-answer-refused"] as const)(
    "keeps jobs under data keys while the enclave says %s",
    async (code) => {
      await served();
      harness.enclave.kms = code;
      const job = await accept(new Uint8Array(32).fill(3), { suite: KMS_SUITE });
      await until(() => (harness.enclave.arrivals.get(job.id) ?? 0) >= 2);
      expect(await stateOf(harness.host, job.id)).toMatch(/accepted|running/);
      expect(await readyz()).toMatchObject({ status: "degraded", jobsWaiting: 1, waitingFor: [code] });
      expect(harness.log.filter((line) => line.includes(`refused a job for now: ${ENCLAVE_REFUSAL[code]}`))).toHaveLength(1);
      harness.enclave.kms = "answers";
      await reaches(job, "answered");
      expect(await readyz()).toMatchObject({ status: "ready", jobsWaiting: 0, waitingFor: [] });
    },
  );

  it("reseals when the enclave says that the epoch is over", async () => {
    await served();
    harness.enclave.behaviour = "fleet-epoch-ended";
    await reaches(await accept(epoch.keyId), "reseal");
  });

  it("asks for a birth beside the host", async () => {
    const enclaveSocket = harness.enclave.path;
    expect(Buffer.from((await requestFleetBirth({ enclaveSocket, fleet: "ward", epoch: 8 })).candidate).toString()).toBe("candidate");
    harness.enclave.kms = "kms-denied";
    await expect(requestFleetBirth({ enclaveSocket, fleet: "ward", epoch: 8 })).rejects.toMatchObject({ code: "kms-denied" });
  });
});
