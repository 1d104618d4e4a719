import { toHex, type BreakGlassRule, type Bundle, type CborValue, type PurposeRule, type RoleThreshold } from "@caladrius/wire";
import { breakGlassWords, durationWords, iso, keyWords, parameterWords, thresholdWords } from "../authoring/words.ts";
import { WIDTH } from "../decision/cover.ts";
import { diffLines, type DiffLine } from "./diff-lines.ts";

/** One thing in which two bundles differ, in words. */
export interface BundleDifference {
  /** such as "purpose HRESCH: widest level of the submitter" */
  what: string;
  /** null: not there */
  before: string | null;
  after: string | null;
  /** whether the second allows more than the first; "read": only a reader can tell */
  effect: "wider" | "narrower" | "read" | "neither";
  /** of texts: the lines that differ */
  lines?: readonly DiffLine[];
}

/** What differs between two bundles, in the order in which bundles tell it; empty for bundles that say the same. */
export function diffBundles(a: Bundle, b: Bundle): readonly BundleDifference[] {
  return [
    ...simple("policy version", String(a.policyVersion), String(b.policyVersion), "neither"),
    ...simple("constitution", toHex(a.constitutionDigest), toHex(b.constitutionDigest), "read"),
    ...ordered("in force from", a.notBefore, b.notBefore, iso, "fewer is wider"),
    ...ordered("in force until", a.notAfter, b.notAfter, iso, "more is wider"),
    ...listed(
      "purpose",
      byName(a.purposes, ({ code }) => code),
      byName(b.purposes, ({ code }) => code),
      purposeWords,
      diffPurpose,
    ),
    ...listed(
      "detector",
      byName(a.detectors, ({ id }) => id),
      byName(b.detectors, ({ id }) => id),
      ({ parameters }) => parameterWords(parameters),
      (name, x, y) => diffParameters(name, x.parameters, y.parameters),
    ),
    ...listed(
      "grant issuer",
      byName(a.grantIssuers, ({ name }) => name),
      byName(b.grantIssuers, ({ name }) => name),
      ({ key }) => keyWords(key),
      (name, x, y) => simple(`${name}: key`, keyWords(x.key), keyWords(y.key), "read"),
    ),
    ...diffDevices(a, b),
    ...diffBreakGlass(a.breakGlass, b.breakGlass),
    ...names("data key", a.dataKeys, b.dataKeys),
    ...ordered("grace for care with a stale status list", a.careGraceSeconds, b.careGraceSeconds, durationWords, "more is wider"),
    ...switched("all but care needs a status list made for this boot", a.freshStatus, b.freshStatus, "narrower"),
    ...simple("telemetry", parameterWords(a.telemetry), parameterWords(b.telemetry), "read"),
    ...text("Cedar schema", a.cedar.schema, b.cedar.schema),
    ...text("Cedar policies", a.cedar.policies, b.cedar.policies),
  ];
}

type Effect = BundleDifference["effect"];

function simple(what: string, before: string, after: string, effect: Effect): BundleDifference[] {
  return before === after ? [] : [{ what, before, after, effect }];
}

function ordered(
  what: string,
  before: number,
  after: number,
  words: (value: number) => string,
  direction: "more is wider" | "fewer is wider",
): BundleDifference[] {
  if (before === after) return [];
  const effect = after > before === (direction === "more is wider") ? "wider" : "narrower";
  return [{ what, before: words(before), after: words(after), effect }];
}

/** @param on what the switch being on does */
function switched(what: string, before: boolean, after: boolean, on: "wider" | "narrower"): BundleDifference[] {
  if (before === after) return [];
  const off = on === "wider" ? "narrower" : "wider";
  return [{ what, before: before ? "yes" : "no", after: after ? "yes" : "no", effect: after ? on : off }];
}

function level(what: string, before: keyof typeof WIDTH, after: keyof typeof WIDTH): BundleDifference[] {
  return before === after ? [] : [{ what, before, after, effect: WIDTH[after] > WIDTH[before] ? "wider" : "narrower" }];
}

/** Of a named thing: added, removed or changed. What is added allows more. */
function listed<T>(
  kind: string,
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
  words: (value: T) => string,
  changed: (name: string, before: T, after: T) => BundleDifference[],
): BundleDifference[] {
  const all = [...new Set([...a.keys(), ...b.keys()])];
  return all.flatMap((name): BundleDifference[] => {
    const [before, after] = [a.get(name), b.get(name)];
    const what = `${kind} ${name}`;
    if (before === undefined) return after === undefined ? [] : [{ what, before: null, after: words(after), effect: "wider" }];
    if (after === undefined) return [{ what, before: words(before), after: null, effect: "narrower" }];
    return changed(what, before, after);
  });
}

function names(kind: string, a: readonly string[], b: readonly string[]): BundleDifference[] {
  const [before, after] = [a, b].map((list) => new Map(list.map((name) => [name, name])));
  return listed(
    kind,
    before ?? new Map<string, string>(),
    after ?? new Map<string, string>(),
    (name) => name,
    () => [],
  );
}

function byName<T>(list: readonly T[], nameOf: (one: T) => string): ReadonlyMap<string, T> {
  return new Map(list.map((one) => [nameOf(one), one]));
}

function purposeWords({ care, grantRequired, submitterLevel, recipientLevel }: PurposeRule): string {
  return `${care ? "care" : "not care"}, ${grantRequired ? "with a grant only" : "without a grant"}, submitter ${submitterLevel}, further recipients ${recipientLevel}`;
}

function diffPurpose(what: string, a: PurposeRule, b: PurposeRule): BundleDifference[] {
  return [
    ...switched(`${what}: counts as care (answered within the grace of a stale status list)`, a.care, b.care, "wider"),
    ...switched(`${what}: needs a grant`, a.grantRequired, b.grantRequired, "narrower"),
    ...level(`${what}: widest level of the submitter`, a.submitterLevel, b.submitterLevel),
    ...level(`${what}: widest level of further recipients`, a.recipientLevel, b.recipientLevel),
  ];
}

/** Whether another limit finds more or less is for whoever knows the detector. */
function diffParameters(what: string, a: CborValue, b: CborValue): BundleDifference[] {
  const [before, after] = [mapOf(a), mapOf(b)];
  const all = [...new Set([...before.keys(), ...after.keys()])];
  return all.flatMap((name) => {
    const [x, y] = [before.get(name), after.get(name)].map((value) => (value === undefined ? "default" : parameterWords(value)));
    return simple(`${what}: ${String(name)}`, x ?? "", y ?? "", "read");
  });
}

function mapOf(parameters: CborValue): ReadonlyMap<number | string, CborValue> {
  return parameters instanceof Map ? (parameters as ReadonlyMap<number | string, CborValue>) : new Map();
}

function diffDevices({ devices: a }: Bundle, { devices: b }: Bundle): BundleDifference[] {
  const rules = (["unsigned", "unknown", "gap", "replay"] as const).flatMap((rule) =>
    a[rule] === b[rule]
      ? []
      : [{ what: DEVICE_RULE[rule], before: a[rule], after: b[rule], effect: b[rule] === "deny" ? "narrower" : "wider" } as const],
  );
  const words = ({ key, subject }: Bundle["devices"]["registered"][number]): string =>
    `${keyWords(key)}, ${subject === null ? "any subject" : `subject ${subject} alone`}`;
  const registered = listed(
    "device",
    byName(a.registered, ({ name }) => name),
    byName(b.registered, ({ name }) => name),
    words,
    (what, x, y) => [
      ...simple(`${what}: key`, keyWords(x.key), keyWords(y.key), "read"),
      ...simple(
        `${what}: subject`,
        x.subject ?? "any",
        y.subject ?? "any",
        y.subject === null ? "wider" : x.subject === null ? "narrower" : "read",
      ),
    ],
  );
  return [...registered, ...rules];
}

function diffBreakGlass(a: BreakGlassRule | null, b: BreakGlassRule | null): BundleDifference[] {
  if (a === null || b === null) {
    if (a === b) return [];
    const [before, after] = [a, b].map((rule) => (rule === null ? null : breakGlassWords(rule)));
    return [{ what: "emergencies", before: before ?? null, after: after ?? null, effect: b === null ? "narrower" : "wider" }];
  }
  return [
    ...quorum("emergencies: who decides first", a.first, b.first),
    ...quorum("emergencies: who decides as well when nobody answers", a.second, b.second),
    ...ordered("emergencies: asked of the second after", a.escalateSeconds, b.escalateSeconds, durationWords, "fewer is wider"),
    ...ordered("emergencies: last for", a.validSeconds, b.validSeconds, durationWords, "more is wider"),
    ...names("emergencies: purpose", a.purposes, b.purposes),
    ...level("emergencies: widest level", a.level, b.level),
  ];
}

/** Fewer of a role, or a role less, is easier; of a rule that is empty nobody decides. */
function quorum(what: string, a: readonly RoleThreshold[], b: readonly RoleThreshold[]): BundleDifference[] {
  const [before, after] = [thresholdWords(a), thresholdWords(b)];
  if (before === after) return [];
  const roles = [...new Set([...a, ...b].map(({ role }) => role))];
  const more = roles.map((role) => thresholdOf(b, role) - thresholdOf(a, role));
  const effect =
    a.length === 0
      ? "wider"
      : b.length === 0
        ? "narrower"
        : more.every((n) => n >= 0)
          ? "narrower"
          : more.every((n) => n <= 0)
            ? "wider"
            : "read";
  return [{ what, before, after, effect }];
}

function thresholdOf(rule: readonly RoleThreshold[], role: string): number {
  return rule.filter((one) => one.role === role).reduce((sum, { threshold }) => sum + threshold, 0);
}

function text(what: string, before: string, after: string): BundleDifference[] {
  if (before === after) return [];
  const lines = diffLines(before, after);
  const count = (mark: DiffLine["mark"]): string => `${lines.filter((line) => line.mark === mark).length} lines`;
  return [{ what, before: count("-"), after: count("+"), effect: "read", lines }];
}

const DEVICE_RULE = {
  unsigned: "recordings without a device's signature",
  unknown: "recordings of a device that is not registered",
  gap: "a device's numbering that leaves some out",
  replay: "a device's recording that comes again",
} as const;
