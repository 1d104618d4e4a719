import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extendZero } from "@caladrius/image";
import { openSimulatedPki, type SimulatedPki } from "@caladrius/nitro-sim";
import { CANDIDATE_PCR, simulateCandidate } from "@caladrius/nitro-sim/test-support/candidate.ts";
import {
  decodeFleetEpoch,
  encodeConstitution,
  encodeFleetEpoch,
  encodeKeySet,
  encodeStatement,
  toHex,
  type FleetCandidate,
} from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

const KEYS = [
  "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555",
  "arn:aws:kms:eu-central-1:444455556666:key/66666666-7777-8888-9999-000000000000",
];
const CLOCK = { nowMs: (): number => Date.now() };
const sha384 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha384").update(bytes).digest());

let folder: string;
let pki: SimulatedPki;
let constitution: Uint8Array;
const people = { ada: generateKeyPairSync("ed25519").privateKey, ben: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey };
const at = (name: string): string => join(folder, name);
const rawKey = (key: KeyObject, length: number): Uint8Array =>
  new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-length));

function constitutionOf(keys: readonly string[]): Uint8Array {
  const quorum = [
    { role: "vendor", threshold: 1 },
    { role: "hospital", threshold: 1 },
  ];
  const now = Math.floor(Date.now() / 1000);
  const payload = encodeConstitution({
    version: 1,
    number: 1,
    predecessor: null,
    name: "two roles",
    notBefore: now - 3600,
    notAfter: now + 365 * 24 * 3600,
    approvers: [
      { person: "ada", role: "vendor", key: { alg: "Ed25519", key: rawKey(people.ada, 32) }, passkey: null },
      { person: "ben", role: "hospital", key: { alg: "ESP256", key: rawKey(people.ben, 65) }, passkey: null },
    ],
    quorums: { bundle: quorum, release: quorum, fleet: quorum, succession: quorum, status: quorum },
    statusKeys: [{ alg: "Ed25519", key: rawKey(people.ada, 32) }],
    auditorKeys: [],
    kms: keys.length === 0 ? null : { keys: [...keys], endpoint: "https://kms.eu-central-1.amazonaws.com", tlsRoots: [new Uint8Array(10)] },
    log: null,
  });
  return encodeStatement("constitution", "Ed25519", payload, (bytes) => new Uint8Array(sign(null, bytes, people.ada)));
}

/** A candidate as an enclave under this constitution makes it, with any part replaced; `userData` instead of the right commitment. */
async function makeCandidate(
  name: string,
  change: Partial<FleetCandidate> = {},
  { under = constitution, userData }: { under?: Uint8Array; userData?: Uint8Array } = {},
): Promise<string> {
  const commitment = userData === undefined ? {} : { userData };
  writeFileSync(at(name), await simulateCandidate({ pki, clock: CLOCK, constitution: under, kmsKeys: KEYS, change, ...commitment }));
  return at(name);
}

function writeTrust(name: string, change: Record<string, unknown> = {}): string {
  const ones = toHex(CANDIDATE_PCR);
  const pcrs = [{ "0": ones, "1": ones, "2": ones, "16": toHex(extendZero(sha384(constitution))) }];
  writeFileSync(at(name), JSON.stringify({ roots: [pki.rootPem], pcrs, allowDebug: false, allowSimulator: true, ...change }));
  return at(name);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-fleet-"));
  pki = await openSimulatedPki(at("pki"), CLOCK);
  constitution = constitutionOf(KEYS);
  writeFileSync(at("constitution.cose"), constitution);
  for (const [person, key] of Object.entries(people))
    writeFileSync(at(`${person}.pem`), key.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  writeTrust("trust.json");
  await makeCandidate("candidate.cbor");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const approve = (
  person: string,
  role: string,
  out: string,
  { candidate = "candidate.cbor", more = [] as string[], constitutionFile = "constitution.cose", key = person } = {},
): ReturnType<typeof call> => {
  const words = ["fleet", "approve", at(candidate), "--trust", at("trust.json"), "--constitution", at(constitutionFile)];
  return call(...words, "--key", at(`${key}.pem`), "--person", person, "--role", role, "--out", at(out), ...more);
};
const lastObject = (stdout: string): Record<string, unknown> =>
  JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;

describe("fleet candidates", () => {
  it("shows whose keys they are, and who could read everything", async () => {
    const shown = await call("fleet", "candidates", at("candidate.cbor"), "--trust", at("trust.json"));
    expect(shown).toMatchObject({ code: EXIT.ok });
    for (const text of ["verified", "ward, epoch 1", ...KEYS, "by a simulated enclave"]) expect(shown.stdout).toContain(text);
    expect(shown.stdout).not.toContain("CAN READ");
    const one = await makeCandidate("one.cbor", { wrapped: [{ keyArn: KEYS[0]!, blob: randomBytes(184) }] });
    const sameAccount = await makeCandidate("account.cbor", {
      wrapped: [KEYS[0]!, `${KEYS[0]}b`].map((keyArn) => ({ keyArn, blob: randomBytes(184) })),
    });
    const several = await call("fleet", "candidates", one, sameAccount, "--trust", at("trust.json"));
    expect(several.stdout).toContain(`administers the one KMS key ${KEYS[0]} CAN READ EVERY JOB`);
    expect(several.stdout).toContain("administers the AWS account 111122223333 CAN READ EVERY JOB");
    expect(several.stdout).toContain("2 candidates for epoch 1 of fleet ward: approve one of them");
    const json = lastObject((await call("fleet", "candidates", at("candidate.cbor"), "--trust", at("trust.json"), "--json")).stdout);
    expect(json).toMatchObject({ status: "verified", fleet: "ward", epoch: 1, kmsKeys: KEYS, simulated: true, readsEverything: null });
  });

  it.each<[string, string, () => Promise<[candidate: string, trust: string]>, number]>([
    [
      "another commitment",
      "fleet-commitment",
      async () => [await makeCandidate("x.cbor", {}, { userData: new Uint8Array(48) }), at("trust.json")],
      EXIT.contraindicated,
    ],
    [
      "another constitution inside",
      "fleet-constitution",
      async () => [await makeCandidate("x.cbor", { constitutionDigest: new Uint8Array(48) }), at("trust.json")],
      EXIT.contraindicated,
    ],
    [
      "an enclave of another constitution",
      "measurement-mismatch",
      async () => [await makeCandidate("x.cbor", {}, { under: constitutionOf([]) }), at("trust.json")],
      EXIT.contraindicated,
    ],
    [
      "a key set of another fleet",
      "fleet-key-set",
      async () => [
        await makeCandidate("x.cbor", {
          keySet: encodeKeySet({ keys: [{ suite: "X25519", publicKey: randomBytes(32) }], fleet: "other" }),
        }),
        at("trust.json"),
      ],
      EXIT.contraindicated,
    ],
    [
      "a trust file without PCR16",
      "trust-pcr16-missing",
      async () => [
        at("candidate.cbor"),
        writeTrust("open.json", { pcrs: [{ "0": toHex(CANDIDATE_PCR), "1": toHex(CANDIDATE_PCR), "2": toHex(CANDIDATE_PCR) }] }),
      ],
      EXIT.contraindicated,
    ],
    ["bytes that are none", "schema-type", async () => [at("constitution.cose"), at("trust.json")], EXIT.malformed],
  ])("refuses %s", async (_, code, arrange, exit) => {
    const [candidate, trust] = await arrange();
    const answer = await call("fleet", "candidates", candidate, "--trust", trust);
    expect(answer.stdout + answer.stderr).toContain(code);
    expect(answer.code).toBe(exit);
  });
});

describe("fleet approve, show and retire", () => {
  it("states a record, adds approvals, says what is missing, and may be repeated", async () => {
    const first = await approve("ada", "vendor", "ward.fleet", { more: ["--json"] });
    expect(first.code).toBe(EXIT.ok);
    expect(lastObject(first.stdout)).toMatchObject({
      added: true,
      complete: false,
      missing: [{ role: "hospital", threshold: 1, counted: 0 }],
    });
    const again = await approve("ada", "vendor", "ward.fleet");
    expect(again.stdout).toMatch(/unchanged[^]*still missing {2}1 of role hospital/);
    const partial = await call("fleet", "show", at("ward.fleet"), "--constitution", at("constitution.cose"));
    expect(partial).toMatchObject({ code: EXIT.contraindicated });
    expect(partial.stdout).toContain("approvals are missing");

    const before = readFileSync(at("ward.fleet"));
    const second = await approve("ben", "hospital", "ward.fleet"); // with a passkey's kind of key
    expect(second.stdout).toContain("complete");
    const epoch = decodeFleetEpoch(readFileSync(at("ward.fleet")));
    expect(epoch.approvals).toHaveLength(2);
    expect(epoch.record).toEqual(decodeFleetEpoch(before).record);
    const shown = await call("fleet", "show", at("ward.fleet"), "--constitution", at("constitution.cose"), "--json");
    expect(shown.code).toBe(EXIT.ok);
    const { notBefore, notAfter, ...object } = lastObject(shown.stdout) as { notBefore: number; notAfter: number };
    expect(object).toMatchObject({ status: "complete", state: "in force", fleet: "ward", epoch: 1, missing: [] });
    expect(notAfter - notBefore).toBe(30 * 24 * 3600);
    expect((await call("fleet", "show", at("ward.fleet"))).stdout).toContain("not verified: --constitution");
  });

  it("says whose a key is, and which constitutions differ", async () => {
    const stranger = await approve("ada", "hospital", "no.fleet", { key: "ben" });
    expect(stranger).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining("the constitution gives this key to ben, hospital") as string,
    });
    const other = constitutionOf([KEYS[0]!]);
    writeFileSync(at("another.cose"), other);
    const foreign = await approve("ada", "vendor", "no.fleet", { constitutionFile: "another.cose" });
    for (const digest of [sha384(other), sha384(constitution)]) expect(foreign.stderr).toContain(toHex(digest));
  });

  it("takes the first approver's dates, and no others", async () => {
    const dates = ["--not-before", "2026-01-01", "--not-after", "2026-01-20T12:00:00Z"];
    writeFileSync(at("early.cose"), constitution);
    const early = await approve("ada", "vendor", "dated.fleet", { more: dates });
    expect(early).toMatchObject({ code: EXIT.contraindicated, stderr: expect.stringContaining("fleet-window") as string }); // before the constitution
    const now = new Date(Date.now() + 60_000).toISOString();
    const days = (number: number): string => new Date(Date.now() + number * 86_400_000).toISOString();
    expect(await approve("ada", "vendor", "dated.fleet", { more: ["--not-after", days(32)] })).toMatchObject({
      code: EXIT.contraindicated,
    });
    expect(await approve("ada", "vendor", "dated.fleet", { more: ["--not-before", days(2), "--not-after", days(1)] })).toMatchObject({
      code: EXIT.contraindicated,
    });
    expect(existsSync(at("dated.fleet"))).toBe(false);
    expect(await approve("ada", "vendor", "dated.fleet", { more: ["--not-before", now, "--not-after", days(5)] })).toMatchObject({
      code: EXIT.ok,
    });
    expect(await approve("ben", "hospital", "dated.fleet", { more: ["--not-after", days(6)] })).toMatchObject({
      code: EXIT.contraindicated,
      stderr: expect.stringContaining("the record says") as string,
    });
    expect(await approve("ben", "hospital", "dated.fleet")).toMatchObject({ code: EXIT.ok });
  });

  it.each<[string, string, () => Promise<Awaited<ReturnType<typeof call>>>, number]>([
    ["a role that the person does not have", "gives this key to ada, vendor", () => approve("ada", "hospital", "no.fleet"), EXIT.usage],
    ["a file that no host would take", "must end in .fleet", () => approve("ada", "vendor", "no.fleet.new"), EXIT.usage],
    ["somebody else's name", "gives this key to ben, hospital", () => approve("ada", "vendor", "no.fleet", { key: "ben" }), EXIT.usage],
    [
      "a candidate under other KMS keys",
      "fleet-kms-keys",
      () => approve("ada", "vendor", "no.fleet", { candidate: "keys.cbor" }),
      EXIT.contraindicated,
    ],
    [
      "another constitution than the candidate's",
      "fleet-constitution",
      () => approve("ada", "vendor", "no.fleet", { constitutionFile: "other.cose" }),
      EXIT.contraindicated,
    ],
    ["a file of another candidate", "fleet-record", () => approve("ben", "hospital", "other.fleet"), EXIT.contraindicated],
    ["a record that no approver signed", "fleet-record", () => approve("ben", "hospital", "forged.fleet"), EXIT.contraindicated],
    ["a key that others may read", "key-file-permissions", () => approve("open", "vendor", "no.fleet"), EXIT.usage],
    ["a key that is none", "key-file-form", () => approve("none", "vendor", "no.fleet"), EXIT.usage],
  ])("refuses %s, and writes nothing", async (_, code, run, exit) => {
    writeFileSync(at("open.pem"), readFileSync(at("ada.pem")));
    chmodSync(at("open.pem"), 0o644);
    writeFileSync(at("none.pem"), "-----BEGIN NOTHING-----", { mode: 0o600 });
    writeFileSync(at("other.cose"), constitutionOf([KEYS[0]!]));
    await makeCandidate("keys.cbor", { wrapped: KEYS.toReversed().map((keyArn) => ({ keyArn, blob: randomBytes(184) })) });
    for (const name of ["other.fleet", "forged.fleet"]) rmSync(at(name), { force: true });
    await makeCandidate("second.cbor");
    await approve("ada", "vendor", "other.fleet", { candidate: "second.cbor" });
    await approve("ada", "vendor", "forged.fleet");
    const good = decodeFleetEpoch(readFileSync(at("forged.fleet")));
    const record = Uint8Array.from(good.record);
    record[record.length - 1]! ^= 1;
    writeFileSync(at("forged.fleet"), encodeFleetEpoch({ ...good, record }));
    const before = ["other.fleet", "forged.fleet"].map((name) => readFileSync(at(name)));
    const answer = await run();
    expect(answer.stderr).toContain(code);
    expect(answer.code).toBe(exit);
    expect(existsSync(at("no.fleet"))).toBe(false);
    expect(["other.fleet", "forged.fleet"].map((name) => readFileSync(at(name)))).toEqual(before);
  });

  it("retires a file, and says what that does not do", async () => {
    await approve("ada", "vendor", "old.fleet");
    const retired = await call("fleet", "retire", at("old.fleet"));
    expect(retired.code).toBe(EXIT.ok);
    expect(existsSync(at("old.fleet"))).toBe(false);
    expect(existsSync(at("old.fleet.retired"))).toBe(true);
    for (const text of ["closed for good only when one of its KMS keys is deleted", "schedule-key-deletion", ...KEYS])
      expect(retired.stdout).toContain(text);
    expect(await call("fleet", "retire", at("old.fleet"))).toMatchObject({ code: EXIT.unreachable });
    await approve("ada", "vendor", "old.fleet");
    const twice = await call("fleet", "retire", at("old.fleet"));
    expect(twice).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("move it away") as string });
    expect(existsSync(at("old.fleet"))).toBe(true);
    expect(await call("fleet", "retire", at("trust.json"))).toMatchObject({ code: EXIT.usage });
  });
});

describe("fleet new", () => {
  it("ends with 3 where no enclave is, and with 2 for a name that is none", async () => {
    const words = ["fleet", "new", "--enclave", at("none.sock"), "--epoch", "1", "--out", at("new.cbor")];
    const absent = await call(...words, "--fleet", "ward");
    expect(absent).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining(at("none.sock")) as string });
    expect(await call(...words, "--fleet", "Ward")).toMatchObject({ code: EXIT.usage });
    expect(existsSync(at("new.cbor"))).toBe(false);
  });
});
