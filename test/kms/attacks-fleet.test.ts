import { createHash } from "node:crypto";
import {
  decodeFleetCandidate,
  decodeFleetEpoch,
  encodeFleetCandidate,
  encodeFleetEpoch,
  fleetContext,
  fromBase64,
  toHex,
  type FleetCandidate,
} from "@caladrius/wire";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createdArn, outcome, textOf } from "./test-support/answers.ts";
import type { AttackedEnclave } from "./test-support/enclave.ts";
import { fleetJob } from "./test-support/jobs.ts";
import { ACCOUNT, startWorld, type World } from "./test-support/world.ts";

// The attacker runs the parent: it carries candidates, records and blobs, and has credentials that KMS knows.

let world: World;
let born: AttackedEnclave;
let candidate: Uint8Array;
let epoch: Uint8Array;
let enclave: AttackedEnclave;
beforeAll(async () => {
  world = await startWorld();
  born = await world.boot();
  ({ candidate } = await born.birth());
  epoch = world.sign(candidate);
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.reset();
  enclave = await world.boot();
});
afterEach(async () => {
  expect(enclave.ended).toEqual([]);
  expect(await outcome(enclave.attest("fleet"))).toBe("no-fleet");
  await enclave.serve(epoch);
});

const edit = (of: Uint8Array, change: (candidate: FleetCandidate) => Partial<FleetCandidate>): Uint8Array => {
  const decoded = decodeFleetCandidate(of);
  return encodeFleetCandidate({ ...decoded, ...change(decoded) });
};
const contextOf = (fleet = "ward", number = 1): Readonly<Record<string, string>> =>
  fleetContext(fleet, number, toHex(world.deployment.constitutionDigest));

/** Grants a user every use of a key, beside what its policy says. */
async function loosen(keyArn: string, arn: string, actions: readonly string[]): Promise<void> {
  const { json } = await world.as(world.admin, "GetKeyPolicy", { KeyId: keyArn, PolicyName: "default" });
  const policy = JSON.parse(textOf(json, "Policy")) as { Statement: { Sid?: string }[] };
  const kept = policy.Statement.filter(({ Sid }) => Sid !== "No plaintext without attestation");
  const Statement = [...kept, { Effect: "Allow", Principal: { AWS: arn }, Action: actions, Resource: "*" }];
  await world.setPolicy(keyArn, JSON.stringify({ ...policy, Statement }));
}

describe("a seed that the attacker chose", () => {
  it("cannot be encrypted under the fleet's keys: their policies let nobody call kms:Encrypt", async () => {
    for (const who of [world.role, world.admin, world.stranger])
      for (const KeyId of world.fleetKeys) {
        const { json } = await world.as(who, "Encrypt", { KeyId, Plaintext: "AAAA", EncryptionContext: contextOf() });
        expect(json["__type"]).toBe("AccessDeniedException");
      }
  });

  it("behind a loosened policy makes blobs that KMS opens, and keys that the record does not name", async () => {
    const wrapped: FleetCandidate["wrapped"] = [];
    for (const keyArn of world.fleetKeys) {
      await loosen(keyArn, `arn:aws:iam::${ACCOUNT}:role/caladrius-host`, ["kms:Encrypt"]);
      const Plaintext = Buffer.alloc(32, 7).toString("base64");
      const { status, json } = await world.as(world.role, "Encrypt", { KeyId: keyArn, Plaintext, EncryptionContext: contextOf() });
      expect(status).toBe(200);
      wrapped.push({ keyArn, blob: fromBase64(textOf(json, "CiphertextBlob")) });
    }
    const forged = edit(candidate, () => ({ wrapped }));
    const { record, approvals } = decodeFleetEpoch(epoch);
    world.calls = [];
    expect(await outcome(enclave.serve(encodeFleetEpoch({ candidate: forged, record, approvals })))).toBe("fleet-record-refused");
    expect(world.calls).toEqual([]);
    // Even a quorum that was shown the forged blobs beside the old key set has nobody serve the attacker's keys.
    expect(await outcome(enclave.serve(world.sign(forged)))).toBe("fleet-keys-differ");
    expect(world.calls.map(({ operation }) => operation)).toEqual(["Decrypt", "Decrypt"]);
    await world.setPolicies();
  });
});

describe("a blob under the attacker's own key and credentials", () => {
  it("is refused by the ARN that it names, and by KMS where it names the fleet's", async () => {
    const created = await world.as(world.stranger, "CreateKey", {});
    const foreign = createdArn(created.json);
    const asked = { KeyId: foreign, Plaintext: Buffer.alloc(32, 7).toString("base64"), EncryptionContext: contextOf() };
    const blob = fromBase64(textOf((await world.as(world.stranger, "Encrypt", asked)).json, "CiphertextBlob"));
    const open = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: "*", Action: "kms:*", Resource: "*" }] };
    await world.as(world.stranger, "PutKeyPolicy", { KeyId: foreign, PolicyName: "default", Policy: JSON.stringify(open) });
    await enclave.credentials(world.stranger);

    world.calls = [];
    const named = edit(candidate, ({ wrapped }) => ({ wrapped: wrapped.map(() => ({ keyArn: foreign, blob })) }));
    expect(await outcome(enclave.serve(world.sign(named)))).toBe("fleet-record-refused");
    expect(world.calls).toEqual([]);

    await enclave.credentials(world.role);
    const hidden = edit(candidate, ({ wrapped }) => ({ wrapped: wrapped.map(({ keyArn }) => ({ keyArn, blob })) }));
    expect(await outcome(enclave.serve(world.sign(hidden)))).toBe("fleet-keys-differ");
    expect(world.calls.map(({ request }) => request["KeyId"])).toEqual([world.fleetKeys[0]]); // never the foreign key
  });
});

describe("two enclaves that bear the same epoch at once", () => {
  it("make two candidates, of which the one that was signed is served by both, and the other by none", async () => {
    const other = await world.boot();
    const [one, two] = await Promise.all([born.birth("ward", 5), other.birth("ward", 5)]);
    expect(decodeFleetCandidate(one.candidate).keySet).not.toEqual(decodeFleetCandidate(two.candidate).keySet);
    const signed = world.sign(one.candidate);
    const { record, approvals } = decodeFleetEpoch(signed);
    for (const each of [await world.boot(), other]) {
      expect(await outcome(each.serve(encodeFleetEpoch({ candidate: two.candidate, record, approvals })))).toBe("fleet-record-refused");
      const { keyId } = await each.serve(signed);
      expect(toHex(keyId)).toBe(sha256Hex(decodeFleetCandidate(one.candidate).keySet));
      // A second record for the number comes too late, however many signed it.
      expect(await outcome(each.serve(world.sign(two.candidate)))).toBe("fleet-record-refused");
    }
    const { identity } = await other.attest("fleet");
    expect(await other.answer(fleetJob(world, identity))).toBe("opened");
  });
});

describe("a fleet record", () => {
  const seconds = (): number => Math.floor(world.time.nowMs() / 1000);
  it.each<[string, () => Uint8Array, string]>([
    ["without approvals", () => world.sign(candidate, {}, { approvers: [] }), "fleet-record-refused"],
    ["approved by one of two", () => world.sign(candidate, {}, { approvers: ["developer"] }), "fleet-record-refused"],
    ["approved twice by one", () => world.sign(candidate, {}, { approvers: ["developer", "developer"] }), "fleet-record-refused"],
    ["approved as something else", () => world.sign(candidate, {}, { kind: "bundle" }), "fleet-record-refused"],
    [
      "approved under another constitution",
      () => world.sign(candidate, {}, { constitutionDigest: new Uint8Array(48) }),
      "fleet-record-refused",
    ],
    ["of another constitution", () => world.sign(candidate, { constitutionDigest: new Uint8Array(48) }), "fleet-record-refused"],
    ["of another fleet", () => world.sign(candidate, { fleet: "icu" }), "fleet-record-refused"],
    ["of another epoch", () => world.sign(candidate, { epoch: 2 }), "fleet-record-refused"],
    ["of other keys", () => world.sign(candidate, { keySetDigest: new Uint8Array(32) }), "fleet-record-refused"],
    ["of one key alone", () => world.sign(edit(candidate, ({ wrapped }) => ({ wrapped: wrapped.slice(0, 1) }))), "fleet-record-refused"],
    [
      "of the keys in another order",
      () => world.sign(edit(candidate, ({ wrapped }) => ({ wrapped: wrapped.toReversed() }))),
      "fleet-record-refused",
    ],
    ["for more than a month", () => world.sign(candidate, { notAfter: seconds() + 40 * 86_400 }), "fleet-record-refused"],
    ["for later", () => world.sign(candidate, { notBefore: seconds() + 600 }), "fleet-record-refused"],
    ["that has ended", () => world.sign(candidate, { notAfter: seconds() - 1 }), "fleet-epoch-ended"],
  ])("%s is refused before KMS is asked", async (_, make, code) => {
    world.calls = [];
    expect(await outcome(enclave.serve(make()))).toBe(code);
    expect(world.calls).toEqual([]);
  });
});

describe("wrapped keys of another fleet, epoch or key", () => {
  it.each<[string, (from: FleetCandidate, to: FleetCandidate) => Partial<FleetCandidate>]>([
    ["another epoch's blobs", ({ wrapped }) => ({ wrapped })],
    ["another epoch's blobs and keys", ({ wrapped, keySet }) => ({ wrapped, keySet })],
    ["another epoch's first blob", (from, to) => ({ wrapped: [from.wrapped[0], to.wrapped[1]].filter((one) => one !== undefined) })],
    [
      "the second key's blob for both",
      (_from, to) => ({ wrapped: to.wrapped.map(({ keyArn }) => ({ keyArn, blob: to.wrapped[1]?.blob ?? new Uint8Array(1) })) }),
    ],
  ])("%s: not without a quorum, and KMS refuses the context or the key even then", async (_, change) => {
    const other = decodeFleetCandidate((await born.birth("ward", 7)).candidate);
    const forged = edit(candidate, (to) => change(other, to));
    const { record, approvals } = decodeFleetEpoch(epoch);
    expect(await outcome(enclave.serve(encodeFleetEpoch({ candidate: forged, record, approvals })))).toBe("fleet-record-refused");
    expect(await outcome(enclave.serve(world.sign(forged)))).toBe("fleet-keys-differ");
  });

  it("of another fleet are out of reach of the key's policy as well", async () => {
    expect(await outcome(born.birth("icu", 1))).toBe("kms-denied");
  });
});

describe("one of two key policies, loosened", () => {
  it("gives the attacker's role that half, and no job opens with it", async () => {
    await enclave.serve(epoch);
    const { identity } = await enclave.attest("fleet");
    const sealed = fleetJob(world, identity);
    const [weak, strict] = world.fleetKeys;
    await loosen(weak, `arn:aws:iam::${ACCOUNT}:role/caladrius-host`, ["kms:*"]);
    const halves: (string | Uint8Array)[] = [];
    for (const { keyArn, blob } of decodeFleetCandidate(candidate).wrapped) {
      const asked = { KeyId: keyArn, CiphertextBlob: Buffer.from(blob).toString("base64"), EncryptionContext: contextOf() };
      const { json } = await world.as(world.role, "Decrypt", asked);
      halves.push(json["Plaintext"] === undefined ? textOf(json, "__type") : fromBase64(textOf(json, "Plaintext")));
    }
    expect(halves[0]).toHaveLength(32);
    expect(halves[1]).toBe("AccessDeniedException");

    // With its half, and any other half it can think of, it bears no keys that the record names.
    const mine = await world.as(world.role, "Encrypt", {
      KeyId: weak,
      Plaintext: Buffer.alloc(32).toString("base64"),
      EncryptionContext: contextOf(),
    });
    const blob = fromBase64(textOf(mine.json, "CiphertextBlob"));
    const forged = edit(candidate, ({ wrapped }) => ({
      wrapped: wrapped.map((one) => (one.keyArn === weak ? { keyArn: weak, blob } : one)),
    }));
    const fresh = await world.boot();
    expect(await outcome(fresh.serve(world.sign(forged)))).toBe("fleet-keys-differ");
    expect(strict).not.toBe(weak);
    const another = await world.boot();
    await another.serve(epoch);
    expect(await another.answer(sealed)).toBe("opened"); // the fleet goes on meanwhile
    await world.setPolicies();
    enclave = await world.boot();
  });
});

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
