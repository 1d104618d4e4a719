import { X509Certificate } from "node:crypto";
import { appraise, parseTrustFile, verifyEvidence, verifyIdentity, verifyResult } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { NOW_MS } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import {
  decodeFleetCandidate,
  decodeFleetEpoch,
  decodeIdentity,
  decodeKeySet,
  encodeFleetEpoch,
  encodeIdentity,
  fleetCommitment,
  toHex,
} from "@caladrius/wire";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { renewEvidence, rotateKeys } from "../boot/boot.ts";
import { extendedFromZero } from "../boot/measure.ts";
import { sha256, sha384 } from "../crypto.ts";
import { KmsError, type KmsErrorCode } from "../kms/port.ts";
import { KMS_KEYS, makeDeployment, NOW_SECONDS, signEpoch } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { CHAIN } from "../test-support/fake-nsm.ts";
import { jobFor, openReply } from "../test-support/jobs.ts";

const deployment = makeDeployment();
const register = (fill: number): string => Buffer.alloc(48, fill).toString("hex");
const TRUST = parseTrustFile(
  JSON.stringify({
    roots: [new X509Certificate(CHAIN.root).toString()],
    pcrs: [{ 0: register(0x10), 1: register(0x11), 2: register(0x12), 16: toHex(extendedFromZero(deployment.constitutionDigest)) }],
  }),
);
let world: World;
let a: TestEnclave;
let b: TestEnclave;
beforeEach(async () => {
  world = new World();
  a = await world.boot(deployment);
  b = await world.boot(deployment);
});

/** Keys born in an enclave and a record that the quorum signed. */
async function bornAndSigned(fleet = "ward", epoch = 1, ...signing: [change?: object]): Promise<Uint8Array> {
  return signEpoch((await a.birth(fleet, epoch)).candidate, ...signing);
}

describe("a fleet", () => {
  it("is born in one enclave, signed by the quorum, and served by all: any opens a job, with one array of disclosures", async () => {
    const { candidate, evidence } = await a.birth("ward", 1);
    const verified = await verifyEvidence(evidence, { anchors: TRUST.anchors, mode: live(), signatures });
    expect(toHex(verified.userData ?? new Uint8Array())).toBe(toHex(sha384(fleetCommitment(candidate))));
    expect(verified).toMatchObject({ nonce: null, publicKey: null });
    expect(decodeFleetCandidate(candidate)).toMatchObject({ fleet: "ward", epoch: 1, bootId: a.inside.bootId });

    const epoch = signEpoch(candidate);
    for (const enclave of [a, b]) {
      const { keyId, notAfter } = await enclave.serve(epoch);
      expect([toHex(keyId), notAfter]).toEqual([toHex(sha256(decodeFleetCandidate(candidate).keySet)), NOW_SECONDS + 3600]);
    }

    const { identity } = await a.attest("fleet");
    expect(decodeKeySet(decodeIdentity(identity).keySet).fleet).toBe("ward");
    const job = jobFor(identity);
    const arrays = await Promise.all(
      [a, b].map(async (enclave) => {
        const [reply = new Uint8Array()] = (await enclave.answer(job.sealed)).replies;
        const content = openReply(job, reply);
        const attested = await enclave.attest("fleet");
        expect(content.identity).toEqual(attested.identity);
        expect(await verifiedSubject(content, attested.evidence)).toBe("subject-1");
        return content.claims.disclosureDigests.map(toHex);
      }),
    );
    expect(arrays[0]).toEqual(arrays[1]);
    expect(arrays[0]?.length).toBeGreaterThan(8);
  });

  it("leaves nothing behind in the enclave that bore it until the record comes", async () => {
    const { candidate } = await a.birth("ward", 1);
    const { keySet } = decodeFleetCandidate(candidate);
    const job = jobFor(encodeIdentity({ ...decodeIdentity(a.inside.identity.bytes), keySet }));
    await expect(a.answer(job.sealed)).rejects.toThrow("unknown-key");
    await expect(a.attest("fleet")).rejects.toThrow("no-fleet");
    expect(world.kms.given.every((plaintext) => plaintext.every((byte) => byte === 0))).toBe(true);
  });

  it("has an identity of its own beside the boot's, and a result names the one under whose keys its job came", async () => {
    await a.serve(await bornAndSigned());
    const [boot, fleet] = [await a.attest("boot"), await a.attest("fleet")];
    expect([boot.sequence, fleet.sequence]).toEqual([0, 1]);
    const [ours, theirs] = [decodeIdentity(boot.identity), decodeIdentity(fleet.identity)];
    expect([theirs.resultKey, theirs.bootId]).toEqual([ours.resultKey, ours.bootId]);
    for (const { identity } of [boot, fleet]) {
      const job = jobFor(identity);
      const content = openReply(job, (await a.answer(job.sealed)).replies[0] ?? new Uint8Array());
      expect(content.identity).toEqual(identity);
      expect(toHex(content.claims.identityDigest)).toBe(toHex(sha384(identity)));
    }
  });

  it("gives every identity a sequence number of its own, whatever happens at once", async () => {
    const [first, second] = [await bornAndSigned("ward", 1), await bornAndSigned("ward", 2)];
    a.nsm.failing = new Error("NSM: InternalError");
    await expect(a.serve(first)).rejects.toThrow("internal");
    await expect(rotateKeys(a.inside)).rejects.toThrow();
    a.nsm.failing = null;
    await Promise.all([rotateKeys(a.inside), a.serve(first), a.serve(second)]);
    const live = a.inside.epochs.live(a.inside.clock.now()).map(({ identity }) => identity.sequence);
    expect(new Set([a.inside.identity.sequence, ...live])).toEqual(new Set([1, 2, 3]));
  });

  it("serves several epochs at once, tells of the newest, and answers under each in its own name", async () => {
    const epochs = [await bornAndSigned("ward", 3), await bornAndSigned("ward", 4), await bornAndSigned("ward", 2)];
    const identities: Uint8Array[] = [];
    for (const epoch of epochs) {
      const { keyId } = await a.serve(epoch);
      const live = a.inside.epochs.find(keyId, a.inside.clock.now());
      identities.push(live?.identity.bytes ?? new Uint8Array());
    }
    expect((await a.attest("fleet")).identity).toEqual(identities[1]);
    for (const identity of identities) {
      const job = jobFor(identity);
      expect(openReply(job, (await a.answer(job.sealed)).replies[0] ?? new Uint8Array()).identity).toEqual(identity);
    }
    await a.serve(await bornAndSigned("ward", 5));
    await expect(a.serve(await bornAndSigned("ward", 6))).rejects.toThrow("overloaded");
  });

  it("renews the evidence of all identities", async () => {
    await a.serve(await bornAndSigned());
    const [epoch] = a.inside.epochs.live(a.inside.clock.now());
    const good = epoch?.identity.evidence.goodUntilMs ?? 0;
    world.elapsedMs = 600_000;
    await renewEvidence(a.inside);
    expect([a.inside.identity, epoch?.identity].map((one) => one?.evidence.goodUntilMs)).toEqual([good + 600_000, good + 600_000]);
  });

  it("finds its way back after an hour without evidence, and then knows which epochs have ended", async () => {
    await a.serve(await bornAndSigned());
    world.elapsedMs = 3_700_000;
    await expect(a.attest("fleet")).rejects.toThrow("time-unknown");
    await renewEvidence(a.inside);
    await expect(a.attest("fleet")).rejects.toThrow("no-fleet");
  });
});

describe("serving again", () => {
  it("gives the same answer without a call to KMS, whichever approvals come with it", async () => {
    const epoch = await bornAndSigned();
    const first = await a.serve(epoch);
    const calls = world.kms.calls.length;
    const { candidate, record } = decodeFleetEpoch(epoch);
    for (const again of [epoch, encodeFleetEpoch({ candidate, record, approvals: [] })]) expect(await a.serve(again)).toEqual(first);
    expect(world.kms.calls.length).toBe(calls);
    expect((await a.attest("fleet")).sequence).toBe(1);
  });

  it("refuses another record for a number that is served: other keys, or the same for longer", async () => {
    const [one, other] = [await a.birth("ward", 1), await a.birth("ward", 1)];
    const { keyId } = await a.serve(signEpoch(one.candidate));
    const calls = world.kms.calls.length;
    for (const epoch of [signEpoch(other.candidate), signEpoch(one.candidate, { notAfter: NOW_SECONDS + 7200 })])
      await expect(a.serve(epoch)).rejects.toThrow("fleet-record-refused");
    expect(world.kms.calls.length).toBe(calls);
    expect(toHex(sha256(decodeIdentity((await a.attest("fleet")).identity).keySet))).toBe(toHex(keyId));
    expect(await b.serve(signEpoch(other.candidate))).not.toEqual({ keyId }); // which of two is the fleet's, the quorum says
  });

  it("refuses another fleet than the first", async () => {
    await a.serve(await bornAndSigned("ward", 1));
    await expect(a.serve(await bornAndSigned("icu", 2))).rejects.toThrow("fleet-record-refused");
  });
});

describe("an epoch's end", () => {
  it("takes its keys away while the program runs: jobs are unknown-key, evidence is no more, the record is ended", async () => {
    const short = await bornAndSigned("ward", 1, { notAfter: NOW_SECONDS + 600 });
    const long = await bornAndSigned("ward", 2);
    for (const epoch of [short, long]) await a.serve(epoch);
    const first = a.inside.epochs.live(a.inside.clock.now()).find(({ record }) => record.epoch === 1)?.identity.bytes ?? new Uint8Array();
    const job = jobFor(first);
    world.elapsedMs = 590_000; // what the clock cannot exclude has happened: 200 ppm of ten minutes are 0.12 s
    await a.answer(job.sealed);
    world.elapsedMs = 599_900;
    await expect(a.answer(job.sealed)).rejects.toThrow("unknown-key");
    expect(a.inside.epochs.live(a.inside.clock.now()).map(({ record }) => record.epoch)).toEqual([2]);
    expect((await a.attest("fleet")).sequence).toBe(2);
    world.elapsedMs = 600_000;
    await expect(a.serve(short)).rejects.toThrow("fleet-epoch-ended");
    world.elapsedMs = 3_599_500;
    await expect(a.attest("fleet")).rejects.toThrow("no-fleet");
  });

  it("may come while KMS is being asked: nothing is served", async () => {
    const epoch = await bornAndSigned("ward", 1, { notAfter: NOW_SECONDS + 600 });
    world.kms.before = () => void (world.elapsedMs = 600_000);
    await expect(a.serve(epoch)).rejects.toThrow("fleet-epoch-ended");
    await expect(a.attest("fleet")).rejects.toThrow("no-fleet");
  });
});

describe("KMS that fails", () => {
  const codes: readonly KmsErrorCode[] = ["kms-credentials", "kms-unreachable", "kms-denied", "kms-throttled", "kms-answer-refused"];
  it.each(codes)("with %s: the host is told so, nothing changes, and later it works", async (code) => {
    const [served, epoch] = [await bornAndSigned("ward", 1), await bornAndSigned("ward", 2)];
    await b.serve(served);
    for (const failing of KMS_KEYS) {
      world.kms.before = ({ keyArn }) => {
        if (keyArn === failing) throw new KmsError(code);
      };
      await expect(b.serve(epoch)).rejects.toThrow(code);
      await expect(b.birth("ward", 3)).rejects.toThrow(code);
    }
    expect((await b.attest("fleet")).sequence).toBe(1);
    expect(world.kms.given.every((plaintext) => plaintext.every((byte) => byte === 0))).toBe(true);
    world.kms.before = () => {};
    await b.serve(epoch);
    expect((await b.attest("fleet")).sequence).toBe(2);
  });

  it("with kms-blob: the keys differ, or KMS's own answer is refused", async () => {
    const epoch = await bornAndSigned();
    world.kms.before = () => {
      throw new KmsError("kms-blob");
    };
    await expect(b.serve(epoch)).rejects.toThrow("fleet-keys-differ");
    await expect(b.birth("ward", 3)).rejects.toThrow("kms-answer-refused");
  });

  it("by not answering: births and serving go one at a time, and who waits too long a queue is told", async () => {
    let release = (): void => {};
    world.kms.before = () => new Promise((resolve) => (release = resolve));
    const births = Array.from({ length: 12 }, (_, i) => b.birth("ward", i + 1).catch((error: Error) => error.message));
    await vi.waitFor(() => expect(world.kms.calls.length).toBe(1), { timeout: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.kms.calls.length).toBe(1);
    world.kms.before = () => {};
    release();
    const ended = await Promise.all(births);
    expect(ended.filter((end) => end === "overloaded")).toHaveLength(3);
    expect(ended.filter((end) => typeof end === "object")).toHaveLength(9);
  });
});

describe("without KMS", () => {
  it.each([
    ["in the constitution", makeDeployment({ kms: false }), true],
    ["on the command line", deployment, false],
  ])("%s there is no fleet", async (_, without, kms) => {
    const enclave = await world.boot(without, { kms });
    await expect(enclave.birth("ward", 1)).rejects.toThrow("no-kms");
    await expect(enclave.serve(await bornAndSigned())).rejects.toThrow("no-kms");
    await expect(enclave.attest("fleet")).rejects.toThrow("no-fleet");
    expect((await enclave.attest("boot")).sequence).toBe(0);
  });
});

function live(): { kind: "live"; nowMs: number; nonce: null; maxAgeMs: number } {
  return { kind: "live", nowMs: NOW_MS + world.elapsedMs, nonce: null, maxAgeMs: 300_000 };
}

/** Takes a reply through the verifier; gives the subject that it discloses. */
async function verifiedSubject(content: ReturnType<typeof openReply>, evidence: Uint8Array): Promise<unknown> {
  const verified = await verifyEvidence(evidence, { anchors: TRUST.anchors, mode: live(), signatures });
  const by = verifyIdentity(appraise(verified, TRUST), content.identity);
  const expected = { jobDigest: content.claims.jobDigest, nonce: null, policyVersion: 1 };
  return (await verifyResult(by, content, expected, signatures)).disclosed.subject;
}
