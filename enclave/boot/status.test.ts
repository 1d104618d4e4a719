import { generateKeyPairSync, sign } from "node:crypto";
import { encodeApproved, encodeStatement, encodeStatusList, type Bundle, type Constitution, type StatusList } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { Clock } from "./clock.ts";
import { checkStatusList, refuseToBoot } from "./status.ts";

const NOW = 1_800_000_000;

describe("a status list that forbids the bundle in force", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const key = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  const clock = new Clock(() => 0);
  clock.anchor({ documentMs: NOW * 1000, beganMs: 0, endedMs: 0 });
  const deployment = {
    constitution: { statusKeys: [{ alg: "Ed25519", key }] } as unknown as Constitution,
    constitutionDigest: new Uint8Array(48),
    clock,
    bootNonce: new Uint8Array(32),
    status: null,
  };
  const list: StatusList = {
    version: 1,
    number: 2,
    constitutionDigest: new Uint8Array(48),
    issuedAt: NOW,
    expiresAt: NOW + 3600,
    bootNonce: null,
    lowestPolicyVersion: 9,
    revocations: [],
    releases: [],
  };
  const statement = encodeStatement("status-list", "Ed25519", encodeStatusList(list), (bytes) => sign(null, bytes, privateKey));
  const file = encodeApproved({ statement, approvals: [] });

  it("comes into force, so that it can deny; refusing it would leave the older one in force", async () => {
    expect(await checkStatusList(file, deployment)).toMatchObject({ list: { number: 2, lowestPolicyVersion: 9 }, fresh: false });
  });

  it("does not let an enclave boot", () => {
    const status = { list, fresh: false };
    const bundle = { policyVersion: 9, purposes: [], careGraceSeconds: 0 } as unknown as Bundle;
    expect(() => refuseToBoot(status, { clock, bundle: { ...bundle, policyVersion: 8 } })).toThrow("forbids");
    expect(() => refuseToBoot(status, { clock, bundle })).not.toThrow();
  });
});
