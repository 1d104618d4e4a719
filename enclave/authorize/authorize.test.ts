import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { ed25519TestKey, spkiOf } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import {
  decodeDisclosure,
  decodeStatement,
  encodeDeviceBatch,
  encodeGrant,
  encodeStatement,
  MESSAGE,
  type Bundle,
  type DeviceBatch,
  type DisclosureName,
  type DisclosureValues,
  type Grant,
  type StatusList,
} from "@caladrius/wire";
import { beforeEach, describe, expect, it } from "vitest";
import { makeDeployment, NOW_SECONDS, type TestDeployment } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { jobFor, openReply, RECORDING, SUBMITTER_KEY, type JobChange, type TestJob } from "../test-support/jobs.ts";
import { statusListOf, withBundle } from "../test-support/status-lists.ts";

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const issuer = ed25519TestKey("grant issuer");
const issuerKey = new Uint8Array(spkiOf(issuer).subarray(-32));
const monitor = ed25519TestKey("monitor");
const monitorKey = new Uint8Array(spkiOf(monitor).subarray(-32));

const grantOf = (change: Partial<Grant> = {}): Uint8Array =>
  encodeStatement(
    "grant",
    "Ed25519",
    encodeGrant({
      version: 1,
      id: new Uint8Array(16).fill(1),
      issuer: sha256(issuerKey),
      holder: { alg: "Ed25519", key: SUBMITTER_KEY },
      subject: "subject-1",
      purposes: ["TREAT", "HRESCH"],
      channels: ["loinc:8867-4"],
      detectors: null,
      level: "full",
      notBefore: NOW_SECONDS - 60,
      notAfter: NOW_SECONDS + 60,
      samples: null,
      uses: 2,
      ward: null,
      source: { kind: "direct", digest: null },
      ...change,
    }),
    (bytes) => new Uint8Array(sign(null, bytes, issuer)),
  );
const batchOf = (sequence: number, previous: Uint8Array | null, change: Partial<DeviceBatch> = {}): Uint8Array =>
  encodeStatement(
    "device-batch",
    "Ed25519",
    encodeDeviceBatch({
      version: 1,
      device: { alg: "Ed25519", key: monitorKey },
      sequence,
      previous,
      recordingDigest: sha256(RECORDING),
      ...change,
    }),
    (bytes) => new Uint8Array(sign(null, bytes, monitor)),
  );
/** What the next statement of a device names. */
const digestOf = (batch: Uint8Array): Uint8Array => sha256(decodeStatement(batch, "device-batch").payload);
/** Of the group of P-256 (SEC 2 §2.4.2). */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const using = (use: number, grant: Uint8Array = grantOf()): JobChange => ({ request: { grants: [{ grant, use }] } });

const RULES: Partial<Bundle> = {
  purposes: [{ code: "TREAT", care: true, grantRequired: true, submitterLevel: "full", recipientLevel: "full" }],
  grantIssuers: [{ name: "clinic", key: { alg: "Ed25519", key: issuerKey } }],
  devices: {
    registered: [{ name: "device-1", key: { alg: "Ed25519", key: monitorKey }, subject: null }],
    unsigned: "accept",
    unknown: "deny",
    gap: "flag",
    replay: "deny",
  },
};

let world: World;
let deployment: TestDeployment;
let enclave: TestEnclave;
beforeEach(async () => {
  world = new World();
  deployment = withBundle(makeDeployment({ kms: false }), RULES);
  enclave = await world.boot(deployment);
});

const job = (change: JobChange): TestJob => jobFor(enclave.inside.identity.bytes, change);
/** What the submitter reads: the code of a denial, or the names of what is disclosed. */
async function answered(
  of: TestJob,
): Promise<{ denial: string | null; bytes: number; get<N extends DisclosureName>(name: N): DisclosureValues[N] }> {
  const [reply = new Uint8Array(0)] = (await enclave.answer(of.sealed)).replies;
  const disclosures = openReply(of, reply).disclosures.map((one) => decodeDisclosure(one));
  const find = (name: DisclosureName): unknown => disclosures.find((one) => one.name === name)?.value;
  return { denial: (find("denial") as string | undefined) ?? null, bytes: reply.length, get: (name) => find(name) as never };
}
const denial = async (of: TestJob): Promise<string | null> => (await answered(of)).denial;

describe("a grant inside the enclave", () => {
  it("is disclosed with its issuer and use, and its answer is as large as a denial", async () => {
    const grant = grantOf();
    const allowed = await answered(job(using(1, grant)));
    expect(allowed.get("grant")).toEqual({ digest: sha256(grant), issuer: sha256(issuerKey), use: 1 });
    const missing = await answered(job({}));
    expect(missing.denial).toBe("denied-grant-missing");
    expect(missing.bytes).toBe(allowed.bytes);
  });

  it("spends a use with one job, which may be sent again", async () => {
    const first = job(using(1));
    expect(await denial(first)).toBeNull();
    expect(await denial(first)).toBeNull();
    expect(await denial(job(using(1)))).toBe("denied-grant-spent");
    expect(await denial(job(using(2)))).toBeNull();
    expect(await denial(job(using(2)))).toBe("denied-grant-spent");
    expect(await denial(job(using(3)))).toBe("denied-grant-use");
  });

  it("does not spend a use with a job that is denied", async () => {
    const { grants } = using(1).request ?? {};
    expect(await denial(job({ request: { grants: grants ?? [], purpose: "HRESCH" } }))).toBe("denied-purpose");
    expect(await denial(job({ request: { grants: grants ?? [], detectors: ["none-such"] } }))).toBe("denied-detector");
    expect(await denial(job({ ...using(1), deviceBatch: Uint8Array.of(1) }))).toBe("denied-device");
    expect(await denial(job({ ...using(1), signedHeader: (header) => ({ ...header, notAfter: 1 }) }))).toBe("denied");
    expect(await denial(job(using(1)))).toBeNull();
  });

  it("of one id by one issuer shares its uses with another of that id", async () => {
    expect(await denial(job(using(1)))).toBeNull();
    expect(await denial(job(using(1, grantOf({ uses: 9 }))))).toBe("denied-grant-spent");
    expect(await denial(job(using(1, grantOf({ id: new Uint8Array(16).fill(2) }))))).toBeNull();
  });

  it("is judged anew at every use: what was permitted a moment ago ends, or is revoked", async () => {
    expect(await denial(job(using(1)))).toBeNull();
    const list = (change: Partial<StatusList>): Promise<unknown> => enclave.send(MESSAGE.statusList, statusListOf(deployment, change));
    await list({ number: 2, revocations: [{ what: "grant", id: new Uint8Array(16).fill(1), since: NOW_SECONDS, reason: "withdrawn" }] });
    expect(await denial(job(using(2)))).toBe("denied-grant-revoked");
    expect(await denial(job(using(2, grantOf({ id: new Uint8Array(16).fill(3) }))))).toBeNull();
    world.elapsedMs = 61_000;
    expect(await denial(job(using(1, grantOf({ id: new Uint8Array(16).fill(4) }))))).toBe("denied-grant-window");
  });

  it("spends its uses once more after a restart, since an enclave remembers nothing across one", async () => {
    expect(await denial(job(using(1)))).toBeNull();
    enclave = await world.boot(deployment);
    expect(await denial(job(using(1)))).toBeNull();
  });
});

describe("a device inside the enclave", () => {
  const signed = (use: number, deviceBatch: Uint8Array): JobChange => ({ ...using(use, grantOf({ uses: 99 })), deviceBatch });

  it("is disclosed with its number, and a gap that the bundle has told stands in the coverage", async () => {
    const first = batchOf(4, new Uint8Array(32));
    const before = await answered(job(signed(1, first)));
    expect(before.get("input")).toMatchObject({ device: sha256(monitorKey), sequence: 4 });
    const after = await answered(job(signed(2, batchOf(9, digestOf(first)))));
    expect(after.get("input")).toMatchObject({ device: sha256(monitorKey), sequence: 9 });
    const told = ({ unassessed }: DisclosureValues["coverage"]): string[] =>
      unassessed.flatMap(({ detector, reason }) => (detector === "device" ? [reason] : []));
    expect(told(before.get("coverage"))).toEqual([]);
    expect(told(after.get("coverage"))).toEqual(["device-gap"]);
    expect(after.get("coverage").notAssessedMs).toBe(before.get("coverage").notAssessedMs);
  });

  it("may not repeat a number with something else, and a denied job leaves its number free", async () => {
    const second = batchOf(1, new Uint8Array(32));
    expect(await denial(job({ deviceBatch: second }))).toBe("denied-grant-missing");
    expect(await denial(job(signed(1, second)))).toBeNull();
    expect(await denial(job(signed(2, second)))).toBeNull(); // the same statement, in another job
    expect(await denial(job(signed(3, batchOf(1, new Uint8Array(32).fill(1)))))).toBe("denied-device-replay");
    expect(await denial(job(signed(3, batchOf(0, null))))).toBe("denied-device-replay");
    expect(await denial(job(signed(3, batchOf(2, digestOf(second)))))).toBeNull();
  });

  it("is the same with the other of two signatures that anybody makes of one by ECDSA: whoever sends that one breaks no chain", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-65));
    const pump = { alg: "ESP256", key } as const;
    const devices = { ...RULES.devices, registered: [{ name: "device-1", key: pump, subject: null }] } as Bundle["devices"];
    enclave = await world.boot(withBundle(makeDeployment({ kms: false }), { ...RULES, devices }));
    const batch = (sequence: number, previous: Uint8Array | null): [statement: Uint8Array, other: Uint8Array, digest: Uint8Array] => {
      const payload = encodeDeviceBatch({ version: 1, device: pump, sequence, previous, recordingDigest: sha256(RECORDING) });
      let signature = new Uint8Array(0);
      const statement = encodeStatement("device-batch", "ESP256", payload, (bytes) => {
        signature = new Uint8Array(sign("sha256", bytes, { key: privateKey, dsaEncoding: "ieee-p1363" }));
        return signature;
      });
      const s = P256_ORDER - BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
      const flipped = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
      return [statement, encodeStatement("device-batch", "ESP256", payload, () => new Uint8Array(flipped)), sha256(payload)];
    };
    const [, other, digest] = batch(0, null);
    const [second] = batch(1, digest);
    expect(await denial(job(signed(1, other)))).toBeNull();
    expect(await denial(job(signed(2, batch(0, null)[0])))).toBeNull(); // signed anew, it says the same
    expect(await denial(job({ ...using(1, grantOf({ id: new Uint8Array(16).fill(9) })), deviceBatch: second }))).toBeNull();
  });

  it("is nothing without its signature over this recording", async () => {
    expect(await denial(job(signed(1, batchOf(0, null, { recordingDigest: new Uint8Array(32) }))))).toBe("denied-device");
    const unsigned = await answered(job(using(1)));
    expect(unsigned.get("input")).toMatchObject({ device: null, sequence: null });
  });
});

it("a bundle that names no detector runs none", async () => {
  enclave = await world.boot(withBundle(makeDeployment({ kms: false }), { detectors: [] }));
  expect(await denial(job({}))).toBe("denied-detector");
});

describe("this image's release", () => {
  it("denies everything once it is revoked", async () => {
    const images = [enclave.inside.imagePcr0];
    const revoked = statusListOf(deployment, { releases: [{ digest: new Uint8Array(48), images, lifecycle: "revoked" }] });
    expect(await denial(job(using(1)))).toBeNull();
    await enclave.send(MESSAGE.statusList, revoked);
    expect(await denial(job(using(2)))).toBe("denied-release-revoked");
  });
});

describe("a bundle whose policies are not sound", () => {
  it.each([
    ["has none", { schema: "", policies: "" }],
    [
      "has policies for another schema",
      {
        schema: "entity User; action read appliesTo { principal: User, resource: User };",
        policies: "permit (principal, action, resource);",
      },
    ],
  ])("ends the boot: %s", async (_, cedar) => {
    await expect(world.boot(withBundle(deployment, { cedar }))).rejects.toThrow("boot-refused");
  });
});
