import { verifyApprovals } from "@caladrius/attestation-verifier/governance";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import {
  ConfigurationError,
  decodeBundle,
  decodeConstitution,
  decodeStatement,
  equalBytes,
  type BootMessage,
  type Bundle,
  type CborValue,
  type Constitution,
  type Recording,
  type SigningPublicKey,
  type StatementKind,
} from "@caladrius/wire";
import { analyse } from "../analyse/index.ts";
import { verifySignature } from "../crypto.ts";

/**
 * Decodes and verifies what has been measured: the constitution is signed by one of its own approvers, the bundle by
 * one of them and approved by the quorum that the constitution demands, and this build has the detectors it names.
 *
 * @throws WireError, ConfigurationError boot-*, detector-parameters
 */
export async function readDeployment(message: BootMessage, constitutionDigest: Uint8Array): Promise<Deployment> {
  const constitution = decodeConstitution(decodeStatement(message.constitution, "constitution").payload);
  const approverKeys = constitution.approvers.map((approver) => approver.key);
  signedByOneOf(message.constitution, "constitution", approverKeys);

  const bundle = decodeBundle(signedByOneOf(message.bundle, "bundle", approverKeys));
  if (!equalBytes(bundle.constitutionDigest, constitutionDigest))
    throw new ConfigurationError("boot-bundle-constitution", "the bundle stands under another constitution");
  await requireQuorum(message, { constitution, constitutionDigest }, NONE);
  const detectorParameters = new Map(bundle.detectors.map((rule) => [rule.id, rule.parameters]));
  analyse(NO_RECORDING, { detectors: [...detectorParameters.keys()], parameters: detectorParameters });
  return { constitution, bundle, detectorParameters };
}

/**
 * The bundle's approvals reach the constitution's quorum. Keys that the status list revokes do not count, whatever date
 * their approvals state: whoever stole one writes what they like.
 *
 * @param revokedKeys SHA-256 of raw public keys in hex
 * @throws ConfigurationError boot-bundle-quorum
 */
export async function requireQuorum(
  { bundle, bundleApprovals }: Pick<BootMessage, "bundle" | "bundleApprovals">,
  { constitution, constitutionDigest }: { constitution: Constitution; constitutionDigest: Uint8Array },
  revokedKeys: ReadonlySet<string>,
): Promise<void> {
  const quorum = await verifyApprovals(
    { kind: "bundle", statement: bundle, constitution, constitutionDigest, approvals: bundleApprovals, revokedKeys },
    signatures,
  );
  if (!quorum.ok) throw new ConfigurationError("boot-bundle-quorum", "the bundle is not approved by the quorum of the constitution");
}

/** What an enclave runs under. */
export interface Deployment {
  constitution: Constitution;
  bundle: Bundle;
  detectorParameters: ReadonlyMap<string, CborValue>;
}

/** Before the status list has been read. */
const NONE: ReadonlySet<string> = new Set();

/** Detectors and parameters that this build cannot run are found at boot, not at the first job. */
const NO_RECORDING: Recording = { subject: "none", device: "none", channels: [], events: [] };

/** The payload of a statement that one of these keys signed. @throws WireError, ConfigurationError boot-signature */
export function signedByOneOf(statement: Uint8Array, kind: StatementKind, keys: readonly SigningPublicKey[]): Uint8Array {
  const { alg, payload, toBeSigned, signature } = decodeStatement(statement, kind);
  const signed = keys.some((key) => key.alg === alg && verifySignature(key, toBeSigned, signature));
  if (!signed) throw new ConfigurationError("boot-signature", `the ${kind} is not signed by a key that may sign it`);
  return payload;
}
