import { concatBytes, equalBytes, toHex, utf8Encode } from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import { Refusal } from "../verdict/refusal.ts";
import type { Chain } from "./chain.ts";
import type { DecodedEvidence } from "./payload.ts";
import { PCR_BYTES } from "./pcr.ts";

/** Where an enclave ran, told alike by module_id, PCR4 and two certificates. */
export interface Whereabouts {
  /** EC2 instance id of the parent instance */
  readonly instanceId: string;
  /** 16 hex digits */
  readonly enclaveId: string;
  readonly region: string;
}

/**
 * Checks what AWS's documents say more than once and always say alike: module_id, PCR4, the names of leaf and instance
 * certificate, the leaf's serial number (enclave id, four zero bytes, time of issue within 3 s of notBefore).
 * @throws Refusal module-id-*
 */
export function verifyConsistency(
  evidence: Pick<DecodedEvidence, "moduleId" | "pcrs">,
  chain: Pick<Chain, "leaf" | "instance">,
): Whereabouts {
  const { moduleId } = evidence;
  const { leaf, instance } = chain;
  const parts = MODULE_ID.exec(moduleId);
  const [, instanceId, enclaveId] = parts ?? [];
  if (instanceId === undefined || enclaveId === undefined) throw new Refusal("module-id-form", { actual: `${moduleId.length} characters` });
  const leafName = leaf.subject.commonName;
  const region = leafName.startsWith(`${moduleId}.`) ? (REGION_OF_LEAF.exec(leafName.slice(moduleId.length))?.[1] ?? null) : null;
  if (region === null) throw new Refusal("module-id-leaf-name", { expected: `${moduleId}.<region>.aws`, actual: leafName });
  const instanceName = `${instanceId}.${region}.aws.nitro-enclaves`;
  if (instance.subject.commonName !== instanceName)
    throw new Refusal("module-id-instance-name", { expected: instanceName, actual: instance.subject.commonName });
  verifySerial(leaf.serial, enclaveId, leaf.notBeforeMs);
  const pcr4 = evidence.pcrs.get(4);
  const expected = sha384(concatBytes(new Uint8Array(PCR_BYTES), utf8Encode(instanceId)));
  if (pcr4 === undefined || !equalBytes(pcr4, expected))
    throw new Refusal("module-id-pcr4", { expected: toHex(expected), actual: pcr4 === undefined ? "none" : toHex(pcr4) });
  return { instanceId, enclaveId, region };
}

function verifySerial(serial: Uint8Array, enclaveId: string, notBeforeMs: number): void {
  const hex = toHex(serial).padStart(32, "0");
  const lead = `${enclaveId}00000000`;
  const delay = Number.parseInt(hex.slice(24), 16) - notBeforeMs / 1000;
  if (hex.length !== 32 || !hex.startsWith(lead) || !(delay >= 0 && delay <= 3))
    throw new Refusal("module-id-leaf-serial", { expected: `${lead} and the time of issue`, actual: hex });
}

const MODULE_ID = /^(i-[0-9a-f]{17})-enc([0-9a-f]{16})$/;
const REGION_OF_LEAF = /^\.([a-z0-9-]{1,32})\.aws$/;
