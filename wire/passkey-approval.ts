import { encodeCbor } from "./cbor/index.ts";
import { bytes, decodeWith, encodeWith, struct, type Schema } from "./schema/index.ts";

/**
 * An approval that a passkey signed. The browser signs authenticatorData || SHA-256(clientDataJSON) (Web Authentication
 * Level 3 §6.3.3, §7.2), whose challenge is SHA-256 of `passkeyChallenge`: so the approval is signed through it.
 */
export interface PasskeyApproval {
  /** payload of an approval statement */
  approval: Uint8Array;
  authenticatorData: Uint8Array;
  clientDataJson: Uint8Array;
  /** 64 bytes, r || s */
  signature: Uint8Array;
}

const passkeyApproval: Schema<PasskeyApproval> = struct<PasskeyApproval>({
  approval: ["approval", bytes(1, 2048)],
  authenticatorData: ["authenticatorData", bytes(37, 512)],
  clientDataJson: ["clientDataJSON", bytes(1, 1024)],
  signature: ["signature", bytes(64)],
});

/** Encodes an approval by passkey; it stands among approvals where a statement would. */
export const encodePasskeyApproval = (value: PasskeyApproval): Uint8Array => encodeWith(passkeyApproval, value);
/** Reads an approval by passkey; nothing of it is verified. @throws WireError, LimitError */
export const decodePasskeyApproval = (encoded: Uint8Array): PasskeyApproval =>
  decodeWith(passkeyApproval, encoded, "passkey approval", { maxBytes: 4096, maxDepth: 1, maxItems: 16 });

/** The bytes whose SHA-256 a passkey gets as challenge: no signature made for something else passes for an approval. */
export function passkeyChallenge(approval: Uint8Array): Uint8Array {
  return encodeCbor(["caladrius passkey approval", approval]);
}
