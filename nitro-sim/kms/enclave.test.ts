import {
  constants,
  createDecipheriv,
  createHash,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
  createPrivateKey,
  createPublicKey,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateKeyCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  type KMSClient,
} from "@aws-sdk/client-kms";
import { parseTrustAnchor } from "@caladrius/attestation-verifier";
import { decodeNsmResponse, encodeNsmRequest } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNsm, openSimulatedPki, type SimulatedPki } from "../index.ts";
import { berSkeleton } from "../test-support/ber-skeleton.ts";
import { newPrincipal } from "./principals.ts";
import { call as rawCall } from "./test-support/raw.ts";
import { ACCOUNT, failure, failureName, startTestKms, type TestKms } from "./test-support/service.ts";

const MODULE = "i-0123456789abcdef0-enc0123456789abcdef";
const IMAGE = createHash("sha384").update("image").digest();
const ROLE = newPrincipal({
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/enclave/i-0123456789abcdef0`,
  expiresMs: Date.now() + 3_600_000,
  policies: [statement("kms:GenerateRandom", { "kms:RecipientAttestation:ImageSha384": IMAGE.toString("hex") })],
});
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const context = { EncryptionContext: { fleet: "a" } };

let dir: string;
let pki: SimulatedPki;
let service: TestKms;
let enclave: KMSClient;
let KeyId: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-kms-enclave-"));
  pki = await openSimulatedPki(join(dir, "pki"), { nowMs: () => Date.now() });
  service = await startTestKms({ attestationRoots: [parseTrustAnchor(pki.rootCertificate)] });
  service.kms.principals.add(ROLE);
  enclave = service.client(ROLE);
  const allowed = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:GenerateDataKeyWithoutPlaintext"];
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*", Resource: "*" },
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:role/enclave` },
        Action: allowed,
        Resource: "*",
        Condition: { StringEqualsIgnoreCase: { "kms:RecipientAttestation:PCR0": IMAGE.toString("hex") } },
      },
    ],
  });
  KeyId = (await service.client().send(new CreateKeyCommand({ Policy }))).KeyMetadata!.Arn!;
});
afterAll(async () => {
  await service.close();
  await rm(dir, { recursive: true });
});

/** An identity policy for one action. */
function statement(Action: string, equals: Record<string, string>): string {
  const Condition = { StringEqualsIgnoreCase: equals };
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action, Resource: "*", Condition }] });
}

/** The Recipient of an enclave with these measurements. */
async function recipient(pcr0: Uint8Array = IMAGE, from: SimulatedPki = pki) {
  const nsm = createNsm({ pki: from, moduleId: MODULE, pcrs: new Map([[0, pcr0]]), clock: service.clock, randomBytes });
  const publicKey = new Uint8Array(rsa.publicKey.export({ type: "spki", format: "der" }));
  const answer = decodeNsmResponse(await nsm.request(encodeNsmRequest({ kind: "Attestation", userData: null, nonce: null, publicKey })));
  if (answer.kind !== "Attestation") throw new Error(JSON.stringify(answer));
  return { Recipient: { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256" as const, AttestationDocument: answer.document } };
}

/** What CiphertextForRecipient holds. */
function open(cms: Uint8Array | undefined): Buffer {
  const lines = berSkeleton(cms!);
  const values = lines.filter(({ line }) => /^\d+ 04 /.test(line)).map(({ value }) => value);
  const [wrapped, iv, content] = values;
  const key = privateDecrypt({ key: rsa.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, wrapped!);
  const decipher = createDecipheriv("aes-256-cbc", key, iv!);
  return Buffer.concat([decipher.update(content!), decipher.final()]);
}

describe("with an attestation document", () => {
  it("a data key is made and opened, and its plaintext stands in no answer", async () => {
    const made = await enclave.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", ...context, ...(await recipient()) }));
    expect(made.Plaintext).toBeUndefined();
    const dataKey = open(made.CiphertextForRecipient);
    expect(dataKey).toHaveLength(32);
    const { CiphertextBlob } = made;
    const opened = await enclave.send(new DecryptCommand({ KeyId, CiphertextBlob, ...context, ...(await recipient()) }));
    expect(opened).toMatchObject({ KeyId, EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
    expect(opened.Plaintext).toBeUndefined();
    expect(open(opened.CiphertextForRecipient)).toEqual(dataKey);
  });

  it("so are key pairs and random bytes", async () => {
    const pair = await enclave.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: "ECC_NIST_P256", ...(await recipient()) }));
    expect(pair.PrivateKeyPlaintext).toBeUndefined();
    const privateKey = createPrivateKey({ key: open(pair.CiphertextForRecipient), format: "der", type: "pkcs8" });
    expect(createPublicKey(privateKey).export({ format: "der", type: "spki" })).toEqual(Buffer.from(pair.PublicKey!));
    const random = await enclave.send(new GenerateRandomCommand({ NumberOfBytes: 48, ...(await recipient()) }));
    expect(random.Plaintext).toBeUndefined();
    expect(open(random.CiphertextForRecipient)).toHaveLength(48);
    expect(await failureName(enclave.send(new GenerateRandomCommand({ NumberOfBytes: 48 })))).toBe("AccessDeniedException");
  });

  it("the audit log names the module and its registers", async () => {
    await enclave.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", ...(await recipient()) }));
    const last = readFileSync(service.kms.auditPath, "utf8").trimEnd().split("\n").at(-1)!;
    expect(JSON.parse(last)).toMatchObject({
      eventName: "GenerateDataKey",
      additionalEventData: {
        recipient: { attestationDocumentModuleId: MODULE, attestationDocumentEnclaveImageDigest: IMAGE.toString("base64") },
      },
    });
  });

  it("the same document serves again while it is young", async () => {
    const same = await recipient();
    const command = new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", ...same });
    expect(open((await enclave.send(command)).CiphertextForRecipient)).not.toEqual(
      open((await enclave.send(command)).CiphertextForRecipient),
    );
  });
});

describe("is refused", () => {
  const dataKey = { KeySpec: "AES_256" as const };
  it.each([
    ["without a document", async () => ({}), "AccessDeniedException"],
    ["another image", () => recipient(createHash("sha384").update("other").digest()), "AccessDeniedException"],
    ["a debug enclave", () => recipient(new Uint8Array(48)), "AccessDeniedException"],
    [
      "another root",
      async () => recipient(IMAGE, await openSimulatedPki(join(dir, "other"), { nowMs: () => Date.now() })),
      "ValidationException",
    ],
    ["a document changed by a byte", changed, "ValidationException"],
  ])("%s", async (_, make, name) => {
    const extra: object = await make();
    expect(await failureName(enclave.send(new GenerateDataKeyCommand({ KeyId, ...dataKey, ...extra })))).toBe(name);
  });

  async function changed() {
    const { Recipient } = await recipient();
    const AttestationDocument = Uint8Array.from(Recipient.AttestationDocument);
    AttestationDocument[AttestationDocument.length - 1]! ^= 1;
    return { Recipient: { ...Recipient, AttestationDocument } };
  }

  it("a document older than five minutes", async () => {
    const command = new GenerateDataKeyCommand({ KeyId, ...dataKey, ...(await recipient()) });
    const late = service.client(ROLE);
    try {
      service.time.nowMs += 299_000;
      late.config.systemClockOffset = 299_000;
      expect((await late.send(command)).CiphertextForRecipient).toBeDefined();
      service.time.nowMs += 2000;
      late.config.systemClockOffset += 2000;
      expect(await failure(late.send(command))).toContain("timestamp-age");
    } finally {
      service.time.nowMs -= 301_000;
    }
  });

  it("what another role asks with the right document", async () => {
    const other = newPrincipal({ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/thief/x`, expiresMs: Date.now() + 3_600_000 });
    service.kms.principals.add(other);
    const call = service.client(other).send(new GenerateDataKeyCommand({ KeyId, ...dataKey, ...(await recipient()) }));
    expect(await failure(call)).toContain("is not authorized to perform: kms:GenerateDataKey");
  });

  it("an operation that knows no Recipient: there a document says nothing", async () => {
    const extra = await recipient();
    const command = new GenerateDataKeyWithoutPlaintextCommand({ KeyId, ...dataKey, ...extra });
    expect(await failureName(enclave.send(command))).toBe("AccessDeniedException");
    const document = Buffer.from(extra.Recipient.AttestationDocument).toString("base64");
    const members = {
      KeyId,
      KeySpec: "AES_256",
      Recipient: { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256", AttestationDocument: document },
    };
    const request = { credentials: ROLE.credentials, signedAtMs: service.time.nowMs };
    const raw = await rawCall(service.kms, { ...request, operation: "GenerateDataKeyWithoutPlaintext", body: JSON.stringify(members) });
    expect(raw.json["__type"]).toBe("AccessDeniedException");
    const garbage = JSON.stringify({ KeyId, Plaintext: "AAAA", Recipient: "garbage" });
    const asAdmin = { ...request, credentials: service.administrator.credentials };
    expect((await rawCall(service.kms, { ...asAdmin, operation: "Encrypt", body: garbage })).status).toBe(200);
  });

  it("a blob of a context that the enclave does not name, after the document was accepted", async () => {
    const { CiphertextBlob } = await service.client().send(new EncryptCommand({ KeyId, Plaintext: Buffer.from("x"), ...context }));
    const wrong = new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext: { fleet: "b" }, ...(await recipient()) });
    expect(await failureName(enclave.send(wrong))).toBe("InvalidCiphertextException");
  });
});
