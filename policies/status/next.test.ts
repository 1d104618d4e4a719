import { decodeStatusList, encodeStatusList, type ReleaseStatus, type Revocation } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { firstStatusList, nextStatusList, saysTheSame } from "./next.ts";

const NOW = 1_800_000_000;
const first = firstStatusList(new Uint8Array(48).fill(1), NOW);
const grant: Revocation = { what: "grant", id: new Uint8Array(16).fill(2), since: NOW, reason: "withdrawn" };
const release: ReleaseStatus = { digest: new Uint8Array(48).fill(3), images: [new Uint8Array(48).fill(4)], lifecycle: "active" };

describe("the next status list", () => {
  it("has the next number, a day, and all that the last one said", () => {
    const revoked = nextStatusList(first, NOW + 10, {
      revoke: [grant],
      releases: [release],
      lowestPolicyVersion: 4,
      bootNonce: new Uint8Array(32),
    });
    const renewed = nextStatusList(revoked, NOW + 20);
    expect(decodeStatusList(encodeStatusList(renewed))).toEqual({
      ...first,
      number: 3,
      issuedAt: NOW + 20,
      expiresAt: NOW + 20 + 86_400,
      lowestPolicyVersion: 4,
      revocations: [grant],
      releases: [release],
    });
    expect(saysTheSame(revoked, renewed)).toBe(true);
    expect(saysTheSame(first, renewed)).toBe(false);
  });

  it("revokes once, since the earliest time", () => {
    const list = nextStatusList(first, NOW, { revoke: [grant, { ...grant, since: NOW - 5 }, { ...grant, since: NOW + 5 }] });
    expect(list.revocations).toEqual([{ ...grant, since: NOW - 5 }]);
    expect(saysTheSame(list, nextStatusList(list, NOW, { revoke: [grant] }))).toBe(true);
  });

  it("restores what is named, of its kind", () => {
    const list = nextStatusList(first, NOW, { revoke: [grant, { ...grant, what: "device" }], releases: [release] });
    const restored = nextStatusList(list, NOW, { restore: [grant], releases: [{ ...release, lifecycle: "revoked" }] });
    expect(restored).toMatchObject({ revocations: [{ what: "device" }], releases: [{ lifecycle: "revoked" }] });
    expect(saysTheSame(list, restored)).toBe(false);
    expect(list.revocations).toHaveLength(2);
  });
});
