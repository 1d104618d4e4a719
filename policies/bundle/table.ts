import { fromHex, type DisclosureLevel, type Grant } from "@caladrius/wire";
import { textsOf } from "../authoring/keys.ts";
import {
  booleanOf,
  integerOf,
  isAbsent,
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
import { DENIAL, type DenialCode } from "../decision/denial.ts";
import type { DeviceFlag } from "../decision/device.ts";

/** One row of a table test: a job in words, and what a bundle must say to it. */
export interface TableRow {
  name: string;
  /** SHA-256 of the submitter's raw public key */
  principal: Uint8Array;
  action: TableAction;
  resource: { subject: string; ward: string | null };
  context: {
    purpose: string;
    /** asked for; empty: all that the bundle has */
    detectors: string[];
    channels: string[];
    /** of the submitter, then of further recipients */
    levels: DisclosureLevel[];
    grant: TableGrant | null;
    device: TableDevice | null;
    /** under an emergency: how it was granted */
    breakGlass: { level: DisclosureLevel; purposes: string[] } | null;
    statusStale: boolean;
    statusFresh: boolean;
    /** Unix seconds; null for the middle of the bundle's time */
    at: number | null;
  };
  /** "deny": for whatever reason */
  expected: "allow" | "deny" | DenialCode;
}

/** Actions as Cedar policies name them. */
export const TABLE_ACTIONS = ["analyse", "openEmergency", "listEmergencies", "answerEmergency"] as const;
export type TableAction = (typeof TABLE_ACTIONS)[number];

/** A genuine grant that the submitter holds; what is not said covers the job. */
export interface TableGrant {
  /** name of an issuer of the bundle; another is none */
  issuer: string;
  source: Grant["source"]["kind"];
  level: DisclosureLevel;
  subject: string | null;
  purposes: string[] | null;
  channels: string[] | null;
  detectors: string[] | null;
  ward: string | null;
  uses: number;
  use: number;
}

/** A genuine device's statement over the recording. */
export interface TableDevice {
  /** of a registered device; null for one that the bundle does not register */
  name: string | null;
  /** what its numbering shows: nothing, a gap or a replay */
  order: Exclude<DeviceFlag, "device-unknown"> | null;
}

/**
 * Reads what `policy test --example` shows.
 * @throws AuthoringError description-json, description-form with the path in the file
 */
export function readTable(text: string): readonly TableRow[] {
  const { tests } = membersOf(readDescription(text), ["tests"]);
  const rows = itemsOf(tests).map(rowOf);
  return rows.length > 0 ? rows : wrong(tests.path, "at least one test");
}

function rowOf(place: Place): TableRow {
  const m = membersOf(place, ["name", "context", "expect"], ["principal", "action", "resource"]);
  const resource = nullableOf(m.resource, (one) => membersOf(one, ["subject"], ["ward"]));
  return {
    name: textOf(m.name, 200),
    principal: nullableOf(m.principal, thumbprintOf) ?? new Uint8Array(32),
    action: nullableOf(m.action, (one) => wordOf(one, TABLE_ACTIONS)) ?? "analyse",
    resource: {
      subject: resource === null ? "subject" : textOf(resource.subject, 128),
      ward: resource === null ? null : nullableOf(resource.ward, (one) => textOf(one, 64)),
    },
    context: contextOf(m.context),
    expected: wordOf(m.expect, ["allow", "deny", ...(Object.keys(DENIAL) as DenialCode[])]),
  };
}

function contextOf(place: Place): TableRow["context"] {
  const m = membersOf(
    place,
    ["purpose"],
    ["detectors", "channels", "levels", "grant", "device", "breakGlass", "statusStale", "statusFresh", "at"],
  );
  return {
    purpose: textOf(m.purpose, 32),
    detectors: namesOf(m.detectors) ?? [],
    channels: namesOf(m.channels) ?? [],
    levels: isAbsent(m.levels) ? ["findings"] : levelsOf(m.levels),
    grant: nullableOf(m.grant, grantOf),
    device: nullableOf(m.device, deviceOf),
    breakGlass: nullableOf(m.breakGlass, (one) => {
      const { level, purposes } = membersOf(one, ["level", "purposes"]);
      return { level: wordOf(level, LEVELS), purposes: textsOf(purposes, 32) };
    }),
    statusStale: nullableOf(m.statusStale, booleanOf) ?? false,
    statusFresh: nullableOf(m.statusFresh, booleanOf) ?? false,
    at: nullableOf(m.at, secondsOf),
  };
}

function grantOf(place: Place): TableGrant {
  const m = membersOf(place, ["issuer"], ["source", "level", "subject", "purposes", "channels", "detectors", "ward", "uses", "use"]);
  return {
    issuer: textOf(m.issuer, 128),
    source: nullableOf(m.source, (one) => wordOf(one, ["direct", "fhir-consent", "smart-permission-ticket"])) ?? "direct",
    level: nullableOf(m.level, (one) => wordOf(one, LEVELS)) ?? "full",
    subject: nullableOf(m.subject, (one) => textOf(one, 128)),
    purposes: namesOf(m.purposes),
    channels: namesOf(m.channels),
    detectors: namesOf(m.detectors),
    ward: nullableOf(m.ward, (one) => textOf(one, 64)),
    uses: nullableOf(m.uses, (one) => integerOf(one, 1, 2 ** 40)) ?? 1,
    use: nullableOf(m.use, (one) => integerOf(one, 1, 2 ** 40)) ?? 1,
  };
}

function deviceOf(place: Place): TableDevice {
  const { name, order } = membersOf(place, [], ["name", "order"]);
  return {
    name: nullableOf(name, (one) => textOf(one, 128)),
    order: nullableOf(order, (one) => wordOf(one, ["device-gap", "device-replay"])),
  };
}

function levelsOf(place: Place): DisclosureLevel[] {
  const levels = itemsOf(place).map((one) => wordOf(one, LEVELS));
  return levels.length > 0 && levels.length <= MOST_RECIPIENTS ? levels : wrong(place.path, `1 to ${MOST_RECIPIENTS} levels`);
}

function namesOf(place: Place): string[] | null {
  return nullableOf(place, (one) => textsOf(one, 128));
}

function thumbprintOf(place: Place): Uint8Array {
  const text = textOf(place, 64);
  return /^[0-9a-f]{64}$/.test(text)
    ? fromHex(text)
    : wrong(place.path, "SHA-256 of the submitter's raw public key, 64 lower-case hex digits");
}

const LEVELS: readonly DisclosureLevel[] = ["alarm", "findings", "full"];
const MOST_RECIPIENTS = 8;
