import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { analyse } from "@caladrius/enclave/analyse";
import { cedarWasmUrl, loadCedar, type CedarEngine } from "@caladrius/policies/cedar";
import type { Bundle } from "@caladrius/wire";

/** The bundle's Cedar policies, strictly validated as an enclave does at boot. @throws ConfigurationError boot-bundle-cedar-* */
export function openCedar({ cedar }: Bundle): CedarEngine {
  return loadCedar(new Uint8Array(readFileSync(fileURLToPath(cedarWasmUrl())))).open(cedar);
}

/** This build has the bundle's detectors with these parameters, as an enclave finds at boot. @throws ConfigurationError detector-parameters */
export function checkDetectors({ detectors }: Bundle): void {
  const parameters = new Map(detectors.map((rule) => [rule.id, rule.parameters]));
  analyse({ subject: "none", device: "none", channels: [], events: [] }, { detectors: [...parameters.keys()], parameters });
}
