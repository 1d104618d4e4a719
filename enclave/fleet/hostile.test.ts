import {
  decodeFleetEpoch,
  encodeAttestRequest,
  encodeCredentials,
  encodeFleetBirth,
  encodeFleetEpoch,
  ENCLAVE_ERROR,
  MESSAGE,
} from "@caladrius/wire";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Reply } from "../intake/serve.ts";
import { makeDeployment, signEpoch } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { dataKeyJob } from "../test-support/jobs.ts";

const deployment = makeDeployment();
const world = new World();
const genuine: Record<string, { kind: number; body: Uint8Array }> = {};
let enclave: TestEnclave;
let served: Uint8Array;

beforeAll(async () => {
  enclave = await world.boot(deployment);
  const epoch = signEpoch((await enclave.birth("ward", 1)).candidate);
  await enclave.serve(epoch);
  served = (await enclave.attest("fleet")).identity;
  const credentials = { accessKeyId: "AKIA0123456789ABCDEF", secretAccessKey: "secret", sessionToken: "", expiresMs: 2 ** 50 };
  Object.assign(genuine, {
    birth: { kind: MESSAGE.fleetBirth, body: encodeFleetBirth({ fleet: "ward", epoch: 2 }) },
    serve: { kind: MESSAGE.fleetServe, body: signEpoch((await enclave.birth("ward", 2)).candidate, { epoch: 3 }) },
    credentials: { kind: MESSAGE.credentials, body: encodeCredentials(credentials) },
    attest: { kind: MESSAGE.attest, body: encodeAttestRequest({ nonce: new Uint8Array(8), keys: "fleet" }) },
    job: { kind: MESSAGE.job, body: (await dataKeyJob(world.kms, deployment.constitutionDigest)).sealed },
  });
});
beforeEach(() => {
  world.kms.calls.length = world.kms.given.length = 0;
});

afterEach(async () => {
  expect((await enclave.attest("fleet")).identity).toEqual(served);
});

/** The error, which is one of the table, or null for an answer; the program goes on either way. */
async function outcome(kind: number, body: Uint8Array): Promise<string | null> {
  const reply: Reply = await enclave.send(kind, body);
  expect(enclave.ended).toEqual([]);
  if ("body" in reply) return null;
  expect(ENCLAVE_ERROR[reply.error]).toBeGreaterThan(0);
  return reply.error;
}

describe("hostile bytes", () => {
  it.each(["birth", "serve", "credentials", "attest", "job"])("for %s, any at all, are malformed", async (name) => {
    const kind = genuine[name]?.kind ?? 0;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (body) => {
        expect(await outcome(kind, body)).toBe("malformed-message");
      }),
      { numRuns: 100 },
    );
    expect(world.kms.calls).toEqual([]);
  });

  it.each(["birth", "serve", "credentials", "attest", "job"])(
    "for %s, changed from genuine ones, end in an answer or a code",
    async (name) => {
      const { kind, body } = genuine[name] ?? { kind: 0, body: new Uint8Array() };
      await fc.assert(
        fc.asyncProperty(
          fc.nat(body.length - 1),
          fc.integer({ min: 1, max: 255 }),
          fc.constantFrom("change", "cut", "grow"),
          async (at, by, how) => {
            const changed = how === "grow" ? Uint8Array.from([...body, by]) : how === "cut" ? body.slice(0, at) : Uint8Array.from(body);
            if (how === "change") changed[at] = (changed[at] ?? 0) ^ by;
            const error = await outcome(kind, changed);
            if (name === "serve") expect(["malformed-message", "fleet-record-refused"]).toContain(error);
            if (how !== "change") expect(error).toBe("malformed-message");
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  it("in any part of an epoch are refused before KMS hears of them", async () => {
    const { candidate, record, approvals } = decodeFleetEpoch(genuine["serve"]?.body ?? new Uint8Array());
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const part = fc.oneof(bytes, fc.constant(candidate), fc.constant(record), fc.constant(approvals[0] ?? candidate));
    await fc.assert(
      fc.asyncProperty(part, part, fc.array(part, { maxLength: 4 }), async (one, two, three) => {
        const epoch = encodeFleetEpoch({ candidate: one, record: two, approvals: three.filter(({ length }) => length <= 4096) });
        expect(await outcome(MESSAGE.fleetServe, epoch)).toBe("fleet-record-refused");
      }),
      { numRuns: 100 },
    );
    expect(world.kms.calls).toEqual([]);
  });

  it("as credentials reach KMS only when they are some", async () => {
    expect(await outcome(MESSAGE.credentials, genuine["credentials"]?.body ?? new Uint8Array())).toBeNull();
    expect(world.kms.credentials).toMatchObject({ accessKeyId: "AKIA0123456789ABCDEF" });
    const without = await world.boot(makeDeployment({ kms: false }));
    expect(await without.send(MESSAGE.credentials, genuine["credentials"]?.body ?? new Uint8Array())).toEqual({ error: "no-kms" });
    expect(await without.send(MESSAGE.credentials, Uint8Array.of(1))).toEqual({ error: "malformed-message" });
  });
});
