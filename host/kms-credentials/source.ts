import type { Credentials } from "@caladrius/wire";

/** Where a host gets credentials for KMS. */
export interface CredentialSource {
  /** for sentences of the log, such as "the file /run/caladrius/kms.json" */
  readonly name: string;
  /** how often it is worth looking, ms */
  readonly everyMs: number;
  /**
   * What is there now.
   * @param renew what was read before ends soon: ask the issuer, not a cache
   * @throws CredentialProblem
   */
  read(renew: boolean): Promise<Credentials>;
}

/** Credentials cannot be had; the message is a whole sentence that says who acts and holds nothing of a secret. */
export class CredentialProblem extends Error {
  override readonly name = "CredentialProblem";
}

/** Credentials that never end, such as an IAM user's, have this end. */
export const NEVER_MS: number = Number.MAX_SAFE_INTEGER;
