import { concatBytes, equalBytes, toHex, utf8Encode } from "@caladrius/wire";
import { sha384 } from "@noble/hashes/sha2.js";
import type { Code } from "../verdict/code.ts";
import { Refusal } from "../verdict/refusal.ts";
import type { Chain } from "./chain.ts";
import type { DecodedEvidence } from "./payload.ts";
import { PCR_BYTES } from "./pcr.ts";

/** What becomes of evidence that contradicts itself: refused, or accepted with the contradictions named. */
export type ConsistencyRule = "enforce" | "report";

/** Where an enclave ran, told alike by module_id, PCR4 and two certificates. Nothing is null unless contradictions are reported. */
export interface Whereabouts {
  /** EC2 instance id of the parent instance, from module_id */
  readonly instanceId: string | null;
  /** 16 hex digits, from module_id */
  readonly enclaveId: string | null;
  /** from the name in the document's certificate */
  readonly region: string | null;
  /** codes of what disagrees; empty under "enforce" */
  readonly contradictions: readonly Code[];
}

/**
 * Checks what AWS's documents say more than once and always say alike: module_id, PCR4, the names of leaf and instance
 * certificate, the leaf's serial number (enclave id, four zero bytes, time of issue within 3 s of notBefore).
 * @throws Refusal module-id-*, unless the rule is "report"
 */
export function verifyConsistency(
  { moduleId, pcrs }: Pick<DecodedEvidence, "moduleId" | "pcrs">,
  { leaf, instance }: Pick<Chain, "leaf" | "instance">,
  rule: ConsistencyRule,
): Whereabouts {
  const [, instanceId = null, enclaveId = null] = MODULE_ID.exec(moduleId) ?? [];
  const leafName = leaf.subject.commonName;
  const [, leafModule, region = null] = LEAF_NAME.exec(leafName) ?? [];
  const refusals: Refusal[] = [];
  if (instanceId === null || enclaveId === null) refusals.push(new Refusal("module-id-form", { actual: `${moduleId.length} characters` }));
  if (leafModule !== moduleId)
    refusals.push(new Refusal("module-id-leaf-name", { expected: `${moduleId.slice(0, 64)}.<region>.aws`, actual: leafName }));
  const instanceName = `${instanceId}.${region}.aws.nitro-enclaves`;
  if (instance.subject.commonName !== instanceName)
    refusals.push(new Refusal("module-id-instance-name", { expected: instanceName, actual: instance.subject.commonName }));
  const serial = toHex(leaf.serial).padStart(32, "0");
  const delay = Number.parseInt(serial.slice(24), 16) - leaf.notBeforeMs / 1000;
  if (serial.length !== 32 || !serial.startsWith(`${enclaveId}00000000`) || !(delay >= 0 && delay <= 3))
    refusals.push(new Refusal("module-id-leaf-serial", { expected: `${enclaveId}00000000 and the time of issue`, actual: serial }));
  const pcr4 = pcrs.get(4);
  const expected = sha384(concatBytes(new Uint8Array(PCR_BYTES), utf8Encode(instanceId ?? "")));
  if (pcr4 === undefined || !equalBytes(pcr4, expected))
    refusals.push(new Refusal("module-id-pcr4", { expected: toHex(expected), actual: pcr4 === undefined ? "none" : toHex(pcr4) }));
  if (rule !== "report" && refusals[0] !== undefined) throw refusals[0];
  return { instanceId, enclaveId, region, contradictions: refusals.map(({ code }) => code) };
}

const MODULE_ID = /^(i-[0-9a-f]{17})-enc([0-9a-f]{16})$/;
const LEAF_NAME = /^(.+)\.([a-z0-9-]{1,32})\.aws$/;
