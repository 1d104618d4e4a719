import type { Check, Code } from "@caladrius/attestation-verifier";
import {
  judgeResult,
  pinConstitution,
  requireCurrent,
  statusCheck,
  verifyStatusList,
  type GovernedResultClaims,
  type GovernedTrust,
  type GovernedVerdict,
  type ReleaseCode,
  type StatusVerdict,
  type VerifiedStatusList,
} from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { MAX_CONSTITUTION_BYTES, MAX_STATUS_LIST_BYTES } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, UsageError } from "../exit.ts";
import { readLimited } from "../files.ts";
import { remember } from "./memory.ts";

/**
 * The list that --status-list names, in force at `atMs`, under the constitution that the trust file names or pins by PCR16; null
 * where none is given.
 * @throws UsageError; FileProblem around StatusError constitution-pcr16, status-list-*
 */
export async function readStatusListFor(args: Arguments, trust: GovernedTrust, atMs: number): Promise<VerifiedStatusList | null> {
  const [path, constitution] = [args.optional("status-list"), args.optional("constitution")];
  const memory = args.optional("remember");
  if (path === null && memory !== null) throw new UsageError("--remember needs --status-list: it remembers the newest one");
  if (path === null) return null;
  if (constitution === null && trust.constitution === null)
    throw new UsageError("--status-list needs --constitution: it names the keys that sign status lists");
  const pinned =
    constitution === null
      ? trust.constitution
      : await about(constitution, async () => pinConstitution(trust, await readLimited(constitution, MAX_CONSTITUTION_BYTES)));
  if (pinned === null) throw new UsageError("--status-list needs --constitution");
  const file = await readLimited(path, MAX_STATUS_LIST_BYTES);
  const verify = (before: VerifiedStatusList | null): Promise<VerifiedStatusList> =>
    about(path, async () => {
      const list = await verifyStatusList(file, { ...pinned, nowMs: atMs, before }, signatures);
      requireCurrent(list, atMs);
      return list;
    });
  if (memory === null) return verify(null);
  return remember(memory, pinned, async (before) => ({ file, list: await verify(before) }));
}

/** What a list makes of a verdict, with the line that --checks shows of it. */
export function judgeBy(
  list: VerifiedStatusList | null,
  verdict: GovernedVerdict,
): { verdict: GovernedVerdict | StatusVerdict<GovernedResultClaims, Code | ReleaseCode>; check: Check | null } {
  if (list === null || verdict.status === "contraindicated") return { verdict, check: null };
  const judged = judgeResult(verdict, list);
  return { verdict: judged, check: statusCheck(judged, list) };
}
