import {
  listChecks,
  rememberSignatures,
  verifyAttestationDocument,
  type Check,
  type EvidenceClaims,
  type SignatureBackend,
  type Verdict,
} from "@caladrius/attestation-verifier";
import {
  createGovernedResultVerifier,
  listGovernedChecks,
  type GovernedTrust,
  type GovernedVerdict,
} from "@caladrius/attestation-verifier/governance";
import { escapeTexts } from "@caladrius/wire";
import { documentMode, type Expectations } from "./expectations.ts";
import type { Input } from "./inputs.ts";

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

export type FileVerdict = GovernedVerdict | Verdict<EvidenceClaims>;

/** Judges files one after the other; `progress` hears how many are done, and ends it by answering false. */
export async function judgeAll(
  inputs: readonly Input[],
  trust: GovernedTrust,
  expectations: Expectations,
  { signatures, nowMs, progress }: { signatures: SignatureBackend; nowMs: () => number; progress: (done: number) => boolean },
): Promise<readonly Judged[] | null> {
  const remembering = rememberSignatures(signatures); // enclaves of one host share certificates
  const { nonce, jobDigest, policyVersion } = expectations;
  const verifyResult = createGovernedResultVerifier(trust, { nonce, jobDigest, policyVersion }, remembering);
  const judged: Judged[] = [];
  for (const input of inputs) {
    const judgedAtMs = nowMs();
    const verify = async (): Promise<[FileVerdict, readonly Check[]]> => {
      if (input.kind === "result file") {
        const verdict = await verifyResult(input.bytes);
        return [verdict, listGovernedChecks(verdict)];
      }
      const verdict = await verifyAttestationDocument(input.bytes, trust, documentMode(expectations, judgedAtMs), remembering);
      return [verdict, listChecks(verdict, "attestation document")];
    };
    judged.push(await judge(input, verify, judgedAtMs));
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
