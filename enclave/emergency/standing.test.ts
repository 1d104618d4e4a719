import type { Approver, Emergency } from "@caladrius/wire";
import { expect, it } from "vitest";
import { mayDecide } from "./standing.ts";

const approver = (person: string, role: string, key: number): Approver => ({
  person,
  role,
  key: { alg: "Ed25519", key: new Uint8Array(32).fill(key) },
  passkey: null,
});

it("whoever asks does not decide by another name that shares a key with theirs, directly or through others", () => {
  const approvers = [
    approver("ada", "doctor", 1),
    approver("ada", "head", 2),
    approver("a. lovelace", "head", 2),
    approver("a. lovelace", "director", 3),
    approver("countess", "director", 3),
    approver("ben", "doctor", 4),
  ];
  const asking = (key: number): Emergency => ({ requester: { alg: "Ed25519", key: new Uint8Array(32).fill(key) } }) as Emergency;
  const deciding = (key: number): string[] =>
    approvers.filter((one) => mayDecide(one, asking(key), { approvers })).map((one) => one.person);
  expect(deciding(1)).toEqual(["ben"]);
  expect(deciding(3)).toEqual(["ben"]);
  expect(deciding(4)).not.toContain("ben");
  expect(deciding(9)).toHaveLength(approvers.length);
});
