import { createHash } from "node:crypto";
import { createSubmitterKey, type SubmitterKey } from "@caladrius/client";
import type { ApproverKey } from "../fleet/approver-key.ts";

/** An approver's key as one that submits: it signs requests, and replies are sealed to a key that lives as long as this call. */
export async function askingKey({ publicKey, sign }: ApproverKey): Promise<SubmitterKey> {
  const made = await createSubmitterKey();
  return {
    keyId: new Uint8Array(createHash("sha256").update(publicKey.key).digest()),
    signing: publicKey,
    sealing: made.sealing,
    sign: (bytes) => sign(bytes),
    open: (message) => made.open(message),
  };
}
