import { constants, createHash, createPublicKey, generateKeyPairSync, privateDecrypt, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AWS_NITRO_ROOT_G1, parseTrustAnchor, parseTrustFile, rememberSignatures, type TrustAnchor } from "@caladrius/attestation-verifier";
import { readVectors } from "@caladrius/attestation-verifier/generate/read-vectors.ts";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { decodeNsmResponse, encodeNsmRequest, kmsCommitment, toBase64, toHex, type NsmRequest } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNsm, openSimulatedPki, type SimulatedPki } from "../../index.ts";
import { berSkeleton } from "../../test-support/ber-skeleton.ts";
import { KmsServiceError } from "../errors.ts";
import { encryptForRecipient } from "./encrypt-for-recipient.ts";
import { MAX_DOCUMENT_AGE_MS, readRecipient, type RecipientMembers, type RecipientOptions } from "./read-recipient.ts";

const NOW = Date.UTC(2026, 10, 21, 10, 0, 0, 250);
const MODULE = "i-0123456789abcdef0-enc0123456789abcdef";
const ALGORITHM = "RSAES_OAEP_SHA_256";
const key = generateKeyPairSync("rsa", { modulusLength: 2048 });
const spki = spkiOf(key.publicKey);
const digest = (text: string): Uint8Array => new Uint8Array(createHash("sha384").update(text).digest());
/** PCR4 is the measurement of the instance id. */
const PCR4 = new Uint8Array(createHash("sha384").update(new Uint8Array(48)).update(MODULE.slice(0, 19)).digest());
const PCRS: ReadonlyMap<number, Uint8Array> = new Map([
  [0, digest("image")],
  [1, digest("kernel")],
  [2, digest("application")],
  [4, PCR4],
]);

let dir: string;
let pki: SimulatedPki;
let options: RecipientOptions;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cal-recipient-"));
  pki = await openSimulatedPki(join(dir, "a"), { nowMs: () => NOW });
  options = { roots: [parseTrustAnchor(pki.rootCertificate)], nowMs: NOW, signatures };
});
afterAll(() => rm(dir, { recursive: true }));

/** A document of the simulator, as an enclave asks for one. */
async function attest(
  publicKey: Uint8Array | null = spki,
  {
    from = pki,
    pcrs = PCRS,
    before = [],
  }: { from?: SimulatedPki; pcrs?: ReadonlyMap<number, Uint8Array>; before?: readonly NsmRequest[] } = {},
): Promise<Uint8Array> {
  const nsm = createNsm({ pki: from, moduleId: MODULE, pcrs, clock: { nowMs: () => NOW }, randomBytes });
  for (const request of before) await nsm.request(encodeNsmRequest(request));
  const userData = new Uint8Array(
    createHash("sha384")
      .update(kmsCommitment(new Uint8Array(16)))
      .digest(),
  );
  const response = decodeNsmResponse(await nsm.request(encodeNsmRequest({ kind: "Attestation", userData, nonce: null, publicKey })));
  if (response.kind !== "Attestation") throw new Error(JSON.stringify(response));
  return response.document;
}

const recipient = (document: unknown): RecipientMembers => ({ KeyEncryptionAlgorithm: ALGORITHM, AttestationDocument: document });

/** "ok", or the error's type and message. */
async function outcome(members: RecipientMembers, change: Partial<RecipientOptions> = {}): Promise<string> {
  try {
    await readRecipient(members, { ...options, ...change });
    return "ok";
  } catch (error) {
    if (!(error instanceof KmsServiceError)) throw error;
    return `${error.type}: ${error.message}`;
  }
}

describe("readRecipient", () => {
  it("gives the key, the conditions and the names of a document", async () => {
    const locked: readonly NsmRequest[] = [
      { kind: "ExtendPCR", index: 16, data: new Uint8Array(48) },
      { kind: "LockPCR", index: 16 },
    ];
    const read = await readRecipient(recipient(toBase64(await attest(spki, { before: locked }))), options);
    expect(spkiOf(read.publicKey)).toEqual(spki);
    expect(read).toMatchObject({ moduleId: MODULE, timestampMs: NOW });
    const constitution = createHash("sha384").update(new Uint8Array(96)).digest("hex");
    expect(read.conditions).toEqual({
      "kms:RecipientAttestation:ImageSha384": toHex(digest("image")),
      ...Object.fromEntries(
        Array.from({ length: 16 }, (_, i) => [`kms:RecipientAttestation:PCR${i}`, toHex(PCRS.get(i) ?? new Uint8Array(48))]),
      ),
      "kms:RecipientAttestation:PCR16": constitution,
    });
    expect(toHex(read.pcrs.get(16)!)).toBe(constitution);
  });

  it("takes base64 and bytes alike, and gives a key that only the enclave can answer to", async () => {
    const read = await readRecipient(recipient(await attest()), options);
    const message = berSkeleton(encryptForRecipient(read.publicKey, randomBytes(32), randomBytes));
    const wrapped = message.find(({ value }) => value.length === 256)!.value;
    expect(privateDecrypt({ key: key.privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, wrapped)).toHaveLength(
      32,
    );
  });

  it("verifies debug documents and leaves their zeros to policies", async () => {
    const read = await readRecipient(recipient(await attest(spki, { pcrs: new Map([[4, PCR4]]) })), options);
    expect(read.conditions["kms:RecipientAttestation:ImageSha384"]).toBe("00".repeat(48));
    expect(read.conditions["kms:RecipientAttestation:PCR4"]).toBe(toHex(PCR4));
  });

  it.each([
    [{ AttestationDocument: "AAAA" }, /^ValidationException: .*'recipient.keyEncryptionAlgorithm'.*must not be null$/],
    [
      { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_1", AttestationDocument: "AAAA" },
      /^ValidationException: .*enum value set: \[RSAES_OAEP_SHA_256\]$/,
    ],
    [{ KeyEncryptionAlgorithm: 7, AttestationDocument: "AAAA" }, /^ValidationException: .*enum value set/],
    [{ KeyEncryptionAlgorithm: ALGORITHM }, /^ValidationException: .*'recipient.attestationDocument'.*must not be null$/],
    [recipient(null), /^ValidationException: .*must not be null$/],
    [recipient(""), /^ValidationException: .*length greater than or equal to 1$/],
    [recipient(new Uint8Array()), /^ValidationException: .*length greater than or equal to 1$/],
    [recipient("A".repeat(349_528)), /^ValidationException: .*length less than or equal to 262144$/],
    [recipient(new Uint8Array(262_145)), /^ValidationException: .*length less than or equal to 262144$/],
    [recipient("not base64"), /^SerializationException: /],
    [recipient("AB=="), /^SerializationException: /],
    [recipient(["AAAA"]), /^SerializationException: /],
    [recipient("AAAA"), /^ValidationException: .*\(envelope-/],
    [recipient(new Uint8Array(262_144)), /^ValidationException: .*\(envelope-size\)/],
  ] as const)("refuses what is no recipient: %#", async (members, expected) => {
    expect(await outcome(members)).toMatch(expected);
  });

  it("refuses a document under another root, under none, and a simulator's where none is allowed", async () => {
    const document = await attest();
    const other = await openSimulatedPki(join(dir, "b"), { nowMs: () => NOW });
    expect(await outcome(recipient(document))).toBe("ok");
    expect(await outcome(recipient(await attest(spki, { from: other })))).toMatch(/^ValidationException: .*\(bundle-root\)/);
    for (const change of [{ roots: [] }, { roots: [AWS_NITRO_ROOT_G1] }, { allowSimulator: false }])
      expect(await outcome(recipient(document), change)).toMatch(/^ValidationException: .*\(bundle-root\)/);
  });

  it("denies a document that is too old or of the future", async () => {
    const document = await attest();
    expect(await outcome(recipient(document), { nowMs: NOW + MAX_DOCUMENT_AGE_MS })).toBe("ok");
    expect(await outcome(recipient(document), { nowMs: NOW + MAX_DOCUMENT_AGE_MS + 1 })).toMatch(
      /^AccessDeniedException: .*\(timestamp-age\)/,
    );
    expect(await outcome(recipient(document), { nowMs: NOW - 120_000 })).toMatch(/^AccessDeniedException: .*\(timestamp-future\)/);
    expect(await outcome(recipient(document), { nowMs: NOW + 4 * 3_600_000, maxAgeMs: 86_400_000 })).toMatch(
      /^AccessDeniedException: .*\(chain-expired\)/,
    );
    expect(await outcome(recipient(document), { nowMs: NOW + 2000, maxAgeMs: 1000 })).toMatch(/^AccessDeniedException: /);
  });

  it("refuses a document with any flipped byte", async () => {
    const document = await attest();
    const remembered = { signatures: rememberSignatures(signatures) };
    for (let at = 0; at < document.length; at += 97) {
      const flipped = document.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(await outcome(recipient(flipped), remembered)).not.toBe("ok");
    }
  });

  it.each([
    ["none", null, "has no public_key"],
    ["an empty one", new Uint8Array(), "has no public_key"],
    ["bytes", new Uint8Array(64), "not the SPKI DER of an RSA key"],
    ["P-256", spkiOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey), "not the SPKI DER of an RSA key"],
    ["X25519", spkiOf(generateKeyPairSync("x25519").publicKey), "not the SPKI DER of an RSA key"],
    ["RSA-PSS", spkiOf(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey), "not the SPKI DER of an RSA key"],
    ["PKCS #1", new Uint8Array(key.publicKey.export({ type: "pkcs1", format: "der" })), "not the SPKI DER of an RSA key"],
    ["PEM", new Uint8Array(Buffer.from(key.publicKey.export({ type: "spki", format: "pem" }))), "not the SPKI DER of an RSA key"],
    ["a byte more", Uint8Array.of(...spki, 0), "not the SPKI DER of an RSA key"],
    ["2047 bits", rsa(2047), "has 2047 bits"],
    ["4097 bits", rsa(4097), "has 4097 bits"],
    ["RSA with the exponent 1", rsa(2048, [1]), "has no exponent of RSA"],
    ["RSA with the exponent 2", rsa(2048, [2]), "has no exponent of RSA"],
    ["RSA with an even exponent", rsa(2048, [1, 0, 2]), "has no exponent of RSA"],
  ])("refuses a document whose public key is %s", async (_, publicKey, expected) => {
    const answer = await outcome(recipient(await attest(publicKey)));
    expect(answer).toMatch(/^ValidationException: /);
    expect(answer).toContain(expected);
  });

  it.each([2048, 3072, 4096])("takes RSA of %i bits, with any odd exponent", async (bits) => {
    for (const exponent of [[1, 0, 1], [3]]) expect(await outcome(recipient(await attest(rsa(bits, exponent))))).toBe("ok");
  });
});

describe("readRecipient before the verifier's conformance kit", () => {
  const remembered = rememberSignatures(signatures, 4096);
  const documents = readVectors().filter(({ kind, expected }) => kind === "cose" && DOCUMENT_STAGES.has(expected.stage));
  // What the caller asked, for a nonce or for nothing, is no part of a document
  const refused = documents.filter(({ expected: { status, code } }) => status === "contraindicated" && !CALLERS.test(code));
  const accepted = documents.filter(
    ({ expected, consistency, timeMs }) => expected.status !== "contraindicated" && consistency === "enforce" && timeMs === KIT_MS,
  );

  const judge = (vector: (typeof documents)[number], nowMs: number): Promise<string> => {
    const { anchors } = parseTrustFile(vector.trust);
    return outcome(recipient(toBase64(vector.bytes)), { roots: anchors, nowMs, signatures: remembered });
  };

  it("refuses every document that the kit refuses, for the verifier's reason", async () => {
    expect(refused.length).toBeGreaterThan(300);
    const answers = new Map<string, string>();
    for (const vector of refused) {
      const answer = await judge(vector, vector.timeMs ?? KIT_MS);
      if (!answer.includes(`(${vector.expected.code})`)) answers.set(vector.id.slice(4), answer);
    }
    // Two expired more than five minutes ago, and nothing at all breaks a limit of the API
    expect([...answers.keys()]).toEqual(["nothing", "leaf-expired", "zonal-expired-since"]);
    expect(answers.get("nothing")).toMatch(/^ValidationException: .*length/);
    for (const late of ["leaf-expired", "zonal-expired-since"])
      expect(answers.get(late)).toMatch(/^AccessDeniedException: .*\(timestamp-age\)/);
  });

  it("gets as far as the missing RSA key with every document that the kit accepts", async () => {
    expect(accepted.length).toBeGreaterThan(30);
    for (const vector of accepted)
      expect([vector.id, await judge(vector, KIT_MS)]).toEqual([vector.id, expect.stringMatching(/public_key/)]);
  });
});

const real = (name: string): URL => new URL(`../../../../shared/fixtures/attestation/${name}`, import.meta.url);

describe.skipIf(!existsSync(real("index.json")))("readRecipient before AWS's own documents", () => {
  const aws: readonly TrustAnchor[] = [AWS_NITRO_ROOT_G1];
  const read = (name: string): Uint8Array => new Uint8Array(readFileSync(real(name)));

  it.each([
    ["2025-01-06_eu-central-1_prod_0bee92_19b71700.cose", 1736179625472, false],
    ["2024-01-24_us-east-2_debug_0e4fe5_8d6106b4.cose", 1706120065635, true],
  ] as const)("%s: takes it at its own time", async (name, timestampMs, debug) => {
    const answer = await readRecipient(recipient(toBase64(read(name))), { roots: aws, nowMs: timestampMs, signatures });
    expect(answer.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(answer.timestampMs).toBe(timestampMs);
    expect(answer.conditions["kms:RecipientAttestation:ImageSha384"] === "00".repeat(48)).toBe(debug);
    expect(Object.keys(answer.conditions)).toHaveLength(17);
    expect(await outcome(recipient(read(name)), { roots: aws, nowMs: timestampMs + MAX_DOCUMENT_AGE_MS + 1 })).toMatch(/timestamp-age/);
    expect(await outcome(recipient(read(name)), { nowMs: timestampMs })).toMatch(/bundle-root/);
  });

  it.each([
    ["2021-03-17_us-east-2_prod_078824_234f1201.cose", 1616018515685, "has no public_key"],
    ["2024-11-30_us-east-1_prod_0de38b_69d51f98.cose", 1732983768387, "not the SPKI DER of an RSA key"],
  ] as const)("%s: verifies it, and says what is wrong with its key", async (name, nowMs, expected) => {
    expect(await outcome(recipient(read(name)), { roots: aws, nowMs })).toContain(expected);
  });
});

function spkiOf(publicKey: ReturnType<typeof generateKeyPairSync>["publicKey"]): Uint8Array {
  return new Uint8Array(publicKey.export({ type: "spki", format: "der" }));
}

/** A public key of so many bits; nobody has its private one. */
function rsa(bits: number, exponent: readonly number[] = [1, 0, 1]): Uint8Array {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xa5);
  modulus[0] = (0xff >> (7 - ((bits - 1) % 8))) & 0xff;
  const jwk = { kty: "RSA", n: modulus.toString("base64url"), e: Buffer.from(exponent).toString("base64url") };
  return spkiOf(createPublicKey({ key: jwk, format: "jwk" }));
}

/** When the kit's good documents were made. */
const KIT_MS: number = Date.UTC(2026, 2, 1, 12);
const CALLERS = /^nonce-|^freshness-required$/;
/** Where documents alone are judged, without a policy or lists of the caller. */
const DOCUMENT_STAGES: ReadonlySet<string> = new Set([
  "envelope",
  "payload",
  "certificate",
  "chain",
  "freshness",
  "consistency",
  "verdict",
]);
