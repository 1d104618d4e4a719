import { createHash, hkdfSync } from "node:crypto";
import {
  compareBytes,
  disclosureArrayLength,
  encodeDisclosure,
  type Analysis,
  type Coverage,
  type DisclosureLevel,
  type DisclosureName,
  type DisclosureValues,
  type EmergencyState,
  type Finding,
} from "@caladrius/wire";
import type { Allowed, DenialCode, DeviceFlag } from "@caladrius/policies";
import { sha256 } from "../crypto.ts";
import type { OpenedJob } from "../open/open-job.ts";

/** One disclosure of a result: its name decides who gets it. */
export interface EncodedDisclosure {
  name: DisclosureName;
  /** of a disclosure that is for recipients of one level alone: each is told its own */
  onlyFor: DisclosureLevel | null;
  bytes: Uint8Array;
}

/** All disclosures of a result and the sorted array of digests that its signature covers. */
export interface Disclosures {
  items: EncodedDisclosure[];
  digests: Uint8Array[];
}

/** More would make the array of digests larger than the smallest reply holds. */
export const MAX_DISCLOSED_FINDINGS = 96;
const MAX_DISCLOSED_SPANS = 64;
const MAX_DISCLOSED_SERIES = 16;

const SALT_BYTES = 16;
/** Behind the heads of the array of three and of the salt (RFC 8949 §3). */
const SALT_AT = 2;
const NO_SALT: Uint8Array = new Uint8Array(SALT_BYTES);
const DIGEST_BYTES = 32;
const HKDF_MOST_BYTES = 255 * 32; // RFC 5869 §2.3

/** What a denied job discloses: its one code. There is no alarm summary, so no verifier takes silence for health. */
export function denialDisclosures(job: OpenedJob, code: DenialCode): Disclosures {
  return disclose(job, [["denial", code]]);
}

/** What a job discloses that asks about emergencies: those that its recipients may know of. There is no alarm summary either. */
export function emergencyDisclosures(job: OpenedJob, states: readonly EmergencyState[]): Disclosures {
  const { request } = job;
  return disclose(job, [
    ["emergencies", [...states]],
    ...[...new Set(request.recipients.map((recipient) => recipient.level))].map((level) => ["level", level] as const),
    ["purpose", request.purpose],
    ["job-id", job.header.jobId],
    ["submitter", job.submitterThumbprint],
  ]);
}

/** What an analysed job may disclose, most important first: what does not fit a reply is cut from the end. */
export function analysisDisclosures(job: OpenedJob, analysis: Analysis, { grant, device }: Pick<Allowed, "grant" | "device">): Disclosures {
  const { request } = job;
  const values: Value[] = [
    ["alarm-summary", analysis.alarmSummary],
    ...[...new Set(request.recipients.map((recipient) => recipient.level))].map((level) => ["level", level] as const),
    ["coverage", shortened(withFlags(analysis.coverage, device?.flags ?? []))],
    ["purpose", request.purpose],
    ["detectors", analysis.detectors.map(({ id, version, parameters }) => ({ id, version, parametersDigest: sha256(parameters) }))],
    ["job-id", job.header.jobId],
    ["submitter", job.submitterThumbprint],
    ["subject", request.subject],
    ["input", { recordingDigest: job.recordingDigest, device: device?.thumbprint ?? null, sequence: device?.sequence ?? null }],
  ];
  if (grant !== null) values.push(["grant", { digest: grant.digest, issuer: grant.issuer, use: grant.use }]);
  if (request.stream !== undefined) values.push(["stream", request.stream]);
  for (const finding of foremost(analysis.findings)) values.push(["finding", finding]);
  for (const series of analysis.series.slice(0, MAX_DISCLOSED_SERIES)) values.push(["series", series]);
  return disclose(job, values);
}

type Value = { [N in DisclosureName]: readonly [N, DisclosureValues[N]] }[DisclosureName];

/**
 * Salts and decoys come from the seed behind the job's keys, the job, and all that is disclosed: every enclave of a fleet
 * gives the same array for the same answer, and nobody without the seed can tell a decoy from a digest. Two different
 * answers to one job, which a host gets by sending it again, share nothing: else decoys of the one, which stand in the
 * clear, could be salts of the other.
 */
function disclose(job: OpenedJob, values: readonly Value[]): Disclosures {
  const length = disclosureArrayLength(values.length);
  const decoysAt = values.length * SALT_BYTES;
  const content = createHash("sha256");
  const items = values.map(([name, value]) => {
    const bytes = encodeDisclosure(NO_SALT, name, value as never);
    content.update(bytes);
    return { name, onlyFor: name === "level" ? value : null, bytes };
  });
  const stream = disclosureStream(job, content.digest("hex"), decoysAt + (length - values.length) * DIGEST_BYTES);
  for (const [i, { bytes }] of items.entries()) bytes.set(stream.subarray(i * SALT_BYTES, (i + 1) * SALT_BYTES), SALT_AT);
  const digests = items.map((item) => sha256(item.bytes));
  for (let at = decoysAt; at < stream.length; at += DIGEST_BYTES) digests.push(stream.subarray(at, at + DIGEST_BYTES));
  digests.sort(compareBytes);
  return { items, digests };
}

/** HKDF(seed, digest of the sealed job, content and index) as one byte string: salts first, then decoys. */
function disclosureStream(job: OpenedJob, content: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, index = 0; at < length; at += HKDF_MOST_BYTES, index++) {
    const info = `disclosures ${content} ${index}`;
    const part = hkdfSync("sha256", job.disclosureSeed, job.jobDigest, info, Math.min(HKDF_MOST_BYTES, length - at));
    bytes.set(new Uint8Array(part), at);
  }
  return bytes;
}

/**
 * What the bundle had told of the device instead of refused: what it says of the recording's origin could not be judged.
 * The detectors judged the samples all the same, so nothing is added to the time that they did not assess.
 */
function withFlags(coverage: Coverage, flags: readonly DeviceFlag[]): Coverage {
  const { fromMs, toMs } = coverage;
  const spans = flags.map((reason) => ({ detector: "device", channel: null, fromMs, toMs, reason }));
  return { ...coverage, unassessed: [...spans, ...coverage.unassessed] };
}

/** Coverage with as many spans as the smallest reply holds; one last span stands for all that are not listed. */
function shortened(coverage: Coverage): Coverage {
  if (coverage.unassessed.length <= MAX_DISCLOSED_SPANS) return coverage;
  const rest = coverage.unassessed.slice(MAX_DISCLOSED_SPANS - 1);
  const fromMs = Math.min(...rest.map((span) => span.fromMs));
  const toMs = Math.max(...rest.map((span) => span.toMs));
  const last = { detector: "attest", channel: null, fromMs, toMs, reason: "spans-not-listed" };
  return { ...coverage, unassessed: [...coverage.unassessed.slice(0, MAX_DISCLOSED_SPANS - 1), last] };
}

const RANK = { high: 0, medium: 1, low: 2, none: 3 } as const;

/** The findings that are disclosed: by priority, then in time; dropped ones are counted in a finding of their own. */
function foremost(findings: readonly Finding[]): Finding[] {
  const ordered = findings.toSorted((a, b) => RANK[a.priority] - RANK[b.priority] || a.onsetMs - b.onsetMs);
  if (ordered.length <= MAX_DISCLOSED_FINDINGS) return ordered;
  const kept = ordered.slice(0, MAX_DISCLOSED_FINDINGS - 1);
  const dropped = ordered.slice(MAX_DISCLOSED_FINDINGS - 1);
  const first = Math.min(...dropped.map((finding) => finding.onsetMs));
  const last = Math.max(...dropped.map((finding) => finding.endMs));
  kept.push({
    code: "findings-not-listed",
    detector: "attest",
    channel: null,
    onsetMs: first,
    endMs: last,
    priority: dropped[0]?.priority ?? "none",
    technical: true,
    confidencePermille: null,
    evidence: [{ name: "findings", value: dropped.length, decimals: 0, unit: "1" }],
  });
  return kept;
}
