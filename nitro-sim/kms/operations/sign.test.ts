import { constants, createHash, createPublicKey, verify } from "node:crypto";
import { EncryptCommand, GenerateMacCommand, GetPublicKeyCommand, SignCommand, VerifyCommand, VerifyMacCommand } from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { failureName, newKey } from "../test-support/service.ts";
import { sharedTestKms, TEXT } from "../test-support/shared.ts";

const { admin } = await sharedTestKms();

describe("signatures and MACs", () => {
  it.each([
    ["RSA_2048", "RSASSA_PSS_SHA_256", "sha256"],
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", "sha512"],
    ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256"],
    ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384"],
    ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512"],
    ["ECC_SECG_P256K1", "ECDSA_SHA_256", "sha256"],
  ] as const)("of %s with %s verify outside", async (KeySpec, SigningAlgorithm, hash) => {
    const KeyId = await newKey(admin, { KeySpec, KeyUsage: "SIGN_VERIFY" });
    const { PublicKey } = await admin.send(new GetPublicKeyCommand({ KeyId }));
    const key = {
      key: createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" }),
      ...(SigningAlgorithm.includes("PSS") ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}),
    };
    const digest = createHash(hash).update(TEXT).digest();
    for (const [Message, MessageType] of [
      [TEXT, "RAW"],
      [digest, "DIGEST"],
    ] as const) {
      const { Signature } = await admin.send(new SignCommand({ KeyId, Message, MessageType, SigningAlgorithm }));
      expect(verify(hash, TEXT, key, Signature!)).toBe(true);
      const check = { KeyId, Message, MessageType, SigningAlgorithm, Signature };
      expect((await admin.send(new VerifyCommand(check))).SignatureValid).toBe(true);
      const other = { ...check, Message: MessageType === "RAW" ? Buffer.from("other") : createHash(hash).update("other").digest() };
      expect(await failureName(admin.send(new VerifyCommand(other)))).toBe("KMSInvalidSignatureException");
    }
    const wrong = { KeyId, Message: TEXT, MessageType: "DIGEST", SigningAlgorithm } as const;
    expect(await failureName(admin.send(new SignCommand(wrong)))).toBe("ValidationException");
    expect(await failureName(admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT })))).toBe("InvalidKeyUsageException");
  });

  it("are refused for keys that make none", async () => {
    const KeyId = await newKey(admin);
    expect(await failureName(admin.send(new GetPublicKeyCommand({ KeyId })))).toBe("UnsupportedOperationException");
    const sign = { KeyId, Message: TEXT, SigningAlgorithm: "ECDSA_SHA_256" } as const;
    expect(await failureName(admin.send(new SignCommand(sign)))).toBe("InvalidKeyUsageException");
    const ec = await newKey(admin, { KeySpec: "ECC_NIST_P384", KeyUsage: "SIGN_VERIFY" });
    expect(await failureName(admin.send(new SignCommand({ ...sign, KeyId: ec })))).toBe("InvalidKeyUsageException");
  });

  it("of HMAC keys", async () => {
    const KeyId = await newKey(admin, { KeySpec: "HMAC_384", KeyUsage: "GENERATE_VERIFY_MAC" });
    const MacAlgorithm = "HMAC_SHA_384";
    const { Mac } = await admin.send(new GenerateMacCommand({ KeyId, Message: TEXT, MacAlgorithm }));
    expect(Mac).toHaveLength(48);
    expect((await admin.send(new VerifyMacCommand({ KeyId, Message: TEXT, MacAlgorithm, Mac }))).MacValid).toBe(true);
    const wrong = new VerifyMacCommand({ KeyId, Message: Buffer.from("other"), MacAlgorithm, Mac });
    expect(await failureName(admin.send(wrong))).toBe("KMSInvalidMacException");
  });
});
