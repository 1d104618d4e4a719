import { utf8Decode, type BreakGlassRule, type Bundle, type DeviceRules, type DisclosureLevel } from "@caladrius/wire";
import { AuthoringError } from "../authoring/errors.ts";
import { fileOf, signingKeyOf, textsOf, thresholdsOf, type Sources } from "../authoring/keys.ts";
import {
  booleanOf,
  cborOf,
  entriesOf,
  integerOf,
  itemsOf,
  membersOf,
  nullableOf,
  readDescription,
  secondsOf,
  textOf,
  wordOf,
  wrong,
  type Place,
} from "../authoring/place.ts";
import { CEDAR_SCHEMA } from "../cedar/schema.ts";

/**
 * Reads what `policy new --example` shows.
 * @param constitutionDigest SHA-384 of the constitution that the bundle is to stand under
 * @throws AuthoringError description-json, description-form, description-file, each with the path in the file
 */
export function readBundleDescription(text: string, constitutionDigest: Uint8Array, sources: Sources): Bundle {
  const m = membersOf(
    readDescription(text),
    ["policyVersion", "notBefore", "notAfter", "cedar", "purposes", "detectors", "devices", "careGraceSeconds", "freshStatus"],
    ["grantIssuers", "breakGlass", "dataKeys", "telemetry"],
  );
  const cedar = membersOf(m.cedar, ["policies"], ["schema"]);
  return {
    version: 1,
    policyVersion: integerOf(m.policyVersion, 1, 2 ** 40),
    constitutionDigest,
    notBefore: secondsOf(m.notBefore),
    notAfter: secondsOf(m.notAfter),
    cedar: {
      schema: nullableOf(cedar.schema, (place) => utf8Of(place, sources)) ?? CEDAR_SCHEMA,
      policies: utf8Of(cedar.policies, sources),
    },
    purposes: itemsOf(m.purposes).map(purposeOf),
    detectors: itemsOf(m.detectors).map((place) => {
      const { id, parameters } = membersOf(place, ["id"], ["parameters"]);
      return { id: textOf(id, 64), parameters: nullableOf(parameters, cborOf) };
    }),
    grantIssuers: (nullableOf(m.grantIssuers, itemsOf) ?? []).map((place) => {
      const { name, key } = membersOf(place, ["name", "key"]);
      return { name: textOf(name, 128), key: signingKeyOf(key, sources) };
    }),
    devices: devicesOf(m.devices, sources),
    breakGlass: nullableOf(m.breakGlass, breakGlassOf),
    dataKeys: nullableOf(m.dataKeys, (place) => textsOf(place, 256)) ?? [],
    careGraceSeconds: integerOf(m.careGraceSeconds, 0, 72 * 3600),
    freshStatus: booleanOf(m.freshStatus),
    telemetry: cborOf(m.telemetry),
  };
}

function purposeOf(place: Place): Bundle["purposes"][number] {
  const m = membersOf(place, ["code", "care", "grantRequired", "submitterLevel", "recipientLevel"]);
  return {
    code: textOf(m.code, 32),
    care: booleanOf(m.care),
    grantRequired: booleanOf(m.grantRequired),
    submitterLevel: wordOf(m.submitterLevel, LEVELS),
    recipientLevel: wordOf(m.recipientLevel, LEVELS),
  };
}

function devicesOf(place: Place, sources: Sources): DeviceRules {
  const m = membersOf(place, ["unsigned", "unknown", "gap", "replay"], ["registered"]);
  return {
    registered: (nullableOf(m.registered, itemsOf) ?? []).map((one) => {
      const { name, key, subject } = membersOf(one, ["name", "key"], ["subject"]);
      return { name: textOf(name, 128), key: signingKeyOf(key, sources), subject: nullableOf(subject, (value) => textOf(value, 128)) };
    }),
    unsigned: wordOf(m.unsigned, ["accept", "deny"]),
    unknown: wordOf(m.unknown, ["flag", "deny"]),
    gap: wordOf(m.gap, ["flag", "deny"]),
    replay: wordOf(m.replay, ["flag", "deny"]),
  };
}

function breakGlassOf(place: Place): BreakGlassRule {
  const m = membersOf(place, ["first", "escalateSeconds", "validSeconds", "purposes", "level"], ["second"]);
  const first = thresholdsOf(m.first, entriesOf(m.first));
  if (first.length === 0) wrong(m.first.path, 'at least one role, such as {"physician": 2}');
  return {
    first,
    second: nullableOf(m.second, (one) => thresholdsOf(one, entriesOf(one))) ?? [],
    escalateSeconds: integerOf(m.escalateSeconds, 0, 3600),
    validSeconds: integerOf(m.validSeconds, 60, 24 * 3600),
    purposes: textsOf(m.purposes, 32),
    level: wordOf(m.level, LEVELS),
  };
}

function utf8Of(place: Place, sources: Sources): string {
  const bytes = fileOf(place, sources);
  try {
    return utf8Decode(bytes);
  } catch {
    throw new AuthoringError("description-file", `${place.path}: not a text in UTF-8`);
  }
}

const LEVELS: readonly DisclosureLevel[] = ["alarm", "findings", "full"];
