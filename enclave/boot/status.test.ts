import { ed25519TestKey, spkiOf } from "@caladrius/attestation-verifier/generate/test-keys.ts";
import { decodeApproved, decodeDisclosure, encodeApproved, MESSAGE, type ReleaseStatus, type Revocation } from "@caladrius/wire";
import { beforeEach, describe, expect, it } from "vitest";
import { makeDeployment, NOW_SECONDS, PERSON, signEpoch, STATUS_KEY, type TestDeployment } from "../test-support/deployment.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { jobFor, openReply, type JobChange } from "../test-support/jobs.ts";
import { revokedKey, statusListOf, withBundle } from "../test-support/status-lists.ts";
import { renewEvidence } from "./boot.ts";
import { takeStatusList } from "./status.ts";

const HOUR_S = 3600;
const CARE = "TREAT";
const RESEARCH = "HRESCH";

let world: World;
let deployment: TestDeployment;
beforeEach(() => {
  world = new World();
  deployment = makeDeployment();
});

const push = async ({ send }: TestEnclave, file: Uint8Array): Promise<string> => {
  const reply = await send(MESSAGE.statusList, file);
  return "error" in reply ? reply.error : "taken";
};

/** What a submitter is told: the denial, or null, and the result's flags. */
async function ask(enclave: TestEnclave, request: JobChange["request"] = {}) {
  const job = jobFor(enclave.inside.identity.bytes, { request, notAfter: NOW_SECONDS + 30 * 24 * HOUR_S });
  const { replies } = await enclave.answer(job.sealed);
  const { claims, disclosures } = openReply(job, replies[0] ?? new Uint8Array(0));
  const denial = disclosures.map(decodeDisclosure).find(({ name }) => name === "denial")?.value ?? null;
  return { denial, stale: claims.flags.statusStale, fresh: claims.flags.statusFresh, statusListVersion: claims.statusListVersion };
}

/** Evidence, and with it the clock, is renewed every ten minutes; a test may let more pass at once. */
async function pass(enclave: TestEnclave, ms: number): Promise<void> {
  world.elapsedMs = ms;
  await renewEvidence(enclave.inside);
}

const SUBMITTER: Revocation = revokedKey({ alg: "Ed25519", key: spkiOf(ed25519TestKey("fleet submitter")).subarray(-32) });
const GRANT: Revocation = { what: "grant", id: new Uint8Array(16).fill(1), since: 0, reason: "withdrawn" };
const EXPIRES_S = NOW_SECONDS + 24 * HOUR_S;
const GRACE_S = 72 * HOUR_S;
/** An enclave cannot tell the time closer than its interval, which is a few milliseconds wide after an anchor. */
const EDGE_MS = 20;

describe("a status list that is handed over", () => {
  it("comes into force at once, is named in results, and is answered with number and boot nonce", async () => {
    const enclave = await world.boot(deployment);
    expect(await ask(enclave)).toMatchObject({ denial: null, statusListVersion: 1 });
    expect(await push(enclave, statusListOf(deployment, { number: 7 }))).toBe("taken");
    expect(await ask(enclave)).toMatchObject({ statusListVersion: 7, fresh: false });
  });

  it("is fresh when it repeats this boot's nonce, and not when it repeats another's", async () => {
    const [enclave, other] = [await world.boot(deployment), await world.boot(deployment)];
    const fresh = statusListOf(deployment, { bootNonce: enclave.inside.bootNonce });
    expect(await push(enclave, fresh)).toBe("taken");
    expect(await push(other, fresh)).toBe("taken");
    expect(await ask(enclave)).toMatchObject({ fresh: true });
    expect(await ask(other)).toMatchObject({ fresh: false });
  });

  it.each<[string, () => Uint8Array]>([
    ["of an older number", () => statusListOf(deployment, { number: 1, expiresAt: EXPIRES_S - 1 })],
    ["of the same number with other content", () => statusListOf(deployment, { number: 5, revocations: [GRANT, GRANT] })],
    ["that takes a revocation back", () => statusListOf(deployment, { number: 6, lowestPolicyVersion: 1 })],
    [
      "that revokes from later on",
      () => statusListOf(deployment, { number: 6, lowestPolicyVersion: 1, revocations: [{ ...GRANT, since: 1 }] }),
    ],
    ["that lowers the policy floor", () => statusListOf(deployment, { number: 6, revocations: [GRANT] })],
    ["of another constitution", () => statusListOf(makeDeployment({ name: "other" }), { number: 6 })],
    ["signed by an approver", () => statusListOf(deployment, { number: 6 }, { key: PERSON.developer })],
    ["good for more than a day", () => statusListOf(deployment, { number: 6, expiresAt: EXPIRES_S + 1 })],
    ["from the future", () => statusListOf(deployment, { number: 6, issuedAt: NOW_SECONDS + 121 })],
    ["that is no list", () => Uint8Array.of(1)],
  ])("is refused: one %s, and the one in force stays", async (_, file) => {
    const enclave = await world.boot(deployment);
    expect(await push(enclave, statusListOf(deployment, { number: 5, revocations: [GRANT], lowestPolicyVersion: 1 }))).toBe("taken");
    expect(await push(enclave, file())).toBe("status-list-refused");
    expect(enclave.inside.status.list.number).toBe(5);
    expect(enclave.ended).toEqual([]);
  });

  it("may be handed over again", async () => {
    const enclave = await world.boot(deployment);
    const list = statusListOf(deployment);
    expect([await push(enclave, list), await push(enclave, list)]).toEqual(["taken", "taken"]);
  });

  it("that revokes the release of this image denies every job, and its images cannot be left out again", async () => {
    const enclave = await world.boot(deployment);
    const revocation: Revocation = { what: "release", id: thisImage("active").digest, since: NOW_SECONDS, reason: "a bug" };
    const list = statusListOf(deployment, { releases: [thisImage("active")], revocations: [revocation] });
    expect(await ask(enclave)).toMatchObject({ denial: null });
    expect(await push(enclave, list)).toBe("taken");
    expect(await ask(enclave)).toMatchObject({ denial: "denied-release-revoked" });
    expect(await push(enclave, statusListOf(deployment, { number: 3, revocations: [revocation] }))).toBe("status-list-refused");
    expect(enclave.ended).toEqual([]);
  });

  it("does not lose to an older one that came at the same time on another connection", async () => {
    for (let round = 0; round < 20; round++) {
      const { inside } = await world.boot(deployment);
      // the older one is the slower: its approvals are verified
      const older = statusListOf(deployment, { number: 2 }, { approvers: ["developer", "hospital"] });
      const newer = statusListOf(deployment, { number: 3 });
      await Promise.allSettled([takeStatusList(inside, older), takeStatusList(inside, newer)]);
      expect(inside.status.list.number).toBe(3);
    }
  });
});

describe("taking back", () => {
  const revoking = (): Uint8Array => statusListOf(deployment, { number: 2, revocations: [GRANT], lowestPolicyVersion: 1 });
  const restoring = (approvers: readonly ("developer" | "hospital")[]): Uint8Array =>
    statusListOf(deployment, { number: 3 }, { approvers });

  it("needs every role of the constitution's quorum", async () => {
    const enclave = await world.boot(deployment);
    await push(enclave, revoking());
    expect(await push(enclave, restoring(["developer"]))).toBe("status-list-refused");
    expect(await push(enclave, restoring(["hospital"]))).toBe("status-list-refused");
    expect(await push(enclave, restoring(["hospital", "developer"]))).toBe("taken");
    expect(enclave.inside.status.list.revocations).toEqual([]);
  });

  it("needs approvals of that very list", async () => {
    const enclave = await world.boot(deployment);
    await push(enclave, revoking());
    const { approvals } = decodeApproved(restoring(["developer", "hospital"]));
    const { statement } = decodeApproved(statusListOf(deployment, { number: 4 }));
    expect(await push(enclave, encodeApproved({ statement, approvals }))).toBe("status-list-refused");
  });
});

describe("a key that was stolen", () => {
  it("of a status list issues none any more, and its last one is undone by the quorum", async () => {
    const enclave = await world.boot(deployment);
    const stolen = STATUS_KEY.second;
    expect(await push(enclave, statusListOf(deployment, { number: 2 }, { key: stolen }))).toBe("taken");
    const revocations = [revokedKey(stolen.publicKey)];
    expect(await push(enclave, statusListOf(deployment, { number: 3, revocations }))).toBe("taken");
    expect(await push(enclave, statusListOf(deployment, { number: 4, revocations }, { key: stolen }))).toBe("status-list-refused");
    expect(await push(enclave, statusListOf(deployment, { number: 4, revocations }))).toBe("taken");
  });

  it("of a status list, which revoked the honest one first, loses to the quorum", async () => {
    const enclave = await world.boot(deployment);
    const honest = [revokedKey(STATUS_KEY.first.publicKey)];
    await push(enclave, statusListOf(deployment, { number: 2, revocations: honest }, { key: STATUS_KEY.second }));
    const revocations = [revokedKey(STATUS_KEY.second.publicKey)];
    expect(await push(enclave, statusListOf(deployment, { number: 3, revocations }))).toBe("status-list-refused");
    expect(await push(enclave, statusListOf(deployment, { number: 3, revocations }, { approvers: ["developer", "hospital"] }))).toBe(
      "taken",
    );
  });

  it("of an approver approves nothing that comes later: no list, no fleet, no bundle at the next boot", async () => {
    const enclave = await world.boot(deployment);
    const revocations = [revokedKey(PERSON.hospital.publicKey)];
    const { candidate } = await enclave.birth("ward", 1);
    expect(await push(enclave, statusListOf(deployment, { number: 2, revocations }))).toBe("taken");
    const restoring = statusListOf(deployment, { number: 3 }, { approvers: ["developer", "hospital"] });
    expect(await push(enclave, restoring)).toBe("status-list-refused");
    await expect(enclave.serve(signEpoch(candidate))).rejects.toThrow("fleet-record-refused");
    // what runs goes on: its bundle was approved before
    expect(await ask(enclave)).toMatchObject({ denial: null });
    const revokeDeveloper = statusListOf(deployment, { number: 4, revocations: [...revocations, revokedKey(PERSON.developer.publicKey)] });
    await expect(world.boot(withList(deployment, revokeDeveloper))).rejects.toThrow("boot-refused");
    await expect(world.boot(withList(deployment, statusListOf(deployment, { number: 4, revocations })))).resolves.toBeDefined();
  });

  it("is revoked from its time on, not before", async () => {
    const enclave = await world.boot(deployment);
    const since = NOW_SECONDS + 60;
    const revocations = [revokedKey(STATUS_KEY.second.publicKey, since)];
    await push(enclave, statusListOf(deployment, { number: 2, revocations }));
    expect(await push(enclave, statusListOf(deployment, { number: 3, revocations }, { key: STATUS_KEY.second }))).toBe("taken");
    await pass(enclave, 60_000);
    expect(await push(enclave, statusListOf(deployment, { number: 4, revocations }, { key: STATUS_KEY.second }))).toBe(
      "status-list-refused",
    );
  });
});

describe("a status list that ends", () => {
  it("is in force to its last moment; then research is denied, and care is answered and says so", async () => {
    const enclave = await world.boot(deployment);
    await pass(enclave, 24 * HOUR_S * 1000 - EDGE_MS);
    expect(await ask(enclave, { purpose: RESEARCH })).toMatchObject({ denial: null, stale: false });
    await pass(enclave, 24 * HOUR_S * 1000 + EDGE_MS);
    expect(await ask(enclave, { purpose: RESEARCH })).toMatchObject({ denial: "denied-status-stale" });
    expect(await ask(enclave, { purpose: CARE })).toMatchObject({ denial: null, stale: true });
  });

  it("leaves care to the last moment of its grace, and then nothing", async () => {
    const enclave = await world.boot(deployment);
    await pass(enclave, (24 * HOUR_S + GRACE_S) * 1000 - EDGE_MS);
    expect(await ask(enclave, { purpose: CARE })).toMatchObject({ denial: null, stale: true });
    expect(await ask(enclave, { purpose: RESEARCH })).toMatchObject({ denial: "denied-status-stale" });
    await pass(enclave, (24 * HOUR_S + GRACE_S) * 1000 + EDGE_MS);
    expect(await ask(enclave, { purpose: CARE })).toMatchObject({ denial: "denied-status-stale" });
  });

  it("still revokes what it named, and a newer one ends the staleness", async () => {
    const enclave = await world.boot(deployment);
    await pass(enclave, 25 * HOUR_S * 1000);
    const issuedAt = NOW_SECONDS + 25 * HOUR_S;
    expect(await push(enclave, statusListOf(deployment, { number: 2, revocations: [SUBMITTER] }))).toBe("taken");
    expect(await ask(enclave)).toMatchObject({ denial: "denied-revoked" });
    const renewed = { number: 3, issuedAt, expiresAt: issuedAt + HOUR_S, revocations: [SUBMITTER] };
    expect(await push(enclave, statusListOf(deployment, renewed))).toBe("taken");
    expect(await ask(enclave)).toMatchObject({ denial: "denied-revoked" });
  });
});

describe("a boot", () => {
  it.each<[string, number, string]>([
    ["with a list in its last moment", 24 * HOUR_S * 1000 - EDGE_MS, "boots"],
    ["with an expired one in the last moment of the grace for care", (24 * HOUR_S + GRACE_S) * 1000 - EDGE_MS, "boots"],
    ["with one whose grace is over", (24 * HOUR_S + GRACE_S) * 1000 + EDGE_MS, "boot-refused"],
  ])("%s: %i ms, %s", async (_, elapsedMs, what) => {
    world.elapsedMs = elapsedMs;
    expect(await outcome(world, deployment)).toBe(what);
  });

  it("answers care alone within the grace", async () => {
    world.elapsedMs = 25 * HOUR_S * 1000;
    const enclave = await world.boot(deployment);
    expect(await ask(enclave, { purpose: CARE })).toMatchObject({ denial: null, stale: true });
    expect(await ask(enclave, { purpose: RESEARCH })).toMatchObject({ denial: "denied-status-stale" });
  });

  it("has no grace where the bundle knows no purpose of care, or gives none", async () => {
    world.elapsedMs = 25 * HOUR_S * 1000;
    const research = { code: RESEARCH, care: false, grantRequired: false, submitterLevel: "full", recipientLevel: "full" } as const;
    expect(await outcome(world, withBundle(deployment, { purposes: [research] }))).toBe("boot-refused");
    expect(await outcome(world, withBundle(deployment, { careGraceSeconds: 0 }))).toBe("boot-refused");
  });

  it("ends under a list that forbids the bundle, or that revokes this image", async () => {
    expect(await outcome(world, withList(deployment, statusListOf(deployment, { lowestPolicyVersion: 2 })))).toBe("boot-refused");
    expect(await outcome(world, withList(deployment, statusListOf(deployment, { releases: [thisImage("revoked")] })))).toBe("boot-refused");
    expect(await outcome(world, withList(deployment, statusListOf(deployment, { releases: [thisImage("deprecated")] })))).toBe("boots");
  });
});

describe("rollback over a restart", () => {
  it("is refused for jobs that name the newer floors", async () => {
    const newer = withBundle(deployment, { policyVersion: 2 });
    const floors = { policyVersion: 2, statusVersion: 5 };
    const first = await world.boot(withList(newer, statusListOf(deployment, { number: 5 })));
    expect(await ask(first, { floors })).toMatchObject({ denial: null });
    const older = await world.boot(withList(deployment, statusListOf(deployment, { number: 5 })));
    expect(await ask(older, { floors })).toMatchObject({ denial: "denied-policy-floor" });
    const olderList = await world.boot(newer);
    expect(await ask(olderList, { floors })).toMatchObject({ denial: "denied-status-floor" });
  });

  it("is refused at boot where the list that is handed over has the newer floor", async () => {
    expect(await outcome(world, withList(deployment, statusListOf(deployment, { lowestPolicyVersion: 2 })))).toBe("boot-refused");
  });

  it("CANNOT be refused for a job without floors: the older bundle and list count, for at most 24 hours, for care 72 more", async () => {
    const enclave = await world.boot(deployment);
    await push(enclave, statusListOf(deployment, { number: 9, revocations: [SUBMITTER] }));
    expect(await ask(enclave)).toMatchObject({ denial: "denied-revoked" });
    const restarted = await world.boot(deployment); // with list 1, which is good for a day
    expect(await ask(restarted)).toMatchObject({ denial: null, statusListVersion: 1 });
    await pass(restarted, 24 * HOUR_S * 1000 + EDGE_MS);
    expect(await ask(restarted, { purpose: RESEARCH })).toMatchObject({ denial: "denied-status-stale" });
    expect(await ask(restarted)).toMatchObject({ denial: null, stale: true });
    await pass(restarted, (24 * HOUR_S + GRACE_S) * 1000 + EDGE_MS);
    expect(await ask(restarted)).toMatchObject({ denial: "denied-status-stale" });
  });

  it("CANNOT be refused either where one status key takes back what another revoked, and the host restarts the enclave", async () => {
    const enclave = await world.boot(deployment);
    await push(enclave, statusListOf(deployment, { number: 2, revocations: [GRANT] }));
    const undone = statusListOf(deployment, { number: 3 }, { key: STATUS_KEY.second });
    expect(await push(enclave, undone)).toBe("status-list-refused");
    const restarted = await world.boot(withList(deployment, undone));
    expect(restarted.inside.status.list).toMatchObject({ number: 3, revocations: [] });
  });
});

function withList({ boot, constitutionDigest }: TestDeployment, statusList: Uint8Array): TestDeployment {
  return { boot: { ...boot, statusList }, constitutionDigest };
}

async function outcome(world: World, deployment: TestDeployment): Promise<string> {
  return world.boot(deployment).then(
    () => "boots",
    (error: Error) => error.message,
  );
}

/** The fake NSM's PCR0 is never extended. */
function thisImage(lifecycle: ReleaseStatus["lifecycle"]): ReleaseStatus {
  return { digest: new Uint8Array(48).fill(7), images: [new Uint8Array(48)], lifecycle };
}
