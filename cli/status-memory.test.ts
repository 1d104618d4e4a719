import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BEN, foundConstitution, publicKeyOf, testConstitution } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { makeStatusList, NOW_S } from "@caladrius/attestation-verifier/generate/test-status-list.ts";
import { toHex, type StatusList } from "@caladrius/wire";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

// An insurer who was handed a list keeps to it: what is older does not count any more, whoever hands it over.

const folder = mkdtempSync(join(tmpdir(), "caladrius-memory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const put = (name: string, content: Uint8Array | string): string => {
  writeFileSync(at(name), content);
  return at(name);
};

interface Deployment {
  digest: Uint8Array;
  file: string;
  trust: string;
}
function deploy(name: string, founded: ReturnType<typeof foundConstitution>): Deployment {
  const made = makeGovernedResult({ founded });
  return {
    digest: founded.constitutionDigest,
    file: put(`${name}.attested`, made.bytes),
    trust: put(`${name}.json`, made.trust("approved")),
  };
}
const one = deploy("one", foundConstitution(testConstitution()));
const other = deploy("other", foundConstitution(testConstitution({ name: "other", statusKeys: [publicKeyOf(BEN)] })));
const GRANT = { what: "grant" as const, id: new Uint8Array(16).fill(4), since: NOW_S, reason: "withdrawn" };

beforeEach(() => rmSync(at("seen.json"), { force: true }));

const listFor = ({ digest }: Deployment, number: number, change: Partial<StatusList> = {}): string =>
  put(
    `list-${toHex(digest).slice(0, 4)}-${number}-${Object.keys(change).join("-")}.cbor`,
    makeStatusList(digest, { number, ...change }, digest === other.digest ? { key: BEN } : {}),
  );
const NOON = ["--at", "2026-03-01T12:30:00Z"];
const verify = ({ file, trust }: Deployment, list: string, ...more: string[]): ReturnType<typeof call> =>
  call("verify", file, "--trust", trust, "--status-list", list, "--remember", at("seen.json"), ...NOON, ...more);
const remembered = (): Record<string, number> => {
  const { version, statusLists } = JSON.parse(readFileSync(at("seen.json"), "utf8")) as {
    version: number;
    statusLists: Record<string, { number: number }>;
  };
  expect(version).toBe(1);
  return Object.fromEntries(Object.entries(statusLists).map(([digest, { number }]) => [digest, number]));
};
const seen = (number: number): Record<string, number> => ({ [toHex(one.digest)]: number });

describe("verify --remember", () => {
  it("keeps the highest number, refuses a lower one by its code, and changes nothing when repeated", async () => {
    const fifth = await verify(one, listFor(one, 5));
    expect([fifth.code, fifth.stdout]).toEqual([EXIT.ok, expect.stringMatching(/status list {2}number 5[^]*no older list is taken/)]);
    expect([remembered(), statSync(at("seen.json")).mode & 0o777]).toEqual([seen(5), 0o600]);
    const { ino } = statSync(at("seen.json"));
    expect((await verify(one, listFor(one, 5))).code).toBe(EXIT.ok);
    const older = await verify(one, listFor(one, 4), "--json");
    expect([older.code, JSON.parse(older.stdout)]).toEqual([
      EXIT.contraindicated,
      expect.objectContaining({ code: "status-list-older", file: listFor(one, 4), stage: "status", claims: null }),
    ]);
    expect([remembered(), statSync(at("seen.json")).ino]).toEqual([seen(5), ino]); // not even written again
    expect((await verify(one, listFor(one, 6))).code).toBe(EXIT.ok);
    expect(remembered()).toEqual(seen(6));
  });

  it("holds a list against the one before as an enclave does", async () => {
    expect((await verify(one, listFor(one, 5, { revocations: [GRANT] }))).code).toBe(EXIT.ok);
    for (const [list, code] of [
      [listFor(one, 5, { lowestPolicyVersion: 1 }), "status-list-number"],
      [listFor(one, 6), "status-list-quorum"],
    ] as const)
      expect([list, await verify(one, list)]).toEqual([
        list,
        expect.objectContaining({ code: EXIT.contraindicated, stderr: expect.stringContaining(code) as string }),
      ]);
    expect(remembered()).toEqual(seen(5));
  });

  it("remembers nothing of a list that does not verify, and nothing without being asked", async () => {
    for (const [list, code] of [
      [put("forged.cbor", makeStatusList(one.digest, { number: 9 }, { key: BEN })), "status-list-signature"],
      [listFor(other, 9), "status-list-signature"],
      [listFor(one, 9, { issuedAt: NOW_S - 7200, expiresAt: NOW_S - 3600 }), "status-list-expired"],
    ] as const)
      expect(await verify(one, list)).toMatchObject({ code: EXIT.contraindicated, stderr: expect.stringContaining(code) as string });
    expect(() => remembered()).toThrow("ENOENT");
    const words = ["verify", one.file, "--trust", one.trust, ...NOON];
    expect((await call(...words, "--status-list", listFor(one, 1))).code).toBe(EXIT.ok);
    expect(() => remembered()).toThrow("ENOENT");
    const alone = await call(...words, "--remember", at("seen.json"));
    expect([alone.code, alone.stderr]).toEqual([EXIT.usage, expect.stringContaining("--remember needs --status-list")]);
  });

  it("loses nothing when several come at once", async () => {
    const numbers = [3, 1, 4, 2, 6, 5];
    const ran = await Promise.all(numbers.flatMap((number) => [one, other].map((each) => verify(each, listFor(each, number), "--json"))));
    expect(remembered()).toEqual({ [toHex(one.digest)]: 6, [toHex(other.digest)]: 6 });
    for (const { code, stdout } of ran)
      expect(code === EXIT.ok ? "" : (JSON.parse(stdout) as { code: string }).code).toBe(code === EXIT.ok ? "" : "status-list-older");
  });

  it.each<[string, string]>([
    ["no JSON", "{"],
    ["another version", '{"version":2,"statusLists":{}}'],
    ["other keys", '{"version":1,"statusLists":{"x":{"number":1,"list":""}}}'],
    ["a list that is not base64", `{"version":1,"statusLists":{"${toHex(one.digest)}":{"number":1,"list":"?"}}}`],
    ["a number without a list", `{"version":1,"statusLists":{"${toHex(one.digest)}":{"number":1}}}`],
  ])("refuses a memory with %s, rather than forget", async (_, text) => {
    put("seen.json", text);
    const refused = await verify(one, listFor(one, 2));
    expect([refused.code, refused.stderr]).toEqual([EXIT.usage, expect.stringMatching(/seen\.json: .*\(status-memory\)/)]);
    expect(readFileSync(at("seen.json"), "utf8")).toBe(text);
  });

  it("refuses a memory whose number or list was changed", async () => {
    expect((await verify(one, listFor(one, 5))).code).toBe(EXIT.ok);
    const text = readFileSync(at("seen.json"), "utf8");
    put("seen.json", text.replace('"number": 5', '"number": 1'));
    expect((await verify(one, listFor(one, 4))).stderr).toContain("(status-memory)");
    const forged = Buffer.from(makeStatusList(one.digest, { number: 5 }, { key: BEN })).toString("base64");
    put("seen.json", text.replace(/"list": "[^"]*"/, `"list": "${forged}"`));
    expect(await verify(one, listFor(one, 6))).toMatchObject({
      code: EXIT.contraindicated,
      stderr: expect.stringMatching(/seen\.json: .*status-list-signature/) as string,
    });
  });
});
