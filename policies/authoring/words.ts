import { encodeCbor, toHex, type BreakGlassRule, type CborValue, type RoleThreshold } from "@caladrius/wire";

// What bundles and constitutions say, in the words of commands and pages alike.

/** Unix seconds as people read them. */
export function iso(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace(".000Z", "Z");
}

/** A rule of role thresholds as people read it. */
export function thresholdWords(rule: readonly RoleThreshold[]): string {
  return rule.map(({ role, threshold }) => `${threshold} of role ${role}`).join(" and ") || "nobody";
}

/** A rule for emergencies as people read it. */
export function breakGlassWords({ first, second, escalateSeconds, validSeconds, purposes, level: widest }: BreakGlassRule): string {
  const later = second.length === 0 ? "" : `, after ${durationWords(escalateSeconds)} also ${thresholdWords(second)}`;
  return `${thresholdWords(first)}${later}, for ${durationWords(validSeconds)}, ${purposes.join(" ")}, at most ${widest}`;
}

/** Seconds as people read them. */
export function durationWords(seconds: number): string {
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 && seconds > 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** A key as people compare it. */
export function keyWords({ alg, key }: { alg: string; key: Uint8Array }): string {
  return `${alg} ${toHex(key)}`;
}

/** A value of a detector's parameters, or telemetry, as JSON writes it. */
export function parameterWords(value: CborValue): string {
  if (value === null) return "default";
  if (value instanceof Map) {
    const members = [...(value as ReadonlyMap<number | string, CborValue>)].map(
      ([name, one]) => `${String(name)} ${one === null ? "off" : parameterWords(one)}`,
    );
    return members.join(", ") || "default";
  }
  return typeof value === "object" ? toHex(encodeCbor(value)) : String(value);
}

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
