import { ConfigurationError, toBase64, toHex } from "@caladrius/wire";
import { describe, expect, it } from "vitest";
import { approvedRelease, foundConstitution, governedKeys, testConstitution, testRelease } from "../generate/test-approvals.ts";
import { makeChain, pcr } from "../generate/test-pki.ts";
import { extended, trustText } from "../generate/test-result.ts";
import { RELEASE_CODE, type ReleaseCode } from "../release/code.ts";
import { signatures } from "../signatures/node.ts";
import { diffGovernedTrust } from "./diff-governed-trust.ts";
import { parseGovernedTrustFile } from "./governed-trust-file.ts";
import { parseTrustFile } from "./trust-file.ts";

const { root } = makeChain();
const { statement, constitutionDigest } = foundConstitution();
const release = approvedRelease(constitutionDigest);
const second = approvedRelease(
  constitutionDigest,
  testRelease({ softwareVersion: "0.2.0", pcrs: [1, 2].map((i) => ({ pcr0: pcr(i), pcr1: pcr(i + 16), pcr2: pcr(i + 32) })) }),
);
const keys = governedKeys(statement, [release]);
const text = (change: Record<string, unknown>): string => trustText(root, { ...keys, ...change });
const parse = (change: Record<string, unknown> = {}): ReturnType<typeof parseGovernedTrustFile> =>
  parseGovernedTrustFile(text(change), signatures);
const PCR16 = toHex(extended(constitutionDigest));
const image = { 0: "10".repeat(48), 1: "11".repeat(48), 2: "12".repeat(48) };

async function codeOf(trust: string): Promise<string> {
  try {
    await parseGovernedTrustFile(trust, signatures);
    return "accepted";
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).code;
  }
}

describe("a trust file that names releases", () => {
  it("trusts their sets under the constitution's PCR16, and nothing else", async () => {
    const trust = await parse({ releases: governedKeys(statement, [release, second])["releases"] });
    expect(trust.pcrSets.map((set) => toHex(set.get(0) as Uint8Array))).toEqual(["10".repeat(48), "01".repeat(48), "02".repeat(48)]);
    expect(trust.pcrSets.map((set) => toHex(set.get(16) as Uint8Array))).toEqual([PCR16, PCR16, PCR16]);
    expect(trust.releases.map(({ release: { softwareVersion } }) => softwareVersion)).toEqual(["0.1.0", "0.2.0"]);
    expect(trust).toMatchObject({ acceptsApproved: false, quorum: [], maxAgeMs: 600_000 });
    expect(trust.constitution?.constitution.name).toBe("test");
  });

  it("trusts sets of its own beside them", async () => {
    const trust = await parse({ pcrs: [{ ...image, 16: PCR16 }, image] });
    expect(trust.pcrSets).toHaveLength(3);
  });

  it("trusts nothing when it names none", async () => {
    for (const releases of [undefined, []]) expect(await parse({ releases })).toMatchObject({ pcrSets: [], acceptsApproved: false });
  });

  it("takes any approved release when it says so in that word", async () => {
    expect(await parse({ releases: "approved" })).toMatchObject({ pcrSets: [], releases: [], acceptsApproved: true });
  });

  it("may demand more than the constitution", async () => {
    const quorum = [{ role: "insurer", threshold: 1 }];
    expect(await codeOf(text({ quorum }))).toBe("release-quorum");
    expect((await parse({ releases: "approved", quorum })).quorum).toEqual(quorum);
  });

  it("is a plain one without a constitution", async () => {
    const plain = trustText(root);
    expect(await parseGovernedTrustFile(plain, signatures)).toEqual({
      ...parseTrustFile(plain),
      constitution: null,
      releases: [],
      acceptsApproved: false,
      quorum: [],
    });
    for (const releases of [[], {}, false]) expect(await codeOf(trustText(root, { releases }))).toBe("accepted");
  });

  it("tells every key that it may have where one is unknown", async () => {
    for (const trust of [text({ more: 1 }), trustText(root, { more: 1 })]) {
      const refused = parseGovernedTrustFile(trust, signatures);
      await expect(refused).rejects.toThrow(/"more".*roots, pcrs, .*releases, constitution, quorum/);
    }
    expect(() => parseTrustFile(trustText(root, { more: 1 }))).toThrow(/"more".*roots, pcrs, .*logs, releases(?!.*constitution)/);
  });

  it("is refused by the reader of plain ones, which cannot check it", () => {
    expect(() => parseTrustFile(text({}))).toThrow(expect.objectContaining({ code: "trust-key-unknown" }));
    expect(() => parseTrustFile(trustText(root, { releases: ["x"] }))).toThrow(expect.objectContaining({ code: "trust-unsupported" }));
  });
});

describe("the difference of two trust files", () => {
  const insurer = { quorum: [{ role: "insurer", threshold: 1 }] };
  const diff = async (
    before: Record<string, unknown>,
    after: Record<string, unknown>,
  ): Promise<[string, string | null, string | null, boolean][]> =>
    diffGovernedTrust(await parse(before), await parse(after)).map((one) => [one.what, one.before, one.after, one.widens]);

  it("is none between a file and itself", async () => {
    expect(await diff({}, {})).toEqual([]);
    expect(await diff({ releases: "approved", ...insurer }, { releases: "approved", ...insurer })).toEqual([]);
  });

  it("tells a constitution, approved releases and a weaker quorum", async () => {
    expect(await diff({ releases: [] }, { releases: "approved" })).toEqual([["releases", null, "approved", true]]);
    expect(await diff({ releases: "approved" }, { releases: [] })).toEqual([["releases", "approved", null, false]]);
    expect(await diff({ releases: "approved", ...insurer }, { releases: "approved" })).toEqual([["quorum", "insurer:1", null, true]]);
    expect(await diff({ releases: "approved" }, { releases: "approved", ...insurer })).toEqual([["quorum", null, "insurer:1", false]]);
    const other = foundConstitution(testConstitution({ number: 2 }));
    const changed = await diff({ releases: "approved" }, { releases: "approved", constitution: toBase64(other.statement) });
    expect(changed).toEqual([["constitution", expect.stringContaining("test sha384:"), expect.stringContaining("test sha384:"), true]]);
    const [none] = await diff({ constitution: undefined, releases: undefined, pcrs: [] }, { releases: [] });
    expect(none).toEqual(["constitution", null, expect.stringContaining("test sha384:"), false]);
  });

  it("has the sets of named releases among the others", async () => {
    expect((await diff({ releases: [] }, {})).map(([what, , , widens]) => [what, widens])).toEqual([["pcrs", true]]);
  });
});

describe("a trust file that names releases is refused", () => {
  const [ada = new Uint8Array(0), ben = new Uint8Array(0)] = release.approvals;
  const other = foundConstitution(testConstitution({ number: 2 }));
  const listed = (change: object): Record<string, unknown> => ({
    releases: [{ statement: toBase64(release.statement), approvals: [ada, ben].map(toBase64), ...change }],
  });
  it.each<[string, string, string]>([
    ["trust-json", "no JSON", "{"],
    ["trust-json", "a list", "[]"],
    ["trust-json", "null", "null"],
    ["trust-key-unknown", "one key twice", text({}).replace("{", '{"quorum":[],"quorum":[],')],
    ["trust-key-unknown", "another key", text({ more: 1 })],
    ["trust-unsupported", "logs", text({ logs: ["x"] })],
    ["trust-constitution", "releases without a constitution", text({ constitution: undefined })],
    ["trust-constitution", "that word without a constitution", trustText(root, { releases: "approved" })],
    ["trust-constitution", "a quorum without a constitution", trustText(root, { quorum: [] })],
    ["trust-constitution", "a constitution that is no text", text({ constitution: 1 })],
    ["trust-constitution", "a constitution in other base64", text({ constitution: `${toBase64(statement)}=` })],
    ["trust-constitution", "another statement in its place", text({ constitution: toBase64(release.statement) })],
    ["trust-constitution", "another PCR16 beside it", text({ pcrs: [{ ...image, 16: "16".repeat(48) }] })],
    ["trust-value", "another word", text({ releases: "any" })],
    ["trust-value", "a release that is no object", text({ releases: [1] })],
    ["trust-value", "a release that is a list", text({ releases: [[]] })],
    ["trust-value", "a release with another key", text(listed({ more: 1 }))],
    ["trust-value", "a release without approvals", text(listed({ approvals: undefined }))],
    ["trust-value", "too many approvals", text(listed({ approvals: Array.from({ length: 65 }, () => "") }))],
    ["trust-value", "an approval that is no text", text(listed({ approvals: [1] }))],
    ["trust-value", "a statement in other base64", text(listed({ statement: "A" }))],
    ["trust-value", "too many releases", text({ releases: Array.from({ length: 65 }, () => ({})) })],
    ["release-form", "something else than a release", text(listed({ statement: toBase64(statement) }))],
    ["release-quorum", "a release without the hospital", text(listed({ approvals: [toBase64(ada)] }))],
    ["release-quorum", "a release of another constitution", text({ constitution: toBase64(other.statement) })],
    ["trust-value", "a quorum that is no list", text({ quorum: {} })],
    ["trust-value", "a role twice", text({ quorum: [1, 2].map((threshold) => ({ role: "vendor", threshold })) })],
    ["trust-value", "a role without a name", text({ quorum: [{ role: "", threshold: 1 }] })],
    ["trust-value", "a name that is too long", text({ quorum: [{ role: "x".repeat(129), threshold: 1 }] })],
    ["trust-value", "a threshold of nobody", text({ quorum: [{ role: "vendor", threshold: 0 }] })],
    ["trust-value", "a threshold that is no integer", text({ quorum: [{ role: "vendor", threshold: 1.5 }] })],
    ["trust-value", "a threshold of too many", text({ quorum: [{ role: "vendor", threshold: 33 }] })],
    ["trust-value", "a threshold that is a text", text({ quorum: [{ role: "vendor", threshold: "1" }] })],
    ["trust-value", "another key in a rule", text({ quorum: [{ role: "vendor", threshold: 1, more: 1 }] })],
    ["trust-value", "a rule that is no object", text({ quorum: [1] })],
    ["trust-quorum", "more than there are", text({ quorum: [{ role: "insurer", threshold: 2 }] })],
    ["trust-quorum", "a role that nobody has", text({ quorum: [{ role: "state", threshold: 1 }] })],
  ])("with %s: %s", async (code, _, trust) => {
    expect(await codeOf(trust)).toBe(code);
    if (Object.hasOwn(RELEASE_CODE, code))
      await expect(parseGovernedTrustFile(trust, signatures)).rejects.toThrow(RELEASE_CODE[code as ReleaseCode].meaning);
  });

  it("with a laxer quorum than the constitution's", async () => {
    const { approvers, quorums } = testConstitution();
    const both = approvers.map((one) => ({ ...one, role: "vendor" }));
    const two = foundConstitution(
      testConstitution({ approvers: both, quorums: { ...quorums, release: [{ role: "vendor", threshold: 2 }] } }),
    );
    const lax = { ...governedKeys(two.statement, "approved"), quorum: [{ role: "vendor", threshold: 1 }] };
    await expect(parseGovernedTrustFile(trustText(root, lax), signatures)).rejects.toThrow("expected at least 2 of role vendor, found 1");
    expect(await codeOf(trustText(root, { ...lax, quorum: [{ role: "vendor", threshold: 3 }] }))).toBe("accepted");
  });
});
