import { equalBytes } from "@caladrius/wire";
import { parsePcrSet, type PcrSet } from "../appraise/pcr-set.ts";
import { parseTrustAnchor, type TrustAnchor } from "../evidence/anchor.ts";
import { AWS_NITRO_ROOT_G1 } from "../evidence/aws-root-g1.ts";
import { parseTimeAuthority, type TimeAuthority } from "../time/time-authority.ts";
import { Refusal } from "../verdict/refusal.ts";
import { asConfiguration } from "./configuration.ts";
import { parseStrictJson } from "./json.ts";
import { refuseUnknownKeys } from "./known-keys.ts";
import { decodePemCertificate } from "./pem.ts";

declare const parsed: unique symbol;

/** What a relying party trusts: an appraisal policy with its roots, as a trust file says it. */
export interface TrustSettings {
  readonly anchors: readonly TrustAnchor[];
  readonly pcrSets: readonly PcrSet[];
  readonly allowDebug: boolean;
  readonly allowSimulator: boolean;
  /** for live mode; null = a nonce is needed */
  readonly maxAgeMs: number | null;
  /** AWS regions in which enclaves may run; null = any */
  readonly regions: readonly string[] | null;
  /** whose time stamps prove when an archived result existed; empty = nobody's */
  readonly timeAuthorities: readonly TimeAuthority[];
  /** whether jobs may be sealed to a fleet's keys rather than to the enclave that was verified */
  readonly fleet: boolean;
}

/** Trust settings whose roots and rules agree with each other. Only `parseTrustFile` makes one. */
export interface TrustFile extends TrustSettings {
  readonly [parsed]: true;
}

/** How a trust file names AWS's root. */
export const AWS_ROOT_NAME = "aws-nitro-root-g1";

/**
 * Reads a trust file: a JSON object with `roots` and `pcrs`, and optionally `allowDebug`, `allowSimulator` (false),
 * `maxAgeSeconds`, `regions` (any), `timeAuthorities` (none), `fleet` (false). `witnesses`, `logs` and `releases` may be there while they are
 * empty. Empty lists accept nothing. A simulator's root (its subject says SIMULATED) needs allowSimulator, allowSimulator
 * needs such a root, and neither stands beside another root.
 * @throws ConfigurationError trust-*
 */
export function parseTrustFile(text: string): TrustFile {
  return asConfiguration(() => readTrustFile(text));
}

function readTrustFile(text: string): TrustFile {
  const json = parseStrictJson(text);
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new Refusal("trust-json", { actual: "JSON that is not an object" });
  const file = new Map<string, unknown>(Object.entries(json));
  refuseUnknownKeys(file.keys(), TRUST_KEYS);
  for (const key of LATER_KEYS) refuseUnlessEmpty(key, file.get(key));
  const allowDebug = readFlag(file, "allowDebug");
  const allowSimulator = readFlag(file, "allowSimulator");
  const anchors = readList(file, "roots").map((root, i) => readRoot(root, `roots[${i}]`));
  verifyRoots(anchors, allowSimulator);
  const pcrSets = readList(file, "pcrs").map((set, i) => {
    if (typeof set !== "object" || set === null || Array.isArray(set))
      throw new Refusal("trust-value", { subject: `pcrs[${i}]`, expected: "an object" });
    return parsePcrSet(set as Record<string, unknown>, { allowDebug });
  });
  const settings: TrustSettings = {
    anchors,
    pcrSets,
    allowDebug,
    allowSimulator,
    maxAgeMs: readMaxAge(file.get("maxAgeSeconds")),
    regions: readRegions(file),
    timeAuthorities: file.has("timeAuthorities") ? readList(file, "timeAuthorities").map(readTimeAuthority) : [],
    fleet: readFlag(file, "fleet"),
  };
  return settings as TrustFile;
}

function readRoot(root: unknown, subject: string): TrustAnchor {
  if (root === AWS_ROOT_NAME) return AWS_NITRO_ROOT_G1;
  const der = typeof root === "string" ? decodePemCertificate(root) : null;
  if (der === null) throw new Refusal("trust-root", { subject });
  if (equalBytes(der, AWS_NITRO_ROOT_G1.certificate.der)) return AWS_NITRO_ROOT_G1;
  try {
    return parseTrustAnchor(der);
  } catch (error) {
    throw new Refusal("trust-root", { subject, actual: (error as Error).message });
  }
}

function readTimeAuthority(pem: unknown, i: number): TimeAuthority {
  const der = typeof pem === "string" ? decodePemCertificate(pem) : null;
  if (der === null) throw new Refusal("trust-time-authority", { subject: `timeAuthorities[${i}]`, expected: "one PEM certificate" });
  return parseTimeAuthority(der);
}

function verifyRoots(anchors: readonly TrustAnchor[], allowSimulator: boolean): void {
  const simulated = anchors.filter((anchor) => anchor.simulated).length;
  if (simulated > 0 && simulated < anchors.length) throw new Refusal("trust-roots-mixed");
  if (simulated > 0 && !allowSimulator) throw new Refusal("trust-root-simulated");
  if (allowSimulator && simulated === 0) throw new Refusal("trust-root-not-simulated");
}

function readFlag(file: ReadonlyMap<string, unknown>, key: string): boolean {
  const value = file.get(key) ?? false;
  if (typeof value !== "boolean" || (file.has(key) && file.get(key) === null))
    throw new Refusal("trust-value", { subject: key, expected: "true or false" });
  return value;
}

function readList(file: ReadonlyMap<string, unknown>, key: string): readonly unknown[] {
  const value = file.get(key);
  if (!Array.isArray(value) || value.length > 64) throw new Refusal("trust-value", { subject: key, expected: "a list of at most 64" });
  return value;
}

function readRegions(file: ReadonlyMap<string, unknown>): readonly string[] | null {
  if (!file.has("regions")) return null;
  return readList(file, "regions").map((region, i) => {
    if (typeof region !== "string" || !/^[a-z0-9-]{1,32}$/.test(region))
      throw new Refusal("trust-value", { subject: `regions[${i}]`, expected: "a region such as eu-central-1" });
    return region;
  });
}

function readMaxAge(value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > MAX_AGE_SECONDS)
    throw new Refusal("trust-value", { subject: "maxAgeSeconds", expected: `an integer of 0 to ${MAX_AGE_SECONDS}` });
  return value * 1000;
}

/** Something this build cannot check must not be passed over as if it had been. */
function refuseUnlessEmpty(key: string, value: unknown): void {
  const empty =
    value === undefined ||
    value === false ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  if (!empty) throw new Refusal("trust-unsupported", { subject: key, expected: "empty, false or left out" });
}

const LATER_KEYS: readonly string[] = ["witnesses", "logs", "releases"];
/** Every key that a trust file may have. */
export const TRUST_KEYS: readonly string[] = [
  "roots",
  "pcrs",
  "allowDebug",
  "allowSimulator",
  "maxAgeSeconds",
  "regions",
  "timeAuthorities",
  "fleet",
  ...LATER_KEYS,
];
const MAX_AGE_SECONDS = 1_000_000_000;
