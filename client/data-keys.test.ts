import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataKeys } from "./data-keys.ts";

const ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

describe("data keys", () => {
  it.each([
    ["alias/ward", {}, "kms-key-arn"],
    ["1234abcd-12ab-34cd-56ef-1234567890ab", {}, "kms-key-arn"],
    ["arn:aws:kms:eu-central-1:111122223333:alias/ward", {}, "kms-key-arn"],
    ["arn:aws:kms:eu-central-1:1111:key/x", {}, "kms-key-arn"],
    [`${ARN}\n`, {}, "kms-key-arn"],
    [ARN, { endpoint: "http://localhost:1" }, "kms-endpoint"],
    [ARN, { endpoint: "https://user@localhost:1" }, "kms-endpoint"],
    [ARN, { endpoint: "localhost" }, "kms-endpoint"],
  ])("are not opened for %j %j", (arn, more, code) => {
    expect(() => openDataKeys({ arn, ...more })).toThrow(expect.objectContaining({ code }) as Error);
  });

  it.each([ARN, ARN.replace("arn:aws:", "arn:aws-cn:").replace("eu-central-1", "cn-north-1"), ARN.replace("1234abcd-", "mrk-1234abcd")])(
    "are opened for %s, without loading the SDK or asking anybody",
    (arn) => expect(openDataKeys({ arn }).arn).toBe(arn),
  );

  it("tell by name alone why KMS gave none", async () => {
    process.env["AWS_ACCESS_KEY_ID"] ??= "AKIAIOSFODNN7EXAMPLE";
    process.env["AWS_SECRET_ACCESS_KEY"] ??= "nothing";
    const keys = openDataKeys({ arn: ARN, endpoint: "https://127.0.0.1:9" }); // discard: nobody listens
    await expect(keys.generate({})).rejects.toMatchObject({
      code: "kms-data-key",
      message: expect.stringMatching(/ECONNREFUSED, nothing listens there|no answer/) as string,
    });
  });

  it("are the only reason to load the AWS SDK", () => {
    const sources = readdirSync(import.meta.dirname, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    const loading = sources.flatMap((text) => text.match(/^(?:import|export)(?! type)[^;]*"@aws-sdk[^;]*;/gm) ?? []);
    expect(loading).toEqual([]);
    expect(sources.join()).toContain('await import("@aws-sdk/client-kms")');
  });
});
