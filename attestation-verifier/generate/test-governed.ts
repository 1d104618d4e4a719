import { encodeResultFile, type ResultFile } from "@caladrius/wire";
import { approvedRelease, foundConstitution, governedKeys } from "./test-approvals.ts";
import { extended, makeResultFile, POLICY_DIGEST, trustText, type ResultOptions } from "./test-result.ts";
import { pcr, PCR4 } from "./test-pki.ts";

/** A result under a constitution that has approvers, with the release of its code beside it unless told otherwise. */
export function makeGovernedResult(
  options: ResultOptions & { founded?: ReturnType<typeof foundConstitution>; source?: ReturnType<typeof approvedRelease> | null } = {},
): {
  bytes: Uint8Array;
  /** the same file without the release */
  bare: Uint8Array;
  file: ResultFile;
  founded: ReturnType<typeof foundConstitution>;
  source: ReturnType<typeof approvedRelease>;
  /** a trust file with other keys than a plain one's */
  trust: (releases: Parameters<typeof governedKeys>[1], change?: Record<string, unknown>) => string;
} {
  const { founded = foundConstitution(), source: given, ...rest } = options;
  const { constitutionDigest } = founded;
  const pcrs = new Map([
    [0, pcr(0x10)],
    [1, pcr(0x11)],
    [2, pcr(0x12)],
    [3, pcr(0)],
    [4, PCR4],
    [16, extended(constitutionDigest)],
    [17, extended(POLICY_DIGEST)],
  ]);
  const { file, root } = makeResultFile({
    ...rest,
    identity: { constitutionDigest, ...rest.identity },
    fields: { pcrs, ...rest.fields },
    claims: { constitutionDigest, ...rest.claims },
  });
  const source = given ?? approvedRelease(constitutionDigest);
  const beside = given === null ? {} : { release: source.statement, approvals: [...source.approvals] };
  return {
    bytes: encodeResultFile({ ...file, ...beside }),
    bare: encodeResultFile(file),
    file,
    founded,
    source,
    trust: (releases, change = {}) => trustText(root, { ...governedKeys(founded.statement, releases), ...change }),
  };
}
