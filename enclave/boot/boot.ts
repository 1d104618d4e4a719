import type { Cedar } from "@caladrius/policies/cedar";
import type { BootMessage, Bundle, CborValue, Constitution, Credentials } from "@caladrius/wire";
import { makeAuthority, type Authority } from "../authorize/authorize.ts";
import { ed25519FromSeed, type SigningKey } from "../crypto.ts";
import { Emergencies } from "../emergency/emergencies.ts";
import { Notices } from "../emergency/notices.ts";
import { Epochs } from "../fleet/epochs.ts";
import type { Kms } from "../kms/port.ts";
import type { Nsm } from "../nsm/client.ts";
import { Turns } from "../turns.ts";
import { Clock } from "./clock.ts";
import { readDeployment, requireQuorum } from "./deployment.ts";
import { gatherEntropy } from "./entropy.ts";
import { makeIdentity, type CurrentIdentity } from "./identity.ts";
import { deriveKeySet, KeyRing } from "./keys.ts";
import { measure, PCR_CONSTITUTION, PCR_IMAGE, PCR_POLICY } from "./measure.ts";
import { checkStatusList, refuseToBoot, type Status } from "./status.ts";

export { attestWithNonce, ensureEvidence, renewEvidence, rotateKeys, type CurrentIdentity } from "./identity.ts";

/** The program's own name and version, as the bundler stamped them. */
export interface Software {
  name: string;
  version: string;
  commit: string | null;
}

/** Everything that a booted enclave holds. */
export interface Enclave {
  nsm: Nsm;
  clock: Clock;
  software: Software;
  constitution: Constitution;
  constitutionDigest: Uint8Array;
  bundle: Bundle;
  /** of the bundle's detectors, by id */
  detectorParameters: ReadonlyMap<string, CborValue>;
  policyDigest: Uint8Array;
  /** decides on jobs, and remembers what those answered used up */
  authority: Authority;
  /** what was opened in emergencies, and what auditors are told of it; both end with the boot */
  emergencies: Emergencies;
  notices: Notices;
  /** PCR0: what the status list calls this image */
  imagePcr0: Uint8Array;
  status: Status;
  /** HPKE keys of this boot */
  keys: KeyRing;
  resultKey: SigningKey;
  bootId: Uint8Array;
  /** a status list that repeats it was made for this boot */
  bootNonce: Uint8Array;
  /** with the keys of this boot; the identities with a fleet's keys lie with their epochs */
  identity: CurrentIdentity;
  nextSequence: number;
  /** the epochs of a fleet that are being served */
  epochs: Epochs;
  /** null: the constitution names no KMS, or the program was started without a way to it */
  kms: CredentialedKms | null;
  /** what must not happen twice at once, and how much may happen at once */
  turns: { identity: Turns; fleet: Turns; dataKeys: Turns; status: Turns };
}

/** A KMS that calls under the credentials which the host hands in, the newest ones. */
export interface CredentialedKms extends Kms {
  /** @param credentials hostile */
  setCredentials(credentials: Credentials): void;
}

/** Makes the KMS of a constitution: its endpoint and its TLS roots, and no others. */
export type CreateKms = (options: { kms: NonNullable<Constitution["kms"]>; nsm: Nsm; clock: Clock; bootId: Uint8Array }) => CredentialedKms;

/**
 * Boots from what the host handed over, in the one order that keeps it honest: hash and extend the constitution into
 * PCR16 and the bundle into PCR17, lock both, read both back; only then decode and verify; keys and the first document
 * last. So no byte is parsed that was not measured, and no document leaves without both PCRs.
 *
 * @throws WireError, InvariantError, DependencyError, ConfigurationError: any of them ends the program
 */
export async function bootEnclave(
  nsm: Nsm,
  message: BootMessage,
  software: Software,
  monotonicMs: () => number,
  cedar: Cedar,
  createKms: CreateKms | null = null,
): Promise<Enclave> {
  const constitutionDigest = await measure(nsm, PCR_CONSTITUTION, message.constitution);
  const policyDigest = await measure(nsm, PCR_POLICY, message.bundle);
  const { constitution, bundle, detectorParameters } = await readDeployment(message, constitutionDigest);
  const authority = makeAuthority(bundle, cedar.open(bundle.cedar));

  const derive = await gatherEntropy(nsm);
  const bootId = derive("boot id", 16);
  const clock = new Clock(monotonicMs);
  const { data: imagePcr0 } = await nsm.call<"DescribePCR">({ kind: "DescribePCR", index: PCR_IMAGE });
  const resultKey = ed25519FromSeed(derive("result key", 32));
  const auditors = bundle.breakGlass === null ? [] : constitution.auditorKeys;
  const booting: Omit<Enclave, "identity" | "status"> = {
    nsm,
    clock,
    software,
    constitution,
    constitutionDigest,
    bundle,
    detectorParameters,
    policyDigest,
    authority,
    emergencies: new Emergencies(),
    notices: new Notices(auditors, { resultKey, bootId, constitutionDigest }),
    imagePcr0,
    keys: new KeyRing(deriveKeySet(derive("key set", 32), null)),
    resultKey,
    bootId,
    bootNonce: derive("boot nonce", 32),
    nextSequence: 0,
    epochs: new Epochs(),
    kms: constitution.kms === null || createKms === null ? null : createKms({ kms: constitution.kms, nsm, clock, bootId }),
    turns: {
      identity: new Turns(1, 8),
      fleet: new Turns(1, 8),
      dataKeys: new Turns(DATA_KEYS_AT_ONCE, DATA_KEYS_WAITING),
      status: new Turns(1, 8),
    },
  };
  const identity = await makeIdentity(booting, booting.keys.current); // its evidence tells the time
  const status = await checkStatusList(message.statusList, { ...booting, status: null });
  refuseToBoot(status, booting);
  await requireQuorum(message, booting, status.revocations.keysAt(clock.now().toMs));
  return Object.assign(booting, { identity, status });
}

/** A host that keeps 16 jobs in flight finds room for all, also when each waits until KMS is given up. */
const DATA_KEYS_AT_ONCE = 16;
const DATA_KEYS_WAITING = 16;
