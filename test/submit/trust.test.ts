import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { verifySealingTarget, type SealingTarget } from "@caladrius/client";
import { encodeIdentity, encodeKeySet, identityCommitment, SUITES, type KeySet, type SuiteId } from "@caladrius/wire";
import { makeSurroundings, type Surroundings } from "../support/index.ts";
import { trustFor } from "./enclave.ts";

let surroundings: Surroundings;
beforeAll(async () => {
  surroundings = await makeSurroundings();
});
afterAll(() => rm(surroundings.dir, { recursive: true, force: true }));

const sha384 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha384").update(bytes).digest());
const nonce = new Uint8Array(32).fill(5);
const key = (suite: SuiteId): KeySet["keys"][number] => ({ suite, publicKey: new Uint8Array(SUITES[suite].publicKeyBytes).fill(9) });

/** Genuine evidence over an identity with this key set. */
async function attest(keySet: KeySet): Promise<{ evidence: Uint8Array; identity: Uint8Array }> {
  const nsm = surroundings.newNsm();
  const [constitutionDigest, policyDigest] = [sha384(surroundings.boot.constitution), sha384(surroundings.boot.bundle)];
  await nsm.call<"ExtendPCR">({ kind: "ExtendPCR", index: 16, data: constitutionDigest });
  await nsm.call<"ExtendPCR">({ kind: "ExtendPCR", index: 17, data: policyDigest });
  await nsm.call<"LockPCRs">({ kind: "LockPCRs", range: 18 });
  const identity = encodeIdentity({
    version: 1,
    software: { name: "test", version: "0", commit: null },
    keySet: encodeKeySet(keySet),
    resultKey: new Uint8Array(32),
    constitutionDigest,
    policyDigest,
    bootId: new Uint8Array(16),
    sequence: 0,
  });
  const { document } = await nsm.call<"Attestation">({
    kind: "Attestation",
    userData: sha384(identityCommitment(identity)),
    nonce,
    publicKey: null,
  });
  return { evidence: document, identity };
}

async function target(keySet: KeySet, change: Readonly<Record<string, unknown>> = {}, suites?: SuiteId[]): Promise<SealingTarget> {
  const options = { trust: parseTrustFile(trustFor(surroundings, change)), nonce, nowMs: Date.now(), signatures };
  return verifySealingTarget(await attest(keySet), { ...options, ...(suites === undefined ? {} : { suites }) });
}

describe("verifySealingTarget", () => {
  it("takes the best suite that both sides have, whatever their order", async () => {
    const both = { keys: [key("X25519"), key("MLKEM768-X25519")], fleet: null };
    expect((await target(both)).recipient.suite).toBe("MLKEM768-X25519");
    expect((await target(both, {}, ["X25519"])).recipient.suite).toBe("X25519");
    expect((await target({ keys: [key("X25519")], fleet: null })).recipient.suite).toBe("X25519");
  });

  it("names the key set and the constitution by their digests", async () => {
    const keySet = { keys: [key("X25519")], fleet: null };
    const { keyId, constitutionDigest } = await target(keySet);
    expect(keyId).toEqual(new Uint8Array(createHash("sha256").update(encodeKeySet(keySet)).digest()));
    expect(constitutionDigest).toEqual(sha384(surroundings.boot.constitution));
  });

  it("refuses a suite that is not wanted", async () => {
    await expect(target({ keys: [key("X25519")], fleet: null }, {}, ["MLKEM768-X25519"])).rejects.toMatchObject({ code: "suite-missing" });
  });

  it("refuses a fleet's keys unless the trust file says so", async () => {
    const keySet = { keys: [key("X25519")], fleet: "ward" };
    await expect(target(keySet)).rejects.toMatchObject({ code: "fleet-not-trusted" });
    expect((await target(keySet, { fleet: true })).recipient.suite).toBe("X25519");
  });

  it("refuses evidence older than the trust file allows, nonce or not", async () => {
    const attestation = await attest({ keys: [key("X25519")], fleet: null });
    const trust = parseTrustFile(trustFor(surroundings, { maxAgeSeconds: 60 }));
    await expect(verifySealingTarget(attestation, { trust, nonce, nowMs: Date.now() + 120_000, signatures })).rejects.toMatchObject({
      code: "timestamp-age",
    });
  });
});
