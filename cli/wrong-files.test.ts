import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "@caladrius/attestation-verifier";
import { afterAll, beforeAll, expect, it } from "vitest";
import { EXIT, failureOf } from "./exit.ts";
import { call } from "./test-support/call.ts";

// What a slip of the pen in a path leads to.
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "caladrius-wrong-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("says that a key file was made, and that one was there", async () => {
  const words = ["key", "show", "--key", join(folder, "me.key")];
  const made = await call(...words);
  const [first, ...others] = made.stdout.split("\n");
  expect(first).toContain("me.key (0600), as there was none");
  expect(await call(...words)).toEqual({ ...made, stdout: others.join("\n") });
});

it("makes no key to open with what was sealed to another", async () => {
  const [key, trust] = [join(folder, "mistyped.key"), join(folder, "trust.json")];
  const pcrs = Object.fromEntries([0, 1, 2, 16].map((index) => [index, "01".repeat(48)]));
  writeFileSync(trust, JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [pcrs] }));
  for (const command of ["show", "notices"]) {
    const { code, stderr } = await call("break-glass", command, "--host", "http://127.0.0.1:9", "--trust", trust, "--key", key);
    expect([command, code, existsSync(key)]).toEqual([command, EXIT.unreachable, false]);
    expect(stderr).toContain("mistyped.key");
  }
});

it("holds a zone that there is not against the option, or against the file, as either names it", async () => {
  const [plain, zoned] = [join(folder, "plain.csv"), join(folder, "zoned.csv")];
  writeFileSync(plain, "time [ms],hr\n0,60\n");
  writeFileSync(zoned, "# zone: Mars/Olympus\ntime [ms],hr\n0,60\n");
  const wrong = await call("analyse", plain, "--zone", "Mars/Olympus");
  expect([wrong.code, wrong.stdout]).toEqual([EXIT.usage, ""]);
  expect(wrong.stderr).toContain('--zone must be a zone such as Europe/Berlin, UTC or +01:00, not "Mars/Olympus"');
  expect((await call("analyse", zoned, "--json")).code).toBe(EXIT.malformed);
  expect((await call("analyse", plain, "--zone", "+01:00", "--json")).code).toBe(EXIT.ok);
});

it("says of a file of another grammar what it should be", async () => {
  const wrong = join(folder, "wrong.cose");
  writeFileSync(wrong, "no statement at all");
  const constitution = new RegExp(`${wrong}: this is no constitution: .*\\(cbor-`);
  for (const [words, sentence] of [
    [["constitution", "show", wrong], constitution],
    [["host", "--constitution", wrong, "--bundle", wrong, "--status-list", wrong, "--enclave", "/nothing"], constitution],
    [["fleet", "show", wrong], new RegExp(`${wrong}: this is no epoch of a fleet: .*\\(cbor-`)],
  ] as const) {
    const { code, stderr } = await call(...words);
    expect(code, stderr).toBe(EXIT.malformed);
    expect(stderr).toMatch(sentence);
  }
});

it("counts in the last line of `start` what could not be read", async () => {
  const wrong = ["one.csv", "two.csv"].map((name) => join(folder, name));
  for (const path of wrong) writeFileSync(path, "no recording");
  const { code, stdout } = await call("start", ...wrong);
  expect(code).toBe(EXIT.malformed);
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("verified 0 of 0 results; 2 inputs were not read");
  const { stdout: json } = await call("start", ...wrong, "--json");
  expect(JSON.parse(json.trimEnd().split("\n").at(-1) ?? "")).toEqual({ verified: 0, of: 0, notRead: 2 });
});

it("makes no approver without a name or a role", async () => {
  for (const [person, role] of [
    ["", "hospital"],
    ["ann", ""],
  ] as const) {
    const { code, stderr } = await call("approver", "new", "--person", person, "--role", role, "--out", join(folder, "ann.pem"));
    expect([code, existsSync(join(folder, "ann.pem"))]).toEqual([EXIT.usage, false]);
    expect(stderr).toContain(person === "" ? "--person must have 1 to 128 characters" : "--role must have 1 to 128 characters");
  }
});

it("asks whether the trust file is of another deployment where the root is another", () => {
  const failure = failureOf(new Refusal("bundle-root", { expected: "one", actual: "another" }));
  expect(failure.exit).toBe(EXIT.contraindicated);
  expect(failure.sentence).toMatch(/found another .*; or is --trust the file of another deployment\?$/);
});
