import type { EmergencyDeskOptions } from "@caladrius/client";
import type { Arguments } from "../arguments.ts";
import { readDemandedRelease } from "../release/demanded.ts";
import { readTokens } from "../sign-in-options.ts";
import { readTrustFile } from "../trust.ts";

/**
 * Which host is asked about emergencies, as whom it knows, and which enclave is trusted behind it.
 * @throws as `readTrustFile`, `readDemandedRelease`, `readTokens`
 */
export async function readHost(args: Arguments): Promise<Pick<EmergencyDeskOptions, "hostUrl" | "trust" | "release" | "tokens">> {
  const trust = await readTrustFile(args.text("trust"));
  const release = await readDemandedRelease(args, trust);
  const tokens = await readTokens(args);
  return { hostUrl: args.text("host"), trust, ...(release === null ? {} : { release }), ...(tokens === null ? {} : { tokens }) };
}
