import {
  CreateAliasCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  ListAliasesCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { ACCOUNT, failureName, newKey } from "../test-support/service.ts";
import { sharedTestKms, TEXT } from "../test-support/shared.ts";

const { admin } = await sharedTestKms();

describe("aliases", () => {
  it("name keys, move and go", async () => {
    const [one, two] = [await newKey(admin), await newKey(admin)];
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
    expect(await failureName(admin.send(new CreateAliasCommand({ AliasName, TargetKeyId: await newKey(admin) })))).toBe(name);
  });

  it("stay on keys of one kind, and are no names for changes of keys", async () => {
    const [aes, rsa] = [await newKey(admin), await newKey(admin, { KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" })];
    await admin.send(new CreateAliasCommand({ AliasName: "alias/kind", TargetKeyId: aes }));
    expect(await failureName(admin.send(new UpdateAliasCommand({ AliasName: "alias/kind", TargetKeyId: rsa })))).toBe(
      "ValidationException",
    );
    expect(await failureName(admin.send(new DisableKeyCommand({ KeyId: "alias/kind" })))).toBe("NotFoundException");
  });
});
