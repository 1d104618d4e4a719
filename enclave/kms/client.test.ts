import { createHash, createHmac } from "node:crypto";
import { kmsCommitment, toHex } from "@caladrius/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sha384 } from "../crypto.ts";
import { createKms, type KmsClient } from "./client.ts";
import { KmsError } from "./port.ts";
import { BLOB, CONTEXT, CREDENTIALS, HOST, KEY_ARN } from "./test-support/constants.ts";
import { clientOf, codeOf, honestly, json, optionsOf, startFakeKms, type Asked, type FakeKms } from "./test-support/fake-kms.ts";
import { KeyNsm, makeClock } from "./test-support/surroundings.ts";
import { writeCms } from "./test-support/write-cms.ts";

let fake: FakeKms;
let ordinary: KmsClient;
let kms: KmsClient;
beforeAll(async () => {
  fake = await startFakeKms(Date.now());
  ordinary = clientOf(fake);
});
beforeEach(() => {
  fake.asked.length = 0;
  fake.behave = honestly;
  kms = ordinary;
  return () => kms.close();
});
afterAll(() => fake.close());

const decrypt = (): Promise<Uint8Array> => kms.decrypt(KEY_ARN, BLOB, CONTEXT);
const spkiIn = (asked: Asked): Uint8Array => Buffer.from(asked.body.Recipient?.AttestationDocument ?? "", "base64");
const sealedTo = (asked: Asked, plaintext: Uint8Array): string => Buffer.from(writeCms(spkiIn(asked), plaintext)).toString("base64");

describe("an honest KMS", () => {
  it("gives the data key behind a blob of this key and context", async () => {
    expect(await decrypt()).toEqual(new Uint8Array(fake.dataKey));
    const [asked] = fake.asked;
    expect(asked?.target).toBe("TrentService.Decrypt");
    expect(asked?.body).toMatchObject({
      KeyId: KEY_ARN,
      EncryptionContext: CONTEXT,
      EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      CiphertextBlob: Buffer.from(BLOB).toString("base64"),
      Recipient: { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256" },
    });
  });

  it("gives a fresh data key and its blob", async () => {
    expect(await kms.generateDataKey(KEY_ARN, CONTEXT)).toEqual({ plaintext: new Uint8Array(fake.dataKey), blob: new Uint8Array(BLOB) });
    expect(fake.asked[0]?.body).toMatchObject({ KeyId: KEY_ARN, EncryptionContext: CONTEXT, KeySpec: "AES_256" });
    expect(fake.asked[0]?.body).not.toHaveProperty("CiphertextBlob");
  });

  it("may write an empty plaintext beside the sealed one, as its reference allows", async () => {
    for (const Plaintext of ["", null]) {
      fake.behave = (response, _asked, honest) => json(response, 200, { ...honest, Plaintext });
      expect(await decrypt()).toEqual(new Uint8Array(fake.dataKey));
    }
  });

  it("keeps a connection for the next call", async () => {
    const before = fake.connections.length;
    await decrypt();
    await decrypt();
    expect(fake.connections.length).toBe(before + 1);
  });
});

describe("a request", () => {
  it("shows a document for KMS, which commits to this boot and is used for two minutes", async () => {
    const nsm = new KeyNsm();
    const { clock, move } = makeClock(fake.nowMs);
    kms = clientOf(fake, { nsm, clock });
    await Promise.all([decrypt(), decrypt()]);
    move(119_000);
    await decrypt();
    expect(nsm.asked).toHaveLength(1);
    expect(nsm.asked[0]).toMatchObject({ userData: sha384(kmsCommitment(new Uint8Array(16).fill(7))), nonce: null });
    expect(nsm.asked[0]?.publicKey).toHaveLength(294);
    move(2_000);
    await decrypt();
    expect(nsm.asked).toHaveLength(2);
    expect(nsm.asked[1]?.publicKey).toEqual(nsm.asked[0]?.publicKey);
  });

  it("asks NSM again when it failed", async () => {
    const nsm = new KeyNsm();
    let failing = true;
    const call = nsm.call.bind(nsm);
    nsm.call = (request) => (failing ? Promise.reject(new RangeError("nsm")) : call(request));
    kms = clientOf(fake, { nsm });
    expect(await codeOf(decrypt())).toBe("kms-answer-refused");
    failing = false;
    expect(await decrypt()).toHaveLength(32);
  });

  it("is signed by the enclave's clock, for the key's own region, with what the host handed in", async () => {
    const ahead = 2 * 86_400_000;
    kms = clientOf(fake, { clock: makeClock(fake.nowMs + ahead).clock });
    kms.setCredentials({ ...CREDENTIALS, expiresMs: fake.nowMs + ahead + 60_000 });
    await kms.decrypt(KEY_ARN.replace("eu-central-1", "eu-west-3"), BLOB, CONTEXT);
    const { headers, raw } = fake.asked[0]!;
    const date = String(headers["x-amz-date"]);
    expect(Math.abs(Date.parse(date.replace(/^(....)(..)(..T..)(..)/, "$1-$2-$3:$4:")) - fake.nowMs - ahead)).toBeLessThan(60_000);
    expect(headers).toMatchObject({ host: HOST, "x-amz-security-token": "token" });
    const scope = `${date.slice(0, 8)}/eu-west-3/kms/aws4_request`;
    const match = /^AWS4-HMAC-SHA256 Credential=(.*), SignedHeaders=(.*), Signature=([0-9a-f]{64})$/.exec(String(headers.authorization));
    expect(match?.[1]).toBe(`${CREDENTIALS.accessKeyId}/${scope}`);
    // Signature Version 4, computed once more
    const signed = (match?.[2] ?? "").split(";");
    expect(signed).toEqual(expect.arrayContaining(["host", "x-amz-date", "x-amz-security-token", "x-amz-target"]));
    const lines = signed.map((name) => `${name}:${String(headers[name])}\n`).join("");
    const canonical = ["POST", "/", "", lines, signed.join(";"), sha256Hex(raw)].join("\n");
    const parts = [date.slice(0, 8), "eu-west-3", "kms", "aws4_request", `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical)}`];
    const signature = parts.reduce((key, part) => createHmac("sha256", key).update(part).digest(), Buffer.from("AWS4secret"));
    expect(match?.[3]).toBe(toHex(signature));
  });

  it("names neither the SDK nor where it runs", async () => {
    await decrypt();
    expect(Object.keys(fake.asked[0]!.headers).toSorted()).toEqual([
      "amz-sdk-invocation-id",
      "amz-sdk-request",
      "authorization",
      "connection",
      "content-length",
      "content-type",
      "host",
      "x-amz-content-sha256",
      "x-amz-date",
      "x-amz-security-token",
      "x-amz-target",
    ]);
  });

  it("is made for full key ARNs alone", async () => {
    for (const arn of [
      KEY_ARN.replace("key/", "alias/"),
      "1234abcd-12ab-34cd-56ef-1234567890ab",
      KEY_ARN.replace("eu-central-1", "eu-central-1.attacker.example"),
      `${KEY_ARN}\n`,
    ]) {
      expect(await codeOf(kms.decrypt(arn, BLOB, CONTEXT))).toBe("kms-denied");
    }
    expect(fake.asked).toEqual([]);
  });
});

describe("credentials", () => {
  it("are demanded before anything is sent, or asked of NSM", async () => {
    const nsm = new KeyNsm();
    kms = createKms({ ...optionsOf(fake), nsm });
    expect(await codeOf(decrypt())).toBe("kms-credentials");
    expect([fake.asked.length, nsm.asked.length]).toEqual([0, 0]);
  });

  it("end by the enclave's clock while it runs, and new ones take their place", async () => {
    const { clock, move } = makeClock(fake.nowMs);
    kms = clientOf(fake, { clock });
    await decrypt();
    move(600_001);
    expect(await codeOf(decrypt())).toBe("kms-credentials");
    kms.setCredentials({ ...CREDENTIALS, accessKeyId: "ASIANEWNEWNEWNEW1234", sessionToken: "", expiresMs: fake.nowMs + 900_000 });
    await decrypt();
    expect(fake.asked).toHaveLength(2);
    expect(fake.asked[1]?.headers.authorization).toContain("Credential=ASIANEWNEWNEWNEW1234/");
    expect(fake.asked[1]?.headers).not.toHaveProperty("x-amz-security-token");
  });

  it("may be replaced between two attempts of one call", async () => {
    kms = clientOf(fake);
    fake.behave = (response, _asked, honest) => {
      if (fake.asked.length > 1) return json(response, 200, honest);
      kms.setCredentials({ ...CREDENTIALS, accessKeyId: "ASIANEWNEWNEWNEW1234", expiresMs: fake.nowMs + 900_000 });
      json(response, 500, {});
    };
    await decrypt();
    expect(fake.asked[1]?.headers.authorization).toContain("Credential=ASIANEWNEWNEWNEW1234/");
  });

  it("that would be more than one header field are refused, and the ones before stay", async () => {
    for (const change of [
      { accessKeyId: "AKIAIOSFODNN7EXAM/LE" },
      { accessKeyId: "AKIAIOSFODNN7EXAMPLE\r\nx: y" },
      { secretAccessKey: "a b" },
      { sessionToken: "token\r\nhost: attacker.example" },
      { sessionToken: "tök" },
    ]) {
      expect(() => kms.setCredentials({ ...CREDENTIALS, expiresMs: fake.nowMs + 600_000, ...change })).toThrow(KmsError);
    }
    await decrypt();
    expect(fake.asked[0]?.headers.authorization).toContain(CREDENTIALS.accessKeyId);
  });
});

describe("an answer", () => {
  const answers: Record<string, (asked: Asked, honest: Record<string, unknown>) => unknown> = {
    "with a plaintext beside the sealed one": (_asked, honest) => ({ ...honest, Plaintext: Buffer.alloc(32).toString("base64") }),
    "with a plaintext alone": ({ body }) => ({ KeyId: body.KeyId, EncryptionAlgorithm: "SYMMETRIC_DEFAULT", Plaintext: "AAAA" }),
    "of another key": (_asked, honest) => ({ ...honest, KeyId: KEY_ARN.replace(/.$/, "f") }),
    "of the key's id without its account": (_asked, honest) => ({ ...honest, KeyId: KEY_ARN.split("/")[1] }),
    "without a key": (_asked, honest) => ({ ...honest, KeyId: undefined }),
    "under another algorithm": (_asked, honest) => ({ ...honest, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" }),
    "without an algorithm": (_asked, honest) => ({ ...honest, EncryptionAlgorithm: undefined }),
    "with 31 bytes": (asked, honest) => ({ ...honest, CiphertextForRecipient: sealedTo(asked, new Uint8Array(31)) }),
    "with 33 bytes": (asked, honest) => ({ ...honest, CiphertextForRecipient: sealedTo(asked, new Uint8Array(33)) }),
    "with 48 bytes": (asked, honest) => ({ ...honest, CiphertextForRecipient: sealedTo(asked, new Uint8Array(48)) }),
    "with no bytes": (asked, honest) => ({ ...honest, CiphertextForRecipient: sealedTo(asked, new Uint8Array(0)) }),
    "that is empty": (_asked, honest) => ({ ...honest, CiphertextForRecipient: "" }),
    "that is no base64": (_asked, honest) => ({ ...honest, CiphertextForRecipient: "%" }),
    "with a number for the sealed plaintext": (_asked, honest) => ({ ...honest, CiphertextForRecipient: 7 }),
    "of an empty object": () => ({}),
    "of null": () => null,
    "of a list": () => [[[[]]]],
    "that names a prototype": () => JSON.parse('{"__proto__":{"KeyId":"x"}}') as unknown,
  };
  it.each(Object.keys(answers))("%s is refused", async (name) => {
    fake.behave = (response, asked, honest) => json(response, 200, answers[name]?.(asked, honest));
    expect(await codeOf(decrypt())).toBe("kms-answer-refused");
    expect(fake.asked).toHaveLength(1);
  });

  it.each([
    ["is missing", undefined],
    ["is empty", ""],
    ["has 6145 bytes", Buffer.alloc(6145).toString("base64")],
  ])("to GenerateDataKey is refused when its blob %s", async (_name, CiphertextBlob) => {
    fake.behave = (response, _asked, honest) => json(response, 200, { ...honest, CiphertextBlob });
    expect(await codeOf(kms.generateDataKey(KEY_ARN, CONTEXT))).toBe("kms-answer-refused");
  });

  it.each(["<html>", "{", '{"KeyId":', "\ud800", "", "[".repeat(20_000)])("that is no JSON is refused: %.9s", async (text) => {
    fake.behave = (response) => void response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(text);
    expect(await codeOf(decrypt())).toBe("kms-answer-refused");
  });
});

describe("an error of KMS", () => {
  it.each([
    [400, "AccessDeniedException", "kms-denied", 1],
    [400, "NotFoundException", "kms-denied", 1],
    [400, "DisabledException", "kms-denied", 1],
    [400, "KMSInvalidStateException", "kms-denied", 1],
    [400, "ValidationException", "kms-denied", 1],
    [400, "com.amazonaws.kms#AccessDeniedException", "kms-denied", 1],
    [418, "something new", "kms-denied", 1],
    [400, "InvalidCiphertextException", "kms-blob", 1],
    [400, "IncorrectKeyException", "kms-blob", 1],
    [400, "ThrottlingException", "kms-throttled", 2],
    [429, "", "kms-throttled", 2],
    [400, "ExpiredTokenException", "kms-credentials", 1],
    [400, "UnrecognizedClientException", "kms-credentials", 1],
    [400, "InvalidSignatureException", "kms-credentials", 1],
    [500, "KMSInternalException", "kms-unreachable", 2],
    [503, "", "kms-unreachable", 2],
    [301, "InvalidCiphertextException", "kms-answer-refused", 1],
  ] as const)("of %i %s is %s, after %i attempts", async (status, name, code, attempts) => {
    fake.behave = (response) => json(response, status, { __type: name, message: "secret text of the peer" });
    expect(await codeOf(decrypt())).toBe(code);
    expect(fake.asked).toHaveLength(attempts);
  });

  it("about a blob means nothing where none was sent", async () => {
    fake.behave = (response) => json(response, 400, { __type: "InvalidCiphertextException" });
    expect(await codeOf(kms.generateDataKey(KEY_ARN, CONTEXT))).toBe("kms-answer-refused");
  });

  it("that passes is not the last word", async () => {
    fake.behave = (response, _asked, honest) => (fake.asked.length === 1 ? json(response, 503, {}) : json(response, 200, honest));
    expect(await decrypt()).toEqual(new Uint8Array(fake.dataKey));
  });
});

const sha256Hex = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
