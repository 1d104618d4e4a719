import {
  approvalOf,
  BEN,
  ORIGIN,
  publicKeyOf,
  RP_ID,
  signByPasskey,
  signStatement,
} from "@caladrius/attestation-verifier/generate/test-approvals.ts";
import {
  decodeFleetCandidate,
  decodeFleetEpoch,
  encodeFleetCandidate,
  encodeFleetEpoch,
  MAX_EPOCH_SECONDS,
  toHex,
  type FleetCandidate,
  type FleetEpoch,
} from "@caladrius/wire";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../crypto.ts";
import { KMS_KEYS, makeDeployment, NOW_SECONDS, PERSON, signEpoch } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";

const deployment = makeDeployment();
let world: World;
let a: TestEnclave;
let b: TestEnclave;
beforeEach(async () => {
  world = new World();
  a = await world.boot(deployment);
  b = await world.boot(deployment);
});

/** Keys born in an enclave and a record that the quorum signed. */
async function bornAndSigned(fleet = "ward", epoch = 1, ...signing: [change?: object]): Promise<Uint8Array> {
  return signEpoch((await a.birth(fleet, epoch)).candidate, ...signing);
}

describe("a record that one of two approves by passkey", () => {
  const byPasskey = makeDeployment({ hospital: { key: publicKeyOf(BEN), passkey: { rpId: RP_ID, origins: [ORIGIN] } } });
  const HOSPITAL = { person: "hospital", role: "hospital" };

  it("is served, and refused when the passkey did not verify its user, signed elsewhere or for another record", async () => {
    const enclave = await world.boot(byPasskey);
    const stated = async (): Promise<FleetEpoch> =>
      decodeFleetEpoch(signEpoch((await enclave.birth("ward", 1)).candidate, {}, { approvers: ["developer"] }));
    const [epoch, other] = [await stated(), await stated()];
    const approvalFor = ({ record }: FleetEpoch): Uint8Array => approvalOf("fleet-record", byPasskey.constitutionDigest, record, HOSPITAL);
    const approved = (approval: Uint8Array): Uint8Array => encodeFleetEpoch({ ...epoch, approvals: [...epoch.approvals, approval] });
    const calls = world.kms.calls.length;
    for (const approval of [
      signByPasskey(approvalFor(epoch), BEN, { flags: PRESENT_ONLY }),
      signByPasskey(approvalFor(epoch), BEN, { clientData: { origin: "https://host.example" } }),
      signByPasskey(approvalFor(other), BEN),
      signStatement("approval", approvalFor(epoch), BEN),
    ])
      await expect(enclave.serve(approved(approval))).rejects.toThrow("fleet-record-refused");
    expect(world.kms.calls.length).toBe(calls);
    await enclave.serve(approved(signByPasskey(approvalFor(epoch), BEN)));
    expect((await enclave.attest("fleet")).identity).toBeInstanceOf(Uint8Array);
  });
});

describe("a record that is refused", () => {
  const refused: Record<string, () => Promise<Uint8Array>> = {
    "is signed by nobody of the constitution": async () => signEpoch((await a.birth("ward", 2)).candidate, {}, { author: PERSON.mallory }),
    "has a signature that is not its own": async () => editRecord(await bornAndSigned("ward", 2), (record) => flipped(record, -1)),
    "is a statement of another kind": async () => editRecord(await bornAndSigned("ward", 2), () => deployment.boot.bundle),
    "is no statement": async () => editRecord(await bornAndSigned("ward", 2), () => Uint8Array.of(1, 2, 3)),
    "has no approval": async () => signEpoch((await a.birth("ward", 2)).candidate, {}, { approvers: [] }),
    "lacks one of two roles": async () => signEpoch((await a.birth("ward", 2)).candidate, {}, { approvers: ["developer"] }),
    "has one person twice": async () => signEpoch((await a.birth("ward", 2)).candidate, {}, { approvers: ["hospital", "hospital"] }),
    "has approvals of another kind": async () => signEpoch((await a.birth("ward", 2)).candidate, {}, { kind: "bundle" }),
    "has approvals under another constitution": async () =>
      signEpoch((await a.birth("ward", 2)).candidate, {}, { constitutionDigest: new Uint8Array(48) }),
    "has the approvals of another record": async () => {
      const [one, other] = [decodeFleetEpoch(await bornAndSigned("ward", 2)), decodeFleetEpoch(await bornAndSigned("ward", 2))];
      return encodeFleetEpoch({ ...one, approvals: other.approvals });
    },
    "names another constitution": () => bornAndSigned("ward", 2, { constitutionDigest: new Uint8Array(48) }),
    "is for too long": () => bornAndSigned("ward", 2, { notAfter: NOW_SECONDS - 60 + MAX_EPOCH_SECONDS + 1 }),
    "is not yet in force": () => bornAndSigned("ward", 2, { notBefore: NOW_SECONDS + 1 }),
    "ends before it begins": () => bornAndSigned("ward", 2, { notBefore: NOW_SECONDS + 60, notAfter: NOW_SECONDS + 50 }),
    "names another key set": () => bornAndSigned("ward", 2, { keySetDigest: new Uint8Array(32) }),
    "has its digests in another order": async () => {
      const { candidate } = await a.birth("ward", 2);
      return signEpoch(candidate, { wrapped: digestsOf(candidate).toReversed() });
    },
    "has digests of the other's key behind each ARN": async () => {
      const { candidate } = await a.birth("ward", 2);
      const digests = digestsOf(candidate);
      return signEpoch(candidate, {
        wrapped: digests.map(({ keyArn }, i) => ({ keyArn, digest: digests[1 - i]?.digest ?? new Uint8Array() })),
      });
    },
    "leaves out a KMS key": async () => {
      const { candidate } = await a.birth("ward", 2);
      return signEpoch(editCandidate(candidate, ({ wrapped }) => ({ wrapped: wrapped.slice(0, 1) })));
    },
    "adds a KMS key": async () => {
      const { candidate } = await a.birth("ward", 2);
      return signEpoch(editCandidate(candidate, ({ wrapped }) => ({ wrapped: [...wrapped, ...wrapped.slice(0, 1)] })));
    },
    "has the KMS keys in another order, in the candidate too": async () => {
      const { candidate } = await a.birth("ward", 2);
      return signEpoch(editCandidate(candidate, ({ wrapped }) => ({ wrapped: wrapped.toReversed() })));
    },
    "names a KMS key that the constitution does not": async () => {
      const { candidate } = await a.birth("ward", 2);
      const keyArn = `${KMS_KEYS[0] ?? ""}0`;
      return signEpoch(
        editCandidate(candidate, ({ wrapped }) => ({ wrapped: wrapped.map((one, i) => (i === 0 ? { ...one, keyArn } : one)) })),
      );
    },
    "names another fleet than its candidate": () => bornAndSigned("ward", 2, { fleet: "icu" }),
    "names another epoch than its candidate": () => bornAndSigned("ward", 2, { epoch: 3 }),
    "goes with the candidate of another birth": async () => {
      const epoch = decodeFleetEpoch(await bornAndSigned("ward", 2));
      return encodeFleetEpoch({ ...epoch, candidate: (await a.birth("ward", 2)).candidate });
    },
    "goes with a blob of another birth": async () => {
      const [epoch, other] = [await bornAndSigned("ward", 2), await a.birth("ward", 2)];
      const { wrapped } = decodeFleetCandidate(other.candidate);
      return editEpochCandidate(epoch, (candidate) => ({
        wrapped: candidate.wrapped.map((one, i) => (i === 1 ? (wrapped[1] ?? one) : one)),
      }));
    },
    "goes with no candidate": async () =>
      encodeFleetEpoch({ ...decodeFleetEpoch(await bornAndSigned("ward", 2)), candidate: Uint8Array.of(0) }),
  };
  for (const [name, make] of Object.entries(refused)) {
    it(`${name}: KMS is not asked, and what was served goes on`, async () => {
      await b.serve(await bornAndSigned("ward", 1));
      const epoch = await make();
      const [calls, before] = [world.kms.calls.length, await b.attest("fleet")];
      await expect(b.serve(epoch)).rejects.toThrow("fleet-record-refused");
      expect(world.kms.calls.length).toBe(calls);
      expect((await b.attest("fleet")).identity).toEqual(before.identity);
      expect(b.ended).toEqual([]);
    });
  }

  it("differs from what was approved in any byte of its candidate but those of the boot id", async () => {
    const epoch = decodeFleetEpoch(await bornAndSigned());
    const { bootId } = decodeFleetCandidate(epoch.candidate);
    const at = Buffer.from(epoch.candidate).indexOf(bootId);
    for (let i = 0; i < epoch.candidate.length; i += 5) {
      if (i >= at && i < at + bootId.length) continue;
      const changed = encodeFleetEpoch({ ...epoch, candidate: flipped(epoch.candidate, i) });
      await expect(b.serve(changed), `byte ${i}`).rejects.toThrow("fleet-record-refused");
    }
    await b.serve(encodeFleetEpoch(epoch));
  });

  it("was made under another constitution, whose quorum approved it", async () => {
    const elsewhere = makeDeployment({ name: "other" });
    const stranger = await world.boot(elsewhere);
    const epoch = signEpoch((await stranger.birth("ward", 1)).candidate);
    await stranger.serve(epoch);
    await expect(a.serve(epoch)).rejects.toThrow("fleet-record-refused");
    await expect(stranger.serve(await bornAndSigned())).rejects.toThrow("fleet-record-refused");
  });
});

describe("blobs that are not what they should be", () => {
  it("made by kms:Encrypt over parts that the attacker chose: the keys differ from the record's", async () => {
    const { candidate } = await a.birth("ward", 1);
    const forged = editCandidate(candidate, ({ wrapped }) => ({
      wrapped: wrapped.map(({ keyArn }) => ({ keyArn, blob: world.kms.encrypt(keyArn, new Uint8Array(32), contextOf("ward", "1")) })),
    }));
    await expect(a.serve(signEpoch(forged))).rejects.toThrow("fleet-keys-differ");
  });

  it("of another fleet or epoch, even where a quorum signed them: KMS refuses the context", async () => {
    const other = decodeFleetCandidate((await a.birth("icu", 9)).candidate);
    for (const change of [{ fleet: "ward" }, { epoch: 10 }, { fleet: "ward", epoch: 10 }])
      await expect(a.serve(signEpoch(encodeFleetCandidate({ ...other, ...change })))).rejects.toThrow("fleet-keys-differ");
    await expect(a.attest("fleet")).rejects.toThrow("no-fleet");
  });

  it("behind a KMS that gives another data key, or one of another length", async () => {
    const epoch = await bornAndSigned();
    for (const lie of [
      () => new Uint8Array(32),
      (key: Uint8Array) => flipped(key, 3),
      (key: Uint8Array) => key.slice(1),
      () => new Uint8Array(0),
    ]) {
      world.kms.lie = lie;
      await expect(b.serve(epoch)).rejects.toThrow("fleet-keys-differ");
    }
    world.kms.lie = (plaintext) => plaintext;
    await b.serve(epoch);
    expect(world.kms.given.every((plaintext) => plaintext.every((byte) => byte === 0))).toBe(true);
  });

  it("bear no fleet when KMS does not give back what it gave", async () => {
    world.kms.lie = (key) => flipped(key, 0);
    await expect(a.birth("ward", 1)).rejects.toThrow("kms-answer-refused");
    world.kms.lie = (key) => key.slice(1);
    await expect(a.birth("ward", 1)).rejects.toThrow("kms-answer-refused");
  });
});

function contextOf(fleet: string, epoch: string): Record<string, string> {
  return { "caladrius-constitution": toHex(deployment.constitutionDigest), "caladrius-epoch": epoch, "caladrius-fleet": fleet };
}

function digestsOf(candidate: Uint8Array): { keyArn: string; digest: Uint8Array }[] {
  return decodeFleetCandidate(candidate).wrapped.map(({ keyArn, blob }) => ({ keyArn, digest: sha256(blob) }));
}

function editCandidate(candidate: Uint8Array, change: (of: FleetCandidate) => Partial<FleetCandidate>): Uint8Array {
  const decoded = decodeFleetCandidate(candidate);
  return encodeFleetCandidate({ ...decoded, ...change(decoded) });
}

function editEpochCandidate(epoch: Uint8Array, change: (of: FleetCandidate) => Partial<FleetCandidate>): Uint8Array {
  const decoded = decodeFleetEpoch(epoch);
  return encodeFleetEpoch({ ...decoded, candidate: editCandidate(decoded.candidate, change) });
}

function editRecord(epoch: Uint8Array, change: (record: Uint8Array) => Uint8Array): Uint8Array {
  const decoded = decodeFleetEpoch(epoch);
  return encodeFleetEpoch({ ...decoded, record: change(decoded.record) });
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const index = at < 0 ? bytes.length + at : at;
  changed[index] = (changed[index] ?? 0) ^ 1;
  return changed;
}

/** Authenticator data whose user was present and not verified. */
const PRESENT_ONLY = 0x19;
