import { countMissing } from "@caladrius/attestation-verifier/governance";
import { toHex, type Approver, type Constitution, type RoleThreshold, type SigningPublicKey } from "@caladrius/wire";
import { AuthoringError, type AuthoringWarning } from "../authoring/errors.ts";
import { iso } from "../authoring/words.ts";

/**
 * Refuses a constitution that cannot work, and says what of one that can should be thought about again.
 * @param nowSeconds Unix seconds
 * @throws AuthoringError constitution-window, constitution-duplicate, constitution-quorum
 */
export function checkConstitution(constitution: Constitution, nowSeconds: number): readonly AuthoringWarning[] {
  const { notBefore, notAfter } = constitution;
  if (notAfter <= notBefore) throw new AuthoringError("constitution-window", `from ${iso(notBefore)} to ${iso(notAfter)}`);
  if (notAfter <= nowSeconds) throw new AuthoringError("constitution-window", `it ended ${iso(notAfter)}`);
  refuseDuplicates(constitution);
  for (const [what, thresholds] of Object.entries(constitution.quorums)) {
    const missing = unreachable(thresholds, constitution.approvers);
    if (missing !== null) throw new AuthoringError("constitution-quorum", `quorums.${what}: ${missing}`);
  }
  return [...lone(constitution), ...sharedKeys(constitution), ...idleRoles(constitution), ...fragile(constitution)];
}

/** What would always be missing of a quorum, in words; null for one that all approvers together reach. */
export function unreachable(thresholds: readonly RoleThreshold[], approvers: readonly Approver[]): string | null {
  const missing = countMissing(thresholds, approvers, approvers);
  if (missing.length === 0) return null;
  return missing.map(({ role, threshold, counted }) => `${threshold} of role ${role}, and there are ${counted} to count`).join("; ");
}

function refuseDuplicates({ approvers, statusKeys, auditorKeys, log, quorums }: Constitution): void {
  refuseLookalikes(
    "person",
    approvers.map(({ person }) => person),
  );
  refuseLookalikes(
    "role",
    [...approvers, ...Object.values(quorums).flat()].map(({ role }) => role),
  );
  const owner = new Map<string, Approver>();
  const entries = new Set<string>();
  for (const [i, approver] of approvers.entries()) {
    const key = toHex(approver.key.key);
    const other = owner.get(key);
    if (other !== undefined && other.person !== approver.person)
      throw new AuthoringError("constitution-duplicate", `approvers[${i}].key: ${approver.person} has the key of ${other.person}`);
    owner.set(key, approver);
    const entry = JSON.stringify([approver.person, approver.role, key]);
    if (entries.has(entry))
      throw new AuthoringError("constitution-duplicate", `approvers[${i}]: ${approver.person} with one key and role twice`);
    entries.add(entry);
  }
  refuseTwice("statusKeys", statusKeys.map(keyName));
  refuseTwice(
    "auditorKeys",
    auditorKeys.map(({ publicKey }) => toHex(publicKey)),
  );
  refuseTwice("log.witnesses", (log?.witnesses ?? []).map(keyName));
}

/** Two spellings of one name would be two persons who count twice, or a role that nobody has, and look like one to who approves. */
function refuseLookalikes(what: string, names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const look = name.normalize("NFKC").replace(INVISIBLE, "").replace(/\s+/gu, " ").trim().toLowerCase();
    const other = seen.get(look) ?? name;
    if (other !== name)
      throw new AuthoringError("constitution-duplicate", `one ${what} in two spellings: ${JSON.stringify([other, name])}`);
    seen.set(look, name);
  }
}

/** What leaves no mark: format characters such as a zero-width space, controls, variation selectors. */
const INVISIBLE = /(?!\s)[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;

function refuseTwice(path: string, names: readonly string[]): void {
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice >= 0) throw new AuthoringError("constitution-duplicate", `${path}[${twice}]: one key twice`);
}

/** Quorums that one person is. */
function lone({ quorums }: Constitution): AuthoringWarning[] {
  const alone = Object.entries(quorums)
    .filter(([, thresholds]) => thresholds.reduce((sum, { threshold }) => sum + threshold, 0) === 1)
    .map(([what]) => what);
  if (alone.length === 0) return [];
  const all = alone.length === Object.keys(quorums).length;
  const sentence = all
    ? "one person alone decides everything: one rogue administrator, or one stolen key, is the whole deployment"
    : `one person alone decides: ${alone.join(", ")}`;
  return [{ code: "lone-quorum", sentence }];
}

/** A status key signs by itself, and is at hand day and night. */
function sharedKeys({ approvers, statusKeys }: Constitution): AuthoringWarning[] {
  const ofApprovers = new Map(approvers.map(({ person, key }) => [keyName(key), person]));
  return statusKeys.flatMap((key, i) => {
    const person = ofApprovers.get(keyName(key));
    if (person === undefined) return [];
    return [
      {
        code: "status-key-shared",
        sentence: `statusKeys[${i}] is ${person}'s approval key too: whoever keeps the status list online could approve as them`,
      },
    ];
  });
}

function idleRoles({ approvers, quorums }: Constitution): AuthoringWarning[] {
  const counted = new Set(Object.values(quorums).flatMap((thresholds) => thresholds.map(({ role }) => role)));
  const idle = [...new Set(approvers.map(({ role }) => role))].filter((role) => !counted.has(role));
  return idle.map((role) => ({ code: "role-uncounted", sentence: `no quorum counts role ${role}; a bundle's rule for emergencies may` }));
}

/** A succession that ends with any one person can never be repaired once they are gone. */
function fragile({ approvers, quorums }: Constitution): AuthoringWarning[] {
  const persons = [...new Set(approvers.map(({ person }) => person))];
  const needed = persons.filter(
    (person) =>
      unreachable(
        quorums.succession,
        approvers.filter((one) => one.person !== person),
      ) !== null,
  );
  if (needed.length === 0) return [];
  return [{ code: "succession-fragile", sentence: `without ${needed.join(", or without ")} nobody can change this constitution any more` }];
}

function keyName({ alg, key }: SigningPublicKey): string {
  return `${alg} ${toHex(key)}`;
}
