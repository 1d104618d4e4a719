import type { Check, Code } from "@caladrius/attestation-verifier";
import {
  judgeResult,
  readPinnedConstitution,
  requireCurrent,
  STATUS_CODE,
  verifyStatusList,
  type GovernedResultClaims,
  type GovernedTrust,
  type GovernedVerdict,
  type ReleaseCode,
  type StatusCode,
  type StatusVerdict,
  type VerifiedStatusList,
} from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { MAX_CONSTITUTION_BYTES, MAX_STATUS_LIST_BYTES } from "@caladrius/wire";
import type { Arguments } from "../arguments.ts";
import { about, UsageError } from "../exit.ts";
import { readLimited } from "../files.ts";

/**
 * The list that --status-list names, in force at `atMs`, under the constitution that the trust file pins by PCR16; null
 * where none is given.
 * @throws UsageError; FileProblem around StatusError constitution-pcr16, status-list-*
 */
export async function readStatusListFor(args: Arguments, trust: GovernedTrust, atMs: number): Promise<VerifiedStatusList | null> {
  const [path, constitution] = [args.optional("status-list"), args.optional("constitution")];
  if (path === null) return null;
  if (constitution === null && trust.constitution === null)
    throw new UsageError("--status-list needs --constitution: it names the keys that sign status lists");
  const pinned =
    constitution === null || trust.constitution !== null
      ? trust.constitution
      : await about(constitution, async () =>
          readPinnedConstitution(await readLimited(constitution, MAX_CONSTITUTION_BYTES), pcr16Of(trust)),
        );
  const file = await readLimited(path, MAX_STATUS_LIST_BYTES);
  return about(path, async () => {
    if (pinned === null) throw new UsageError("--status-list needs --constitution");
    const list = await verifyStatusList(file, { ...pinned, nowMs: atMs, before: null }, signatures);
    requireCurrent(list, atMs);
    return list;
  });
}

/** What a list makes of a verdict, with the line that --checks shows of it. */
export function judgeBy(
  list: VerifiedStatusList | null,
  verdict: GovernedVerdict,
): { verdict: GovernedVerdict | StatusVerdict<GovernedResultClaims, Code | ReleaseCode>; check: Check | null } {
  if (list === null || verdict.status === "contraindicated") return { verdict, check: null };
  const judged = judgeResult(verdict, list);
  const found = judged.status === "contraindicated" ? [judged.code] : judged.reasons;
  const reasons = found.filter((code): code is StatusCode => Object.hasOwn(STATUS_CODE, code));
  const state = reasons.length === 0 ? "passed" : judged.status === "contraindicated" ? "failed" : "reservation";
  const said =
    reasons.length === 0 ? `nothing of it, in number ${list.list.number}` : reasons.map((code) => STATUS_CODE[code].meaning).join("; ");
  return {
    verdict: judged,
    check: {
      stage: "status",
      title: "The status list revokes neither its release nor whoever stands behind it",
      state,
      expected: null,
      found: said,
      spec: "ARCHITECTURE §7",
    },
  };
}

function pcr16Of({ pcrSets }: GovernedTrust): Uint8Array[] {
  return pcrSets.map((set) => set.get(16)).filter((value) => value !== undefined);
}
