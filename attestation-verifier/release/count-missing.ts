import { toHex, type Approver, type RoleThreshold } from "@caladrius/wire";

/** A role of which someone is missing. */
export interface MissingRole {
  readonly role: string;
  readonly threshold: number;
  readonly counted: number;
}

/**
 * Fills the seats of each role with whoever approved, moving someone to another of their roles where that frees a seat
 * (bipartite matching). A person holds one seat however many keys and roles they have, and so do names that share a key:
 * who is one with whom is read from all approvers, so that one approval more never counts for less.
 * @param given those whose approvals verified, out of `approvers`
 */
export function countMissing(
  thresholds: readonly RoleThreshold[],
  given: readonly Approver[],
  approvers: readonly Approver[],
): readonly MissingRole[] {
  const signerOf = findSigners(approvers);
  const rolesOf = new Map<string, Set<string>>();
  for (const { person, role } of given) {
    const signer = signerOf(person);
    rolesOf.set(signer, (rolesOf.get(signer) ?? new Set<string>()).add(role));
  }
  const needed = new Map<string, number>();
  for (const { role, threshold } of thresholds) needed.set(role, (needed.get(role) ?? 0) + threshold);
  const seats = [...needed].flatMap(([role, threshold]) => Array.from({ length: threshold }, () => role));
  const holders = fillSeats(seats, rolesOf);
  const counted = (role: string): number => [...holders.keys()].filter((i) => seats[i] === role).length;
  return [...needed].map(([role, threshold]) => ({ role, threshold, counted: counted(role) })).filter((one) => one.counted < one.threshold);
}

/** Who is one with whom: names that share a key, directly or through others, are one signer. */
export function findSigners(approvers: readonly Approver[]): (person: string) => string {
  const parent = new Map<string, string>();
  const find = (name: string): string => {
    const above = parent.get(name);
    return above === undefined ? name : find(above);
  };
  for (const { person, key } of approvers) {
    const [a, b] = [find(`person ${person}`), find(`key ${toHex(key.key)}`)];
    if (a !== b) parent.set(a, b);
  }
  return (person) => find(`person ${person}`);
}

function fillSeats(seats: readonly string[], rolesOf: ReadonlyMap<string, ReadonlySet<string>>): ReadonlyMap<number, string> {
  const holders = new Map<number, string>();
  const seat = (signer: string, tried: Set<number>): boolean => {
    for (const [i, role] of seats.entries()) {
      if (tried.has(i) || rolesOf.get(signer)?.has(role) !== true) continue;
      tried.add(i);
      const holder = holders.get(i);
      if (holder === undefined || seat(holder, tried)) {
        holders.set(i, signer);
        return true;
      }
    }
    return false;
  };
  for (const signer of rolesOf.keys()) seat(signer, new Set());
  return holders;
}
