import { createHmac, timingSafeEqual } from "node:crypto";
import { demandAlgorithm, demandNotDeleting, demandUsable, type Call, type NamedKey } from "../call.ts";
import { invalid, KmsServiceError } from "../errors.ts";
import { privateKeyOf, publicKeyDer } from "../material/make.ts";
import { signMessage, verifyMessage, type Signable } from "../material/sign.ts";
import { MAC, MAC_ALGORITHMS, SIGNING, SIGNING_ALGORITHMS, SPEC } from "../material/specs.ts";
import { refuseGrantTokens } from "../protocol/input.ts";
import type { Operation } from "./operation.ts";

/** Operations with asymmetric keys and MACs. */
export const SIGN_OPERATIONS: Readonly<Record<string, Operation>> = {
  Sign: {
    run: (call) => {
      const { key, signable } = signing(call);
      call.endDryRun();
      const signature = signMessage(privateKeyOf(call.store.currentSecret(key.id).secret), signable);
      return { KeyId: key.arn, Signature: signature, SigningAlgorithm: signable.algorithm };
    },
  },
  Verify: {
    run: (call) => {
      const signature = call.input.requiredBlob("Signature", 1, 6144);
      const { key, signable } = signing(call);
      call.endDryRun();
      if (!verifyMessage(privateKeyOf(call.store.currentSecret(key.id).secret), signable, signature))
        throw new KmsServiceError("KMSInvalidSignatureException");
      return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: signable.algorithm };
    },
  },
  GetPublicKey: {
    run: (call) => {
      refuseGrantTokens(call.input);
      const key = call.key();
      call.authorize(key);
      const { kind, encryption, signing } = SPEC[key.spec];
      if (kind !== "rsa" && kind !== "ec")
        throw new KmsServiceError("UnsupportedOperationException", `${key.arn} key spec is ${key.spec}, which has no public key.`);
      demandNotDeleting(key);
      if (!key.enabled) throw new KmsServiceError("DisabledException", `${key.arn} is disabled.`);
      return {
        KeyId: key.arn,
        PublicKey: publicKeyDer(privateKeyOf(call.store.currentSecret(key.id).secret)),
        CustomerMasterKeySpec: key.spec,
        KeySpec: key.spec,
        KeyUsage: key.usage,
        EncryptionAlgorithms: key.usage === "ENCRYPT_DECRYPT" ? encryption : undefined,
        SigningAlgorithms: key.usage === "SIGN_VERIFY" ? signing : undefined,
      };
    },
  },
  GenerateMac: {
    run: (call) => {
      const { key, algorithm, mac } = computeMac(call);
      call.endDryRun();
      return { KeyId: key.arn, MacAlgorithm: algorithm, Mac: mac() };
    },
  },
  VerifyMac: {
    run: (call) => {
      const given = call.input.requiredBlob("Mac", 1, 6144);
      const { key, algorithm, mac } = computeMac(call);
      call.endDryRun();
      const expected = mac();
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new KmsServiceError("KMSInvalidMacException");
      return { KeyId: key.arn, MacAlgorithm: algorithm, MacValid: true };
    },
  },
};

/** What Sign and Verify have in common. */
function signing(call: Call): { readonly key: NamedKey; readonly signable: Signable } {
  const message = call.input.requiredBlob("Message", 1, 4096);
  const algorithm = call.input.requiredOneOf("SigningAlgorithm", SIGNING_ALGORITHMS);
  const type = call.input.oneOf("MessageType", ["RAW", "DIGEST"]) ?? "RAW";
  refuseGrantTokens(call.input);
  const key = call.key();
  call.authorize(key, { "kms:SigningAlgorithm": algorithm, "kms:MessageType": type });
  demandUsable(key, "SIGN_VERIFY");
  demandAlgorithm(key, algorithm);
  if (type === "DIGEST" && message.length !== Number(SIGNING[algorithm].hash.slice("sha".length)) / 8)
    throw invalid(`Digest is invalid length for algorithm ${algorithm}.`);
  return { key, signable: { algorithm, type, message } };
}

/** What GenerateMac and VerifyMac have in common. */
function computeMac(call: Call): { readonly key: NamedKey; readonly algorithm: string; readonly mac: () => Uint8Array } {
  const message = call.input.requiredBlob("Message", 1, 4096);
  const algorithm = call.input.requiredOneOf("MacAlgorithm", MAC_ALGORITHMS);
  refuseGrantTokens(call.input);
  const key = call.key();
  call.authorize(key, { "kms:MacAlgorithm": algorithm });
  demandUsable(key, "GENERATE_VERIFY_MAC");
  demandAlgorithm(key, algorithm);
  const mac = (): Uint8Array => createHmac(MAC[algorithm], call.store.currentSecret(key.id).secret).update(message).digest();
  return { key, algorithm, mac };
}
