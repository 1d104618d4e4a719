import type { Bundle, SigningPublicKey } from "@caladrius/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffLines } from "./diff-lines.ts";
import { diffBundles } from "./diff.ts";

const key = (n: number): SigningPublicKey => ({ alg: "Ed25519", key: new Uint8Array(32).fill(n) });
const bundle: Bundle = {
  version: 1,
  policyVersion: 4,
  constitutionDigest: new Uint8Array(48),
  notBefore: 1_800_000_000,
  notAfter: 1_800_003_600,
  cedar: { schema: "", policies: "permit (principal, action, resource);" },
  purposes: [{ code: "HRESCH", care: false, grantRequired: true, submitterLevel: "findings", recipientLevel: "alarm" }],
  detectors: [{ id: "news2", parameters: new Map([["limit", 5]]) }],
  grantIssuers: [{ name: "office", key: key(1) }],
  devices: { registered: [{ name: "monitor", key: key(2), subject: "p" }], unsigned: "deny", unknown: "deny", gap: "deny", replay: "deny" },
  breakGlass: {
    first: [{ role: "physician", threshold: 2 }],
    second: [],
    escalateSeconds: 30,
    validSeconds: 3600,
    purposes: ["HRESCH"],
    level: "findings",
  },
  dataKeys: [],
  careGraceSeconds: 3600,
  freshStatus: true,
  telemetry: null,
};
const [purpose] = bundle.purposes;
const { breakGlass } = bundle;

describe("the difference of two bundles", () => {
  it("is nothing for one that says the same", () => {
    expect(diffBundles(bundle, structuredClone(bundle))).toEqual([]);
  });

  // Each of these allows more; the other way round less.
  it.each<[string, Partial<Bundle>, string]>([
    ["care", { purposes: [{ ...purpose!, care: true }] }, "counts as care"],
    ["no grant", { purposes: [{ ...purpose!, grantRequired: false }] }, "purpose HRESCH: needs a grant"],
    ["the submitter's level", { purposes: [{ ...purpose!, submitterLevel: "full" }] }, "widest level of the submitter"],
    ["the recipients' level", { purposes: [{ ...purpose!, recipientLevel: "findings" }] }, "widest level of further recipients"],
    ["a purpose", { purposes: [purpose!, { ...purpose!, code: "HPAYMT" }] }, "purpose HPAYMT"],
    ["a detector", { detectors: [...bundle.detectors, { id: "qsofa", parameters: null }] }, "detector qsofa"],
    ["an issuer", { grantIssuers: [...bundle.grantIssuers, { name: "other", key: key(7) }] }, "grant issuer other"],
    [
      "a device",
      { devices: { ...bundle.devices, registered: [...bundle.devices.registered, { name: "new", key: key(8), subject: null }] } },
      "device new",
    ],
    [
      "a device for anyone",
      { devices: { ...bundle.devices, registered: [{ name: "monitor", key: key(2), subject: null }] } },
      "device monitor: subject",
    ],
    ["unsigned recordings", { devices: { ...bundle.devices, unsigned: "accept" } }, "recordings without a device's signature"],
    ["replays", { devices: { ...bundle.devices, replay: "flag" } }, "a device's recording that comes again"],
    [
      "fewer who decide",
      { breakGlass: { ...breakGlass!, first: [{ role: "physician", threshold: 1 }] } },
      "emergencies: who decides first",
    ],
    [
      "others who decide",
      { breakGlass: { ...breakGlass!, second: [{ role: "nurse", threshold: 2 }] } },
      "emergencies: who decides as well",
    ],
    ["sooner others", { breakGlass: { ...breakGlass!, escalateSeconds: 10 } }, "emergencies: asked of the second after"],
    ["longer emergencies", { breakGlass: { ...breakGlass!, validSeconds: 7200 } }, "emergencies: last for"],
    ["wider emergencies", { breakGlass: { ...breakGlass!, level: "full" } }, "emergencies: widest level"],
    ["a data key", { dataKeys: ["arn:aws:kms:eu-central-1:111122223333:key/1"] }, "data key arn"],
    ["a longer grace", { careGraceSeconds: 7200 }, "grace for care"],
    ["no fresh lists", { freshStatus: false }, "a status list made for this boot"],
    ["a later end", { notAfter: bundle.notAfter + 1 }, "in force until"],
    ["an earlier beginning", { notBefore: bundle.notBefore - 1 }, "in force from"],
  ])("marks %s as wider, and its end as narrower", (_, change, what) => {
    const wide = { ...bundle, ...change };
    const [there, back] = [diffBundles(bundle, wide), diffBundles(wide, bundle)];
    expect(there).toMatchObject([{ effect: "wider", what: expect.stringContaining(what) as string }]);
    expect(back).toMatchObject([{ effect: "narrower", before: there[0]?.after, after: there[0]?.before }]);
  });

  it("marks emergencies themselves", () => {
    expect(diffBundles({ ...bundle, breakGlass: null }, bundle)).toMatchObject([
      { what: "emergencies", before: null, after: "2 of role physician, for 1 h, HRESCH, at most findings", effect: "wider" },
    ]);
  });

  it.each<[string, Partial<Bundle>]>([
    ["another key of an issuer", { grantIssuers: [{ name: "office", key: key(9) }] }],
    ["another key of a device", { devices: { ...bundle.devices, registered: [{ name: "monitor", key: key(9), subject: "p" }] } }],
    ["another limit of a detector", { detectors: [{ id: "news2", parameters: new Map([["limit", 7]]) }] }],
    ["another role in a rule", { breakGlass: { ...breakGlass!, first: [{ role: "nurse", threshold: 2 }] } }],
    ["Cedar policies", { cedar: { schema: "", policies: "forbid (principal, action, resource);" } }],
    ["telemetry", { telemetry: "all" }],
    ["the constitution", { constitutionDigest: new Uint8Array(48).fill(1) }],
  ])("leaves %s to a reader", (_, change) => {
    expect(diffBundles(bundle, { ...bundle, ...change })).toMatchObject([{ effect: "read" }]);
  });
});

describe("the lines of a difference", () => {
  const texts = fc.array(fc.constantFrom("a", "b", "c", ""), { maxLength: 12 }).map((lines) => lines.join("\n"));

  it("rebuild both texts", () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const lines = diffLines(before, after, 1000);
        const side = (mark: string): string =>
          lines
            .filter((line) => line.mark === " " || line.mark === mark)
            .map(({ text }) => text)
            .join("\n");
        if (before === after) expect(lines).toEqual([]);
        else expect([side("-"), side("+")]).toEqual([before, after]);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("are few where little changed", () => {
    const before = Array.from({ length: 500 }, (_, i) => `line ${i}`);
    const after = before.toSpliced(250, 1, "changed");
    expect(diffLines(before.join("\n"), after.join("\n"), 1).map(({ mark, text }) => `${mark}${text}`)).toEqual([
      " line 249",
      "-line 250",
      "+changed",
      " line 251",
    ]);
  });

  it("tell texts that share nothing as replaced", () => {
    const lines = diffLines("a\nb\nc", "d\ne", 2, 1);
    expect(lines.map(({ mark }) => mark).join("")).toBe("---++");
  });
});
