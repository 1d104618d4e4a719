import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeChain } from "../generate/test-pki.ts";
import { AWS_NITRO_ROOT_G1 } from "../evidence/aws-root-g1.ts";
import { diffTrustFiles } from "./diff-trust-files.ts";
import { encodePemCertificate } from "./pem.ts";
import { renderTrustFile } from "./render-trust-file.ts";
import { requireConstitution } from "./require-constitution.ts";
import { parseTrustFile } from "./trust-file.ts";

const value = (byte: string): string => byte.repeat(48);
const zero = value("00");
const image = { 0: value("a0"), 1: value("a1"), 2: value("a2") };
const aws = encodePemCertificate(AWS_NITRO_ROOT_G1.certificate.der);
const simulated = encodePemCertificate(makeChain(() => {}, "SIMULATED.nitro-enclaves").root);
const govCloud = encodePemCertificate(makeChain(() => {}, "aws-us-gov.nitro-enclaves").root);
const leaf = encodePemCertificate(makeChain().certificate);
const file = (change: Record<string, unknown> = {}): string => JSON.stringify({ roots: ["aws-nitro-root-g1"], pcrs: [image], ...change });

function codeOf(text: string): string {
  try {
    parseTrustFile(text);
    return "accepted";
  } catch (error) {
    expect((error as Error).name).toBe("ConfigurationError");
    return (error as { code: string }).code;
  }
}

describe("a trust file", () => {
  it.each<[string, string, string]>([
    ["the least there is", "accepted", file()],
    [
      "everything",
      "accepted",
      file({
        pcrs: [{ ...image, 3: zero, 8: zero, 16: value("16"), 17: value("17"), 31: value("31") }, image],
        allowDebug: false,
        allowSimulator: false,
        maxAgeSeconds: 600,
        fleet: true,
        witnesses: [],
        timeAuthorities: [],
        logs: [],
        releases: [],
      }),
    ],
    ["later keys that are false", "accepted", file({ witnesses: false, logs: {}, fleet: false })],
    ["empty lists", "accepted", file({ roots: [], pcrs: [] })],
    ["AWS's root as PEM", "accepted", file({ roots: [aws] })],
    ["another partition's root", "accepted", file({ roots: ["aws-nitro-root-g1", govCloud] })],
    ["a simulator", "accepted", file({ roots: [simulated], allowSimulator: true })],
    ["debug zeros", "accepted", file({ pcrs: [{ 0: zero, 1: zero, 2: zero }, image], allowDebug: true })],
    ["no JSON", "trust-json", "{"],
    ["a list", "trust-json", "[]"],
    ["null", "trust-json", "null"],
    ["half a million characters", "accepted", file().padEnd(512 * 1024)],
    ["one character more", "trust-json", file().padEnd(512 * 1024 + 1)],
    ["a million brackets", "trust-json", "[".repeat(500_000) + "]".repeat(500_000)],
    ["an unknown key", "trust-key-unknown", file({ allowdebug: true })],
    ["__proto__", "trust-key-unknown", '{"__proto__":{},"roots":[],"pcrs":[]}'],
    [
      "a key twice, far from its colon",
      "trust-key-unknown",
      `{"roots":[],"pcrs":[],"allowDebug":false,"allowDebug"${" ".repeat(80)}:true}`,
    ],
    ["a key twice", "trust-key-unknown", '{"roots":[],"pcrs":[],"allowDebug":false,"allow\\u0044ebug":true}'],
    [
      "a register twice",
      "trust-key-unknown",
      `{"roots":[],"pcrs":[{"0":"${value("a0")}","0" : "${value("a1")}","1":"${value("a1")}","2":"${value("a2")}"}]}`,
    ],
    ["no roots", "trust-value", '{"pcrs":[]}'],
    ["no pcrs", "trust-value", '{"roots":[]}'],
    ["roots that are no list", "trust-value", file({ roots: "aws-nitro-root-g1" })],
    ["65 roots", "trust-value", file({ roots: Array.from({ length: 65 }, () => "aws-nitro-root-g1") })],
    ["a flag that is a text", "trust-value", file({ allowDebug: "false" })],
    ["a flag that is null", "trust-value", file({ allowDebug: null })],
    ["a negative age", "trust-value", file({ maxAgeSeconds: -1 })],
    ["an age of half a second", "trust-value", file({ maxAgeSeconds: 0.5 })],
    ["an age that is a text", "trust-value", file({ maxAgeSeconds: "600" })],
    ["a set that is a list", "trust-value", file({ pcrs: [[]] })],
    ["a set that is null", "trust-value", file({ pcrs: [null] })],
    ["witnesses", "trust-unsupported", file({ witnesses: ["x"] })],
    ["logs by number", "trust-unsupported", file({ logs: 1 })],
    ["releases by flag", "trust-unsupported", file({ releases: true })],
    ["a root of another name", "trust-root", file({ roots: ["aws-nitro-root-g2"] })],
    ["a root that is a number", "trust-root", file({ roots: [1] })],
    ["two certificates in one PEM", "trust-root", file({ roots: [aws + aws] })],
    ["text before the PEM", "trust-root", file({ roots: [`x${aws}`] })],
    ["PEM that is not canonical", "trust-root", file({ roots: [aws.replace(/.=\n-----END/, "/=\n-----END")] })],
    ["a leaf as root", "trust-root", file({ roots: [leaf] })],
    ["a simulator without the flag", "trust-root-simulated", file({ roots: [simulated] })],
    ["the flag with AWS's root", "trust-root-not-simulated", file({ allowSimulator: true })],
    ["the flag with a root that does not say SIMULATED", "trust-root-not-simulated", file({ roots: [govCloud], allowSimulator: true })],
    ["the flag without roots", "trust-root-not-simulated", file({ roots: [], allowSimulator: true })],
    ["both roots with the flag", "trust-roots-mixed", file({ roots: ["aws-nitro-root-g1", simulated], allowSimulator: true })],
    ["both roots without the flag", "trust-roots-mixed", file({ roots: [simulated, aws] })],
    ["an empty set", "trust-pcrs", file({ pcrs: [{}] })],
    ["a set without PCR2", "trust-pcrs", file({ pcrs: [{ 0: value("a0"), 1: value("a1"), 16: value("16") }] })],
    ["a value of 95 digits", "trust-pcrs", file({ pcrs: [{ ...image, 0: value("a0").slice(1) }] })],
    ["a value of 32 bytes", "trust-pcrs", file({ pcrs: [{ ...image, 0: "a0".repeat(32) }] })],
    ["a value in capitals", "trust-pcrs", file({ pcrs: [{ ...image, 0: value("A0") }] })],
    ["a value that is null", "trust-pcrs", file({ pcrs: [{ ...image, 8: null }] })],
    ["an empty value", "trust-pcrs", file({ pcrs: [{ ...image, 0: "" }] })],
    ["register 32", "trust-pcrs", file({ pcrs: [{ ...image, 32: value("01") }] })],
    ["register 01", "trust-pcrs", file({ pcrs: [{ ...image, "01": value("01") }] })],
    ["register PCR3", "trust-pcrs", file({ pcrs: [{ ...image, PCR3: value("01") }] })],
    ["zeros in PCR0", "trust-pcr-zero", file({ pcrs: [{ ...image, 0: zero }] })],
    ["zeros in PCR0 alone with allowDebug", "trust-pcr-zero", file({ pcrs: [{ ...image, 0: zero }], allowDebug: true })],
    ["zeros in PCR16", "trust-pcr-zero", file({ pcrs: [{ ...image, 16: zero }] })],
    ["zeros in PCR4", "trust-pcr-zero", file({ pcrs: [{ ...image, 4: zero }] })],
  ])("%s: %s", (_, code, text) => {
    expect(codeOf(text)).toBe(code);
  });

  it("reads into settings", () => {
    expect(parseTrustFile(file({ roots: [aws], maxAgeSeconds: 600 }))).toMatchObject({
      anchors: [AWS_NITRO_ROOT_G1],
      allowDebug: false,
      allowSimulator: false,
      maxAgeMs: 600_000,
      regions: null,
      fleet: false,
    });
    expect(parseTrustFile(file()).maxAgeMs).toBeNull();
  });

  it.each([
    ["eu-central-1", "trust-value"],
    [["EU"], "trust-value"],
    [[1], "trust-value"],
    [null, "trust-value"],
    [[], "accepted"],
    [["eu-central-1", "us-gov-west-1"], "accepted"],
  ])("judges regions %j: %s", (regions, expected) => {
    expect(codeOf(file({ regions }))).toBe(expected);
  });

  it("says when another list of regions accepts more", () => {
    const [any, none, one, two] = [undefined, [], ["eu-central-1"], ["eu-west-1", "eu-central-1"]].map((regions) =>
      parseTrustFile(file({ regions })),
    );
    const widens = (a = any!, b = any!): boolean | undefined => diffTrustFiles(a, b)[0]?.widens;
    expect([widens(one, two), widens(two, one), widens(one, any), widens(any, one), widens(none, one), widens(one, none)]).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
    expect(diffTrustFiles(two!, parseTrustFile(file({ regions: ["eu-central-1", "eu-west-1"] })))).toEqual([]);
    expect(diffTrustFiles(none!, any!)).toEqual([{ what: "regions", before: "none", after: "any", widens: true }]);
  });

  it("never ends in anything but a code", () => {
    fc.assert(fc.property(fc.json(), (text) => void codeOf(text)));
    fc.assert(
      fc.property(
        fc.record({ roots: fc.jsonValue(), pcrs: fc.jsonValue(), allowDebug: fc.jsonValue(), logs: fc.jsonValue() }),
        (value) => void codeOf(JSON.stringify(value)),
      ),
    );
    fc.assert(fc.property(fc.string(), (text) => void codeOf(text)));
  });

  it("is written as it was read", () => {
    for (const text of [
      file(),
      file({ roots: [simulated], allowSimulator: true, maxAgeSeconds: 5, regions: ["eu-central-1"] }),
      file({ roots: [govCloud, "aws-nitro-root-g1"], fleet: true, pcrs: [{ ...image, 16: value("16") }] }),
    ]) {
      const trust = parseTrustFile(text);
      expect(parseTrustFile(renderTrustFile(trust))).toEqual(trust);
      expect(renderTrustFile(parseTrustFile(renderTrustFile(trust)))).toBe(renderTrustFile(trust));
      expect(diffTrustFiles(trust, parseTrustFile(renderTrustFile(trust)))).toEqual([]);
    }
  });

  it("is compared with another", () => {
    const before = parseTrustFile(file({ pcrs: [image, { ...image, 16: value("16") }], maxAgeSeconds: 60 }));
    const after = parseTrustFile(
      file({
        roots: [simulated],
        pcrs: [
          { 16: value("16"), ...image },
          { ...image, 0: value("b0") },
        ],
        allowDebug: true,
        allowSimulator: true,
        fleet: true,
      }),
    );
    expect(diffTrustFiles(before, after).map(({ what, widens }) => [what, widens])).toEqual([
      ["root", false],
      ["root", true],
      ["pcrs", false],
      ["pcrs", true],
      ["allowDebug", true],
      ["allowSimulator", true],
      ["maxAgeSeconds", true],
      ["fleet", true],
    ]);
    expect(diffTrustFiles(after, before).at(-2)).toEqual({ what: "maxAgeSeconds", before: "none", after: "60", widens: false });
    expect(diffTrustFiles(before, after)[1]?.after).toContain("SIMULATED");
  });

  it("must pin PCR16 in every set where a job is sealed", () => {
    expect(() => requireConstitution(parseTrustFile(file({ pcrs: [{ ...image, 16: value("16") }] })))).not.toThrow();
    expect(() => requireConstitution(parseTrustFile(file({ pcrs: [{ ...image, 16: value("16") }, image] })))).toThrow(
      expect.objectContaining({ code: "trust-pcr16-missing" }),
    );
    expect(() => requireConstitution(parseTrustFile(file({ pcrs: [] })))).toThrow(
      expect.objectContaining({ code: "reference-values-missing" }),
    );
  });
});
