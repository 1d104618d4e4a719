import { constants, createPrivateKey, createPublicKey, publicEncrypt } from "node:crypto";
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  GetPublicKeyCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
} from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { newPrincipal } from "../principals.ts";
import { ACCOUNT, failure, failureName, keyPolicy, newKey } from "../test-support/service.ts";
import { sharedTestKms, TEXT } from "../test-support/shared.ts";

const USER = newPrincipal({ arn: `arn:aws:iam::${ACCOUNT}:user/clinic/alice` });
const { service, admin } = await sharedTestKms(USER);

describe("encryption", () => {
  it("opens what it made, under the same context alone", async () => {
    const KeyId = await newKey(admin);
    const EncryptionContext = { job: "1", ward: "ü" };
    const { CiphertextBlob, EncryptionAlgorithm } = await admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT, EncryptionContext }));
    expect(EncryptionAlgorithm).toBe("SYMMETRIC_DEFAULT");
    const opened = await admin.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { ward: "ü", job: "1" } }));
    expect(opened).toMatchObject({ KeyId, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
    expect(Buffer.from(opened.Plaintext!)).toEqual(TEXT);
    expect(opened.CiphertextForRecipient).toBeUndefined();
    for (const wrong of [undefined, { job: "1" }, { job: "1", ward: "u" }])
      expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: wrong })))).toBe(
        "InvalidCiphertextException",
      );
    const changed = Uint8Array.from(CiphertextBlob!);
    changed[changed.length - 1]! ^= 1;
    expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob: changed, KeyId, EncryptionContext })))).toBe(
      "InvalidCiphertextException",
    );
    expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob: TEXT })))).toBe("InvalidCiphertextException");
    const other = await newKey(admin);
    expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: other })))).toBe(
      "IncorrectKeyException",
    );
  });

  it("keeps AWS's limits", async () => {
    const KeyId = await newKey(admin);
    await admin.send(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(4096) }));
    for (const length of [0, 4097])
      expect(await failureName(admin.send(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(length) }))), `${length}`).toBe(
        "ValidationException",
      );
    expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob: Buffer.alloc(6145) })))).toBe("ValidationException");
    const EncryptionContext = { long: "x".repeat(8189) };
    expect(await failureName(admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT, EncryptionContext })))).toBe("ValidationException");
    for (const sizes of [{}, { NumberOfBytes: 32, KeySpec: "AES_256" as const }, { NumberOfBytes: 0 }, { NumberOfBytes: 1025 }])
      expect(await failureName(admin.send(new GenerateDataKeyCommand({ KeyId, ...sizes })))).toBe("ValidationException");
    expect(await failureName(admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT, GrantTokens: ["t"] })))).toBe(
      "InvalidGrantTokenException",
    );
  });

  it("moves a ciphertext from one key and context to others", async () => {
    const [source, destination] = [await newKey(admin), await newKey(admin)];
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId: source, Plaintext: TEXT, EncryptionContext: { a: "1" } }));
    const moved = await admin.send(
      new ReEncryptCommand({
        CiphertextBlob,
        SourceEncryptionContext: { a: "1" },
        DestinationKeyId: destination,
        DestinationEncryptionContext: { b: "2" },
      }),
    );
    expect(moved).toMatchObject({ SourceKeyId: source, KeyId: destination });
    const opened = await admin.send(new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { b: "2" } }));
    expect(Buffer.from(opened.Plaintext!)).toEqual(TEXT);
    const wrong = new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: destination });
    expect(await failureName(admin.send(wrong))).toBe("InvalidCiphertextException");
  });

  it("needs permission on both keys to move a ciphertext", async () => {
    const from = { Effect: "Allow", Principal: { AWS: USER.arn }, Action: "kms:ReEncryptFrom", Resource: "*" };
    const source = await newKey(admin, { Policy: keyPolicy(from) });
    const destination = await newKey(admin);
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId: source, Plaintext: TEXT }));
    const move = new ReEncryptCommand({ CiphertextBlob, SourceKeyId: source, DestinationKeyId: destination });
    const user = service.client(USER);
    expect(await failure(user.send(move))).toContain("kms:ReEncryptTo");
    const to = { ...from, Action: "kms:ReEncryptTo", Condition: { Bool: { "kms:ReEncryptOnSameKey": "false" } } };
    await admin.send(new PutKeyPolicyCommand({ KeyId: destination, Policy: keyPolicy(to) }));
    expect((await user.send(move)).KeyId).toBe(destination);
    await admin.send(new PutKeyPolicyCommand({ KeyId: source, Policy: keyPolicy() }));
    expect(await failure(user.send(move))).toContain("kms:ReEncryptFrom");
  });

  it("makes data keys", async () => {
    const KeyId = await newKey(admin);
    const EncryptionContext = { fleet: "a" };
    const made = await admin.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext }));
    expect(made.Plaintext).toHaveLength(32);
    const opened = await admin.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, KeyId, EncryptionContext }));
    expect(opened.Plaintext).toEqual(made.Plaintext);
    expect(opened.KeyMaterialId).toBe(made.KeyMaterialId);
    const hidden = await admin.send(new GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 1024 }));
    expect(hidden).not.toHaveProperty("Plaintext");
    expect((await admin.send(new DecryptCommand({ CiphertextBlob: hidden.CiphertextBlob }))).Plaintext).toHaveLength(1024);
    const short = await admin.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_128" }));
    expect(short.Plaintext).toHaveLength(16);
    expect((await admin.send(new GenerateRandomCommand({ NumberOfBytes: 77 }))).Plaintext).toHaveLength(77);
    expect(await failureName(admin.send(new GenerateRandomCommand({})))).toBe("ValidationException");
  });

  it.each(["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"] as const)(
    "makes data key pairs of %s",
    async (KeyPairSpec) => {
      const KeyId = await newKey(admin);
      const made = await admin.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec }));
      const privateKey = createPrivateKey({ key: Buffer.from(made.PrivateKeyPlaintext!), format: "der", type: "pkcs8" });
      expect(createPublicKey(privateKey).export({ format: "der", type: "spki" })).toEqual(Buffer.from(made.PublicKey!));
      const opened = await admin.send(new DecryptCommand({ CiphertextBlob: made.PrivateKeyCiphertextBlob }));
      expect(opened.Plaintext).toEqual(made.PrivateKeyPlaintext);
      const hidden = await admin.send(new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId, KeyPairSpec }));
      expect(hidden).not.toHaveProperty("PrivateKeyPlaintext");
      expect(hidden.PrivateKeyCiphertextBlob!.length).toBeGreaterThan(100);
    },
  );

  it("encrypts with RSA keys to what node:crypto opens and the other way round", async () => {
    const KeyId = await newKey(admin, { KeySpec: "RSA_2048" });
    const { PublicKey, KeyUsage, EncryptionAlgorithms } = await admin.send(new GetPublicKeyCommand({ KeyId }));
    expect([KeyUsage, EncryptionAlgorithms]).toEqual(["ENCRYPT_DECRYPT", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]]);
    const key = createPublicKey({ key: Buffer.from(PublicKey!), format: "der", type: "spki" });
    for (const [EncryptionAlgorithm, oaepHash] of [
      ["RSAES_OAEP_SHA_1", "sha1"],
      ["RSAES_OAEP_SHA_256", "sha256"],
    ] as const) {
      const theirs = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, TEXT);
      const ours = await admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT, EncryptionAlgorithm }));
      for (const CiphertextBlob of [theirs, ours.CiphertextBlob]) {
        const opened = await admin.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm }));
        expect(Buffer.from(opened.Plaintext!)).toEqual(TEXT);
      }
      expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob: theirs, EncryptionAlgorithm })))).toBe(
        "ValidationException",
      );
    }
    const EncryptionAlgorithm = "RSAES_OAEP_SHA_256";
    expect(await failure(admin.send(new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(191), EncryptionAlgorithm })))).toBe(
      "ValidationException: Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.",
    );
    expect(await failureName(admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT })))).toBe("InvalidKeyUsageException");
    const context = { KeyId, Plaintext: TEXT, EncryptionAlgorithm, EncryptionContext: { a: "b" } } as const;
    expect(await failureName(admin.send(new EncryptCommand(context)))).toBe("ValidationException");
  });

  it("says of a dry run what would happen, and does nothing", async () => {
    const KeyId = await newKey(admin);
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
    const DryRun = true;
    for (const command of [
      new EncryptCommand({ KeyId, Plaintext: TEXT, DryRun }),
      new DecryptCommand({ CiphertextBlob, DryRun }),
      new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: KeyId, DryRun }),
      new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", DryRun }),
      new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "ECC_NIST_P256", DryRun }),
    ])
      expect(await failureName(admin.send(command as EncryptCommand))).toBe("DryRunOperationException");
    expect(await failureName(service.client(USER).send(new DecryptCommand({ CiphertextBlob, DryRun })))).toBe("AccessDeniedException");
  });
});
