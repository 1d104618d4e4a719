import { generateKeyPairSync } from "node:crypto";
import { newKmsPrincipal } from "@caladrius/nitro-sim";
import { decodeFleetCandidate, encodeCredentials, fleetContext, fromBase64, MESSAGE, toHex } from "@caladrius/wire";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { base64, outcome, recipientOf, textOf } from "./test-support/answers.ts";
import { IMAGE, type AttackedEnclave, type BootChange } from "./test-support/enclave.ts";
import { dataKeyJob } from "./test-support/jobs.ts";
import { ACCOUNT, deploymentUnder, startWorld, type World } from "./test-support/world.ts";

// Who asks KMS: the parent chooses images, constitutions, credentials and documents; the key's policy decides.

let world: World;
let candidate: Uint8Array;
let epoch: Uint8Array;
let job: Uint8Array;
beforeAll(async () => {
  world = await startWorld();
  ({ candidate } = await (await world.boot()).birth());
  epoch = world.sign(candidate);
  job = (await dataKeyJob(world)).sealed;
});
afterAll(() => world.close());
beforeEach(() => world.reset());

describe("an enclave that is not the one of the policy", () => {
  const zero = new Uint8Array(48);
  it.each<[string, BootChange]>([
    ["another image (PCR0)", { image: { ...IMAGE, pcr0: new Uint8Array(48).fill(9) } }],
    ["another kernel (PCR1)", { image: { ...IMAGE, pcr1: new Uint8Array(48).fill(9) } }],
    ["another application (PCR2)", { image: { ...IMAGE, pcr2: new Uint8Array(48).fill(9) } }],
    ["registers that changed places", { image: { ...IMAGE, pcr1: IMAGE.pcr2, pcr2: IMAGE.pcr1 } }],
    ["debug mode, with registers of zero", { debug: true }],
    ["an image that measures to zero", { image: { pcr0: zero, pcr1: zero, pcr2: zero, pcr8: null } }],
  ])("%s: KMS denies it the fleet's keys, new ones, and a job's data key", async (_, change) => {
    const other = await world.boot(change);
    world.calls = [];
    expect(await outcome(other.serve(epoch))).toBe("kms-denied");
    expect(await outcome(other.birth("ward", 2))).toBe("kms-denied");
    expect(await outcome(other.answer(job))).toBe("kms-denied");
    expect(world.calls).toHaveLength(3); // it was asked, and it was KMS that refused
    expect(await outcome(other.attest("fleet"))).toBe("no-fleet");
  });

  it("another constitution (PCR16), which names the same keys: KMS denies it, whatever its own quorum signs", async () => {
    const deployment = deploymentUnder(world, world.fleetKeys, "another constitution");
    expect(deployment.constitutionDigest).not.toEqual(world.deployment.constitutionDigest);
    const other = await world.boot({ deployment });
    world.calls = [];
    expect(await outcome(other.serve(epoch))).toBe("fleet-record-refused");
    expect(world.calls).toHaveLength(0);
    expect(await outcome(other.birth("ward", 1))).toBe("kms-denied");
    const theirs = await dataKeyJob(world, { constitutionDigest: deployment.constitutionDigest });
    expect(await outcome(other.answer(theirs.sealed))).toBe("kms-denied");
    // The policy of this test says nothing of the constitution but PCR16: with that one register changed it is admitted.
    await world.setPolicies(deployment);
    await other.birth("ward", 1);
    await world.setPolicies();
  });

  it("with one register of its own is told from one with all of another's", async () => {
    const honest = await world.boot();
    await honest.serve(epoch);
    expect(await honest.answer(job)).toBe("opened");
  });
});

describe("a parent that calls KMS itself, with the enclave's credentials", () => {
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const spki = new Uint8Array(own.publicKey.export({ format: "der", type: "spki" }));
  let document: Uint8Array;
  let evidence: Uint8Array;
  let shown: Uint8Array;
  const decryptWith = async (AttestationDocument: Uint8Array | null): Promise<Readonly<Record<string, unknown>>> => {
    const [wrapped] = decodeFleetCandidate(candidate).wrapped;
    const Recipient = {
      KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256",
      AttestationDocument: base64(AttestationDocument ?? new Uint8Array()),
    };
    const { json } = await world.as(world.role, "Decrypt", {
      KeyId: wrapped?.keyArn,
      CiphertextBlob: base64(wrapped?.blob ?? new Uint8Array()),
      EncryptionContext: fleetContext("ward", 1, toHex(world.deployment.constitutionDigest)),
      ...(AttestationDocument === null ? {} : { Recipient }),
    });
    return json;
  };
  beforeAll(async () => {
    const enclave = await world.boot();
    world.calls = [];
    await enclave.serve(epoch);
    const [call] = world.calls;
    document = fromBase64(textOf(call?.request["Recipient"] as Record<string, unknown>, "AttestationDocument"));
    if (call === undefined) throw new Error("KMS was not asked");
    shown = new Uint8Array((await recipientOf(world, { ...call, callerArn: null })).export({ format: "der", type: "spki" }));
    ({ evidence } = await enclave.attest("fleet"));
  });

  it("without a document is denied", async () => {
    expect((await decryptWith(null))["__type"]).toBe("AccessDeniedException");
  });

  it("with the enclave's document gets an answer that only the enclave opens", async () => {
    const answer = await decryptWith(document);
    expect(answer["Plaintext"] ?? "").toBe("");
    const sealed = Buffer.from(textOf(answer, "CiphertextForRecipient"), "base64");
    expect(sealed.length).toBeGreaterThan(400);
    // Another enclave of the same image has another RSA key: the answer is of no use to it either.
    const other = await world.boot();
    world.intercept = ({ operation }, response) => {
      if (operation !== "Decrypt" || response.status !== 200) return response;
      return {
        ...response,
        body: JSON.stringify({ ...(JSON.parse(response.body) as object), CiphertextForRecipient: sealed.toString("base64") }),
      };
    };
    expect(await outcome(other.serve(epoch))).toBe("kms-answer-refused");
  });

  it("with its own RSA key in the enclave's document is refused: the signature covers the key", async () => {
    const changed = Buffer.from(document);
    const at = changed.indexOf(shown);
    expect([at > 0, shown.length]).toEqual([true, spki.length]);
    changed.set(spki, at); // the same length: nothing but the key differs
    expect((await decryptWith(new Uint8Array(changed)))["__type"]).toBe("ValidationException");
  });

  it("with a document of its own making, under another root, is refused", async () => {
    const theirs = await startWorld();
    try {
      await theirs.boot().then((enclave) => enclave.birth());
      const made = textOf(theirs.calls[0]?.request["Recipient"] as Record<string, unknown>, "AttestationDocument");
      expect((await decryptWith(fromBase64(made)))["__type"]).toBe("ValidationException");
    } finally {
      await theirs.close();
    }
  });

  it("with evidence, which carries no key, is refused", async () => {
    expect((await decryptWith(evidence))["__type"]).toBe("ValidationException");
  });

  it("with the enclave's document, later: it is good for five minutes", async () => {
    const before = world.time.aheadMs;
    world.time.aheadMs += 5 * 60_000 + 1000;
    expect((await decryptWith(document))["__type"]).toBe("AccessDeniedException");
    world.time.aheadMs = before;
    expect((await decryptWith(document))["__type"]).toBe(undefined);
  });
});

describe("credentials", () => {
  let enclave: AttackedEnclave;
  const credentials = { accessKeyId: "AKIA0123456789ABCDEF", secretAccessKey: "secret", sessionToken: "token", expiresMs: 2 ** 50 };
  beforeEach(async () => {
    enclave = await world.boot();
    world.calls = [];
  });
  afterEach(async () => {
    expect(enclave.ended).toEqual([]);
    await enclave.credentials(world.role);
    await enclave.serve(epoch);
  });

  it.each(["\n", "\r\n", "\r\nx-amz-target: TrentService.ListKeys\r\n", "\0", " ", "\t", "\u0130", "\u{1f511}", "/", ",", "="])(
    "with %j in them are refused where a header would end or change, and those before stay",
    async (text) => {
      for (const member of ["accessKeyId", "secretAccessKey", "sessionToken"] as const) {
        const changed = { ...credentials, [member]: `${credentials[member]}${text}x` };
        if (member !== "accessKeyId" && ["/", ",", "="].includes(text)) continue; // base64 and what AWS's tokens hold
        expect(await enclave.send(MESSAGE.credentials, encodeCredentials(changed))).toEqual({ error: "kms-credentials" });
      }
      expect(world.calls).toEqual([]);
      await enclave.birth("ward", 4); // under those that it had
    },
  );

  it("that no AWS would give are refused by KMS and by name, and nothing of them is a key", async () => {
    for (const wrong of [credentials, { ...credentials, sessionToken: "" }, { ...credentials, sessionToken: "=".repeat(8192) }]) {
      await enclave.send(MESSAGE.credentials, encodeCredentials(wrong));
      expect(await outcome(enclave.serve(epoch))).toBe("kms-credentials");
    }
  });

  it("with a wrong secret are refused", async () => {
    await enclave.credentials(world.role, { secretAccessKey: "wrong" });
    expect(await outcome(enclave.serve(epoch))).toBe("kms-credentials");
    await enclave.credentials(world.role, { sessionToken: "wrong" });
    expect(await outcome(enclave.serve(epoch))).toBe("kms-credentials");
  });

  it("of another principal are denied: of another account, of another role, of the administrator", async () => {
    const other = newKmsPrincipal({ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/other/i-1`, expiresMs: world.time.nowMs() + 3_600_000 });
    world.kms.principals.add(other);
    for (const who of [world.stranger, other, world.admin]) {
      await enclave.credentials(who);
      expect(await outcome(enclave.serve(epoch))).toBe("kms-denied");
      expect(await outcome(enclave.birth("ward", 4))).toBe("kms-denied");
    }
  });

  it("that end while the enclave runs are asked for anew, and new ones go on", async () => {
    const short = newKmsPrincipal({ arn: world.role.arn, expiresMs: world.time.nowMs() + 60_000 });
    world.kms.principals.add(short);
    await enclave.credentials(short);
    await enclave.birth("ward", 4);
    world.time.aheadMs += 61_000;
    world.calls = [];
    expect(await outcome(enclave.serve(epoch))).toBe("kms-credentials");
    expect(world.calls).toEqual([]); // the enclave's own clock says so
    await enclave.credentials(short, { expiresMs: 2 ** 50 }); // a host that lies about their end
    expect(await outcome(enclave.serve(epoch))).toBe("kms-credentials");
    expect(world.calls).toHaveLength(1); // then KMS says so
    expect(await outcome(enclave.answer((await dataKeyJob(world)).sealed))).toBe("kms-credentials");
    await enclave.credentials(world.role);
    await enclave.serve(epoch);
  });

  it("that the parent takes away mid-run leave what is served at work, and no new key", async () => {
    await enclave.serve(epoch);
    const removed = newKmsPrincipal({ arn: world.role.arn, expiresMs: world.time.nowMs() + 600_000 });
    await enclave.credentials(removed); // KMS does not know them
    const { sequence } = await enclave.attest("fleet");
    expect(sequence).toBe(1);
    expect(await outcome(enclave.birth("ward", 4))).toBe("kms-credentials");
  });
});
