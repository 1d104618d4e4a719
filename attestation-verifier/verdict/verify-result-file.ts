import { decodeResultFile, equalBytes, WireError, type Identity, type ResultClaims, type ResultFile } from "@caladrius/wire";
import { appraise } from "../appraise/appraise.ts";
import { DEFAULT_SKEW_MS, type TimeMode } from "../evidence/mode.ts";
import { verifyEvidence } from "../evidence/verify-evidence.ts";
import type { Disclosed } from "../result/open-disclosures.ts";
import { verifyIdentity, type VerifiedIdentity } from "../result/verify-identity.ts";
import { verifyTimeEvidence, type ResultTime } from "../result/verify-time-evidence.ts";
import { verifyResult, type ResultExpectations, type VerifiedResult } from "../result/verify-result.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import { requireConstitution } from "../trust/require-constitution.ts";
import type { TrustSettings } from "../trust/trust-file.ts";
import type { Code } from "./code.ts";
import { evidenceClaims, type EvidenceClaims } from "./evidence-claims.ts";
import { Refusal } from "./refusal.ts";
import { evidenceReasons, withMaxAge, type EvidenceOptions } from "./verify-attestation-document.ts";
import { accept, refuse, type NotChecked, type Verdict } from "./verdict.ts";

/** What a verified result says, what is disclosed of it, and which enclave says it. */
export interface ResultFileClaims {
  readonly result: Omit<ResultClaims, "disclosureDigests">;
  readonly disclosed: Disclosed;
  /** how many disclosures were withheld at most: decoys cannot be told from them */
  readonly withheldAtMost: number;
  readonly software: Identity["software"];
  readonly bootId: Uint8Array;
  readonly sequence: number;
  readonly evidence: EvidenceClaims;
  /** when the result existed at the latest, as its time stamp proves; null = nothing proves it */
  readonly provedTime: ResultTime | null;
}

/** What the caller knows of a result from elsewhere, and for which time it is judged; everything may be left out. */
export interface ResultFileOptions extends Partial<ResultExpectations>, EvidenceOptions {
  /** default: archived, at the time the evidence itself states */
  readonly mode?: TimeMode;
}

/** Judges one result file after another. What is expected of a single file stands beside its bytes. */
export type ResultVerifier = (bytes: Uint8Array, expected?: Partial<ResultExpectations>) => Promise<Verdict<ResultFileClaims>>;

/**
 * Decides about a result file under a trust file: evidence, appraisal, identity, result. The trust file must pin PCR16.
 *
 * @param bytes a result file of at most 32 MiB, attacker-controlled
 * @returns a verdict, for any bytes; it throws only where a back end lacks an algorithm
 * @example
 * const verdict = await verifyResultFile(bytes, parseTrustFile(text), {}, signatures);
 */
export function verifyResultFile(
  bytes: Uint8Array,
  trust: TrustSettings,
  options: ResultFileOptions,
  signatures: SignatureBackend,
): Promise<Verdict<ResultFileClaims>> {
  return createResultVerifier(trust, options, signatures)(bytes);
}

/**
 * The same for many files under one trust file and one time: evidence and identity of an enclave are verified once and
 * each further result of it costs little more than its own signature. Only what was accepted is remembered, by its exact
 * bytes, for the `most` enclaves used last; under one mode the answer is the same each time. The mode is copied when
 * the verifier is made, and what is remembered hears nothing of changes to trust or lists: make another for another of them.
 *
 * @example
 * const verify = createResultVerifier(parseTrustFile(text), {}, signatures);
 * for (const bytes of files) console.log((await verify(bytes)).status);
 */
export function createResultVerifier(
  trust: TrustSettings,
  options: ResultFileOptions,
  signatures: SignatureBackend,
  most: number = DEFAULT_MOST,
): ResultVerifier {
  const { jobDigest = null, nonce = null, policyVersion = null, ...evidenceOptions } = options;
  const mode: TimeMode = { ...(options.mode ?? ARCHIVED) }; // what is remembered was judged under this one
  const known: Known[] = [];
  const identify = async ({ evidence, identity }: ResultFile): Promise<Known> => {
    const at = known.findIndex((one) => equalBytes(one.evidence, evidence) && equalBytes(one.identity, identity));
    const [found] = at < 0 ? [] : known.splice(at, 1);
    if (found !== undefined) {
      known.push(found); // to the end of the order
      return found;
    }
    const verified = await verifyEvidence(evidence, {
      ...evidenceOptions,
      anchors: trust.anchors,
      mode: withMaxAge(mode, trust),
      signatures,
    });
    const by = verifyIdentity(appraise(verified, trust), identity);
    const entry: Known = {
      evidence: new Uint8Array(evidence),
      identity: new Uint8Array(identity),
      by,
      claims: evidenceClaims(by.appraised),
    };
    if (known.push(entry) > most) known.shift();
    return entry;
  };
  return async (bytes, expected = {}) => {
    try {
      requireConstitution(trust);
      const file = readResultFile(new Uint8Array(bytes)); // slice() of a Node Buffer would be a view
      refuseLaterParts(file);
      const { by, claims } = await identify(file);
      const result = await verifyResult(by, file, { jobDigest, nonce, policyVersion, ...expected }, signatures);
      verifyNotFuture(result, mode);
      const time = await verifyTimeEvidence(result, file, trust.timeAuthorities, signatures);
      return accept(resultFileClaims(result, claims, time), {
        mode: mode.kind,
        atMs: by.appraised.evidence.atMs,
        reasons: resultReasons(result, time),
        notChecked: leftOpen(mode, result, time),
      });
    } catch (error) {
      return refuse(error, { mode: mode.kind, notChecked: leftOpen(mode, null, null) });
    }
  };
}

/** An enclave whose evidence and identity were accepted. */
interface Known {
  readonly evidence: Uint8Array;
  readonly identity: Uint8Array;
  readonly by: VerifiedIdentity;
  readonly claims: EvidenceClaims;
}

/** @throws Refusal result-file-form, result-file-version */
export function readResultFile(bytes: Uint8Array): ResultFile {
  try {
    return decodeResultFile(bytes);
  } catch (error) {
    const code = error instanceof WireError && error.code === "schema-version" ? "result-file-version" : "result-file-form";
    throw new Refusal(code, { actual: (error as Error).message });
  }
}

/** Parts that nothing here verifies must not lend a file their weight. */
function refuseLaterParts(file: ResultFile): void {
  const unknown = LATER_PARTS.find((part) => file[part] !== undefined);
  if (unknown !== undefined) throw new Refusal("result-file-unsupported", { subject: unknown });
}

function verifyNotFuture({ claims }: VerifiedResult, mode: TimeMode): void {
  const nowMs = mode.kind === "live" ? mode.nowMs : mode.atMs;
  if (nowMs === null) return; // the evidence's own time, which every result follows
  const latestMs = nowMs + ((mode.kind === "live" ? mode.skewMs : undefined) ?? DEFAULT_SKEW_MS);
  if (!(claims.interval.fromMs <= latestMs))
    throw new Refusal("result-future", { expected: `not after ${latestMs} ms`, actual: `${claims.interval.fromMs} ms` });
}

/** Why an accepted result is still not affirming. Without the alarm summary nobody knows that there was no alarm. */
function resultReasons({ by, claims, disclosed }: VerifiedResult, time: ResultTime | null): Set<Code> {
  const reasons = evidenceReasons(by.appraised);
  if (time !== null && reasons.delete("time-not-proved") && !time.inTime) reasons.add("time-late");
  if (disclosed.denial !== null) reasons.add("denied");
  else if (disclosed["alarm-summary"] === null) reasons.add("alarm-summary-withheld");
  if (claims.flags.statusStale) reasons.add("status-stale");
  if (claims.flags.breakGlass) reasons.add("break-glass");
  return reasons;
}

/** What one file leaves open; without a result, what was not looked at at all. */
export function leftOpen(mode: TimeMode, result: VerifiedResult | null, time: ResultTime | null): readonly NotChecked[] {
  return [
    ...(result?.by.appraised.evidence.revocation.complete === true ? [] : (["revocation"] as const)),
    ...(mode.kind === "archived" && time?.inTime !== true ? (["time"] as const) : []),
    ...(result !== null && comesFromDevice(result.disclosed) ? [] : (["input provenance"] as const)),
    "fork", // one file cannot show that there is no second chain,
    "tail", // nor that nothing follows it
    "witness",
    "lifecycle",
  ];
}

/**
 * Whether the recording is one that a device of the policy signed, for the first time. Where the policy has it told that the
 * device is none of its own, or that the recording is an older one, the coverage says so: without it nobody knows.
 */
function comesFromDevice({ input, coverage }: Pick<Disclosed, "input" | "coverage">): boolean {
  if (input === null || input.device === null || coverage === null) return false;
  return !coverage.unassessed.some(({ detector, reason }) => detector === "device" && reason !== "device-gap");
}

function resultFileClaims(
  { claims, disclosed, withheldAtMost, by }: VerifiedResult,
  evidence: EvidenceClaims,
  provedTime: ResultTime | null,
): ResultFileClaims {
  const { disclosureDigests: _, ...result } = claims;
  const { software, bootId, sequence } = by.identity;
  return { result, disclosed, withheldAtMost, software, bootId, sequence, evidence, provedTime };
}

/** The mode of files that were kept: judged at the time that their evidence states. */
export const ARCHIVED: TimeMode = { kind: "archived", atMs: null, nonce: null };
const DEFAULT_MOST = 16;
const LATER_PARTS = ["release", "approvals", "receipt"] as const;
