/**
 * Who could read every job of a fleet besides its enclaves. A seed is made of one part from each KMS key, and whoever may
 * change the policies of all of them gets all parts.
 */
export function whoReadsEverything(keyArns: readonly string[]): string | null {
  const [only = "none"] = keyArns;
  if (keyArns.length < 2)
    return `whoever administers the one KMS key ${only} CAN READ EVERY JOB of this fleet: they can change its policy and derive the keys. Keys in accounts of several roles take that away`;
  const accounts = [...new Set(keyArns.map(accountOf))];
  const [account = ""] = accounts;
  if (accounts.length === 1)
    return `whoever administers the AWS account ${account} CAN READ EVERY JOB of this fleet: all its KMS keys lie there. Keys in accounts of several roles take that away`;
  return null;
}

/** The account of a key's ARN, as it stands there. */
export function accountOf(keyArn: string): string {
  return keyArn.split(":")[4] ?? "unknown";
}
