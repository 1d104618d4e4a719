import { readFileSync } from "node:fs";
import { DecryptCommand, EncryptCommand } from "@aws-sdk/client-kms";
import { describe, expect, it } from "vitest";
import { failureName, newKey, startTestKms } from "./test-support/service.ts";

const TEXT = Buffer.from("a secret");
describe("the audit log", () => {
  it("has one line for each call, also refused ones, and no secret", async () => {
    const own = await startTestKms();
    const client = own.client();
    const KeyId = await newKey(client);
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
