import { createHash } from "node:crypto";
import { join } from "node:path";
import { decodeGrant, decodeStatement, equalBytes, toHex, type Grant, type Request, type SigningPublicKey } from "@caladrius/wire";
import { SubmitError } from "../errors.ts";
import { takeNumber } from "../numbers.ts";

/** Gives out uses of grants, one set for each job. */
export interface GrantUses {
  /**
   * The next use of each grant that is for this subject. No use is taken for another's recording: the enclave would deny it.
   * @throws SubmitError grant-subject, grant-used-up; errors of the system
   */
  next(subject: string): Promise<Request["grants"]>;
}

/** A grant, and the number of its first use where somebody chose one. */
export interface HeldGrant {
  readonly statement: Uint8Array;
  /** counted up from there, whatever the ledger says; null for the next that this key has not used */
  readonly firstUse: number | null;
}

/**
 * Numbers the uses of grants that one submitter holds. Which were spent is kept in a folder beside the submitter's key, so
 * that none is spent twice by accident; the enclave is what enforces it.
 *
 * @param folder of the ledger: one folder in it for each grant
 * @throws SubmitError grant-form, grant-holder
 */
export function openGrantUses(grants: readonly HeldGrant[], holder: SigningPublicKey, folder: string): GrantUses {
  const held = grants.map(({ statement, firstUse }) => {
    const grant = readHeld(statement);
    if (grant.holder.alg !== holder.alg || !equalBytes(grant.holder.key, holder.key))
      throw new SubmitError(
        "grant-holder",
        `it names ${toHex(sha256(grant.holder.key)).slice(0, 16)}…, not ${toHex(sha256(holder.key)).slice(0, 16)}…`,
      );
    return { statement, grant, chosen: firstUse };
  });
  return {
    async next(subject) {
      const uses: Request["grants"] = [];
      const fitting = held.filter(({ grant }) => grant.subject === subject);
      if (fitting.length === 0) {
        const named = [...new Set(held.map(({ grant }) => grant.subject))].join(", ");
        throw new SubmitError("grant-subject", `the recording is of ${subject}, the grants are for ${named}`);
      }
      for (const one of fitting) {
        const use = one.chosen ?? (await nextUse(join(folder, toHex(sha256(one.statement))), one.grant));
        if (use > one.grant.uses) throw usedUp(one.grant);
        if (one.chosen !== null) one.chosen += 1;
        uses.push({ grant: one.statement, use });
      }
      return uses;
    },
  };
}

async function nextUse(folder: string, grant: Grant): Promise<number> {
  const taken = await takeNumber(folder, 1, (use) => (use > grant.uses ? null : NOTHING));
  if (taken === null) throw usedUp(grant);
  return taken.number;
}

/** The shape alone: who issued it and whether it covers a job is judged in the enclave. */
function readHeld(statement: Uint8Array): Grant {
  try {
    return decodeGrant(decodeStatement(statement, "grant").payload);
  } catch (error) {
    throw new SubmitError("grant-form", error instanceof Error ? error.message : null);
  }
}

function usedUp({ uses }: Grant): SubmitError {
  return new SubmitError("grant-used-up", `${uses} of ${uses}`);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

const NOTHING: Uint8Array = new Uint8Array(0);
