import { generateKeyPairSync, sign } from "node:crypto";
import { encodeStatement, encodeStatusList, type Bundle, type Constitution, type StatusList } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { Clock } from "./clock.ts";
import { checkStatusList, refuseWithdrawn } from "./deployment.ts";

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
    statusList: null,
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

  it("comes into force, so that it can deny; refusing it would leave the older one in force", () => {
    expect(checkStatusList(statement, deployment)).toMatchObject({ number: 2, lowestPolicyVersion: 9 });
  });

  it("does not let an enclave boot", () => {
    expect(() => refuseWithdrawn(list, { policyVersion: 8 } as Bundle)).toThrow("forbids");
    expect(() => refuseWithdrawn(list, { policyVersion: 9 } as Bundle)).not.toThrow();
  });
});
