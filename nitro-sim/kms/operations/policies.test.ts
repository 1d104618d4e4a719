import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  ListKeyPoliciesCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { ADMINISTRATOR_POLICY, newPrincipal } from "../principals.ts";
import { ACCOUNT, OTHER_ACCOUNT, failure, failureName, keyPolicy, newKey } from "../test-support/service.ts";
import { sharedTestKms, TEXT } from "../test-support/shared.ts";

const USER = newPrincipal({ arn: `arn:aws:iam::${ACCOUNT}:user/clinic/alice` });
const SESSION = newPrincipal({ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/enclave/i-1`, expiresMs: Date.now() + 3_600_000 });
const STRANGER = newPrincipal({ arn: `arn:aws:iam::${OTHER_ACCOUNT}:user/mallory`, policies: [ADMINISTRATOR_POLICY] });
const { service, admin } = await sharedTestKms(USER, SESSION, STRANGER);

describe("key policies", () => {
  it("are shown and put, and never lock their writer out by accident", async () => {
    const KeyId = await newKey(admin);
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
    expect(await failureName(newKey(admin, { Policy: locked }))).toBe("MalformedPolicyDocumentException");
    expect(await failureName(admin.send(new PutKeyPolicyCommand({ ...put, Policy: "{" })))).toBe("MalformedPolicyDocumentException");
    const long = keyPolicy({ Sid: "x".repeat(32_768), Effect: "Deny", Principal: "*", Action: "kms:Sign", Resource: "*" });
    expect(await failureName(admin.send(new PutKeyPolicyCommand({ ...put, Policy: long })))).toBe("LimitExceededException");

    await admin.send(new PutKeyPolicyCommand({ ...put, BypassPolicyLockoutSafetyCheck: true }));
    expect(await failureName(admin.send(new GetKeyPolicyCommand({ KeyId })))).toBe("AccessDeniedException");
  });

  it("decide who may do what, with the caller's own policies where they leave it to the account", async () => {
    const KeyId = await newKey(admin, {
      Policy: keyPolicy({
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
    const closed = await newKey(admin);
    expect(await failureName(stranger.send(new EncryptCommand({ KeyId: closed, Plaintext: TEXT })))).toBe("AccessDeniedException");
    const open = await newKey(admin, {
      Policy: keyPolicy({
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${OTHER_ACCOUNT}:root` },
        Action: "kms:Encrypt",
        Resource: "*",
      }),
    });
    const { KeyId } = await stranger.send(new EncryptCommand({ KeyId: open, Plaintext: TEXT }));
    expect(KeyId).toBe(open);
    expect(await failureName(stranger.send(new EncryptCommand({ KeyId: open.split("/")[1]!, Plaintext: TEXT })))).toBe("NotFoundException");
    const own = await newKey(stranger);
    expect(own).toContain(OTHER_ACCOUNT);
    expect((await stranger.send(new ListKeysCommand({}))).Keys).toEqual([{ KeyArn: own, KeyId: own.split("/")[1] }]);
    expect(await failureName(service.client(USER).send(new CreateKeyCommand({})))).toBe("AccessDeniedException");
  });

  it("know under which alias a key was asked for", async () => {
    const KeyId = await newKey(admin, {
      Policy: keyPolicy({
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
