import type { PcrSet } from "../appraise/pcr-set.ts";
import { Refusal } from "../verdict/refusal.ts";
import { asConfiguration } from "./configuration.ts";

/**
 * To be called wherever a job is sealed or a result is verified: every set must pin PCR16. Without it, whoever runs the
 * host chooses the constitution, and with it who may approve, read and revoke.
 * @throws ConfigurationError trust-pcr16-missing, reference-values-missing
 */
export function requireConstitution(policy: { readonly pcrSets: readonly PcrSet[] }): void {
  asConfiguration(() => {
    if (policy.pcrSets.length === 0) throw new Refusal("reference-values-missing");
    const without = policy.pcrSets.findIndex((set) => !set.has(16));
    if (without >= 0) throw new Refusal("trust-pcr16-missing", { subject: `pcrs[${without}]`, expected: "PCR16" });
  });
}
