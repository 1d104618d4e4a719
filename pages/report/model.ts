import type { ResultFileClaims, Verdict } from "@caladrius/attestation-verifier";
import type { Recording } from "@caladrius/wire";

/** A verdict over a result that may be shown. */
export type AcceptedVerdict = Exclude<Verdict<ResultFileClaims, string>, { status: "contraindicated" }>;

/** What is known of the recording beside the result: equal by its digest, or the result withholds the digest. */
export type RecordingMatch = "same" | "not-disclosed";

/** What a report is made of. */
export interface ReportInput {
  /** of the result file, as the verifier gave it */
  readonly verdict: AcceptedVerdict;
  readonly recording: Recording;
  readonly match: RecordingMatch;
  /** SHA-256 of the recording's encoding, lower-case hex */
  readonly recordingSha256: string;
  readonly result: { readonly name: string; readonly sha256: string };
  readonly trust: { readonly name: string; readonly sha256: string };
  /** the recording's source has no date: its times count from the start */
  readonly isRelative: boolean;
  /** files that the recording was read from */
  readonly sources: readonly string[];
}

/** A page, and what of the result is on it. */
export interface Report {
  readonly html: string;
  readonly strips: number;
  readonly trends: number;
}
