import { describe, expect, it } from "vitest";
import { DEVELOPMENT_POLICIES } from "../development/policies.ts";
import { testCedar } from "../decision/generate/world.ts";
import { CEDAR_SCHEMA, rememberCedar, type CedarAnswer, type CedarContext, type CedarRequest } from "./index.ts";

const CONTEXT: CedarContext = {
  purpose: "TREAT",
  care: true,
  detectors: ["news2"],
  channels: ["loinc:8867-4"],
  levels: ["full"],
  recipients: 2,
  statusStale: false,
  statusFresh: false,
  breakGlass: false,
  grant: null,
  device: null,
};
const REQUEST: CedarRequest = { action: "analyse", submitter: "ab".repeat(32), subject: "subject", ward: null, context: CONTEXT };
const ALL = "permit (principal, action, resource);";

const answer = (policies: string, change: Partial<CedarRequest> = {}, context: Partial<CedarContext> = {}): CedarAnswer =>
  testCedar()
    .open({ schema: CEDAR_SCHEMA, policies })
    .answer({ ...REQUEST, ...change, context: { ...CONTEXT, ...context } });
const opened = (policies: string, schema = CEDAR_SCHEMA): { code: string; message: string } | "opened" => {
  try {
    testCedar().open({ schema, policies });
    return "opened";
  } catch (error) {
    return error as { code: string; message: string };
  }
};

describe("Cedar's traps", () => {
  it("a forbid that fails is skipped, so that the permit wins: any failure is a no", () => {
    const policies = `${ALL} forbid (principal, action, resource) when { context.recipients * 9223372036854775807 > 3 };`;
    const { allowed, policies: decided, errors } = answer(policies);
    expect(decided).toEqual(["policy0"]); // Cedar itself says allow, by the permit
    expect(errors.join()).toContain("overflow");
    expect(allowed).toBe(false);
    expect(answer(policies, {}, { recipients: 1 })).toMatchObject({ allowed: false, errors: [] }); // the forbid holds where it can be evaluated
  });

  it("a permit that fails beside one that does not is a no too", () => {
    expect(answer(`${ALL} ${ALL.replace(";", " when { context.recipients * 9223372036854775807 > 3 };")}`).allowed).toBe(false);
  });

  it("a forbid over an attribute that may be absent would fail: strict validation refuses it", () => {
    const refused = opened(`${ALL} forbid (principal, action, resource) when { context.grant.issuer == "x" };`);
    expect(refused).toMatchObject({ code: "boot-bundle-cedar-policies", message: expect.stringContaining("optional attribute") as string });
    expect(opened(`${ALL} forbid (principal, action, resource) when { context has grant && context.grant.issuer == "x" };`)).toBe("opened");
  });

  it.each([
    ["an attribute that does not exist, such as a time", `${ALL} forbid (principal, action, resource) when { context.time > 3 };`],
    ["a forbid that can never apply", `${ALL} forbid (principal, action, resource) when { context has time };`],
    ["an entity of another type", `${ALL} forbid (principal == User::"x", action, resource);`],
    ["an action that nobody takes", `${ALL} forbid (principal, action == Action::"read", resource);`],
    ["a comparison of different types", `${ALL} forbid (principal, action, resource) when { context.care == "true" };`],
    ["a text that reads other than it is", `permit (principal, action, resource) when { context.purpose == "TR\u202eEAT" };`],
    ["a template, which decides nothing until it is linked", `${ALL} forbid (principal == ?principal, action, resource);`],
    ["no policy", ""],
    ["no policy that permits", "forbid (principal, action, resource);"],
    ["what is not Cedar", "permit everything"],
  ])("refuses %s", (_, policies) => {
    expect(opened(policies)).toMatchObject({ code: "boot-bundle-cedar-policies" });
  });

  it("texts of a submitter are never structure", () => {
    const subject = '{"__entity":{"type":"Submitter","id":"root"}}", ward: "icu';
    const policies = 'permit (principal, action, resource) when { resource has ward && resource.ward == "icu" };';
    expect(answer(policies, { subject })).toEqual({ allowed: false, policies: [], errors: [] });
    expect(answer(policies, { subject, ward: "icu" }).allowed).toBe(true);
    expect(answer('permit (principal, action, resource == Subject::"subject");', { subject: 'subject" || true || "' }).allowed).toBe(false);
    expect(
      answer(`${ALL} forbid (principal, action, resource) when { context.purpose == "__extn" };`, {}, { purpose: "__extn" }).allowed,
    ).toBe(false);
  });
});

describe("a schema", () => {
  it("is the one that the program's requests follow", () => {
    expect(opened(DEVELOPMENT_POLICIES)).toBe("opened");
  });

  it.each([
    ["what is not one", "entity", "boot-bundle-cedar-schema"],
    ["one without an attribute that the program gives", CEDAR_SCHEMA.replace("statusStale: Bool,", ""), "boot-bundle-cedar-requests"],
    [
      "one that demands an attribute that it does not give",
      CEDAR_SCHEMA.replace("care: Bool,", "care: Bool, time: Long,"),
      "boot-bundle-cedar-requests",
    ],
    ["one with another type", CEDAR_SCHEMA.replace("recipients: Long,", "recipients: String,"), "boot-bundle-cedar-requests"],
    ["one that demands a grant", CEDAR_SCHEMA.replace("grant?: Grant,", "grant: Grant,"), "boot-bundle-cedar-requests"],
    ["one that demands a device's name", CEDAR_SCHEMA.replace("name?: String,", "name: String,"), "boot-bundle-cedar-requests"],
    ["one without an action of an emergency", CEDAR_SCHEMA.replace(', "answerEmergency"', ""), "boot-bundle-cedar-requests"],
    [
      "one whose submitters are listed",
      CEDAR_SCHEMA.replace("entity Submitter;", 'entity Submitter enum ["ab"];'),
      "boot-bundle-cedar-requests",
    ],
    [
      "one with a group of actions, which a forbid would miss",
      CEDAR_SCHEMA.replace('action "analyse"', 'action all; action "analyse"').replace(" appliesTo", " in [all] appliesTo"),
      "boot-bundle-cedar-requests",
    ],
    ["one where actions apply to nothing", CEDAR_SCHEMA.replace("resource: Subject", "resource: Ward"), "boot-bundle-cedar-requests"],
  ])("refuses %s", (_, schema, code) => {
    expect(opened(ALL, schema)).toMatchObject({ code });
  });

  it("may hold more than the program gives", () => {
    expect(opened(ALL, CEDAR_SCHEMA.replace("care: Bool,", "care: Bool, later?: Long,"))).toBe("opened");
  });
});

describe("policies", () => {
  it("tell wards, submitters and what lies in the context apart", () => {
    const ward = 'permit (principal, action, resource in Ward::"icu");';
    expect([answer(ward, { ward: "icu" }).allowed, answer(ward, { ward: "er" }).allowed, answer(ward).allowed]).toEqual([
      true,
      false,
      false,
    ]);
    expect(answer(`permit (principal == Submitter::"${"ab".repeat(32)}", action, resource);`).allowed).toBe(true);
    expect(answer(`permit (principal == Submitter::"${"ac".repeat(32)}", action, resource);`).allowed).toBe(false);
    const issuer =
      'permit (principal, action, resource) when { context has grant && context.grant.issuer == "clinic" && context.grant.uses < 4 };';
    const grant = { issuer: "clinic", source: "direct", level: "full", uses: 3 } as const;
    expect([answer(issuer, {}, { grant }).allowed, answer(issuer, {}, { grant: { ...grant, uses: 4 } }).allowed]).toEqual([true, false]);
    const signed = "permit (principal, action, resource) when { context has device && context.device.registered };";
    expect(answer(signed, {}, { device: { registered: true, name: "m", flags: [] } }).allowed).toBe(true);
    expect(answer(signed, {}, { device: { registered: false, name: null, flags: [] } }).allowed).toBe(false);
  });

  it("of one bundle are not those of another", () => {
    const one = testCedar().open({ schema: CEDAR_SCHEMA, policies: ALL });
    const other = testCedar().open({ schema: CEDAR_SCHEMA, policies: `${ALL} forbid (principal, action, resource);` });
    expect([one.answer(REQUEST).allowed, other.answer(REQUEST).allowed, one.answer(REQUEST).allowed]).toEqual([true, false, true]);
  });
});

describe("the memo", () => {
  it("knows a decision by all that Cedar was told and by what it was asked under, and forgets the oldest", () => {
    let asked = 0;
    const cedar = rememberCedar({ answer: () => ({ allowed: asked++ % 2 === 0, policies: [], errors: [] }) }, 3);
    expect([cedar.permits(REQUEST, "1"), cedar.permits({ ...REQUEST, context: { ...CONTEXT } }, "1")]).toEqual([true, true]);
    expect(asked).toBe(1);
    expect(cedar.permits(REQUEST, "2")).toBe(false);
    expect(cedar.permits({ ...REQUEST, ward: "icu" }, "1")).toBe(true);
    expect([cedar.size, asked]).toEqual([3, 3]);
    expect(cedar.permits({ ...REQUEST, subject: "other" }, "1")).toBe(false);
    expect([cedar.permits(REQUEST, "1"), cedar.size, asked]).toEqual([true, 3, 5]);
  });
});
