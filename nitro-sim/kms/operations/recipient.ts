import { randomBytes } from "node:crypto";
import { encryptForRecipient, type AttestedRecipient } from "../recipient/index.ts";
import type { Value } from "./operation.ts";

/** A secret of an answer: in the clear under its member's name, or for a recipient as CiphertextForRecipient and not beside it. */
export function forRecipient(recipient: AttestedRecipient | null, member: string, secret: Uint8Array): { readonly [name: string]: Value } {
  if (recipient === null) return { [member]: secret };
  return { CiphertextForRecipient: encryptForRecipient(recipient.publicKey, secret, (length) => randomBytes(length)) };
}
