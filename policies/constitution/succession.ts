import { equalBytes, toHex, type Constitution } from "@caladrius/wire";
import { AuthoringError } from "../authoring/errors.ts";
import { pcrOf } from "../kms/attestation.ts";
import { statementName, type KeyPolicy } from "../kms/policy.ts";
import { iso } from "../authoring/words.ts";

/** A constitution with what it is measured as, lower-case hex. */
export interface Measured {
  constitution: Constitution;
  /** SHA-384 of the statement */
  digest: Uint8Array;
  pcr16: string;
}

/** What lies around and names the old constitution; files as somebody gave them. */
export interface Surroundings {
  keyPolicies: readonly { file: string; policy: KeyPolicy }[];
  /** every PCR16 that a trust file pins */
  trustFiles: readonly { file: string; pcr16: readonly string[] }[];
  fleets: readonly { file: string; fleet: string; epoch: number; constitutionDigest: Uint8Array; notAfter: number }[];
}

/** One thing that has to follow, in the order in which it is done. */
export interface Change {
  what: "pcr16" | "bundle" | "status-list" | "kms-key" | "kms-statement" | "trust-file" | "fleet-epoch" | "draining";
  /** file, ARN or name */
  where: string;
  before: string | null;
  after: string | null;
  /** what to do, one sentence */
  todo: string;
}

/**
 * Refuses a constitution that does not follow the other: the next number, naming the other's digest.
 * @throws AuthoringError constitution-predecessor
 */
export function refuseNonSuccessor(next: Constitution, old: Measured): void {
  const { number } = old.constitution;
  if (next.number !== number + 1)
    throw new AuthoringError("constitution-predecessor", `expected number ${number + 1}, found ${next.number}`);
  if (next.predecessor === null || !equalBytes(next.predecessor, old.digest))
    throw new AuthoringError(
      "constitution-predecessor",
      `expected ${toHex(old.digest).slice(0, 16)}…, found ${next.predecessor === null ? "none" : `${toHex(next.predecessor).slice(0, 16)}…`}`,
    );
}

/** Everything that names the old constitution and has to name the new one, or ends with it. */
export function listChanges(old: Measured, next: Measured, { keyPolicies, trustFiles, fleets }: Surroundings): readonly Change[] {
  const [before, after] = [old.pcr16, next.pcr16];
  const arns = [...new Set([...(old.constitution.kms?.keys ?? []), ...(next.constitution.kms?.keys ?? [])])];
  return [
    { what: "pcr16", where: "enclaves", before, after, todo: "boot new enclaves with the new constitution; the old ones stay as they are" },
    {
      what: "bundle",
      where: "policy bundle",
      before: toHex(old.digest),
      after: toHex(next.digest),
      todo: "sign and approve a bundle under the new constitution: one under the old does not boot",
    },
    {
      what: "status-list",
      where: "status list",
      before: toHex(old.digest),
      after: toHex(next.digest),
      todo: "publish one under the new constitution; go on with the old one's until its enclaves have drained",
    },
    ...arns.map((arn): Change => keyChange(arn, old, next)),
    ...keyPolicies.flatMap(({ file, policy }) =>
      statementsNaming(policy, old).map((name): Change => ({
        what: "kms-statement",
        where: `${file}: ${name}`,
        before,
        after,
        todo: "add a statement for the new PCR16 and encryption context (`caladrius kms policy`), and drop this one after draining",
      })),
    ),
    ...trustFiles
      .filter(({ pcr16 }) => pcr16.includes(before))
      .map(({ file }): Change => ({
        what: "trust-file",
        where: file,
        before,
        after,
        todo: "write it anew (`caladrius trust new`) and give it to whoever pins the old one; keep the old one for old results",
      })),
    ...fleets
      .filter(({ constitutionDigest }) => equalBytes(constitutionDigest, old.digest))
      .map(({ file, fleet, epoch, notAfter }): Change => ({
        what: "fleet-epoch",
        where: file,
        before: `epoch ${epoch} of fleet ${fleet}, until ${iso(notAfter)}`,
        after: `a new epoch of fleet ${fleet}`,
        todo: "have enclaves of the new constitution make keys, and approve them: an epoch serves one constitution",
      })),
    {
      what: "draining",
      where: "old enclaves",
      before,
      after: null,
      todo: "let clients take the new trust file, wait until the old enclaves get no jobs, then end them and retire their epochs",
    },
  ];
}

function keyChange(arn: string, old: Measured, next: Measured): Change {
  const [was, is] = [old, next].map(({ constitution, pcr16 }) => (constitution.kms?.keys.includes(arn) === true ? pcr16 : null));
  const todo =
    is === null || is === undefined
      ? "the new constitution does not name this key: take the enclaves' statements out of its policy after draining"
      : "its policy must admit the new PCR16 and the encryption context of the new constitution (`caladrius kms policy`)";
  return { what: "kms-key", where: arn, before: was ?? null, after: is ?? null, todo };
}

/** Statements that pin the old PCR16, or its constitution in the encryption context. */
function statementsNaming(policy: KeyPolicy, { pcr16, digest }: Measured): readonly string[] {
  const hex = toHex(digest);
  return policy.statements.flatMap((statement, i) => {
    const names = statement.conditions.some((condition) => {
      const wanted = pcrOf(condition) === 16 ? pcr16 : CONTEXT.test(condition.key) ? hex : null;
      return wanted !== null && condition.values.some((value) => value.toLowerCase() === wanted);
    });
    return names ? [statementName(statement, i)] : [];
  });
}

const CONTEXT = /^kms:EncryptionContext:caladrius-constitution$/i;
