import { passkeyChallenge, toBase64, utf8Decode, utf8Encode, equalBytes, type Approver, type PasskeyApproval } from "@caladrius/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import type { SignatureBackend } from "../signatures/backend.ts";
import { parseStrictJson } from "../trust/json.ts";

/** What is wrong with an approval by passkey: the first of the checks of Web Authentication Level 3 §7.2 that fails. */
export type PasskeyFault =
  | "no passkey of the constitution"
  | "client data is not JSON, or has a key twice"
  | "type is not webauthn.get"
  | "the challenge is not this approval's"
  | "the page's origin is not one of the constitution's"
  | "signed inside another site's page"
  | "authenticator data is not 37 bytes without extensions"
  | "another relying party id"
  | "nobody was present"
  | "the user was not verified"
  | "backed up and not backup eligible"
  | "the signature does not verify";

/**
 * Verifies an approval by passkey against the approver that it names: client data, authenticator data and signature
 * (Web Authentication Level 3 §7.2). What it approves is the caller's to compare. The signature counter is not looked at:
 * whoever verifies later does not know the last one.
 * @param approval attacker-controlled
 * @returns null when it is genuine
 */
export async function verifyPasskey(
  { approval, authenticatorData, clientDataJson, signature }: PasskeyApproval,
  { key, passkey }: Pick<Approver, "key" | "passkey">,
  signatures: SignatureBackend,
): Promise<PasskeyFault | null> {
  if (passkey === null) return "no passkey of the constitution";
  const fault =
    clientDataFault(clientDataJson, sha256(passkeyChallenge(approval)), passkey.origins) ??
    authenticatorDataFault(authenticatorData, sha256(utf8Encode(passkey.rpId)));
  if (fault !== null) return fault;
  const signed = new Uint8Array(authenticatorData.length + HASH_BYTES);
  signed.set(authenticatorData);
  signed.set(sha256(clientDataJson), authenticatorData.length);
  return (await signatures.verifyEs256(key.key, signed, signature)) === true ? null : "the signature does not verify";
}

/** §5.8.1. Members that are not named there may stand beside: browsers add some so that nobody compares texts. */
function clientDataFault(bytes: Uint8Array, challenge: Uint8Array, origins: readonly string[]): PasskeyFault | null {
  const fields = readObject(bytes);
  if (fields === null) return "client data is not JSON, or has a key twice";
  if (fields.get("type") !== "webauthn.get") return "type is not webauthn.get";
  if (fields.get("challenge") !== base64url(challenge)) return "the challenge is not this approval's";
  const origin = fields.get("origin");
  if (typeof origin !== "string" || !origins.includes(origin)) return "the page's origin is not one of the constitution's";
  if ((fields.get("crossOrigin") ?? false) !== false || fields.has("topOrigin")) return "signed inside another site's page";
  return null;
}

/** §6.1: SHA-256 of the relying party id, flags, counter. No extensions are asked for, so none may be there. */
function authenticatorDataFault(data: Uint8Array, rpIdHash: Uint8Array): PasskeyFault | null {
  const flags = data[HASH_BYTES] ?? 0;
  if (data.length !== AUTHENTICATOR_DATA_BYTES || (flags & (ATTESTED | EXTENSIONS)) !== 0)
    return "authenticator data is not 37 bytes without extensions";
  if (!equalBytes(data.subarray(0, HASH_BYTES), rpIdHash)) return "another relying party id";
  if ((flags & USER_PRESENT) === 0) return "nobody was present";
  if ((flags & USER_VERIFIED) === 0) return "the user was not verified";
  if ((flags & BACKUP_STATE) !== 0 && (flags & BACKUP_ELIGIBLE) === 0) return "backed up and not backup eligible";
  return null;
}

function readObject(bytes: Uint8Array): ReadonlyMap<string, unknown> | null {
  try {
    const value = parseStrictJson(utf8Decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : null;
  } catch {
    return null;
  }
}

/** RFC 4648 §5, without padding. */
function base64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const HASH_BYTES = 32;
const AUTHENTICATOR_DATA_BYTES = 37;
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const BACKUP_ELIGIBLE = 0x08;
const BACKUP_STATE = 0x10;
const ATTESTED = 0x40;
const EXTENSIONS = 0x80;
