import type { SealingPublicKey } from "@caladrius/wire";
import { importPublicKey, type HpkePublicKey } from "./hpke.ts";

/** Recipients come again with every window of a stream, and importing a key costs as much as using it. */
const recipientKeys = new Map<string, HpkePublicKey>();
const MAX_RECIPIENT_KEYS = 256;

/** The key of a recipient, ready to seal to. @throws HpkeKeyError for bytes that are no key */
export function recipientKey({ suite, publicKey }: SealingPublicKey): HpkePublicKey {
  const id = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString("latin1");
  const known = recipientKeys.get(id);
  if (known !== undefined) return known;
  const imported = importPublicKey(suite, publicKey);
  const oldest = recipientKeys.keys().next();
  if (recipientKeys.size >= MAX_RECIPIENT_KEYS && oldest.done !== true) recipientKeys.delete(oldest.value);
  recipientKeys.set(id, imported);
  return imported;
}
