import {
  concatBytes,
  decodeRelease,
  decodeStatement,
  toHex,
  type Approved,
  type Approver,
  type DecodedStatement,
  type Release,
  type RoleThreshold,
} from "@caladrius/wire";
import { sha256, sha384 } from "@noble/hashes/sha2.js";
import { parsePcrSet, type PcrSet } from "../appraise/pcr-set.ts";
import type { SignatureBackend } from "../signatures/backend.ts";
import type { PinnedConstitution } from "../status/pinned-constitution.ts";
import { ReleaseError } from "./code.ts";
import { verifyApprovals, type ApprovedBy, type Quorum } from "./quorum.ts";

declare const verified: unique symbol;

/** A release that enough persons approved. Only `verifyRelease` makes one. */
export interface ApprovedRelease {
  readonly [verified]: true;
  readonly release: Release;
  /** SHA-384 of its statement */
  readonly digest: Uint8Array;
  /** whose key signed the statement */
  readonly author: Pick<Approver, "person" | "role">;
  readonly approvedBy: readonly ApprovedBy[];
  /** each of its sets of PCR0, 1 and 2 with the constitution's PCR16 */
  readonly pcrSets: readonly PcrSet[];
  /** as received */
  readonly source: Approved;
  /** the constitution whose approvers were counted */
  readonly under: PinnedConstitution;
}

/**
 * Verifies a release: a key of the constitution signed its statement, and enough persons of each role approved it.
 *
 * @param source the statement and the approvals over it, attacker-controlled
 * @param demands what is demanded beside the constitution's rule; it takes nothing away from it
 * @param revokedKeys SHA-256 of raw public keys in hex: they neither write nor approve
 * @throws ReleaseError release-form, release-author, release-quorum
 */
export async function verifyRelease(
  source: Approved,
  pinned: PinnedConstitution,
  signatures: SignatureBackend,
  demands: readonly RoleThreshold[] = [],
  revokedKeys: ReadonlySet<string> = new Set(),
): Promise<ApprovedRelease> {
  const counted = await countRelease(source, pinned, signatures, demands, revokedKeys);
  const { ok, approvedBy, missing } = counted.quorum;
  if (!ok) {
    const expected = missing.map(({ role, threshold, counted: of }) => `${threshold - of} more of role ${role}`).join(", ");
    const names = approvedBy.map(({ person, role }) => `${person}, ${role}`).join("; ");
    throw new ReleaseError("release-quorum", { expected, actual: names === "" ? "no approval that counts" : names });
  }
  const { statement, approvals } = source;
  const kept = { statement: new Uint8Array(statement), approvals: approvals.map((one) => new Uint8Array(one)) };
  return { ...counted, approvedBy, source: kept, under: pinned } as unknown as ApprovedRelease;
}

/** A release with its approvals counted, whether they are enough or not. */
export interface CountedRelease extends Pick<ApprovedRelease, "release" | "digest" | "author" | "pcrSets"> {
  readonly quorum: Quorum;
}

/**
 * The same for whoever still gathers approvals: who approved and what is missing, but nothing that counts as approved.
 * @throws ReleaseError release-form, release-author
 */
export async function countRelease(
  { statement, approvals }: Approved,
  pinned: PinnedConstitution,
  signatures: SignatureBackend,
  demands: readonly RoleThreshold[] = [],
  revokedKeys: ReadonlySet<string> = new Set(),
): Promise<CountedRelease> {
  const { constitution, constitutionDigest } = pinned;
  const { decoded, release, pcrSets } = read(statement, constitutionDigest);
  const approvers = constitution.approvers.filter(({ key }) => !revokedKeys.has(toHex(sha256(key.key))));
  const author = await findAuthor(decoded, approvers, signatures);
  if (author === null) throw new ReleaseError("release-author");
  const input = { kind: "release", statement, constitution, constitutionDigest, approvals, demands, revokedKeys } as const;
  const quorum = await verifyApprovals(input, signatures);
  return { release, digest: sha384(statement), author, pcrSets, quorum };
}

function read(statement: Uint8Array, constitutionDigest: Uint8Array): { decoded: DecodedStatement; release: Release; pcrSets: PcrSet[] } {
  const pcr16 = toHex(sha384(concatBytes(new Uint8Array(48), constitutionDigest)));
  try {
    const decoded = decodeStatement(statement, "release");
    const release = decodeRelease(decoded.payload);
    const pcrSets = release.pcrs.map(({ pcr0, pcr1, pcr2 }) =>
      parsePcrSet({ 0: toHex(pcr0), 1: toHex(pcr1), 2: toHex(pcr2), 16: pcr16 }, { allowDebug: false }),
    );
    return { decoded, release, pcrSets };
  } catch (error) {
    throw new ReleaseError("release-form", { actual: (error as Error).message });
  }
}

/** A passkey signs approvals and nothing else. */
async function findAuthor(
  { alg, toBeSigned, signature }: DecodedStatement,
  approvers: readonly Approver[],
  signatures: SignatureBackend,
): Promise<ApprovedRelease["author"] | null> {
  const verify = alg === "Ed25519" ? signatures.verifyEd25519 : signatures.verifyEs256;
  for (const { person, role, key, passkey } of approvers) {
    if (passkey !== null || key.alg !== alg) continue;
    if ((await verify.call(signatures, key.key, toBeSigned, signature)) === true) return { person, role };
  }
  return null;
}
