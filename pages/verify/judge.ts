import {
  listChecks,
  rememberSignatures,
  verifyAttestationDocument,
  type Check,
  type Code,
  type EvidenceClaims,
  type SignatureBackend,
  type Verdict,
} from "@caladrius/attestation-verifier";
import {
  createGovernedResultVerifier,
  judgeEvidence,
  judgeResult,
  listGovernedChecks,
  requireDisclosed,
  requiredCheck,
  statusCheck,
  type GovernedOptions,
  type GovernedResultClaims,
  type GovernedTrust,
  type ReleaseCode,
  type RequiredCode,
  type StatusCode,
  type StatusListClaims,
} from "@caladrius/attestation-verifier/governance";
import { escapeTexts } from "@caladrius/wire";
import { documentMode, type Expectations } from "./expectations.ts";
import type { Input } from "./inputs.ts";
import type { Standing } from "./lists.ts";

/** What became of one file. */
export interface Judged {
  readonly input: Input;
  /** what the page shows: every text in it is escaped */
  readonly shown: { readonly name: string; readonly verdict: FileVerdict; readonly checks: readonly Check[] } | null;
  /** as the verifier gave it, for saving */
  readonly verdict: FileVerdict | null;
  /** why there is no verdict: a fault of this page, never of the file */
  readonly fault: string | null;
  /** this computer's clock when it was judged, Unix ms */
  readonly judgedAtMs: number;
}

/** What a status list said, where one was given. */
interface WithList {
  readonly statusList?: StatusListClaims;
}
export type FileCode = Code | ReleaseCode | StatusCode | RequiredCode;
export type ResultVerdict = Verdict<GovernedResultClaims & WithList, FileCode>;
export type DocumentVerdict = Verdict<EvidenceClaims & WithList, FileCode>;
export type FileVerdict = ResultVerdict | DocumentVerdict;

/**
 * Judges files one after the other, as `caladrius verify` and `caladrius attestation verify` do; `progress` hears how many
 * are done, and ends it by answering false.
 */
export async function judgeAll(
  inputs: readonly Input[],
  trust: GovernedTrust,
  expectations: Expectations,
  { statusList, crls }: Pick<Standing, "statusList" | "crls">,
  { signatures, nowMs, progress }: { signatures: SignatureBackend; nowMs: () => number; progress: (done: number) => boolean },
): Promise<readonly Judged[] | null> {
  const remembering = rememberSignatures(signatures); // enclaves of one host share certificates
  const { nonce, jobDigest, policyVersion, atMs, required } = expectations;
  const options: GovernedOptions = {
    mode: { kind: "archived", atMs, nonce: null },
    nonce,
    jobDigest,
    policyVersion,
    crls,
    ...(statusList === null ? {} : { revokedKeysAt: (ms) => statusList.revocations.keysAt(ms) }),
  };
  const verify = createGovernedResultVerifier(trust, options, remembering);

  const verifyResult = async (bytes: Uint8Array): Promise<[ResultVerdict, readonly Check[]]> => {
    const governed = await verify(bytes);
    const checks = [...listGovernedChecks(governed)];
    if (governed.status === "contraindicated") return [governed, checks];
    const judged: ResultVerdict = statusList === null ? governed : judgeResult(governed, statusList);
    if (statusList !== null) checks.push(statusCheck(judged, statusList));
    if (judged.status === "contraindicated") return [judged, checks];
    const verdict = requireDisclosed(judged, required);
    const shows = requiredCheck(verdict, required);
    return [verdict, shows === null ? checks : [...checks, shows]];
  };

  const verifyDocument = async (bytes: Uint8Array, judgedAtMs: number): Promise<[DocumentVerdict, readonly Check[]]> => {
    const verdict = await verifyAttestationDocument(bytes, trust, documentMode(expectations, judgedAtMs), remembering, { crls });
    const checks = listChecks(verdict, "attestation document");
    if (statusList === null || verdict.status === "contraindicated") return [verdict, checks];
    const judged = judgeEvidence(verdict, statusList);
    return [judged, [...checks, statusCheck(judged, statusList)]];
  };

  const judged: Judged[] = [];
  for (const input of inputs) {
    const judgedAtMs = nowMs();
    const { bytes } = input;
    judged.push(
      await judge(input, () => (input.kind === "result file" ? verifyResult(bytes) : verifyDocument(bytes, judgedAtMs)), judgedAtMs),
    );
    if (!progress(judged.length)) return null;
  }
  return judged;
}

async function judge(input: Input, verify: () => Promise<[FileVerdict, readonly Check[]]>, judgedAtMs: number): Promise<Judged> {
  try {
    const [verdict, checks] = await verify();
    const shown = escapeTexts({ name: input.name, verdict, checks });
    return { input, shown, verdict, fault: null, judgedAtMs };
  } catch (error) {
    return { input, shown: null, verdict: null, fault: escapeTexts(error instanceof Error ? error.message : String(error)), judgedAtMs };
  }
}
