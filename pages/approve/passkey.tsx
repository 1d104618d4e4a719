import { encodePasskeyApproval } from "@caladrius/wire";
import type { ApprovalQuestion, Asked } from "./question.ts";
import { rawSignature } from "./signature.ts";

/** Asks a passkey to sign an approval, its user verified. @throws Error with a sentence for the person */
export async function signByPasskey(question: ApprovalQuestion, unixSeconds: number): Promise<Uint8Array> {
  const { approval, challenge } = question.at(unixSeconds);
  const credential = await navigator.credentials.get({
    publicKey: { challenge, rpId: question.rpId, userVerification: "required", allowCredentials: [], timeout: TIMEOUT_MS },
  });
  const response = credential instanceof PublicKeyCredential ? credential.response : null;
  if (!(response instanceof AuthenticatorAssertionResponse)) throw new Error("no passkey answered");
  const signature = rawSignature(new Uint8Array(response.signature));
  if (signature === null) throw new Error("this passkey does not sign with P-256");
  return encodePasskeyApproval({
    approval,
    authenticatorData: new Uint8Array(response.authenticatorData),
    clientDataJson: new Uint8Array(response.clientDataJSON),
    signature,
  });
}

/** Has a passkey made for a person, and gives its public key: 65 bytes of P-256. @throws Error with a sentence for the person */
export async function makePasskey({ person, role, rpId }: Extract<Asked, { ask: "register" }>): Promise<Uint8Array> {
  const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: random(32),
      rp: { id: rpId, name: "Caladrius approvals" },
      user: { id: random(16), name: `${person}, ${role}`, displayName: person },
      pubKeyCredParams: [{ type: "public-key", alg: ES256 }],
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      timeout: TIMEOUT_MS,
    },
  });
  const response = credential instanceof PublicKeyCredential ? credential.response : null;
  if (!(response instanceof AuthenticatorAttestationResponse)) throw new Error("no passkey was made");
  const key = response.getPublicKey();
  if (key === null || response.getPublicKeyAlgorithm() !== ES256) throw new Error("this passkey does not sign with P-256");
  return new Uint8Array(key).slice(-POINT_BYTES); // SubjectPublicKeyInfo ends with the uncompressed point (RFC 5480 §2)
}

const ES256 = -7;
const POINT_BYTES = 65;
const TIMEOUT_MS = 300_000;
