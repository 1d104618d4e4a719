import { createHash } from "node:crypto";
import { createSubmitterKey, openSubmitterKey, type SubmitterKey } from "@caladrius/client";
import { about } from "../exit.ts";
import { readText } from "../files.ts";
import { readApproverKey } from "../fleet/approver-key.ts";

/**
 * The key that asks about emergencies: an approver's in PEM, which signs requests while replies are sealed to a key that
 * lives as long as this call; or a submitter's key file.
 * @throws as `readApproverKey`, `openSubmitterKey`
 */
export async function readAskingKey(path: string): Promise<SubmitterKey> {
  const text = await readText(path, MAX_KEY_BYTES);
  if (text.trimStart().startsWith("{")) return about(path, () => openSubmitterKey(path));
  const { publicKey, sign } = await readApproverKey(path);
  const made = await createSubmitterKey();
  return {
    keyId: new Uint8Array(createHash("sha256").update(publicKey.key).digest()),
    signing: publicKey,
    sealing: made.sealing,
    sign: (bytes) => sign(bytes),
    open: (message) => made.open(message),
  };
}

const MAX_KEY_BYTES = 32_768;
