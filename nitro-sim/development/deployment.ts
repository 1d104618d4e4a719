import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeDevelopmentBundle, makeDevelopmentConstitution, type DevelopmentSigner } from "@caladrius/policies/development";
import { firstStatusList, nextStatusList } from "@caladrius/policies/status";
import {
  ConfigurationError,
  decodeApproved,
  decodeBundle,
  decodeConstitution,
  decodeStatement,
  decodeStatusList,
  encodeApproved,
  encodeConstitution,
  encodeStatement,
  encodeStatusList,
  equalBytes,
  type Approved,
  type Constitution,
  type StatusList,
} from "@caladrius/wire";

/** A deployment for development: one machine holds every key of it. */
export interface DevelopmentDeployment {
  /** statement bytes, for the host to hand over */
  constitution: Uint8Array;
  /** SHA-384 of them */
  constitutionDigest: Uint8Array;
  bundle: Approved;
  policyDigest: Uint8Array;
  /** where the three lie on disk, in the form `caladrius host` takes, and the keys (PEM) of the one approver and for status lists */
  paths: { constitution: string; bundle: string; statusList: string; approverKey: string; statusKey: string };
  /**
   * A status list good for 24 hours from now: what the last one on disk says, and the next number.
   * @param bootNonce of the enclave for which it is to be fresh
   */
  newStatusList(bootNonce?: Uint8Array | null): Uint8Array;
}

const POLICY_VERSION = 1;
const RENEW_BUNDLE_BEFORE_SECONDS = 30 * 24 * 3600;

/**
 * Opens the development deployment of a data directory, making what is missing: approver and status keys (0600),
 * constitution, policy bundle, status list. The constitution stays the same for the directory's life, so its digest
 * can be pinned.
 *
 * @param options.kms KMS keys for fleets and data keys, where to find KMS and how to know it; null: none
 * @param options.dataKeys ARNs of the KMS keys under whose data keys jobs may come
 * @throws ConfigurationError deployment-unreadable when a file there is not what it should be; deployment-kms when the
 * constitution there names another KMS
 */
export function openDevelopmentDeployment(
  dir: string,
  clock: { nowMs(): number },
  detectors: readonly string[],
  { kms = null, dataKeys = [] }: { kms?: Constitution["kms"]; dataKeys?: readonly string[] } = {},
): DevelopmentDeployment {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const approverKey = join(dir, "approver.key.pem");
  const approver = signer(approverKey);
  const statusKeyPath = join(dir, "status.key.pem");
  const statusKey = signer(statusKeyPath);
  const paths = {
    constitution: join(dir, "constitution.cose"),
    bundle: join(dir, "bundle.cbor"),
    statusList: join(dir, "status-list.cbor"),
    approverKey,
    statusKey: statusKeyPath,
  };
  const nowSeconds = (): number => Math.floor(clock.nowMs() / 1000);

  const constitution = readOr(paths.constitution, () =>
    makeDevelopmentConstitution({ nowSeconds: nowSeconds(), approver, statusKey: statusKey.publicKey, name: "development", kms }),
  );
  const founded = readable(paths.constitution, () => decodeStatement(constitution, "constitution").payload);
  if (!equalBytes(founded, encodeConstitution({ ...readable(paths.constitution, () => decodeConstitution(founded)), kms })))
    throw new ConfigurationError(
      "deployment-kms",
      `the constitution in ${dir} names another KMS, and it stays as it is; take another folder`,
    );
  const constitutionDigest = sha384(constitution);
  const newBundle = (version: number): Approved =>
    makeDevelopmentBundle({ nowSeconds: nowSeconds(), approver, constitutionDigest, policyVersion: version, detectors, dataKeys, sha384 });
  let bundle = readable(paths.bundle, () => decodeApproved(readOr(paths.bundle, () => encodeApproved(newBundle(POLICY_VERSION)))));
  const inForce = readable(paths.bundle, () => decodeBundle(decodeStatement(bundle.statement, "bundle").payload));
  const known = inForce.detectors.map((rule) => rule.id);
  const changed = detectors.some((id) => !known.includes(id)) || inForce.dataKeys.join("\n") !== dataKeys.join("\n");
  if (changed || inForce.notAfter - nowSeconds() < RENEW_BUNDLE_BEFORE_SECONDS) {
    bundle = newBundle(inForce.policyVersion + 1);
    write(paths.bundle, encodeApproved(bundle));
  }

  const newStatusList = (bootNonce: Uint8Array | null = null): Uint8Array => {
    const last = existsSync(paths.statusList) ? readable(paths.statusList, () => readStatusList(paths.statusList)) : null;
    const next = nextStatusList(last ?? { ...firstStatusList(constitutionDigest, nowSeconds()), number: 0 }, nowSeconds(), { bootNonce });
    const statement = encodeStatement("status-list", statusKey.publicKey.alg, encodeStatusList(next), statusKey.sign);
    const list = encodeApproved({ statement, approvals: [] });
    write(paths.statusList, list);
    return list;
  };
  return { constitution, constitutionDigest, bundle, policyDigest: sha384(bundle.statement), paths, newStatusList };
}

function readStatusList(path: string): StatusList {
  return decodeStatusList(decodeStatement(decodeApproved(new Uint8Array(readFileSync(path))).statement, "status-list").payload);
}

const ED25519_RAW_BYTES = 32;

function signer(path: string): DevelopmentSigner {
  const key: KeyObject = readable(path, () => createPrivateKey(new TextDecoder().decode(readOr(path, () => Buffer.from(newKey())))));
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: { alg: "Ed25519", key: new Uint8Array(spki.subarray(spki.length - ED25519_RAW_BYTES)) },
    sign: (bytes) => sign(null, bytes, key),
  };
}

function newKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(bytes).digest());
}

function readOr(path: string, make: () => Uint8Array): Uint8Array {
  if (!existsSync(path)) write(path, make());
  return new Uint8Array(readFileSync(path));
}

/** Whole or not at all: a crash leaves the old file. */
function write(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.new`, bytes, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigurationError(
      "deployment-unreadable",
      `${path} is not readable as what it should be (${error instanceof Error ? error.message : "unknown"}); move the folder away to start a new deployment`,
    );
  }
}
