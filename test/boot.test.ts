import { bootEnclave, ensureEvidence, rotateKeys } from "@caladrius/enclave/boot";
import { Clock } from "@caladrius/enclave/boot/clock";
import { Responder } from "@caladrius/enclave/intake";
import { testCedar } from "@caladrius/enclave/test-support/cedar.ts";
import { makeDevelopmentBundle } from "@caladrius/policies/development";
import {
  decodeAttestReply,
  decodeIdentity,
  encodeApproved,
  encodeAttestRequest,
  encodeBootMessage,
  encodeFrames,
  FrameDecoder,
  MESSAGE,
  toHex,
  type BootMessage,
} from "@caladrius/wire";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { bootInProcess, makeSurroundings, type Surroundings } from "./support/index.ts";

const SOFTWARE = { name: "caladrius-enclave", version: "0.0.0", commit: null };
const MEASURING = ["ExtendPCR", "LockPCR", "DescribePCR", "ExtendPCR", "LockPCR", "DescribePCR"];

let around: Surroundings;
beforeAll(async () => {
  around = await makeSurroundings();
});

describe("boot", () => {
  it("measures, locks and reads back both before it makes a key or a document", async () => {
    const nsm = around.newNsm();
    await bootEnclave(nsm, around.boot, SOFTWARE, () => performance.now(), testCedar());
    expect(nsm.asked.map((request) => request.kind)).toEqual([...MEASURING, "GetRandom", "DescribePCR", "Attestation"]);
    const extended = nsm.asked.flatMap((request) => (request.kind === "ExtendPCR" ? [`${request.index} ${toHex(request.data)}`] : []));
    expect(extended).toEqual([`16 ${toHex(sha384(around.boot.constitution))}`, `17 ${toHex(sha384(around.boot.bundle))}`]);
  });

  const broken: Record<string, () => Partial<BootMessage>> = {
    "a constitution that is no statement": () => ({ constitution: Uint8Array.of(1, 2, 3) }),
    "a constitution with a flipped bit": () => ({ constitution: flipped(around.boot.constitution, 200) }),
    "a constitution whose signature is not its own": () => ({
      constitution: flipped(around.boot.constitution, around.boot.constitution.length - 1),
    }),
    "a bundle that is no statement": () => ({ bundle: Uint8Array.of(0xa0) }),
    "a bundle whose signature is not its own": () => ({ bundle: flipped(around.boot.bundle, around.boot.bundle.length - 1) }),
    "a bundle that nobody approved": () => ({ bundleApprovals: [] }),
    "a bundle with an approval of another": () => ({
      bundleApprovals: [flipped(around.boot.bundleApprovals[0] ?? new Uint8Array(1), 150)],
    }),
    "a bundle of another constitution": () => foreignBundle(),
  };
  for (const [name, change] of Object.entries(broken)) {
    it(`ends with ${name}: its digest stands in the PCR and no key was made`, async () => {
      const nsm = around.newNsm();
      const message = { ...around.boot, ...change() };
      await expect(bootEnclave(nsm, message, SOFTWARE, () => performance.now(), testCedar())).rejects.toThrow();
      expect(nsm.asked.map((request) => request.kind)).toEqual(MEASURING);
      const held = await nsm.call<"DescribePCR">({ kind: "DescribePCR", index: 16 });
      expect(held).toMatchObject({ lock: true, data: sha384(new Uint8Array(48), sha384(message.constitution)) });
    });
  }

  it("refuses a status list of another deployment", async () => {
    const other = await makeSurroundings();
    await expect(bootInProcess(around, { statusList: other.boot.statusList })).rejects.toThrow();
  });

  it("makes other keys each time, and a new identity when they rotate", async () => {
    const [a, b] = [await bootInProcess(around), await bootInProcess(around)];
    expect(toHex(a.keys.current.keyId)).not.toBe(toHex(b.keys.current.keyId));
    expect(toHex(a.resultKey.publicKey)).not.toBe(toHex(b.resultKey.publicKey));
    const first = a.keys.current.keyId;
    const evidence = a.identity.evidence.document;
    await rotateKeys(a);
    expect(a.identity.sequence).toBe(1);
    expect(decodeIdentity(a.identity.bytes).sequence).toBe(1);
    expect(toHex(a.identity.evidence.document)).not.toBe(toHex(evidence));
    expect(a.keys.find(first)).not.toBeNull();
    await rotateKeys(a);
    expect(a.keys.find(first)).toBeNull();
  });

  it("keeps the keys that its identity names when no evidence for new ones can be had", async () => {
    const nsm = around.newNsm();
    const enclave = await bootEnclave(nsm, around.boot, SOFTWARE, () => performance.now(), testCedar());
    const { keyId } = enclave.keys.current;
    const { identity } = enclave;
    const call = nsm.call.bind(nsm);
    nsm.call = (request) => (request.kind === "Attestation" ? Promise.reject(new Error("NSM: InternalError")) : call(request));
    for (let i = 0; i < 2; i++) await expect(rotateKeys(enclave)).rejects.toThrow("InternalError");
    expect(enclave.identity).toBe(identity);
    expect(toHex(enclave.keys.current.keyId)).toBe(toHex(keyId));
    nsm.call = call;
    await rotateKeys(enclave);
    expect(enclave.identity.sequence).toBe(1);
    expect(decodeIdentity(enclave.identity.bytes).keySet).toEqual(enclave.keys.current.encoded);
    expect(enclave.keys.find(keyId)).not.toBeNull();
  });

  it("renews evidence when its certificate is about to end", async () => {
    let ahead = 0;
    const clock = { nowMs: () => Date.now() + ahead };
    const later = await makeSurroundings(clock);
    const enclave = await bootEnclave(later.newNsm(), later.boot, SOFTWARE, () => performance.now() + ahead, testCedar());
    const { document, goodUntilMs } = enclave.identity.evidence;
    await ensureEvidence(enclave);
    expect(enclave.identity.evidence.document).toBe(document);
    ahead = goodUntilMs - Date.now() - 30_000;
    await ensureEvidence(enclave);
    expect(enclave.identity.evidence.goodUntilMs).toBeGreaterThan(goodUntilMs);
  });
});

describe("the enclave as the host sees it", () => {
  const responder = (): { responder: Responder; ended: string[] } => {
    const ended: string[] = [];
    return {
      ended,
      responder: new Responder({
        nsm: around.newNsm(),
        software: SOFTWARE,
        monotonicMs: () => performance.now(),
        cedar: testCedar(),
        fatal: (word) => ended.push(word),
        onBooted: () => {},
      }),
    };
  };
  const message = (kind: number, body: Uint8Array): { kind: number; id: number; body: Uint8Array } => ({ kind, id: 1, body });

  it("answers NOT_BOOTED to everything before boot, and refuses a second boot", async () => {
    const { responder: enclave } = responder();
    for (const kind of [MESSAGE.job, MESSAGE.attest, MESSAGE.credentials, MESSAGE.statusList, 77]) {
      expect(await enclave.respond(message(kind, new Uint8Array(3)))).toEqual({ error: "not-booted" });
    }
    const boot = message(MESSAGE.boot, encodeBootMessage(around.boot));
    const [first, second] = await Promise.all([enclave.respond(boot), enclave.respond(boot)]);
    expect(first).toHaveProperty("body");
    expect(second).toEqual({ error: "already-booted" });
    expect(await enclave.respond(boot)).toEqual({ error: "already-booted" });
  });

  it("ends the program when boot does not verify", async () => {
    const { responder: enclave, ended } = responder();
    expect(await enclave.respond(message(MESSAGE.boot, encodeBootMessage({ ...around.boot, bundleApprovals: [] })))).toEqual({
      error: "boot-refused",
    });
    expect(ended).toEqual(["boot-refused"]);
    expect(await enclave.respond(message(MESSAGE.boot, encodeBootMessage(around.boot)))).toEqual({ error: "already-booted" });
  });

  it("answers what it cannot read with a code and goes on", async () => {
    const { responder: enclave, ended } = responder();
    await enclave.respond(message(MESSAGE.boot, encodeBootMessage(around.boot)));
    expect(await enclave.respond(message(MESSAGE.job, Uint8Array.of(1)))).toEqual({ error: "malformed-message" });
    expect(await enclave.respond(message(MESSAGE.attest, Uint8Array.of(1)))).toEqual({ error: "malformed-message" });
    expect(await enclave.respond(message(MESSAGE.statusList, Uint8Array.of(1)))).toEqual({ error: "status-list-refused" });
    expect(await enclave.respond(message(MESSAGE.credentials, Uint8Array.of(1)))).toEqual({ error: "malformed-message" });
    expect(await enclave.respond(message(200, Uint8Array.of(1)))).toEqual({ error: "unknown-message" });
    const reply = await enclave.respond(message(MESSAGE.attest, encodeAttestRequest({ keys: "boot", nonce: new Uint8Array(32) })));
    expect(decodeAttestReply("body" in reply ? reply.body : new Uint8Array()).sequence).toBe(0);
    expect(await enclave.respond(message(MESSAGE.statusList, around.deployment.newStatusList()))).toHaveProperty("body");
    expect(ended).toEqual([]);
  });

  it("takes no older status list than the one in force", async () => {
    const { responder: enclave } = responder();
    const older = around.deployment.newStatusList();
    await enclave.respond(message(MESSAGE.boot, encodeBootMessage({ ...around.boot, statusList: around.deployment.newStatusList() })));
    expect(await enclave.respond(message(MESSAGE.statusList, older))).toEqual({ error: "status-list-refused" });
  });
});

describe("the clock", () => {
  it("knows an interval that widens by 200 ppm, and stops where anchors contradict", () => {
    let monotonic = 1000;
    const clock = new Clock(() => monotonic);
    expect(() => clock.now()).toThrow(/no recent/);
    clock.anchor({ documentMs: 1_000_000, beganMs: 1000, endedMs: 1010 });
    monotonic = 101_010;
    expect(clock.now()).toEqual({ fromMs: 1_000_000 + 99_980, toMs: 1_000_000 + 1 + 100_010 + 21 });
    clock.anchor({ documentMs: 1_100_005, beganMs: 101_010, endedMs: 101_020 });
    expect(() => clock.anchor({ documentMs: 1_000_000, beganMs: 101_030, endedMs: 101_040 })).toThrow(/cannot both be true/);
    expect(() => clock.anchor({ documentMs: 1_200_000, beganMs: 101_030, endedMs: 101_040 })).toThrow(/cannot both be true/);
    monotonic += 3_700_000;
    expect(() => clock.now()).toThrow(/no recent/);
  });
});

describe("frames of a boot message", () => {
  it("reach the enclave whole", () => {
    const body = encodeBootMessage({ ...around.boot, bundle: new Uint8Array(200_000) });
    const decoder = new FrameDecoder();
    const got = [...encodeFrames({ kind: MESSAGE.boot, id: 1, body })].flatMap((frame) => decoder.push(frame));
    expect(got).toEqual([{ kind: MESSAGE.boot, id: 1, body }]);
    expect(encodeApproved({ statement: around.boot.bundle, approvals: around.boot.bundleApprovals }).length).toBeGreaterThan(
      around.boot.bundle.length,
    );
  });
});

/** A bundle that its own approver approved, under a constitution that is not the one handed over. */
function foreignBundle(): Partial<BootMessage> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  const { statement, approvals } = makeDevelopmentBundle({
    nowSeconds: 1_800_000_000,
    approver: { publicKey: { alg: "Ed25519", key }, sign: (bytes) => sign(null, bytes, privateKey) },
    constitutionDigest: new Uint8Array(48),
    policyVersion: 1,
    detectors: [],
    sha384,
  });
  return { bundle: statement, bundleApprovals: approvals };
}

function sha384(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha384");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
