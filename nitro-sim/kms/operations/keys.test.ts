import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateGrantCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateKeyDescriptionCommand,
  paginateListKeys,
} from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { newPrincipal } from "../principals.ts";
import { ACCOUNT, OTHER_ACCOUNT, failure, failureName, keyPolicy, newKey, startTestKms } from "../test-support/service.ts";
import { sharedTestKms, TEXT } from "../test-support/shared.ts";

const DAY_MS = 86_400_000;
const USER = newPrincipal({ arn: `arn:aws:iam::${ACCOUNT}:user/clinic/alice` });
const { service, admin } = await sharedTestKms(USER);

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
    const made = await Promise.all(Array.from({ length: 5 }, () => newKey(admin)));
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
    const [first, second] = [await newKey(client), await newKey(client)];
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
    expect(await failureName(newKey(admin, { KeySpec: "ECC_NIST_P256" }))).toBe("ValidationException");
    expect(await failureName(newKey(admin, { KeySpec: "SM2", KeyUsage: "SIGN_VERIFY" }))).toBe("ValidationException");
    expect(await failureName(newKey(admin, { Origin: "EXTERNAL" }))).toBe("UnsupportedOperationException");
    expect(await failureName(newKey(admin, { MultiRegion: true }))).toBe("UnsupportedOperationException");
    const grant = new CreateGrantCommand({ KeyId: await newKey(admin), GranteePrincipal: USER.arn, Operations: ["Decrypt"] });
    expect(await failureName(admin.send(grant))).toBe("UnsupportedOperationException");
  });

  it("are not found under names of others", async () => {
    const arn = await newKey(admin);
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

describe("tags", () => {
  it("are put, listed and taken away, and policies see them", async () => {
    const KeyId = await newKey(admin, {
      Tags: [{ TagKey: "unit", TagValue: "icu" }],
      Policy: keyPolicy({
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
    expect(await failureName(newKey(admin, { Tags: twice }))).toBe("TagException");
    const many = Array.from({ length: 50 }, (_, i) => ({ TagKey: `t${i}`, TagValue: "" }));
    expect(await failureName(admin.send(new TagResourceCommand({ KeyId, Tags: many })))).toBe("TagException");
  });
});
