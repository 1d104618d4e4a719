import { createHash, createPublicKey, publicEncrypt, constants, verify, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListKeyPoliciesCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  paginateListKeys,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
  VerifyCommand,
  VerifyMacCommand,
  type CreateKeyCommandInput,
  type KMSClient,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newPrincipal, type Principal } from "./principals.ts";
import { ACCOUNT, failure, failureName, OTHER_ACCOUNT, startTestKms, type TestKms } from "./test-support/service.ts";

const DAY_MS = 86_400_000;
const TEXT = Buffer.from("a secret");
const USER: Principal = newPrincipal({ arn: `arn:aws:iam::${ACCOUNT}:user/clinic/alice` });
const SESSION: Principal = newPrincipal({
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/enclave/i-1`,
  expiresMs: Date.now() + 3_600_000,
});
const STRANGER: Principal = newPrincipal({ arn: `arn:aws:iam::${OTHER_ACCOUNT}:user/mallory`, policies: [allow("kms:*")] });

let service: TestKms;
let admin: KMSClient;
beforeAll(async () => {
  service = await startTestKms();
  for (const principal of [USER, SESSION, STRANGER]) service.kms.principals.add(principal);
  admin = service.client();
});
afterAll(() => service.close());

/** Makes a key and gives its ARN. */
async function newKey(input: CreateKeyCommandInput = {}, client: KMSClient = admin): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
  return KeyMetadata!.Arn!;
}

/** A key policy of the account's own and further statements. */
function policy(...statements: readonly object[]): string {
  const root = { Sid: "Account", Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*", Resource: "*" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [root, ...statements] });
}

/** An identity policy. */
function allow(action: string, resource = "*"): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: resource }] });
}

describe("keys", () => {
  it("are made, described, listed, switched off and on", async () => {
    const { KeyMetadata } = await admin.send(new CreateKeyCommand({ Description: "ward 3", Tags: [{ TagKey: "unit", TagValue: "icu" }] }));
    const { KeyId, Arn } = KeyMetadata!;
    expect(KeyMetadata).toMatchObject({
      AWSAccountId: ACCOUNT,
      Arn: `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${KeyId}`,
      Description: "ward 3",
      Enabled: true,
      KeyState: "Enabled",
      KeyUsage: "ENCRYPT_DECRYPT",
      KeySpec: "SYMMETRIC_DEFAULT",
      CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
      EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
      KeyManager: "CUSTOMER",
      Origin: "AWS_KMS",
      MultiRegion: false,
      CreationDate: new Date(service.time.nowMs),
    });
    expect(KeyMetadata!.CurrentKeyMaterialId).toMatch(/^[0-9a-f]{64}$/);

    await admin.send(new DisableKeyCommand({ KeyId }));
    expect((await admin.send(new DescribeKeyCommand({ KeyId: Arn }))).KeyMetadata).toMatchObject({ Enabled: false, KeyState: "Disabled" });
    expect(await failure(admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT })))).toBe(`DisabledException: ${Arn} is disabled.`);
    await admin.send(new EnableKeyCommand({ KeyId }));
    await admin.send(new UpdateKeyDescriptionCommand({ KeyId, Description: "ward 4" }));
    expect((await admin.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata).toMatchObject({ Enabled: true, Description: "ward 4" });
  });

  it("are listed in pages, each once", async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => newKey()));
    const listed: string[] = [];
    let pages = 0;
    for await (const { Keys = [] } of paginateListKeys({ client: admin, pageSize: 2 }, {})) {
      listed.push(...Keys.map(({ KeyArn }) => KeyArn!));
      pages++;
    }
    expect(pages).toBeGreaterThan(2);
    expect(new Set(listed).size).toBe(listed.length);
    expect(listed).toEqual(expect.arrayContaining(made));
    expect(await failureName(admin.send(new ListKeysCommand({ Marker: "bm90IG91cnM" })))).toBe("InvalidMarkerException");
    expect(await failureName(admin.send(new ListKeysCommand({ Limit: 1001 })))).toBe("ValidationException");
  });

  it("are deleted when their day comes, with what they encrypted, unless that is taken back", async () => {
    const own = await startTestKms();
    const client = own.client();
    const [first, second] = [await newKey({}, client), await newKey({}, client)];
    await client.send(new CreateAliasCommand({ AliasName: "alias/first", TargetKeyId: first }));
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId: first, Plaintext: TEXT }));
    for (const days of [6, 31])
      expect(await failureName(client.send(new ScheduleKeyDeletionCommand({ KeyId: first, PendingWindowInDays: days })))).toBe(
        "ValidationException",
      );
    const scheduled = await client.send(new ScheduleKeyDeletionCommand({ KeyId: first, PendingWindowInDays: 7 }));
    expect(scheduled).toMatchObject({ KeyId: first, KeyState: "PendingDeletion", PendingWindowInDays: 7 });
    expect(scheduled.DeletionDate).toEqual(new Date(own.time.nowMs + 7 * DAY_MS));
    expect(await failureName(client.send(new DecryptCommand({ CiphertextBlob })))).toBe("KMSInvalidStateException");
    expect(await failureName(client.send(new EnableKeyCommand({ KeyId: first })))).toBe("KMSInvalidStateException");
    const { DeletionDate } = await client.send(new ScheduleKeyDeletionCommand({ KeyId: second }));
    expect(DeletionDate).toEqual(new Date(own.time.nowMs + 30 * DAY_MS));
    await client.send(new CancelKeyDeletionCommand({ KeyId: second }));
    expect((await client.send(new DescribeKeyCommand({ KeyId: second }))).KeyMetadata?.KeyState).toBe("Disabled");
    expect(await failureName(client.send(new CancelKeyDeletionCommand({ KeyId: second })))).toBe("KMSInvalidStateException");

    own.time.nowMs += 7 * DAY_MS - 1;
    const late = own.client(); // its clock is corrected by the refusals, as the SDK does
    late.config.systemClockOffset = 7 * DAY_MS;
    expect((await late.send(new DescribeKeyCommand({ KeyId: first }))).KeyMetadata?.KeyState).toBe("PendingDeletion");
    own.time.nowMs += 1;
    expect(await failureName(late.send(new DescribeKeyCommand({ KeyId: first })))).toBe("NotFoundException");
    expect(await failureName(late.send(new DescribeKeyCommand({ KeyId: "alias/first" })))).toBe("NotFoundException");
    expect(await failureName(late.send(new DecryptCommand({ CiphertextBlob })))).toBe("AccessDeniedException");
    await own.close();
  });

  it("that the simulator does not have are refused rather than replaced", async () => {
    expect(await failureName(newKey({ KeySpec: "ECC_NIST_P256" }))).toBe("ValidationException");
    expect(await failureName(newKey({ KeySpec: "SM2", KeyUsage: "SIGN_VERIFY" }))).toBe("ValidationException");
    expect(await failureName(newKey({ Origin: "EXTERNAL" }))).toBe("UnsupportedOperationException");
    expect(await failureName(newKey({ MultiRegion: true }))).toBe("UnsupportedOperationException");
    const grant = new CreateGrantCommand({ KeyId: await newKey(), GranteePrincipal: USER.arn, Operations: ["Decrypt"] });
    expect(await failureName(admin.send(grant))).toBe("UnsupportedOperationException");
  });

  it("are not found under names of others", async () => {
    const arn = await newKey();
    const id = arn.split("/")[1]!;
    for (const KeyId of [
      "00000000-0000-4000-8000-000000000000",
      "alias/none",
      arn.replace("eu-central-1", "us-east-1"),
      arn.replace(ACCOUNT, OTHER_ACCOUNT),
    ])
      expect(await failureName(admin.send(new DescribeKeyCommand({ KeyId }))), KeyId).toBe("NotFoundException");
    for (const KeyId of ["arn:aws:kms:eu-central-1", `arn:aws:kms:eu-central-1:${ACCOUNT}:thing/${id}`, arn.replace(":kms:", ":s3:")])
      expect(await failureName(admin.send(new DescribeKeyCommand({ KeyId }))), KeyId).toBe("InvalidArnException");
  });
});

describe("aliases", () => {
  it("name keys, move and go", async () => {
    const [one, two] = [await newKey(), await newKey()];
    await admin.send(new CreateAliasCommand({ AliasName: "alias/ward/3", TargetKeyId: one }));
    expect(await failureName(admin.send(new CreateAliasCommand({ AliasName: "alias/ward/3", TargetKeyId: two })))).toBe(
      "AlreadyExistsException",
    );
    const { CiphertextBlob, KeyId } = await admin.send(new EncryptCommand({ KeyId: "alias/ward/3", Plaintext: TEXT }));
    expect(KeyId).toBe(one);
    await admin.send(new UpdateAliasCommand({ AliasName: "alias/ward/3", TargetKeyId: two }));
    const arn = `arn:aws:kms:eu-central-1:${ACCOUNT}:alias/ward/3`;
    expect((await admin.send(new DescribeKeyCommand({ KeyId: arn }))).KeyMetadata?.Arn).toBe(two);
    expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob, KeyId: "alias/ward/3" })))).toBe("IncorrectKeyException");
    const { Aliases } = await admin.send(new ListAliasesCommand({ KeyId: two }));
    expect(Aliases).toMatchObject([{ AliasName: "alias/ward/3", AliasArn: arn, TargetKeyId: two.split("/")[1] }]);
    await admin.send(new DeleteAliasCommand({ AliasName: "alias/ward/3" }));
    expect(await failureName(admin.send(new DescribeKeyCommand({ KeyId: arn })))).toBe("NotFoundException");
    expect((await admin.send(new ListAliasesCommand({ KeyId: two }))).Aliases).toEqual([]);
  });

  it.each([
    ["ward", "ValidationException"],
    ["alias/aws/ward", "InvalidAliasNameException"],
    ["alias/wa rd", "InvalidAliasNameException"],
  ])("are not called %s", async (AliasName, name) => {
    expect(await failureName(admin.send(new CreateAliasCommand({ AliasName, TargetKeyId: await newKey() })))).toBe(name);
  });

  it("stay on keys of one kind, and are no names for changes of keys", async () => {
    const [aes, rsa] = [await newKey(), await newKey({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" })];
    await admin.send(new CreateAliasCommand({ AliasName: "alias/kind", TargetKeyId: aes }));
    expect(await failureName(admin.send(new UpdateAliasCommand({ AliasName: "alias/kind", TargetKeyId: rsa })))).toBe(
      "ValidationException",
    );
    expect(await failureName(admin.send(new DisableKeyCommand({ KeyId: "alias/kind" })))).toBe("NotFoundException");
  });
});

describe("key policies", () => {
  it("are shown and put, and never lock their writer out by accident", async () => {
    const KeyId = await newKey();
    const { Policy, PolicyName } = await admin.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "default" }));
    expect(JSON.parse(Policy!)).toMatchObject({ Id: "key-default-1", Statement: [{ Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }] });
    expect(PolicyName).toBe("default");
    expect((await admin.send(new ListKeyPoliciesCommand({ KeyId }))).PolicyNames).toEqual(["default"]);
    expect(await failureName(admin.send(new GetKeyPolicyCommand({ KeyId, PolicyName: "other" })))).toBe("NotFoundException");

    const locked = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: USER.arn }, Action: "kms:Decrypt", Resource: "*" }],
    });
    const put = { KeyId, PolicyName: "default", Policy: locked };
    expect(await failure(admin.send(new PutKeyPolicyCommand(put)))).toBe(
      "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future.",
    );
    expect(await failureName(newKey({ Policy: locked }))).toBe("MalformedPolicyDocumentException");
    expect(await failureName(admin.send(new PutKeyPolicyCommand({ ...put, Policy: "{" })))).toBe("MalformedPolicyDocumentException");
    const long = policy({ Sid: "x".repeat(32_768), Effect: "Deny", Principal: "*", Action: "kms:Sign", Resource: "*" });
    expect(await failureName(admin.send(new PutKeyPolicyCommand({ ...put, Policy: long })))).toBe("LimitExceededException");

    await admin.send(new PutKeyPolicyCommand({ ...put, BypassPolicyLockoutSafetyCheck: true }));
    expect(await failureName(admin.send(new GetKeyPolicyCommand({ KeyId })))).toBe("AccessDeniedException");
  });

  it("decide who may do what, with the caller's own policies where they leave it to the account", async () => {
    const KeyId = await newKey({
      Policy: policy({
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/enclave` },
        Action: ["kms:Encrypt", "kms:Decrypt"],
        Resource: "*",
        Condition: {
          StringEquals: { "kms:EncryptionContext:fleet": "a", "kms:CallerAccount": ACCOUNT },
          "ForAllValues:StringEquals": { "kms:EncryptionContextKeys": ["fleet", "epoch"] },
        },
      }),
    });
    const [user, session] = [service.client(USER), service.client(SESSION)];
    const text = { KeyId, Plaintext: TEXT };
    expect(await failure(user.send(new EncryptCommand(text)))).toBe(
      `AccessDeniedException: User: ${USER.arn} is not authorized to perform: kms:Encrypt on resource: ${KeyId} because no resource-based policy allows the kms:Encrypt action`,
    );
    const { CiphertextBlob } = await session.send(new EncryptCommand({ ...text, EncryptionContext: { fleet: "a" } }));
    expect(await failureName(session.send(new EncryptCommand(text)))).toBe("AccessDeniedException");
    for (const EncryptionContext of [{ fleet: "b" }, { fleet: "a", ward: "3" }])
      expect(await failureName(session.send(new EncryptCommand({ ...text, EncryptionContext })))).toBe("AccessDeniedException");
    const right = { CiphertextBlob, EncryptionContext: { fleet: "a" } };
    expect(Buffer.from((await session.send(new DecryptCommand(right))).Plaintext!)).toEqual(TEXT);
    expect(await failure(user.send(new DecryptCommand(right)))).toContain(
      "The ciphertext refers to a customer master key that does not exist",
    );
    expect(await failureName(session.send(new DescribeKeyCommand({ KeyId })))).toBe("AccessDeniedException");
  });

  it("let another account in only with both sides' consent, by ARN", async () => {
    const stranger = service.client(STRANGER);
    const closed = await newKey();
    expect(await failureName(stranger.send(new EncryptCommand({ KeyId: closed, Plaintext: TEXT })))).toBe("AccessDeniedException");
    const open = await newKey({
      Policy: policy({ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` }, Action: "kms:Encrypt", Resource: "*" }),
    });
    const { KeyId } = await stranger.send(new EncryptCommand({ KeyId: open, Plaintext: TEXT }));
    expect(KeyId).toBe(open);
    expect(await failureName(stranger.send(new EncryptCommand({ KeyId: open.split("/")[1]!, Plaintext: TEXT })))).toBe("NotFoundException");
    const own = await newKey({}, stranger);
    expect(own).toContain(OTHER_ACCOUNT);
    expect((await stranger.send(new ListKeysCommand({}))).Keys).toEqual([{ KeyArn: own, KeyId: own.split("/")[1] }]);
    expect(await failureName(service.client(USER).send(new CreateKeyCommand({})))).toBe("AccessDeniedException");
  });

  it("know under which alias a key was asked for", async () => {
    const KeyId = await newKey({
      Policy: policy({
        Effect: "Allow",
        Principal: { AWS: USER.arn },
        Action: "kms:Encrypt",
        Resource: "*",
        Condition: { StringEquals: { "kms:RequestAlias": "alias/asked" } },
      }),
    });
    await admin.send(new CreateAliasCommand({ AliasName: "alias/asked", TargetKeyId: KeyId }));
    const user = service.client(USER);
    expect(await failureName(user.send(new EncryptCommand({ KeyId, Plaintext: TEXT })))).toBe("AccessDeniedException");
    expect((await user.send(new EncryptCommand({ KeyId: "alias/asked", Plaintext: TEXT }))).KeyId).toBe(KeyId);
  });
});

describe("encryption", () => {
  it("opens what it made, under the same context alone", async () => {
    const KeyId = await newKey();
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
    const other = await newKey();
    expect(await failureName(admin.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: other })))).toBe(
      "IncorrectKeyException",
    );
  });

  it("keeps AWS's limits", async () => {
    const KeyId = await newKey();
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
    const [source, destination] = [await newKey(), await newKey()];
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
    const source = await newKey({ Policy: policy(from) });
    const destination = await newKey();
    const { CiphertextBlob } = await admin.send(new EncryptCommand({ KeyId: source, Plaintext: TEXT }));
    const move = new ReEncryptCommand({ CiphertextBlob, SourceKeyId: source, DestinationKeyId: destination });
    const user = service.client(USER);
    expect(await failure(user.send(move))).toContain("kms:ReEncryptTo");
    const to = { ...from, Action: "kms:ReEncryptTo", Condition: { Bool: { "kms:ReEncryptOnSameKey": "false" } } };
    await admin.send(new PutKeyPolicyCommand({ KeyId: destination, Policy: policy(to) }));
    expect((await user.send(move)).KeyId).toBe(destination);
    await admin.send(new PutKeyPolicyCommand({ KeyId: source, Policy: policy() }));
    expect(await failure(user.send(move))).toContain("kms:ReEncryptFrom");
  });

  it("makes data keys", async () => {
    const KeyId = await newKey();
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
      const KeyId = await newKey();
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
    const KeyId = await newKey({ KeySpec: "RSA_2048" });
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
    const KeyId = await newKey();
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

describe("signatures and MACs", () => {
  it.each([
    ["RSA_2048", "RSASSA_PSS_SHA_256", "sha256"],
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", "sha512"],
    ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256"],
    ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384"],
    ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512"],
    ["ECC_SECG_P256K1", "ECDSA_SHA_256", "sha256"],
  ] as const)("of %s with %s verify outside", async (KeySpec, SigningAlgorithm, hash) => {
    const KeyId = await newKey({ KeySpec, KeyUsage: "SIGN_VERIFY" });
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
    const KeyId = await newKey();
    expect(await failureName(admin.send(new GetPublicKeyCommand({ KeyId })))).toBe("UnsupportedOperationException");
    const sign = { KeyId, Message: TEXT, SigningAlgorithm: "ECDSA_SHA_256" } as const;
    expect(await failureName(admin.send(new SignCommand(sign)))).toBe("InvalidKeyUsageException");
    const ec = await newKey({ KeySpec: "ECC_NIST_P384", KeyUsage: "SIGN_VERIFY" });
    expect(await failureName(admin.send(new SignCommand({ ...sign, KeyId: ec })))).toBe("InvalidKeyUsageException");
  });

  it("of HMAC keys", async () => {
    const KeyId = await newKey({ KeySpec: "HMAC_384", KeyUsage: "GENERATE_VERIFY_MAC" });
    const MacAlgorithm = "HMAC_SHA_384";
    const { Mac } = await admin.send(new GenerateMacCommand({ KeyId, Message: TEXT, MacAlgorithm }));
    expect(Mac).toHaveLength(48);
    expect((await admin.send(new VerifyMacCommand({ KeyId, Message: TEXT, MacAlgorithm, Mac }))).MacValid).toBe(true);
    const wrong = new VerifyMacCommand({ KeyId, Message: Buffer.from("other"), MacAlgorithm, Mac });
    expect(await failureName(admin.send(wrong))).toBe("KMSInvalidMacException");
  });
});

describe("rotation", () => {
  it("on demand keeps what earlier material encrypted", async () => {
    const KeyId = await newKey();
    const before = await admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
    await admin.send(new RotateKeyOnDemandCommand({ KeyId }));
    const after = await admin.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
    const opened = await Promise.all(
      [before, after].map(({ CiphertextBlob }) => admin.send(new DecryptCommand({ CiphertextBlob, KeyId }))),
    );
    expect(opened.map(({ Plaintext }) => Buffer.from(Plaintext!))).toEqual([TEXT, TEXT]);
    expect(opened[0]!.KeyMaterialId).not.toBe(opened[1]!.KeyMaterialId);
    const { Rotations } = await admin.send(new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: "ALL_KEY_MATERIAL" }));
    expect(Rotations?.map(({ KeyMaterialId, KeyMaterialState, RotationType }) => [KeyMaterialId, KeyMaterialState, RotationType])).toEqual([
      [opened[0]!.KeyMaterialId, "NON_CURRENT", undefined],
      [opened[1]!.KeyMaterialId, "CURRENT", "ON_DEMAND"],
    ]);
    for (let made = 1; made < 25; made++) await admin.send(new RotateKeyOnDemandCommand({ KeyId }));
    expect(await failureName(admin.send(new RotateKeyOnDemandCommand({ KeyId })))).toBe("LimitExceededException");
  });

  it("comes by itself when its time has come", async () => {
    const own = await startTestKms();
    const client = own.client();
    const KeyId = await newKey({}, client);
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: TEXT }));
    expect(await client.send(new GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({ KeyRotationEnabled: false });
    expect(await failureName(client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 89 })))).toBe("ValidationException");
    await client.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
    const start = own.time.nowMs;
    expect(await client.send(new GetKeyRotationStatusCommand({ KeyId }))).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
      NextRotationDate: new Date(start + 90 * DAY_MS),
    });
    own.time.nowMs += 200 * DAY_MS; // nobody asked for more than two periods: one new material is enough
    client.config.systemClockOffset = 200 * DAY_MS;
    const { Rotations } = await client.send(new ListKeyRotationsCommand({ KeyId }));
    expect(Rotations).toMatchObject([{ RotationType: "AUTOMATIC", RotationDate: new Date(start + 90 * DAY_MS) }]);
    const { NextRotationDate } = await client.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(NextRotationDate).toEqual(new Date(start + 270 * DAY_MS));
    expect(Buffer.from((await client.send(new DecryptCommand({ CiphertextBlob }))).Plaintext!)).toEqual(TEXT);
    await client.send(new DisableKeyRotationCommand({ KeyId }));
    own.time.nowMs += 200 * DAY_MS;
    client.config.systemClockOffset = 400 * DAY_MS;
    expect((await client.send(new ListKeyRotationsCommand({ KeyId }))).Rotations).toHaveLength(1);
    await own.close();
  });

  it("is not for asymmetric keys", async () => {
    const KeyId = await newKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    expect(await failureName(admin.send(new EnableKeyRotationCommand({ KeyId })))).toBe("UnsupportedOperationException");
  });
});

describe("tags", () => {
  it("are put, listed and taken away, and policies see them", async () => {
    const KeyId = await newKey({
      Tags: [{ TagKey: "unit", TagValue: "icu" }],
      Policy: policy({
        Effect: "Allow",
        Principal: { AWS: USER.arn },
        Action: "kms:DescribeKey",
        Resource: "*",
        Condition: { StringEquals: { "aws:ResourceTag/open": "yes" } },
      }),
    });
    const user = service.client(USER);
    expect(await failureName(user.send(new DescribeKeyCommand({ KeyId })))).toBe("AccessDeniedException");
    await admin.send(new TagResourceCommand({ KeyId, Tags: [{ TagKey: "open", TagValue: "yes" }] }));
    expect((await user.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.Arn).toBe(KeyId);
    const { Tags, Truncated } = await admin.send(new ListResourceTagsCommand({ KeyId }));
    expect([Tags, Truncated]).toEqual([
      [
        { TagKey: "open", TagValue: "yes" },
        { TagKey: "unit", TagValue: "icu" },
      ],
      false,
    ]);
    await admin.send(new UntagResourceCommand({ KeyId, TagKeys: ["open", "absent"] }));
    expect((await admin.send(new ListResourceTagsCommand({ KeyId }))).Tags).toEqual([{ TagKey: "unit", TagValue: "icu" }]);
    const twice = [
      { TagKey: "a", TagValue: "1" },
      { TagKey: "a", TagValue: "2" },
    ];
    expect(await failureName(newKey({ Tags: twice }))).toBe("TagException");
    const many = Array.from({ length: 50 }, (_, i) => ({ TagKey: `t${i}`, TagValue: "" }));
    expect(await failureName(admin.send(new TagResourceCommand({ KeyId, Tags: many })))).toBe("TagException");
  });
});

describe("the audit log", () => {
  it("has one line for each call, also refused ones, and no secret", async () => {
    const own = await startTestKms();
    const client = own.client();
    const KeyId = await newKey({}, client);
    const { CiphertextBlob } = await client.send(new EncryptCommand({ KeyId, Plaintext: TEXT, EncryptionContext: { ward: "3" } }));
    await failureName(client.send(new DecryptCommand({ CiphertextBlob })));
    const text = readFileSync(own.kms.auditPath, "utf8");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ eventName, errorCode }) => [eventName, errorCode])).toEqual([
      ["CreateKey", undefined],
      ["Encrypt", undefined],
      ["Decrypt", "InvalidCiphertextException"],
    ]);
    expect(lines[1]).toMatchObject({
      userIdentity: { arn: own.administrator.arn },
      requestParameters: { encryptionContext: { ward: "3" } },
      resources: [{ ARN: KeyId }],
    });
    expect(lines[2]).toMatchObject({ resources: [{ ARN: KeyId }] });
    for (const secret of [TEXT.toString("base64"), Buffer.from(CiphertextBlob!).toString("base64")]) expect(text).not.toContain(secret);
    await own.close();
  });
});
