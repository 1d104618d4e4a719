import { randomBytes } from "node:crypto";
import { demandUsable, type Call, type NamedKey } from "../call.ts";
import { constraint, invalid, KmsServiceError } from "../errors.ts";
import { makeKeyPair } from "../material/make.ts";
import { PAIR_SPECS } from "../material/specs.ts";
import { encryptionContext, refuseGrantTokens } from "../protocol/input.ts";
import { cryptoConditions, encryptUnder } from "./encrypt.ts";
import type { Operation, Output } from "./operation.ts";
import { forRecipient } from "./recipient.ts";

/** Operations that make data keys, data key pairs and random bytes. */
export const DATA_KEY_OPERATIONS: Readonly<Record<string, Operation>> = {
  GenerateDataKey: {
    recipient: true,
    run: (call) => {
      const { dataKey, answer } = generateDataKey(call);
      return { ...answer, ...forRecipient(call.recipient, "Plaintext", dataKey) };
    },
  },
  GenerateDataKeyWithoutPlaintext: { run: (call) => generateDataKey(call).answer },
  GenerateDataKeyPair: {
    recipient: true,
    run: async (call) => {
      const { privateKey, answer } = await generateDataKeyPair(call);
      return { ...answer, ...forRecipient(call.recipient, "PrivateKeyPlaintext", privateKey) };
    },
  },
  GenerateDataKeyPairWithoutPlaintext: { run: async (call) => (await generateDataKeyPair(call)).answer },
  GenerateRandom: {
    recipient: true,
    run: (call) => {
      const length = call.input.integer("NumberOfBytes", 1, MAX_RANDOM_BYTES);
      if (call.input.text("CustomKeyStoreId", { max: 64 }) !== null)
        throw new KmsServiceError("UnsupportedOperationException", "the simulator has no custom key stores");
      call.authorizeAccount();
      if (length === null) throw constraint("NumberOfBytes", null, "Member must not be null");
      return forRecipient(call.recipient, "Plaintext", randomBytes(length));
    },
  },
};

function generateDataKey(call: Call): { readonly dataKey: Uint8Array; readonly answer: NonNullable<Output> } {
  const spec = call.input.oneOf("KeySpec", ["AES_128", "AES_256"]);
  const number = call.input.integer("NumberOfBytes", 1, MAX_RANDOM_BYTES);
  if ((spec === null) === (number === null)) throw invalid("Please specify either number of bytes or key spec.");
  const { key, context } = symmetricKey(call);
  call.endDryRun();
  const dataKey = randomBytes(number ?? (spec === "AES_128" ? 16 : 32));
  const { blob, materialId } = encryptUnder(call, key, "SYMMETRIC_DEFAULT", context, dataKey);
  return { dataKey, answer: { CiphertextBlob: blob, KeyId: key.arn, KeyMaterialId: materialId } };
}

async function generateDataKeyPair(call: Call): Promise<{ readonly privateKey: Uint8Array; readonly answer: NonNullable<Output> }> {
  const spec = call.input.requiredOneOf("KeyPairSpec", PAIR_SPECS);
  symmetricKey(call, { "kms:DataKeyPairSpec": spec });
  call.endDryRun();
  const { privateKey, publicKey } = await makeKeyPair(spec);
  const { key, context } = symmetricKey(call, { "kms:DataKeyPairSpec": spec }); // once more: making a pair takes a while
  const { blob, materialId } = encryptUnder(call, key, "SYMMETRIC_DEFAULT", context, privateKey);
  return {
    privateKey,
    answer: { PrivateKeyCiphertextBlob: blob, PublicKey: publicKey, KeyId: key.arn, KeyPairSpec: spec, KeyMaterialId: materialId },
  };
}

/** The key that the data key goes under, once its use is allowed. */
function symmetricKey(
  call: Call,
  conditions: Readonly<Record<string, string>> = {},
): { readonly key: NamedKey; readonly context: Readonly<Record<string, string>> } {
  const context = encryptionContext(call.input);
  refuseGrantTokens(call.input);
  const key = call.key();
  call.authorize(key, { ...cryptoConditions("SYMMETRIC_DEFAULT", context), ...conditions });
  demandUsable(key, "ENCRYPT_DECRYPT");
  if (key.spec !== "SYMMETRIC_DEFAULT")
    throw new KmsServiceError("InvalidKeyUsageException", `${key.arn} key spec is ${key.spec}, which makes no data keys.`);
  return { key, context };
}

const MAX_RANDOM_BYTES = 1024;
