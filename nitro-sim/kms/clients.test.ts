import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestKms, type TestKms } from "./test-support/service.ts";

// Clients of others, as Debian ships them. What the SDK for JavaScript does is tested beside each operation.
const run = promisify(execFile);
const AWS = "/usr/bin/aws";
const PYTHON = "/usr/bin/python3";
const runs = (program: string, ...words: string[]): Promise<boolean> =>
  run(program, words).then(
    () => true,
    () => false,
  );
const [awscli, boto3] = await Promise.all([runs(AWS, "--version"), runs(PYTHON, "-c", "import boto3")]);

let service: TestKms;
let home: string;
beforeAll(async () => {
  service = await startTestKms();
  home = await mkdtemp(join(tmpdir(), "cal-kms-home-"));
});
afterAll(async () => {
  await service.close();
  await rm(home, { recursive: true });
});

function environment(): NodeJS.ProcessEnv {
  const { accessKeyId, secretAccessKey } = service.administrator.credentials;
  return {
    PATH: "/usr/bin:/bin",
    HOME: home,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: service.kms.region,
    AWS_CA_BUNDLE: service.kms.caPath,
    AWS_PAGER: "",
  };
}

describe.skipIf(!awscli)("the AWS CLI (package awscli)", () => {
  const aws = async (...words: string[]): Promise<string> => {
    const all = ["--endpoint-url", service.kms.url, "--output", "text", "kms", ...words];
    return (await run(AWS, all, { env: environment() })).stdout.trim();
  };

  it("makes a key, encrypts and decrypts, and shows our refusals", async () => {
    const key = await aws("create-key", "--tags", "TagKey=unit,TagValue=icu", "--query", "KeyMetadata.Arn");
    expect(key).toMatch(/^arn:aws:kms:eu-central-1:111122223333:key\/[0-9a-f-]{36}$/);
    const plaintext = Buffer.from("a secret").toString("base64");
    const context = ["--encryption-context", "ward=3"];
    const blob = await aws("encrypt", "--key-id", key, "--plaintext", plaintext, ...context, "--query", "CiphertextBlob");
    expect(await aws("decrypt", "--ciphertext-blob", blob, ...context, "--query", "Plaintext")).toBe(plaintext);
    await expect(aws("decrypt", "--ciphertext-blob", blob)).rejects.toThrow(
      "(InvalidCiphertextException) when calling the Decrypt operation",
    );
  });
});

describe.skipIf(!boto3)("boto3 (package python3-boto3)", () => {
  it("makes keys, data keys and signatures, and gets our errors as its own", async () => {
    const script = `
import boto3, sys
kms = boto3.client("kms", endpoint_url=sys.argv[1])
key = kms.create_key(Description="of boto3")["KeyMetadata"]["Arn"]
kms.create_alias(AliasName="alias/boto3", TargetKeyId=key)
made = kms.generate_data_key(KeyId="alias/boto3", KeySpec="AES_256", EncryptionContext={"fleet": "a"})
opened = kms.decrypt(KeyId=key, CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"fleet": "a"})
assert opened["Plaintext"] == made["Plaintext"] and opened["KeyId"] == key
ec = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
signature = kms.sign(KeyId=ec, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
assert kms.verify(KeyId=ec, Message=b"m", Signature=signature, SigningAlgorithm="ECDSA_SHA_256")["SignatureValid"]
for call in (lambda: kms.verify(KeyId=ec, Message=b"n", Signature=signature, SigningAlgorithm="ECDSA_SHA_256"),
             lambda: kms.describe_key(KeyId="alias/none"),
             lambda: kms.disable_key(KeyId=ec) and kms.get_public_key(KeyId=ec)):
    try:
        call()
        print("no error")
    except (kms.exceptions.KMSInvalidSignatureException, kms.exceptions.NotFoundException, kms.exceptions.DisabledException) as error:
        print(type(error).__name__)
assert kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1}).build_full_result()["Keys"]
`;
    const { stdout } = await run(PYTHON, ["-c", script, service.kms.url], { env: environment() });
    expect(stdout.trim().split("\n")).toEqual(["KMSInvalidSignatureException", "NotFoundException", "DisabledException"]);
  });
});
