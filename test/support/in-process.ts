import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DETECTORS } from "@caladrius/enclave/analyse";
import { bootEnclave, type Enclave } from "@caladrius/enclave/boot";
import { testCedar } from "@caladrius/enclave/test-support/cedar.ts";
import type { Image } from "@caladrius/image";
import { bootPcrs, createNsm, instanceIdOf, makeModuleId, openSimulatedPki, type SimulatedPki } from "@caladrius/nitro-sim";
import { openDevelopmentDeployment, type DevelopmentDeployment } from "@caladrius/nitro-sim/development";
import { decodeNsmResponse, encodeNsmRequest, type BootMessage, type NsmRequest, type NsmResponse } from "@caladrius/wire";

/** A simulated NSM spoken to in this process, with a record of what it was asked. */
export interface RecordedNsm {
  asked: NsmRequest[];
  call<K extends NsmRequest["kind"]>(request: Extract<NsmRequest, { kind: K }>): Promise<Extract<NsmResponse, { kind: K }>>;
}

/** Everything around an enclave program, without a process or sockets: for tests of order and for benchmarks. */
export interface Surroundings {
  dir: string;
  pki: SimulatedPki;
  deployment: DevelopmentDeployment;
  boot: BootMessage;
  newNsm(): RecordedNsm;
}

export const CLOCK = { nowMs: (): number => Date.now() };

export async function makeSurroundings(
  clock: { nowMs(): number } = CLOCK,
  { pkiDir, measurements = UNREAL }: { pkiDir?: string; measurements?: Image["measurements"] } = {},
): Promise<Surroundings> {
  const dir = mkdtempSync(join(tmpdir(), "caladrius-test-"));
  const pki = await openSimulatedPki(pkiDir ?? dir, clock);
  const deployment = openDevelopmentDeployment(
    join(dir, "deployment"),
    clock,
    DETECTORS.map((detector) => detector.id),
  );
  const boot: BootMessage = {
    protocol: 1,
    constitution: deployment.constitution,
    bundle: deployment.bundle.statement,
    bundleApprovals: deployment.bundle.approvals,
    statusList: deployment.newStatusList(),
  };
  return { dir, pki, deployment, boot, newNsm: () => recordedNsm(pki, clock, measurements) };
}

/** A trust file for enclaves booted in this process. */
export function trustOf({ pki, deployment }: Surroundings): string {
  const measured = "01".repeat(48);
  const constitution = createHash("sha384").update(new Uint8Array(48)).update(deployment.constitutionDigest).digest("hex");
  return JSON.stringify({
    roots: [pki.rootPem],
    pcrs: [{ "0": measured, "1": measured, "2": measured, "16": constitution }],
    allowDebug: false,
    allowSimulator: true,
    maxAgeSeconds: 300,
  });
}

/** Boots an enclave in this process. */
export async function bootInProcess(surroundings: Surroundings, change: Partial<BootMessage> = {}): Promise<Enclave> {
  return bootEnclave(
    surroundings.newNsm(),
    { ...surroundings.boot, ...change },
    { name: "caladrius-enclave", version: "0.0.0", commit: null },
    () => performance.now(),
    testCedar(),
  );
}

const ONES = new Uint8Array(48).fill(1);
const UNREAL: Image["measurements"] = { pcr0: ONES, pcr1: ONES, pcr2: ONES, pcr8: null };

function recordedNsm(pki: SimulatedPki, clock: { nowMs(): number }, measurements: Image["measurements"]): RecordedNsm {
  const random = (length: number): Uint8Array => randomBytes(length);
  const moduleId = makeModuleId(clock, random);
  const pcrs = bootPcrs(measurements, instanceIdOf(moduleId), null);
  const nsm = createNsm({ pki, moduleId, pcrs, clock, randomBytes: random });
  const asked: NsmRequest[] = [];
  return {
    asked,
    async call<K extends NsmRequest["kind"]>(request: Extract<NsmRequest, { kind: K }>) {
      asked.push(request);
      const response = decodeNsmResponse(await nsm.request(encodeNsmRequest(request)));
      if (response.kind !== request.kind) throw new Error(`NSM: ${response.kind === "Error" ? response.error : response.kind}`);
      return response as Extract<NsmResponse, { kind: K }>;
    },
  };
}
