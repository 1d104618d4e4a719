import { randomBytes } from "node:crypto";
import { encryptForRecipient, kmsErrorResponse, type KmsIntercept, type KmsResponse } from "@caladrius/nitro-sim";
import { flipPlaintextBit, forgeCms } from "@caladrius/nitro-sim/test-support/forged-cms.ts";
import { ENCLAVE_ERROR, fromBase64 } from "@caladrius/wire";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { base64, outcome, recipientOf, tamper, textOf, withMembers } from "./test-support/answers.ts";
import type { AttackedEnclave } from "./test-support/enclave.ts";
import { dataKeyJob } from "./test-support/jobs.ts";
import { startWorld, type World } from "./test-support/world.ts";

// The attacker stands where TLS ends: it holds KMS's private key, or is KMS. What the enclave still holds on to is here.

let world: World;
let enclave: AttackedEnclave;
let epoch: Uint8Array;
let job: Uint8Array;
beforeAll(async () => {
  world = await startWorld();
  epoch = world.sign((await (await world.boot()).birth()).candidate);
  job = (await dataKeyJob(world)).sealed;
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.reset();
  enclave = await world.boot();
});
afterEach(async () => {
  // Whatever was tried: nothing is served, the program lives, and an honest answer is taken.
  expect(enclave.ended).toEqual([]);
  expect(await outcome(enclave.attest("fleet"))).toBe("no-fleet");
  world.intercept = null;
  await enclave.serve(epoch);
  expect(await enclave.answer(job)).toBe("opened");
});

const RANDOM = (length: number): Uint8Array => randomBytes(length);
const sealTo = (plaintext: Uint8Array, more: Readonly<Record<string, unknown>> = {}, operation = "Decrypt"): KmsIntercept =>
  tamper(operation, async (call, response) =>
    withMembers(response, {
      CiphertextForRecipient: base64(encryptForRecipient(await recipientOf(world, call), plaintext, RANDOM)),
      ...more,
    }),
  );

describe("a CiphertextForRecipient that the attacker made", () => {
  it("in each of the forged shapes is refused, and none opens to keys that are served", async () => {
    const wrong: string[] = [];
    let tried = 0;
    const chosen = new Uint8Array(32).fill(7);
    // One enclave shows one RSA key: the forgeries are made once and tried one after the other.
    let forgeries: ReturnType<typeof forgeCms> | null = null;
    world.intercept = tamper("Decrypt", async (call, response) => {
      forgeries ??= forgeCms(await recipientOf(world, call), chosen);
      return withMembers(response, { CiphertextForRecipient: base64(forgeries[tried]?.bytes ?? new Uint8Array()) });
    });
    for (let count = 1; tried < count; tried++) {
      const code = await outcome(enclave.serve(epoch));
      count = (forgeries as ReturnType<typeof forgeCms> | null)?.length ?? 1;
      const { name = "", verdict = "refuse" } = (forgeries as ReturnType<typeof forgeCms> | null)?.[tried] ?? {};
      const allowed = verdict === "refuse" ? ["kms-answer-refused"] : ["kms-answer-refused", "fleet-keys-differ"];
      if (!allowed.includes(code)) wrong.push(`${name}: ${code}`);
    }
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThanOrEqual(137);
  });

  it("in KMS's own shape over a seed that it chose: the keys are not those of the record", async () => {
    world.intercept = sealTo(new Uint8Array(32).fill(7));
    expect(await outcome(enclave.serve(epoch))).toBe("fleet-keys-differ");
    expect(await enclave.answer(job)).toBe("cannot-open");
  });

  it("out of a genuine one, by flipping bits of the plaintext that CBC does not protect", async () => {
    for (const bit of [0, 63, 127]) {
      world.intercept = tamper("Decrypt", (_call, response) => {
        const { CiphertextForRecipient = "" } = JSON.parse(response.body) as { CiphertextForRecipient?: string };
        return withMembers(response, { CiphertextForRecipient: base64(flipPlaintextBit(fromBase64(CiphertextForRecipient), bit)) });
      });
      expect(await outcome(enclave.serve(epoch))).toBe("fleet-keys-differ");
      expect(await enclave.answer(job)).toBe("cannot-open");
    }
  });

  it.each([0, 16, 31, 33, 64])("over a data key of %i bytes", async (length) => {
    world.intercept = sealTo(new Uint8Array(length).fill(7));
    expect(await outcome(enclave.serve(epoch))).toBe("kms-answer-refused");
    expect(await outcome(enclave.answer(job))).toBe("kms-answer-refused");
  });

  it("of a genuine answer to another enclave", async () => {
    const other = await world.boot();
    let kept = "";
    world.intercept = tamper("Decrypt", (_call, response) => {
      kept = textOf(JSON.parse(response.body) as Record<string, unknown>, "CiphertextForRecipient");
      return response;
    });
    await other.serve(epoch);
    world.intercept = tamper("Decrypt", (_call, response) => withMembers(response, { CiphertextForRecipient: kept }));
    expect(await outcome(enclave.serve(epoch))).toBe("kms-answer-refused");
  });
});

const keyIn = ({ body }: KmsResponse): string => textOf(JSON.parse(body) as Record<string, unknown>, "KeyId");

describe("an answer", () => {
  const plain = base64(new Uint8Array(32).fill(7));
  it.each<[string, (response: KmsResponse) => KmsResponse]>([
    ["with a plaintext beside the sealed one", (response) => withMembers(response, { Plaintext: plain })],
    ["with a plaintext in its place", (response) => withMembers(response, { Plaintext: plain, CiphertextForRecipient: undefined })],
    ["without anything sealed", (response) => withMembers(response, { CiphertextForRecipient: undefined })],
    ["of another key", (response) => withMembers(response, { KeyId: "arn:aws:kms:eu-central-1:444455556666:key/1234" })],
    ["of the same key in another region", (response) => withMembers(response, { KeyId: keyIn(response).replace("central", "west") })],
    ["of the key by its id alone", (response) => withMembers(response, { KeyId: keyIn(response).split("/")[1] })],
    ["of no key", (response) => withMembers(response, { KeyId: undefined })],
    ["of an alias", (response) => withMembers(response, { KeyId: "alias/fleet" })],
    ["under another algorithm", (response) => withMembers(response, { EncryptionAlgorithm: "RSAES_OAEP_SHA_256" })],
    ["in text that is no JSON", (response) => ({ ...response, body: response.body.slice(1) })],
    [
      "that is a redirect",
      (response) => ({ ...response, status: 307, headers: { ...response.headers, Location: "https://attacker.example/" } }),
    ],
  ])("%s is refused", async (_, change) => {
    world.intercept = tamper("Decrypt", (_call, response) => change(response));
    expect(await outcome(enclave.serve(epoch))).toBe("kms-answer-refused");
    expect(await outcome(enclave.answer(job))).toBe("kms-answer-refused");
  });

  it("of 100 MB is not read to its end", async () => {
    const padding = `,"padding":"${"x".repeat(100 * 1024 * 1024)}"}`;
    world.intercept = tamper("Decrypt", (_call, response) => ({ ...response, body: response.body.replace(/\}$/, padding) }));
    expect(await outcome(enclave.serve(epoch))).toBe("kms-answer-refused");
    expect(world.parent.seen.length).toBe(1);
    const taken = world.parent.seen.map((seen) => seen["to-enclave"].length);
    expect(Math.max(...taken)).toBeLessThan(2 * 1024 * 1024); // what the kernel's buffers and TLS records hold
  });
});

describe("answers in another order", () => {
  it("from another time: the answer for an older epoch under the same key gives other keys", async () => {
    const older = world.sign((await enclave.birth("ward", 9)).candidate);
    const kept = new Map<string, string>();
    world.intercept = tamper("Decrypt", ({ request }, response) => {
      kept.set(textOf(request, "KeyId"), response.body);
      return response;
    });
    const replaying = await world.boot();
    await replaying.serve(older);
    world.intercept = tamper("Decrypt", ({ request }, response) => ({ ...response, body: kept.get(textOf(request, "KeyId")) ?? "" }));
    expect(await outcome(replaying.serve(epoch))).toBe("fleet-keys-differ");
    expect((await replaying.attest("fleet")).sequence).toBe(1);
  });

  it("of the two keys of one fleet", async () => {
    const [first, second] = world.fleetKeys;
    const kept = new Map<string, string>();
    world.intercept = tamper("Decrypt", ({ request }, response) => {
      kept.set(textOf(request, "KeyId"), response.body);
      return response;
    });
    const patient = await world.boot();
    await patient.serve(epoch);
    const other = world.sign((await patient.birth("ward", 2)).candidate);
    world.intercept = tamper("Decrypt", ({ request }, response) => {
      const swapped = request["KeyId"] === first ? second : first;
      return { ...response, body: kept.get(swapped) ?? "" };
    });
    expect(await outcome(patient.serve(other))).toBe("kms-answer-refused");
    // The name of the key alone is no protection against whoever writes the answer: the record is.
    world.intercept = tamper("Decrypt", ({ request }, response) => {
      const swapped = request["KeyId"] === first ? second : first;
      return withMembers({ ...response, body: kept.get(swapped) ?? "" }, { KeyId: request["KeyId"] });
    });
    expect(await outcome(patient.serve(other))).toBe("fleet-keys-differ");
  });

  it("of two jobs at once, on connections that are kept alive: neither opens under the other's key", async () => {
    const jobs = [await dataKeyJob(world), await dataKeyJob(world)];
    const held: { response: KmsResponse; give: (response: KmsResponse) => void }[] = [];
    world.intercept = tamper(
      "Decrypt",
      (_call, response) =>
        new Promise<KmsResponse>((give) => {
          held.push({ response, give });
          const [a, b] = held;
          if (a === undefined || b === undefined) return;
          a.give(b.response);
          b.give(a.response);
        }),
    );
    expect(await Promise.all(jobs.map(({ sealed }) => enclave.answer(sealed)))).toEqual(["cannot-open", "cannot-open"]);
    world.intercept = null;
    for (const { sealed } of jobs) expect(await enclave.answer(sealed)).toBe("opened");
  });
});

describe("a birth", () => {
  it("takes no data key that KMS does not give back", async () => {
    world.intercept = sealTo(new Uint8Array(32).fill(7));
    expect(await outcome(enclave.birth())).toBe("kms-answer-refused");
    world.intercept = sealTo(new Uint8Array(32).fill(7), {}, "GenerateDataKey");
    expect(await outcome(enclave.birth())).toBe("kms-answer-refused");
    world.intercept = tamper("GenerateDataKey", (_call, response) =>
      withMembers(response, { CiphertextBlob: base64(new Uint8Array(184)) }),
    );
    expect(await outcome(enclave.birth())).toBe("kms-answer-refused");
  });

  it("rests on TLS: who is KMS to both calls knows the keys, and the documentation says so", async () => {
    const chosen = new Uint8Array(32).fill(7);
    const seal = async (call: Parameters<KmsIntercept>[0], response: KmsResponse): Promise<KmsResponse> =>
      withMembers(response, { CiphertextForRecipient: base64(encryptForRecipient(await recipientOf(world, call), chosen, RANDOM)) });
    world.intercept = (call, response) => (response.status === 200 ? seal(call, response) : response);
    const { candidate } = await enclave.birth("ward", 3);
    world.intercept = null;
    // With TLS intact later on, what was signed then is served by nobody: KMS itself gives other keys.
    expect(await outcome(enclave.serve(world.sign(candidate)))).toBe("fleet-keys-differ");
  });
});

describe("what the attacker writes into errors", () => {
  const CANARY = "canary-5d41402abc4b2a76";
  it.each([
    ["AccessDeniedException", "kms-denied"],
    ["ThrottlingException", "kms-throttled"],
    ["KMSInternalException", "kms-unreachable"],
    ["InvalidSignatureException", "kms-credentials"],
    ["InvalidCiphertextException", "fleet-keys-differ"],
  ] as const)("as %s reaches the parent as a code of the table, and nothing of the text", async (type, code) => {
    const written: string[] = [];
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, "write").mockImplementation((chunk) => (written.push(String(chunk)), true)),
    );
    const quiet = (["log", "warn", "error", "info", "debug"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...said: unknown[]) => void written.push(said.map(String).join(" "))),
    );
    try {
      for (const [text, more] of [
        [CANARY, {}],
        [`${CANARY}\r\n${CANARY}`, { "x-amzn-requestid": CANARY, "x-amzn-errortype": `${type}:${CANARY}` }],
        [`<${CANARY}>`.repeat(400), { "x-amz-id-2": CANARY, "x-amzn-trace-id": CANARY }],
      ] as const) {
        world.intercept = () => {
          const refusal = kmsErrorResponse(type, text, { nowMs: world.time.nowMs() });
          return { ...refusal, headers: { ...refusal.headers, ...more } };
        };
        expect(await outcome(enclave.serve(epoch))).toBe(code);
        expect(ENCLAVE_ERROR[code]).toBeGreaterThan(0);
      }
    } finally {
      for (const spy of [...spies, ...quiet]) spy.mockRestore();
    }
    expect(written.join("\n")).not.toContain(CANARY);
    const replies = enclave.replies.map((reply) => ("body" in reply ? Buffer.from(reply.body).toString("latin1") : JSON.stringify(reply)));
    expect(replies.join("\n")).not.toContain(CANARY);
  });

  it("as a name that AWS does not have is a refusal like any other", async () => {
    for (const type of ["__proto__", "constructor", "toString", "TypeError", "KmsError", `a${CANARY}`]) {
      world.intercept = (_call, response) => ({
        ...response,
        status: 400,
        body: JSON.stringify({ __type: type, message: CANARY, code: type }),
      });
      expect(await outcome(enclave.serve(epoch))).toBe("kms-denied");
    }
  });
});
