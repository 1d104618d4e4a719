import { toHex, type RoleThreshold } from "@caladrius/wire";
import { diffTrustFiles, type TrustDifference } from "./diff-trust-files.ts";
import type { GovernedTrust } from "./governed-trust-file.ts";

/** One difference between two governed trust files: those of plain ones, and who may approve, what is taken, and how many must. */
export interface GovernedTrustDifference extends Omit<TrustDifference, "what"> {
  readonly what: TrustDifference["what"] | "constitution" | "releases" | "quorum";
}

/** As `diffTrustFiles`, with constitution, quorum, and whether any approved release is taken. Sets of named releases are among the PCR sets. */
export function diffGovernedTrust(before: GovernedTrust, after: GovernedTrust): GovernedTrustDifference[] {
  const differences: GovernedTrustDifference[] = diffTrustFiles(before, after);
  const compare = (what: GovernedTrustDifference["what"], a: string | null, b: string | null, widens: boolean): void => {
    if (a !== b) differences.push({ what, before: a, after: b, widens });
  };
  // Whoever may approve decides what runs only where approved releases are taken without being named.
  const { acceptsApproved } = after;
  compare("constitution", constitutionOf(before), constitutionOf(after), acceptsApproved);
  compare("releases", before.acceptsApproved ? "approved" : null, acceptsApproved ? "approved" : null, acceptsApproved);
  compare(
    "quorum",
    describe(before.quorum),
    describe(after.quorum),
    acceptsApproved && before.quorum.some((one) => isWeaker(one, after.quorum)),
  );
  return differences;
}

function constitutionOf({ constitution }: GovernedTrust): string | null {
  return constitution === null ? null : `${constitution.constitution.name} sha384:${toHex(constitution.constitutionDigest)}`;
}

function describe(quorum: readonly RoleThreshold[]): string | null {
  const words = quorum.map(({ role, threshold }) => `${role}:${threshold}`).toSorted();
  return words.length === 0 ? null : words.join(" ");
}

function isWeaker({ role, threshold }: RoleThreshold, quorum: readonly RoleThreshold[]): boolean {
  return !quorum.some((one) => one.role === role && one.threshold >= threshold);
}
