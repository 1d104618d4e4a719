import {
  approvedBytes,
  decodeApproved,
  decodeBundle,
  decodeStatement,
  decodeStatusList,
  encodeApproval,
  encodeApproved,
  encodeBundle,
  encodeStatement,
  encodeStatusList,
  type BootMessage,
  type Bundle,
  type Revocation,
  type SigningPublicKey,
  type StatusList,
} from "@caladrius/wire";
import { sha256, sha384 } from "../crypto.ts";
import { PERSON, STATUS_KEY, type TestDeployment } from "./deployment.ts";

type Approving = "developer" | "hospital";
const ROLE = { developer: "development", hospital: "hospital" } as const;

/** A status list of a deployment: the one it boots with, with any part replaced, and the next number. */
export function statusListOf(
  { boot, constitutionDigest }: TestDeployment,
  change: Partial<StatusList> = {},
  { key = STATUS_KEY.first, approvers = [] }: { key?: (typeof STATUS_KEY)["first"]; approvers?: readonly Approving[] } = {},
): Uint8Array {
  const first = decodeStatusList(decodeStatement(decodeApproved(boot.statusList).statement, "status-list").payload);
  const payload = encodeStatusList({ ...first, number: first.number + 1, ...change });
  const statement = encodeStatement("status-list", "Ed25519", payload, key.sign);
  return encodeApproved({ statement, approvals: approve("status-list", statement, constitutionDigest, approvers) });
}

/** The deployment under another bundle, which these persons approved. */
export function withBundle(
  { boot, constitutionDigest }: TestDeployment,
  change: Partial<Bundle>,
  approvers: readonly Approving[] = ["developer"],
): TestDeployment {
  const before = decodeBundle(decodeStatement(boot.bundle, "bundle").payload);
  const bundle = encodeStatement("bundle", "Ed25519", encodeBundle({ ...before, ...change }), PERSON.developer.sign);
  const message: BootMessage = { ...boot, bundle, bundleApprovals: approve("bundle", bundle, constitutionDigest, approvers) };
  return { boot: message, constitutionDigest };
}

/** The revocation of a key. */
export function revokedKey({ key }: SigningPublicKey, since = 0): Revocation {
  return { what: "key", id: sha256(key), since, reason: "stolen" };
}

function approve(
  kind: "status-list" | "bundle",
  statement: Uint8Array,
  constitutionDigest: Uint8Array,
  approvers: readonly Approving[],
): Uint8Array[] {
  const digest = sha384(approvedBytes(kind, constitutionDigest, statement));
  return approvers.map((person) =>
    encodeStatement("approval", "Ed25519", encodeApproval({ kind, digest, person, role: ROLE[person], at: 0 }), PERSON[person].sign),
  );
}
