import {
  ConfigurationError,
  concatBytes,
  decodeConstitution,
  decodeStatement,
  equalBytes,
  fromBase64,
  toHex,
  type Approved,
  type Constitution,
  type RoleThreshold,
} from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import { countMissing } from "../release/count-missing.ts";
import { ReleaseError } from "../release/code.ts";
import { strictest } from "../release/quorum.ts";
import { verifyRelease, type ApprovedRelease } from "../release/verify-release.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import type { PinnedConstitution } from "../status/pinned-constitution.ts";
import { Refusal } from "../verdict/refusal.ts";
import { asConfiguration } from "./configuration.ts";
import { parseStrictJson } from "./json.ts";
import { refuseUnknownKeys } from "./known-keys.ts";
import { parseTrustFile, TRUST_KEYS, type TrustFile } from "./trust-file.ts";

/**
 * A trust file that may name a constitution, and releases approved under it, instead of measurements. Its `pcrSets` hold
 * those of the releases too, so it stands wherever a trust file does. Only `parseGovernedTrustFile` makes one.
 */
export interface GovernedTrust extends TrustFile {
  /** who may approve; null where the file names none: then no approval can be counted */
  readonly constitution: PinnedConstitution | null;
  /** the releases that the file names */
  readonly releases: readonly ApprovedRelease[];
  /** whether a result may bring a release of its own, which the quorum approved */
  readonly acceptsApproved: boolean;
  /** what is demanded of a release beside the constitution's own rule */
  readonly quorum: readonly RoleThreshold[];
}

/**
 * Reads a trust file that may have three keys more than `parseTrustFile` takes:
 * `constitution`, a constitution's statement in base64, whose PCR16 every set must have that names one;
 * `releases`, a list of {statement, approvals} in base64, or the word "approved" for any that comes with a result;
 * `quorum`, a list of {role, threshold}: at least the constitution's rule for releases. `pcrs` may be left out beside them.
 *
 * @throws ConfigurationError trust-*, release-*
 */
export async function parseGovernedTrustFile(text: string, signatures: SignatureBackend): Promise<GovernedTrust> {
  try {
    return await readGoverned(text, signatures);
  } catch (error) {
    throw error instanceof ReleaseError ? new ConfigurationError(error.code, error.message) : error;
  }
}

async function readGoverned(text: string, signatures: SignatureBackend): Promise<GovernedTrust> {
  const json = asConfiguration(() => parseStrictJson(text));
  if (isObject(json)) asConfiguration(() => refuseUnknownKeys(Object.keys(json), GOVERNED_KEYS));
  const { constitution, releases, quorum, ...plain } = isObject(json) ? json : {};
  if (constitution === undefined) {
    if (quorum !== undefined || !isEmpty(releases)) throw new ReleaseError("trust-constitution", { expected: "constitution" });
    return { ...parseTrustFile(text), constitution: null, releases: [], acceptsApproved: false, quorum: [] };
  }
  const trust = parseTrustFile(JSON.stringify({ pcrs: [], ...plain }));
  const pinned = readConstitution(constitution);
  refuseOtherPcr16(trust, pinned);
  const demands = asConfiguration(() => readQuorum(quorum));
  refuseQuorum(demands, pinned.constitution);
  const acceptsApproved = releases === ANY_APPROVED;
  const approved: ApprovedRelease[] = [];
  for (const source of acceptsApproved ? [] : asConfiguration(() => readReleases(releases)))
    approved.push(await verifyRelease(source, pinned, signatures, demands));
  return {
    ...trust,
    pcrSets: [...trust.pcrSets, ...approved.flatMap(({ pcrSets }) => pcrSets)],
    constitution: pinned,
    releases: approved,
    acceptsApproved,
    quorum: demands,
  };
}

/** What makes it the right one is that the relying party names it: who signed it adds nothing. */
function readConstitution(value: unknown): PinnedConstitution {
  try {
    const statement = fromBase64(value as string);
    return { constitution: decodeConstitution(decodeStatement(statement, "constitution").payload), constitutionDigest: sha384(statement) };
  } catch {
    throw new ReleaseError("trust-constitution", { expected: "a constitution's statement in base64" });
  }
}

function refuseOtherPcr16({ pcrSets }: TrustFile, { constitutionDigest }: PinnedConstitution): void {
  const expected = sha384(concatBytes(new Uint8Array(48), constitutionDigest));
  const other = pcrSets.map((set) => set.get(16)).find((value) => value !== undefined && !equalBytes(value, expected));
  if (other !== undefined) throw new ReleaseError("trust-constitution", { expected: toHex(expected), actual: toHex(other) });
}

/** Less than the constitution asks for would be passed over in silence: the enclave's own rule holds. */
function refuseQuorum(demands: readonly RoleThreshold[], { approvers, quorums }: Constitution): void {
  for (const { role, threshold } of strictest(quorums.release, [])) {
    const named = demands.find((one) => one.role === role);
    if (named !== undefined && named.threshold < threshold)
      throw new ReleaseError("trust-quorum", { expected: `at least ${threshold} of role ${role}`, actual: `${named.threshold}` });
  }
  const [first] = countMissing(strictest(quorums.release, demands), approvers, approvers);
  if (first !== undefined)
    throw new ReleaseError("trust-quorum", { expected: `at most ${first.counted} of role ${first.role}`, actual: `${first.threshold}` });
}

function readQuorum(value: unknown): readonly RoleThreshold[] {
  const rule = value === undefined ? [] : readList(value, "quorum", 16);
  const roles = new Set<string>();
  return rule.map((one, i) => {
    const { role, threshold, ...more } = isObject(one) ? one : {};
    const good = typeof role === "string" && role !== "" && role.length <= 128 && !roles.has(role) && Object.keys(more).length === 0;
    if (!good || typeof threshold !== "number" || !Number.isInteger(threshold) || threshold < 1 || threshold > 32)
      throw new Refusal("trust-value", { subject: `quorum[${i}]`, expected: "a role of its own, and a threshold from 1 to 32" });
    roles.add(role);
    return { role, threshold };
  });
}

function readReleases(value: unknown): readonly Approved[] {
  const list = value === undefined ? [] : readList(value, "releases", 64);
  return list.map((one, i) => {
    const { statement, approvals, ...more } = isObject(one) ? one : {};
    if (Object.keys(more).length > 0)
      throw new Refusal("trust-value", { subject: `releases[${i}]`, expected: "statement and approvals, nothing else" });
    return {
      statement: readBase64(statement, `releases[${i}].statement`),
      approvals: readList(approvals, `releases[${i}].approvals`, 64).map((text) => readBase64(text, `releases[${i}].approvals`)),
    };
  });
}

function readBase64(value: unknown, subject: string): Uint8Array {
  try {
    return fromBase64(value as string);
  } catch {
    throw new Refusal("trust-value", { subject, expected: "canonical base64" });
  }
}

function readList(value: unknown, subject: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw new Refusal("trust-value", { subject, expected: `a list of at most ${most}` });
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As `parseTrustFile` has it for what it cannot check. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === false || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
}

const ANY_APPROVED = "approved";
const GOVERNED_KEYS: readonly string[] = [...TRUST_KEYS, "constitution", "quorum"];
