import { verifyApprovals } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import {
  ConfigurationError,
  decodeBundle,
  decodeConstitution,
  decodeStatement,
  decodeStatusList,
  equalBytes,
  MAX_STATUS_LIST_SECONDS,
  type BootMessage,
  type Bundle,
  type Constitution,
  type SigningPublicKey,
  type StatementKind,
  type StatusList,
} from "@caladrius/wire";
import { verifySignature } from "../crypto.ts";
import type { Enclave } from "./boot.ts";

/**
 * Decodes and verifies what has been measured: the constitution is signed by one of its own approvers, the bundle by
 * one of them and approved by the quorum that the constitution demands.
 *
 * @throws WireError, ConfigurationError boot-*
 */
export async function readDeployment(message: BootMessage, constitutionDigest: Uint8Array): Promise<{ constitution: Constitution; bundle: Bundle }> {
  const constitution = decodeConstitution(decodeStatement(message.constitution, "constitution").payload);
  const approverKeys = constitution.approvers.map((approver) => approver.key);
  signedByOneOf(message.constitution, "constitution", approverKeys);

  const bundle = decodeBundle(signedByOneOf(message.bundle, "bundle", approverKeys));
  if (!equalBytes(bundle.constitutionDigest, constitutionDigest)) throw new ConfigurationError("boot-bundle-constitution", "the bundle stands under another constitution");
  const quorum = await verifyApprovals({ kind: "bundle", statement: message.bundle, constitution, constitutionDigest, approvals: message.bundleApprovals }, signatures);
  if (!quorum.ok) throw new ConfigurationError("boot-bundle-quorum", "the bundle is not approved by the quorum of the constitution");
  return { constitution, bundle };
}

/**
 * Reads a status list: signed by a status key, under this constitution, good for at most 24 hours, not newer than now,
 * not older than the one in force, and not forbidding the policy in force.
 *
 * @throws WireError, ConfigurationError status-list-*
 */
export function checkStatusList(statement: Uint8Array, enclave: Pick<Enclave, "constitution" | "constitutionDigest" | "bundle" | "clock" | "statusList">): StatusList {
  const list = decodeStatusList(signedByOneOf(statement, "status-list", enclave.constitution.statusKeys));
  if (!equalBytes(list.constitutionDigest, enclave.constitutionDigest)) throw new ConfigurationError("status-list-constitution", "the status list stands under another constitution");
  const validSeconds = list.expiresAt - list.issuedAt;
  if (validSeconds <= 0 || validSeconds > MAX_STATUS_LIST_SECONDS) throw new ConfigurationError("status-list-window", `valid for ${validSeconds} s, at most ${MAX_STATUS_LIST_SECONDS}`);
  const { toMs } = enclave.clock.now();
  if (list.issuedAt * 1000 > toMs + MAX_SKEW_MS) throw new ConfigurationError("status-list-window", "the status list was issued in the future");
  if (enclave.statusList !== null && list.number < enclave.statusList.number) throw new ConfigurationError("status-list-older", "an older status list than the one in force");
  if (list.lowestPolicyVersion > enclave.bundle.policyVersion) throw new ConfigurationError("status-list-policy", "the status list forbids the policy bundle in force");
  return list;
}

/** The payload of a statement that one of these keys signed. */
function signedByOneOf(statement: Uint8Array, kind: StatementKind, keys: readonly SigningPublicKey[]): Uint8Array {
  const { alg, payload, toBeSigned, signature } = decodeStatement(statement, kind);
  const signed = keys.some((key) => key.alg === alg && verifySignature(key, toBeSigned, signature));
  if (!signed) throw new ConfigurationError("boot-signature", `the ${kind} is not signed by a key that may sign it`);
  return payload;
}

/** Clocks of whoever signs a list and of NSM may differ by this much. */
const MAX_SKEW_MS = 120_000;
