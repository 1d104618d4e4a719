/** What must come out of one vector. */
export interface Expected {
  exit: 0 | 10 | 20 | 30;
  status: "affirming" | "warning" | "contraindicated";
  code: string;
  /** every reason of an acceptance, null for a refusal */
  reasons: readonly string[] | null;
  stage: string;
}

/** What the caller of a verifier asks for beyond trust file, time, nonce and age; a command line has no words for it. */
export interface BeyondRunners {
  expect: { jobDigest: Uint8Array | null; nonce: Uint8Array | null; policyVersion: number | null } | null;
  consistency: "report" | null;
  /** paths of certificate revocation lists in DER */
  crls: readonly string[];
}

/** One input with everything a verdict depends on. */
export interface Vector extends BeyondRunners {
  /** name of its folder: three digits and words */
  id: string;
  title: string;
  /** reject-n, accept-n, or code for a vector that is there for its reason code */
  rule: string;
  mode: "live" | "archived";
  /** ISO 8601 with milliseconds; null in archived mode = the time the document itself states */
  time: string | null;
  /** lower-case hex that the document must repeat, null when none was asked for */
  nonce: string | null;
  maxAgeSeconds: number | null;
  kind: "document" | "result";
  /** absolute paths */
  input: string;
  trust: string;
  expected: Expected;
}

export interface Kit {
  folder: string;
  /** in the order of their ids */
  vectors: readonly Vector[];
}

/** Whether the runner interface can say all that the vector says. */
export function isForRunners({ expect, consistency, crls }: BeyondRunners): boolean {
  return expect === null && consistency === null && crls.length === 0;
}
