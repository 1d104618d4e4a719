import { kmsErrorResponse } from "@caladrius/nitro-sim";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { outcome, textOf } from "./test-support/answers.ts";
import type { AttackedEnclave } from "./test-support/enclave.ts";
import { dataKeyJob, fleetJob } from "./test-support/jobs.ts";
import { startWorld, type World } from "./test-support/world.ts";

// KMS that is not there for a while, by accident or because somebody wills it. Jobs that wait for it at a host: path.test.ts.

let world: World;
let served: AttackedEnclave;
let enclave: AttackedEnclave;
let epoch: Uint8Array;
let sealed: Uint8Array;
let job: Uint8Array;
beforeAll(async () => {
  world = await startWorld();
  served = await world.boot();
  epoch = world.sign((await served.birth()).candidate);
  await served.serve(epoch);
  sealed = fleetJob(world, (await served.attest("fleet")).identity);
  job = (await dataKeyJob(world)).sealed;
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.reset();
  enclave = await world.boot();
});
afterEach(async () => {
  for (const one of [served, enclave]) expect(one.ended).toEqual([]);
  await enclave.serve(epoch);
  expect([await enclave.answer(sealed), await enclave.answer(job)]).toEqual(["opened", "opened"]);
});

/** What needs KMS says so; what does not goes on. */
async function without(code: string): Promise<void> {
  expect(await outcome(enclave.serve(epoch))).toBe(code);
  expect(await outcome(enclave.answer(job))).toBe(code);
  expect(await outcome(served.answer(job))).toBe(code);
  expect(await outcome(enclave.answer(sealed))).toBe("unknown-key");
  expect(await served.answer(sealed)).toBe("opened");
}

describe("KMS", () => {
  it("down and back: unreachable, and then everything opens, jobs of before with it", async () => {
    await world.stopKms();
    try {
      await without("kms-unreachable");
      expect(await outcome(served.birth("ward", 2))).toBe("kms-unreachable");
    } finally {
      await world.startKms();
    }
  });

  it("down between the two calls of a birth: no candidate is made", async () => {
    world.intercept = ({ operation }, response) => (operation === "Decrypt" ? "drop" : response);
    expect(await outcome(enclave.birth("ward", 3))).toBe("kms-unreachable");
    world.intercept = null;
    await enclave.birth("ward", 3);
  });

  it("down between the halves of a seed: nothing is served with one half", async () => {
    world.intercept = ({ request }, response) => (request["KeyId"] === world.fleetKeys[1] ? "drop" : response);
    expect(await outcome(enclave.serve(epoch))).toBe("kms-unreachable");
    expect(await outcome(enclave.attest("fleet"))).toBe("no-fleet");
    world.intercept = null;
  });

  it("that throttles: later", async () => {
    world.intercept = () => kmsErrorResponse("ThrottlingException", "", { nowMs: world.time.nowMs() });
    await without("kms-throttled");
    world.intercept = null;
  });

  it("with a key disabled, or in line to be deleted: denied until an administrator takes that back", async () => {
    const all = [...world.fleetKeys, world.jobKey];
    for (const keyArn of all) await letAdminister(keyArn);
    for (const [operation, more, undo] of [
      ["DisableKey", {}, ["EnableKey"]],
      ["ScheduleKeyDeletion", { PendingWindowInDays: 7 }, ["CancelKeyDeletion", "EnableKey"]],
    ] as const) {
      for (const KeyId of all) await administer(operation, { KeyId, ...more });
      await without("kms-denied");
      for (const KeyId of all) for (const back of undo) await administer(back, { KeyId });
    }
    await world.setPolicies();
  });
});

/** The policies let nobody delete a key, nor touch the jobs' key: so they are loosened first, by whoever may write them. */
async function letAdminister(KeyId: string): Promise<void> {
  const before = await world.as(world.admin, "GetKeyPolicy", { KeyId, PolicyName: "default" });
  const policy = JSON.parse(textOf(before.json, "Policy")) as { Statement: object[] };
  const Action = ["Enable", "Disable"].map((verb) => `kms:${verb}Key`).concat("kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion");
  const may = { Effect: "Allow", Principal: { AWS: world.admin.arn }, Action, Resource: "*" };
  await world.setPolicy(KeyId, JSON.stringify({ ...policy, Statement: [...policy.Statement, may] }));
}

async function administer(operation: string, body: { KeyId: string }): Promise<void> {
  const { status, json } = await world.as(world.admin, operation, body);
  if (status !== 200) throw new Error(JSON.stringify(json));
}
