import { encodeResultFile, equalBytes, type ResultFile } from "@caladrius/wire";
import type { PcrSet } from "../appraise/pcr-set.ts";
import { RELEASE_CODE, ReleaseError, type ReleaseCode } from "../release/code.ts";
import { verifyRelease, type ApprovedRelease } from "../release/verify-release.ts";
import type { ResultExpectations } from "../result/verify-result.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import type { PinnedConstitution } from "../status/pinned-constitution.ts";
import type { GovernedTrust } from "../trust/governed-trust-file.ts";
import { EXIT, type Code } from "./code.ts";
import type { EvidenceClaims } from "./evidence-claims.ts";
import { refuse, type AcceptedVerdict, type Verdict } from "./verdict.ts";
import {
  ARCHIVED,
  createResultVerifier,
  leftOpen,
  readResultFile,
  type ResultFileClaims,
  type ResultFileOptions,
  type ResultVerifier,
} from "./verify-result-file.ts";

/** What a verified result says, and which release its code is of. */
export interface GovernedResultClaims extends ResultFileClaims {
  /** who approved the code that ran; null where nothing but measurements in the trust file speaks for it */
  readonly release: ReleaseClaims | null;
}

/** The release of the code that ran. */
export interface ReleaseClaims extends Pick<ApprovedRelease, "digest" | "release" | "author" | "approvedBy"> {
  /** where the approvals were */
  readonly from: "result file" | "trust file";
}

/** A verdict over a result file under a governed trust file. */
export type GovernedVerdict = Verdict<GovernedResultClaims, Code | ReleaseCode>;

/** Options of a result file, and what a status list says of those who approved. */
export interface GovernedOptions extends ResultFileOptions {
  /** SHA-256 of the raw keys that are revoked at a time in Unix ms, in hex: what they wrote or approved does not count then */
  readonly revokedKeysAt?: (atMs: number) => ReadonlySet<string>;
}

/** Judges one result file after another. What is expected of a single file stands beside its bytes. */
export type GovernedResultVerifier = (bytes: Uint8Array, expected?: Partial<ResultExpectations>) => Promise<GovernedVerdict>;

/**
 * Decides about a result file under a trust file that may name a constitution, releases and a quorum. A release that comes
 * with the result is verified first, under that constitution, and must be of the code that ran; without a constitution in the
 * trust file such a result is refused, as nothing would verify its release. Everything else is `verifyResultFile`.
 *
 * @example
 * const trust = await parseGovernedTrustFile(text, signatures);
 * const verdict = await verifyGovernedResultFile(bytes, trust, {}, signatures);
 */
export function verifyGovernedResultFile(
  bytes: Uint8Array,
  trust: GovernedTrust,
  options: GovernedOptions,
  signatures: SignatureBackend,
): Promise<GovernedVerdict> {
  return createGovernedResultVerifier(trust, options, signatures)(bytes);
}

/** The same for many files, as `createResultVerifier` is: the release that came last is remembered by its exact bytes. */
export function createGovernedResultVerifier(
  trust: GovernedTrust,
  options: GovernedOptions,
  signatures: SignatureBackend,
): GovernedResultVerifier {
  const plain = createResultVerifier(trust, options, signatures);
  let last: { readonly approved: ApprovedRelease; readonly verify: ResultVerifier } | null = null;

  const bring = async (file: ResultFile, pinned: PinnedConstitution): Promise<NonNullable<typeof last>> => {
    const source = { statement: file.release ?? NOTHING, approvals: file.approvals ?? [] };
    if (last !== null && sameSource(last.approved, source)) return last;
    const approved = await verifyRelease(source, pinned, signatures, trust.quorum);
    const pcrSets: readonly PcrSet[] = trust.acceptsApproved ? [...trust.pcrSets, ...approved.pcrSets] : trust.pcrSets;
    last = { approved, verify: createResultVerifier({ ...trust, pcrSets }, options, signatures) };
    return last;
  };

  const judge = async (bytes: Uint8Array, expected: Partial<ResultExpectations>): Promise<GovernedVerdict> => {
    const { constitution } = trust;
    if (constitution === null) return byTrustFile(await plain(bytes, expected)); // which refuses a release beside the result
    const file = readResultFile(bytes);
    if (file.release === undefined && file.approvals === undefined) {
      if (trust.acceptsApproved && trust.pcrSets.length === 0) throw new ReleaseError("release-missing");
      return byTrustFile(await plain(bytes, expected));
    }
    const { approved, verify } = await bring(file, constitution);
    const { release: _, approvals: __, ...rest } = file; // the parts that remain are byte strings, carried over as they came
    const verdict = await verify(encodeResultFile(rest), expected);
    if (verdict.status === "contraindicated") return verdict;
    if (findRelease([approved], verdict.claims.evidence) === null)
      throw new ReleaseError("release-measurement", { actual: `${approved.release.name} ${approved.release.softwareVersion}` });
    return withRelease(verdict, approved, "result file");
  };

  const byTrustFile = async (verdict: Verdict<ResultFileClaims>): Promise<GovernedVerdict> =>
    verdict.status === "contraindicated"
      ? verdict
      : withRelease(verdict, findRelease(trust.releases, verdict.claims.evidence), "trust file");

  /** What a revoked key approved does not count for what was computed since; when it says that it approved tells nothing. */
  const withRelease = async (
    verdict: AcceptedVerdict<ResultFileClaims>,
    approved: ApprovedRelease | null,
    from: ReleaseClaims["from"],
  ): Promise<GovernedVerdict> => {
    if (approved === null) return { ...verdict, claims: { ...verdict.claims, release: null } };
    const revoked = options.revokedKeysAt?.(verdict.claims.result.interval.toMs) ?? NONE;
    const { digest, release, author, approvedBy } =
      revoked.size === 0 ? approved : await verifyRelease(approved.source, approved.under, signatures, trust.quorum, revoked);
    return { ...verdict, claims: { ...verdict.claims, release: { digest, release, author, approvedBy, from } } };
  };

  return async (bytes, expected = {}) => {
    const own = new Uint8Array(bytes);
    try {
      return await judge(own, expected);
    } catch (error) {
      const { mode = ARCHIVED } = options;
      const notChecked = leftOpen(mode, null, null);
      if (!(error instanceof ReleaseError)) return refuse(error, { mode: mode.kind, notChecked });
      const { code, stage, spec, message: sentence, actor } = error;
      const head = {
        status: "contraindicated",
        claims: null,
        mode: mode.kind,
        atMs: null,
        code,
        stage,
        spec,
        sentence,
        notChecked,
      } as const;
      return { ...head, expected: error.expected, actual: error.actual, actor, exitCode: EXIT[RELEASE_CODE[code].status] };
    }
  };
}

/** The release of which one whole set is what ran. */
function findRelease(releases: readonly ApprovedRelease[], { pcrs }: EvidenceClaims): ApprovedRelease | null {
  // a result was verified: the document has PCR0, 1, 2 and 16, and a release's sets name no others
  const ran = (set: PcrSet): boolean => [...set].every(([index, value]) => equalBytes(pcrs.get(index) as Uint8Array, value));
  return releases.find(({ pcrSets }) => pcrSets.some(ran)) ?? null;
}

function sameSource({ source }: ApprovedRelease, { statement, approvals }: ApprovedRelease["source"]): boolean {
  return (
    equalBytes(source.statement, statement) &&
    source.approvals.length === approvals.length &&
    source.approvals.every((one, i) => equalBytes(one, approvals[i] as Uint8Array))
  );
}

const NOTHING = new Uint8Array(0);
const NONE: ReadonlySet<string> = new Set();
