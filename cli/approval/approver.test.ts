import type { Constitution } from "@caladrius/wire";
import { expect, it } from "vitest";
import { UsageError } from "../exit.ts";
import { approverOfKey } from "./approver.ts";

const key = (byte: number) => ({ alg: "Ed25519", key: new Uint8Array(32).fill(byte) }) as const;
const constitution: Constitution = {
  version: 1,
  number: 1,
  predecessor: null,
  name: "two who approve",
  notBefore: 0,
  notAfter: 1,
  approvers: [
    { person: "ada", role: "hospital", key: key(1), passkey: null },
    { person: "ben", role: "hospital", key: key(2), passkey: null },
  ],
  quorums: { bundle: [], release: [], fleet: [], succession: [], status: [] },
  statusKeys: [],
  auditorKeys: [],
  kms: null,
  log: null,
};

function hintFor(byte: number, person: string | null): unknown {
  try {
    return approverOfKey(constitution, key(byte), { person, role: null }).person;
  } catch (error) {
    return error instanceof UsageError ? [error.message, error.hint] : error;
  }
}

it("says whose a key is, and of nobody's where that is written", () => {
  expect(hintFor(1, null)).toBe("ada");
  expect(hintFor(2, "ada")).toEqual(["the constitution gives this key to ben, hospital", "name one of these with --person and --role"]);
  expect(hintFor(3, null)).toEqual([
    "the constitution gives this key to nobody",
    "`caladrius constitution show` lists the approvers and their keys",
  ]);
});
