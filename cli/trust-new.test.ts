import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADA, approvalOf, BEN, CYN, signByPasskey, signStatement } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { encodeApproved, toBase64 } from "@caladrius/wire";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT } from "./exit.ts";
import { call } from "./test-support/call.ts";

// Trust files that take approved releases, by the command that relying parties have.

const folder = mkdtempSync(join(tmpdir(), "caladrius-trust-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const put = (name: string, content: Uint8Array | string): string => {
  writeFileSync(at(name), content);
  return at(name);
};

const good = makeGovernedResult();
const { founded, source } = good;
const approval = (person: string, role: string): Uint8Array =>
  approvalOf("release", founded.constitutionDigest, source.statement, { person, role });
const cyn = signStatement("approval", approval("cyn", "insurer"), CYN);
const constitution = put("constitution.cose", founded.statement);
const release = put("one.release", encodeApproved(source));
const insured = put("insured.release", encodeApproved({ ...source, approvals: [...source.approvals, cyn] }));
const alone = put("alone.release", encodeApproved({ ...source, approvals: [signStatement("approval", approval("ada", "vendor"), ADA)] }));
const { roots } = JSON.parse(good.trust("approved")) as { roots: [string] };
const root = ["--root", put("root.pem", roots[0])];
const make = (out: string, ...words: string[]): ReturnType<typeof call> =>
  call("trust", "new", "--constitution", constitution, ...root, ...words, "--out", at(out));
const verify = async (file: Uint8Array, trust: string): Promise<number> =>
  (await call("verify", put("file.attested", file), "--trust", at(trust))).code;
const written = (name: string): Record<string, unknown> => JSON.parse(readFileSync(at(name), "utf8")) as Record<string, unknown>;

describe("trust new for approved releases", () => {
  it("takes whatever the quorum approved, by the constitution alone", async () => {
    const { code, stdout } = await make("any.json", "--releases", "approved");
    expect([code, stdout]).toEqual([EXIT.ok, expect.stringMatching(/PCR16 [0-9a-f]{96}\n[^]*any that comes with a result/)]);
    expect(written("any.json")).toMatchObject({ constitution: toBase64(founded.statement), releases: "approved" });
    expect(written("any.json")).not.toHaveProperty("quorum");
    expect(written("any.json")).not.toHaveProperty("pcrs");
    expect([await verify(good.bytes, "any.json"), await verify(good.bare, "any.json")]).toEqual([EXIT.ok, EXIT.contraindicated]);
  });

  it("asks for more than the constitution where --quorum says so", async () => {
    expect((await make("insurer.json", "--releases", "approved", "--quorum", "insurer=1")).code).toBe(EXIT.ok);
    expect(await verify(good.bytes, "insurer.json")).toBe(EXIT.contraindicated);
    const both = makeGovernedResult({ founded, source: { ...source, approvals: [...source.approvals, cyn] } });
    expect(await verify(both.bytes, "insurer.json")).toBe(EXIT.ok);
  });

  it("names releases, and refuses one that its quorum did not approve, by the verifier's code", async () => {
    const named = await make("named.json", "--release", release, "--json");
    expect([named.code, JSON.parse(named.stdout)]).toEqual([
      EXIT.ok,
      expect.objectContaining({
        pcrs: null,
        acceptsApproved: false,
        quorum: [],
        releases: [expect.objectContaining({ version: "0.1.0" })],
      }),
    ]);
    expect([await verify(good.bare, "named.json"), await verify(good.bytes, "named.json")]).toEqual([EXIT.ok, EXIT.ok]);
    const refusals: [string, string[], string][] = [
      ["alone.json", ["--release", alone], "1 more of role hospital"],
      ["more.json", ["--release", release, "--quorum", "insurer=1"], "1 more of role insurer"],
    ];
    for (const [out, words, missing] of refusals) {
      const refused = await make(out, ...words, "--json");
      expect([refused.code, JSON.parse(refused.stdout)]).toEqual([
        EXIT.contraindicated,
        expect.objectContaining({ code: "release-quorum", sentence: expect.stringContaining(missing) as string, file: words[1] }),
      ]);
      expect(existsSync(at(out))).toBe(false);
    }
    expect((await make("insured.json", "--release", insured, "--quorum", "insurer=1")).code).toBe(EXIT.ok);
  });

  it("writes what trust show and trust diff read", async () => {
    const shown = await call("trust", "show", at("insurer.json"));
    expect([shown.code, shown.stdout]).toEqual([
      EXIT.ok,
      expect.stringMatching(/results +accepted[^]*PCR16 [0-9a-f]{96}\n[^]*1 of role insurer/),
    ]);
    expect((await call("trust", "show", at("named.json"))).stdout).toMatch(/release +caladrius 0\.1\.0: ada, vendor; ben, hospital/);
    const difference = await call("trust", "diff", at("insurer.json"), at("any.json"), "--json");
    expect([difference.code, JSON.parse(difference.stdout)]).toEqual([
      EXIT.contraindicated,
      { what: "quorum", before: "insurer:1", after: null, widens: true },
    ]);
  });

  it.each<[string, string[], number, string]>([
    ["nothing says what is accepted", [], EXIT.usage, "--eif is missing"],
    ["any and named", ["--releases", "approved", "--release", release], EXIT.usage, "give one of the two"],
    ["another word", ["--releases", "all"], EXIT.usage, "--releases must be one of approved"],
    ["a quorum of nothing", ["--eif", "x.eif", "--quorum", "insurer=1"], EXIT.usage, "--quorum goes with"],
    ["a quorum that is none", ["--releases", "approved", "--quorum", "insurer"], EXIT.usage, "is not ROLE=N"],
    ["a policy beside releases", ["--releases", "approved", "--bundle", "b.cbor"], EXIT.usage, "releases name no policy"],
    ["fewer than the constitution asks for", ["--releases", "approved", "--quorum", "vendor=0"], EXIT.malformed, "trust-value"],
    ["more than there are persons", ["--releases", "approved", "--quorum", "insurer=9"], EXIT.contraindicated, "trust-quorum"],
    ["a release that is none", ["--release", constitution], EXIT.malformed, "constitution.cose"],
  ])("refuses %s", async (_, words, code, said) => {
    const refused = await make("refused.json", ...words);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(said)]);
    expect(existsSync(at("refused.json"))).toBe(false);
  });

  it("refuses approvals without a constitution, and a constitution that is none", async () => {
    const bare = await call("trust", "new", "--releases", "approved", "--out", at("refused.json"));
    expect([bare.code, bare.stderr]).toEqual([EXIT.usage, expect.stringContaining("--constitution is missing")]);
    const other = await call("trust", "new", "--constitution", release, "--releases", "approved", "--out", at("refused.json"));
    expect(other.code).toBe(EXIT.malformed);
  });

  it("counts the passkey of one hospital for that hospital's constitution alone", async () => {
    const ben = signByPasskey(
      approvalOf("release", new Uint8Array(48).fill(7), source.statement, { person: "ben", role: "hospital" }),
      BEN,
    );
    const moved = put("moved.release", encodeApproved({ ...source, approvals: [source.approvals[0] ?? ben, ben] }));
    expect(await make("moved.json", "--release", moved)).toMatchObject({
      code: EXIT.contraindicated,
      stderr: expect.stringContaining("release-quorum") as string,
    });
  });
});
