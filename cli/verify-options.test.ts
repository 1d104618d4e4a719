import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listEntry, makeList, namesLists } from "@caladrius/attestation-verifier/generate/test-crl.ts";
import { makeDocument } from "@caladrius/attestation-verifier/generate/test-document.ts";
import { makeChain, NOW_MS } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { JOB_DIGEST, makeResultFile, NONCE, trustText } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { decodeCbor, toHex } from "@caladrius/wire";
import { afterAll, describe, expect, it } from "vitest";
import { call } from "./test-support/call.ts";

const folder = mkdtempSync(join(tmpdir(), "caladrius-verify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, content: Uint8Array | string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const chain = makeChain(namesLists);
const made = makeResultFile({ chain });
const result = write("r.attested", made.bytes);
const trust = write("trust.json", made.trust);
const document = makeDocument({ chain, fields: { module_id: "i-0123456789abcdef0-enc0123456789abcdee" } });
const contradictory = write("d.cose", document.bytes);
const { pcrs, ...rest } = JSON.parse(trustText(document.root)) as { pcrs: Record<string, string>[] };
const bare = write("bare.json", JSON.stringify({ ...rest, pcrs: pcrs.map(({ 16: _, ...image }) => image) }));
const root = write("root.crl", makeList("root"));
const regional = write("regional.crl", makeList("regional"));
const revoking = write(
  "revoking.crl",
  makeList("root", (parts) => {
    parts.entries = [listEntry("5a00000000000000000000000000000000", NOW_MS - 1000, 1)];
  }),
);

async function run(...words: string[]): Promise<{ code: number; text: string; objects: Record<string, unknown>[] }> {
  const { code, stdout } = await call(...words);
  const lines = words.includes("--json")
    ? stdout
        .trim()
        .split("\n")
        .filter((line) => line !== "")
    : [];
  return { code, text: stdout, objects: lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

describe("options of verify", () => {
  it.each<[string[], number, string]>([
    [["--nonce", toHex(NONCE), "--job", toHex(JOB_DIGEST), "--policy-version", "3"], 0, "time-not-proved"],
    [["--nonce", "00".repeat(16)], 10, "result-nonce"],
    [["--job", "00".repeat(32)], 10, "result-job"],
    [["--policy-version", "4"], 10, "result-policy-floor"],
    [["--at", "2026-03-01T12:30:00Z"], 0, "time-not-proved"],
    [["--at", "2026-03-01T14:00:01Z"], 10, "chain-expired"],
    [["--at", "2026-02-30"], 2, ""],
    [["--crl", root, "--crl", regional], 0, "time-not-proved"],
    [["--crl", revoking], 10, "chain-revoked"],
    [["--crl", trust], 30, "crl-form"],
    [["--crl", join(folder, "nothing")], 3, ""],
  ])("%j: exit %i %s", async (options, expected, code) => {
    const { code: exit, objects } = await run("verify", result, "--trust", trust, ...options, "--json");
    expect(exit).toBe(expected);
    if (code !== "") expect(objects[0]).toMatchObject({ code });
    if (options.length === 4 && options[0] === "--crl") expect(objects[0]?.["notChecked"]).not.toContain("revocation");
  });

  it("write the verdict as EAR once, and over a file only when told", async () => {
    const [json, cbor] = [join(folder, "ear.json"), join(folder, "ear.cbor")];
    for (const path of [json, cbor]) expect((await run("verify", result, "--trust", trust, "--ear", path)).code).toBe(0);
    expect(JSON.parse(readFileSync(json, "utf8"))).toMatchObject({
      eat_profile: "tag:ietf.org,2026:rats/ear#04",
      submods: { nitro: { ear_status: "warning" } },
    });
    expect((decodeCbor(new Uint8Array(readFileSync(cbor))) as ReadonlyMap<number, unknown>).get(265)).toBe("tag:ietf.org,2026:rats/ear#04");
    expect((await run("verify", result, "--trust", trust, "--ear", json)).code).toBe(3);
    expect((await run("verify", result, "--trust", trust, "--ear", json, "--force")).code).toBe(0);
    expect((await run("verify", result, result, "--trust", trust, "--ear", json)).code).toBe(2);
  });

  it("print the verdict where EAR cannot be written, and name the file that cannot", async () => {
    const nowhere = join(result, "ear.json"); // below a file
    const { code, stdout, stderr } = await call("verify", result, "--trust", trust, "--ear", nowhere);
    expect([code, stdout]).toEqual([3, (await call("verify", result, "--trust", trust)).stdout]);
    expect(stderr).toMatch(new RegExp(`^not written +${nowhere}: `));
    const { code: exit, objects } = await run("verify", result, "--trust", trust, "--ear", nowhere, "--json");
    expect([exit, objects.map(({ file, status }) => [file, status])]).toEqual([
      3,
      [
        [result, "warning"],
        [nowhere, null],
      ],
    ]);
    const document = await call("attestation", "verify", contradictory, "--trust", bare, "--archived", "--ear", nowhere);
    expect([document.code, document.stdout.startsWith("verdict ")]).toEqual([3, true]);
  });

  it("list every check, for people and programs", async () => {
    const { text } = await run("show", result, "--trust", trust, "--checks");
    expect(text).toMatch(/passed {7}PCR16 is the trusted one/);
    expect(text).toMatch(/not checked {2}No certificate was revoked/);
    expect(text).toMatch(/revocation list of the regional certificate, not looked at: http/);
    const { objects } = await run("verify", result, "--trust", trust, "--checks", "--json");
    expect(objects[0]?.["checks"]).toContainEqual(expect.objectContaining({ stage: "identity", state: "passed" }));
    const refused = await run("verify", write("cut.attested", made.bytes.subarray(0, 200)), "--trust", trust, "--checks");
    expect(refused.text).toMatch(/failed {7}The file is a result file/);
    expect(refused.text).toMatch(/not reached/);
  });
});

describe("options of attestation verify", () => {
  it("name contradictions where they are asked for", async () => {
    const words = ["attestation", "verify", contradictory, "--trust", bare, "--archived"];
    expect(await run(...words, "--json")).toMatchObject({ code: 10, objects: [{ code: "module-id-leaf-name" }] });
    const { code, text } = await run(...words, "--report-contradictions", "--checks");
    expect(code).toBe(0);
    expect(text).toMatch(/contradictions: module-id-leaf-name, module-id-leaf-serial/);
    expect(text).toMatch(/reservation {2}Module id, PCR4 and certificates say the same/);
    expect((await run(...words, "--report-contradictions", "--strict")).code).toBe(10);
  });
});
