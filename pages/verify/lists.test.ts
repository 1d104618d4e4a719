import { createHash } from "node:crypto";
import { parseGovernedTrustFile, type GovernedTrust } from "@caladrius/attestation-verifier/governance";
import { BEN, foundConstitution, testConstitution } from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import { makeList } from "@caladrius/attestation-verifier/generate/test-crl.ts";
import { makeGovernedResult } from "@caladrius/attestation-verifier/generate/test-governed.ts";
import { NOW_MS, pcr } from "@caladrius/attestation-verifier/generate/test-pki.ts";
import { extended, trustText } from "@caladrius/attestation-verifier/generate/test-result.ts";
import { makeStatusList, NOW_S } from "@caladrius/attestation-verifier/generate/test-status-list.ts";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { toHex, type StatusList } from "@caladrius/wire";
import { beforeAll, describe, expect, it } from "vitest";
import { addLists, NO_LISTS, prepareLists, removeList, type ListFile, type Lists, type Standing } from "./lists.ts";
import { readTrust, sortFiles } from "./inputs.ts";

const founded = foundConstitution();
const other = foundConstitution(testConstitution({ name: "another" }));
const made = makeGovernedResult({ founded });
const list = (kind: ListFile["kind"], bytes: Uint8Array, name = `${kind}.bin`): ListFile => ({
  name,
  kind,
  bytes,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});
const statusList = (change: Partial<StatusList> = {}, options?: Parameters<typeof makeStatusList>[2]): ListFile =>
  list("status list", makeStatusList(founded.constitutionDigest, change, options));
const constitution = list("constitution", founded.statement, "constitution.cose");
const crl = list("revocation list", makeList("root"), "root.crl");

let governed: GovernedTrust;
let plain: GovernedTrust;
beforeAll(async () => {
  governed = await parseGovernedTrustFile(made.trust("approved"), signatures);
  const { roots } = JSON.parse(made.trust("approved")) as { roots: string[] };
  const pcrs = [{ 0: toHex(pcr(1)), 1: toHex(pcr(1)), 2: toHex(pcr(1)), 16: toHex(extended(founded.constitutionDigest)) }];
  plain = await parseGovernedTrustFile(JSON.stringify({ roots, pcrs }), signatures);
});
const prepare = (files: readonly ListFile[], trust: GovernedTrust | null = governed, atMs = NOW_MS + 1000): Promise<Standing> =>
  prepareLists(addLists(NO_LISTS, files), trust, atMs, signatures);

describe("lists that were given", () => {
  it("replace one status list and one constitution, add revocation lists, and go again", () => {
    const [first, second] = [statusList(), statusList({ number: 2 })];
    let lists: Lists = addLists(NO_LISTS, [first, constitution, crl]);
    lists = addLists(lists, [second, { ...crl, name: "copy.crl" }, list("revocation list", makeList("regional"))]);
    expect([lists.statusList, lists.constitution, lists.crls.length, lists.crls[0]]).toEqual([second, constitution, 2, crl]);
    expect(removeList(lists, first)).toEqual(lists);
    for (const file of [second, constitution, ...lists.crls]) lists = removeList(lists, file);
    expect(lists).toEqual(NO_LISTS);
  });

  it("are sorted by content, whatever their names and wherever they were dropped", async () => {
    const given = [statusList(), constitution, crl].map(({ bytes }, i) => new File([new Uint8Array(bytes)], `${i}.pdf`));
    for (const place of ["trust", "files", "lists"] as const) {
      const sorted = await sortFiles(given, place);
      expect(sorted.lists.map(({ kind }) => kind)).toEqual(["status list", "constitution", "revocation list"]);
      expect(sorted).toMatchObject({ inputs: [], trust: [], notes: [] });
    }
    const nothing = new File(["?"], "x.crl");
    const unknown = [nothing, new File([trustText(new Uint8Array(1))], "trust.json")];
    expect(await sortFiles(unknown, "lists")).toMatchObject({
      inputs: [],
      notes: [expect.stringContaining("x.crl was not used"), expect.stringContaining("what you trust must come from another source")],
    });
    expect((await sortFiles(unknown, "files")).inputs.map(({ name }) => name)).toEqual(["x.crl"]);
    expect((await sortFiles(unknown, "trust")).trust).toEqual(unknown);
    expect((await readTrust(nothing)).problem).toMatchObject({ code: "trust-json" });
  });
});

describe("prepareLists", () => {
  it("verifies a status list under the constitution of the trust file, or under one that was given", async () => {
    const revocations = [{ what: "key" as const, id: new Uint8Array(32), since: 1, reason: "stolen" }];
    for (const [files, trust] of [
      [[statusList({ number: 7, revocations, lowestPolicyVersion: 2 })], governed],
      [[statusList({ number: 7, revocations, lowestPolicyVersion: 2 }), constitution], plain],
    ] as const) {
      const standing = await prepare(files, trust);
      expect(standing).toMatchObject({ usable: true, statusList: { list: { number: 7 } }, crls: [] });
      expect(standing.shown[0]).toMatchObject({
        title: "status list",
        brief: "number 7, in force from 2026-03-01 12:00:00 UTC to 2026-03-02 12:00:00 UTC",
        problem: null,
      });
      expect(standing.shown[0]?.said.join("\n")).toMatch(/constitution test\nrevokes 1 key; lowest policy version 2$/);
    }
    expect((await prepare([constitution])).shown[0]?.said).toContain("Only a status list needs it, and there is none yet.");
  });

  it.each<[string, () => readonly ListFile[], "governed" | "plain", number, string | null, RegExp]>([
    ["without a constitution", () => [statusList()], "plain", 0, null, /your trust file does not hold the constitution.*file here too/],
    [
      "of another constitution",
      () => [list("status list", makeStatusList(other.constitutionDigest))],
      "governed",
      0,
      "status-list-constitution",
      /another constitution/,
    ],
    [
      "by another key",
      () => [statusList({}, { key: BEN })],
      "governed",
      0,
      "status-list-signature",
      /none of the constitution's status keys/i,
    ],
    [
      "that has ended",
      () => [statusList()],
      "governed",
      25 * 3_600_000,
      "status-list-expired",
      /not in force any more.*not after 2026-03-02T12:00:00.000Z.*2026-03-02T13:00:01.000Z.*good for a day/,
    ],
    [
      "of the future",
      () => [statusList({ issuedAt: NOW_S + 3600 })],
      "governed",
      0,
      "status-list-window",
      /issued in the future.*clock is right/,
    ],
    ["cut short", () => [list("status list", statusList().bytes.subarray(0, 200))], "governed", 0, "cbor-truncated", /damaged/],
    [
      "under another constitution's file",
      () => [statusList(), list("constitution", other.statement)],
      "plain",
      0,
      "constitution-pcr16",
      /not the one that PCR16 measures/,
    ],
    [
      "beside another file than the trust file's",
      () => [statusList(), list("constitution", other.statement)],
      "governed",
      0,
      "constitution-pcr16",
      /not the one that PCR16 measures/,
    ],
    ["that is a cut revocation list", () => [list("revocation list", crl.bytes.subarray(0, 99))], "governed", 0, "crl-form", /damaged/],
    [
      "that is a revocation list in PEM",
      () => [list("revocation list", new Uint8Array(Buffer.from("-----BEGIN X509 CRL-----")))],
      "governed",
      0,
      "crl-form",
      /in DER/,
    ],
  ])("cannot use a list %s, and says so in words", async (_, files, trust, afterMs, code, words) => {
    const standing = await prepare(files(), trust === "plain" ? plain : governed, NOW_MS + 1000 + afterMs);
    expect(standing).toMatchObject({ usable: false, statusList: null });
    const problem = standing.shown.find((one) => one.problem !== null)?.problem ?? null;
    expect(problem?.code).toBe(code);
    expect(Object.values(problem ?? {}).join(" ")).toMatch(words);
    expect(problem?.sentence).not.toMatch(/must act/);
  });

  it("judges by a list that was kept, as of its own day", async () => {
    expect(await prepare([statusList()], governed, NOW_MS + 24 * 3_600_000)).toMatchObject({ usable: true });
  });

  it("waits for the trust file, and reads revocation lists without one", async () => {
    const standing = await prepare([statusList(), constitution, crl], null);
    expect(standing.shown.map(({ said }) => said[0])).toEqual([
      "Not verified yet: it is held against your trust file.",
      "Not verified yet: it is held against your trust file.",
      "of test.nitro-enclaves, 2026-03-01 11:00:00 UTC to 2026-03-08 12:00:00 UTC",
    ]);
    expect(standing).toMatchObject({ usable: true, statusList: null, crls: [crl.bytes] });
  });

  it("escapes what files and constitutions are called", async () => {
    const hostile = foundConstitution(testConstitution({ name: "\u202egnp" }));
    const text = makeGovernedResult({ founded: hostile }).trust("approved");
    const trust = await parseGovernedTrustFile(text, signatures);
    const file = list("status list", makeStatusList(hostile.constitutionDigest), "\u202efdp.cbor");
    const { shown } = await prepareLists(addLists(NO_LISTS, [file]), trust, NOW_MS, signatures);
    expect(JSON.stringify([shown[0]?.name, shown[0]?.said])).not.toContain("\u202e");
    expect(shown[0]?.said.join()).toContain("\\u202egnp");
  });
});
