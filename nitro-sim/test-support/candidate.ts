import { createHash, randomBytes } from "node:crypto";
import {
  decodeNsmResponse,
  encodeFleetBirthReply,
  encodeFleetCandidate,
  encodeKeySet,
  encodeNsmRequest,
  fleetCommitment,
  type FleetCandidate,
  type NsmRequest,
} from "@caladrius/wire";
import { bootPcrs, createNsm, instanceIdOf, makeModuleId, type Clock, type SimulatedPki } from "../index.ts";

/** Which enclave makes a candidate, and what it makes otherwise than it should. */
export interface SimulatedBirth {
  readonly pki: SimulatedPki;
  readonly clock: Clock;
  /** the statement that PCR16 measures */
  readonly constitution: Uint8Array;
  readonly kmsKeys: readonly string[];
  readonly change?: Partial<FleetCandidate>;
  /** instead of the right commitment */
  readonly userData?: Uint8Array;
}

/** PCR0 to PCR2 of the enclave. */
export const CANDIDATE_PCR: Uint8Array = new Uint8Array(48).fill(1);

/** The file of a candidate for epoch 1 of fleet ward: evidence by a simulated enclave, blobs that no KMS would decrypt. */
export async function simulateCandidate({ pki, clock, constitution, kmsKeys, change, userData }: SimulatedBirth): Promise<Uint8Array> {
  const moduleId = makeModuleId(clock, randomBytes);
  const pcrs = bootPcrs({ pcr0: CANDIDATE_PCR, pcr1: CANDIDATE_PCR, pcr2: CANDIDATE_PCR, pcr8: null }, instanceIdOf(moduleId), null);
  const nsm = createNsm({ pki, moduleId, pcrs, clock, randomBytes });
  const ask = async (request: NsmRequest): Promise<ReturnType<typeof decodeNsmResponse>> =>
    decodeNsmResponse(await nsm.request(encodeNsmRequest(request)));
  await ask({ kind: "ExtendPCR", index: 16, data: sha384(constitution) });
  await ask({ kind: "LockPCRs", range: 18 });
  const candidate = encodeFleetCandidate({
    version: 1,
    fleet: "ward",
    epoch: 1,
    constitutionDigest: sha384(constitution),
    keySet: encodeKeySet({ keys: [{ suite: "X25519", publicKey: randomBytes(32) }], fleet: "ward" }),
    wrapped: kmsKeys.map((keyArn) => ({ keyArn, blob: randomBytes(184) })),
    bootId: randomBytes(16),
    ...change,
  });
  const answer = await ask({ kind: "Attestation", userData: userData ?? sha384(fleetCommitment(candidate)), nonce: null, publicKey: null });
  if (answer.kind !== "Attestation") throw new Error(answer.kind);
  return encodeFleetBirthReply({ candidate, evidence: answer.document });
}

function sha384(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha384").update(bytes).digest());
}
