import { decodeSealedJob, encodeSealedJob, fromBase64, kmsJobContext, toHex } from "@caladrius/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { base64, createdArn, outcome, textOf } from "./test-support/answers.ts";
import type { AttackedEnclave } from "./test-support/enclave.ts";
import { dataKeyJob, fleetJob } from "./test-support/jobs.ts";
import { startWorld, type World } from "./test-support/world.ts";

// The attacker carries sealed jobs, and may have data keys made under the same KMS key as any submitter.

let world: World;
let enclave: AttackedEnclave;
let jobs: { sealed: Uint8Array; jobId: Uint8Array }[];
beforeAll(async () => {
  world = await startWorld();
  enclave = await world.boot();
  jobs = [await dataKeyJob(world), await dataKeyJob(world)];
});
afterAll(() => world.close());
beforeEach(() => world.reset());

const change = (sealed: Uint8Array, by: object): Uint8Array => encodeSealedJob({ ...decodeSealedJob(sealed), ...by });
const parts = (): [Uint8Array, Uint8Array, Uint8Array] => {
  const [one, two] = jobs;
  if (one === undefined || two === undefined) throw new Error("no jobs");
  return [one.sealed, two.sealed, one.jobId];
};
const wrap = async (jobId: Uint8Array, plaintext: Uint8Array, keyArn = world.jobKey): Promise<Uint8Array> => {
  const context = kmsJobContext(toHex(world.deployment.constitutionDigest), toHex(jobId));
  const { json } = await world.as(world.admin, "Encrypt", { KeyId: keyArn, Plaintext: base64(plaintext), EncryptionContext: context });
  return fromBase64(textOf(json, "CiphertextBlob"));
};

describe("a data-key job", () => {
  it("with the wrapped key of another job does not open: KMS binds each to its job", async () => {
    const [one, two] = parts();
    world.calls = [];
    expect(await enclave.answer(change(one, { enc: decodeSealedJob(two).enc }))).toBe("cannot-open");
    expect(world.calls.map(({ operation }) => operation)).toEqual(["Decrypt"]);
    expect(await enclave.answer(one)).toBe("opened");
  });

  it("with the header or the content of another does not open", async () => {
    const [one, two] = parts();
    const other = decodeSealedJob(two);
    for (const by of [
      { headerBytes: other.headerBytes },
      { ciphertext: other.ciphertext },
      { enc: other.enc, ciphertext: other.ciphertext },
    ])
      expect(await enclave.answer(change(one, by))).toBe("cannot-open");
  });

  it("with a key that the attacker wrapped for this very job does not open", async () => {
    const [one, , jobId] = parts();
    expect(await enclave.answer(change(one, { enc: await wrap(jobId, new Uint8Array(32).fill(7)) }))).toBe("cannot-open");
    expect(await outcome(enclave.answer(change(one, { enc: await wrap(jobId, new Uint8Array(16)) })))).toBe("kms-answer-refused");
  });

  it("under a KMS key that the bundle does not list is not asked for", async () => {
    const created = await world.as(world.admin, "CreateKey", {});
    const keyArn = createdArn(created.json);
    const foreign = await dataKeyJob(world, { keyArn });
    world.calls = [];
    expect(await outcome(enclave.answer(foreign.sealed))).toBe("unknown-key");
    expect(world.calls).toEqual([]);
    // nor does a blob of that key pass under the listed key's name
    const [one] = parts();
    expect(await enclave.answer(change(one, { enc: decodeSealedJob(foreign.sealed).enc }))).toBe("cannot-open");
  });

  it("under a fleet's key ARN is unknown: fleet keys open no job by themselves", async () => {
    const [one] = parts();
    const sealed = await outcome(dataKeyJob(world, { keyArn: world.fleetKeys[0] }));
    expect(sealed).toContain("AccessDenied"); // the fleet's policy gives data keys to enclaves alone
    expect(await enclave.answer(one)).toBe("opened");
  });

  it("of another constitution does not open, though the same KMS key wrapped it", async () => {
    const theirs = await dataKeyJob(world, { constitutionDigest: new Uint8Array(48).fill(3) });
    expect(await enclave.answer(theirs.sealed)).toBe("cannot-open");
  });

  it("opens again when it is sent again, and gives no other statement of it", async () => {
    const [one] = parts();
    expect([await enclave.answer(one), await enclave.answer(one)]).toEqual(["opened", "opened"]);
  });
});

describe("a job to a fleet", () => {
  it("opens in every enclave of it, and in none that does not serve the epoch", async () => {
    const [a, b] = [await world.boot(), await world.boot()];
    const epoch = world.sign((await a.birth()).candidate);
    await a.serve(epoch);
    const sealed = fleetJob(world, (await a.attest("fleet")).identity);
    expect(await a.answer(sealed)).toBe("opened");
    expect(await outcome(b.answer(sealed))).toBe("unknown-key");
    await b.serve(epoch);
    expect(await b.answer(sealed)).toBe("opened");
  });

  it("opens under the epoch that it was sealed to, and no more after its end", async () => {
    const a = await world.boot();
    const seconds = Math.floor(world.time.nowMs() / 1000);
    const first = world.sign((await a.birth("ward", 1)).candidate, { notAfter: seconds + 120 });
    await a.serve(first);
    const old = fleetJob(world, (await a.attest("fleet")).identity);
    await a.serve(world.sign((await a.birth("ward", 2)).candidate));
    const fresh = fleetJob(world, (await a.attest("fleet")).identity);
    expect([await a.answer(old), await a.answer(fresh)]).toEqual(["opened", "opened"]);
    world.time.aheadMs += 121_000;
    expect(await outcome(a.answer(old))).toBe("unknown-key");
    expect(await a.answer(fresh)).toBe("opened");
    expect(await outcome(a.serve(first))).toBe("fleet-epoch-ended");
  });
});
