import { MESSAGE, NOTICE_PADDED_BYTES, type EmergencyState } from "@caladrius/wire";
import { beforeEach, describe, expect, it } from "vitest";
import type { TestDeployment } from "../test-support/deployment.ts";
import {
  approvalOf,
  ask,
  FINDINGS,
  idOf,
  NIGHT,
  nightDeployment,
  noticeFor,
  passkeyApprovalOf,
  thumbprint,
  told,
  type Told,
} from "../test-support/emergencies.ts";
import { World, type TestEnclave } from "../test-support/enclaves.ts";
import { jobFor } from "../test-support/jobs.ts";
import { statusListOf, withBundle } from "../test-support/status-lists.ts";

let world: World;
let deployment: TestDeployment;
let enclave: TestEnclave;
let opened: Told;
const nurse = { signer: NIGHT.nurse };
const reason = "resuscitation in bed 4, no consent on file";

const open = (change: Parameters<typeof ask>[2] = {}): Promise<Told> => ask(enclave, { step: "open", reason }, { ...nurse, ...change });
const use = (change: Parameters<typeof ask>[2] = {}, of: Told = opened): Promise<Told> =>
  ask(enclave, { step: "use", id: idOf(of) }, { ...nurse, ...change });
const grant = (person: keyof typeof NIGHT, role: string, of: Told = opened): Promise<Told> =>
  ask(enclave, { step: "answer", id: idOf(of), approval: approvalOf(of, person, role, deployment.constitutionDigest) }, nurse);
const refuse = (person: keyof typeof NIGHT, of: Told = opened): Promise<Told> =>
  ask(enclave, { step: "answer", id: idOf(of) }, { signer: NIGHT[person] });
const standing = async (): Promise<Pick<EmergencyState, "state" | "escalated"> | null> => {
  const [first] = (await ask(enclave, { step: "list" }, nurse)).emergencies ?? [];
  return first === undefined ? null : { state: first.state, escalated: first.escalated };
};
const both = async (): Promise<void> => {
  await grant("ben", "doctor");
  expect((await grant("dan", "doctor")).emergencies).toMatchObject([{ state: "granted" }]);
};

/** Moves the time, and has the enclave read it from a document. */
const later = async (elapsedMs: number): Promise<void> => {
  for (const at of [1_800_000, elapsedMs]) {
    world.elapsedMs = Math.max(at, world.elapsedMs);
    await enclave.attest("boot");
  }
};

beforeEach(async () => {
  world = new World();
  deployment = nightDeployment();
  enclave = await world.boot(deployment);
  opened = await open();
});

describe("break-glass at night", () => {
  it("opens by two doctors what no grant covers, and is loud about it", async () => {
    expect((await ask(enclave, null, nurse)).denial).toBe("denied-grant-missing");
    expect(opened).toMatchObject({ denial: null, summary: false, emergencies: [{ state: "waiting", escalated: false, answers: [] }] });
    expect((await use()).denial).toBe("denied-emergency");
    const [seen] = (await ask(enclave, { step: "list" }, { signer: NIGHT.ben })).emergencies ?? [];
    expect(seen?.asked).toEqual([{ role: "doctor", threshold: 2 }]);
    expect((await grant("ben", "doctor")).emergencies).toMatchObject([{ state: "waiting", answers: [{ person: "ben", granted: true }] }]);
    expect((await use()).denial).toBe("denied-emergency");
    expect((await grant("dan", "doctor")).emergencies).toMatchObject([{ state: "granted" }]);
    const result = await use();
    expect(result).toMatchObject({ denial: null, summary: true, claims: { emergencyUses: 1, flags: { breakGlass: true } } });
    const later = await ask(enclave, null, nurse);
    expect(later).toMatchObject({ denial: "denied-grant-missing", claims: { emergencyUses: 1, flags: { breakGlass: false } } });
    const { statement: _, ...notice } = noticeFor(0, result.reply, deployment.constitutionDigest);
    expect(notice).toMatchObject({ number: 3, event: { what: "used", uses: 1, answers: [{ person: "ben" }, { person: "dan" }] } });
  });

  it("keeps nothing of the job that opened it in memory but what it says", () => {
    const [kept] = enclave.inside.emergencies.all;
    const bytes = [kept?.statement, kept?.emergency.id, kept?.emergency.requester.key];
    for (const one of bytes) expect(one?.buffer.byteLength).toBeLessThan(4096);
  });

  it("is for its requester, subject, ward, purpose and level alone", async () => {
    await both();
    expect((await use({ signer: NIGHT.cleo })).denial).toBe("denied-emergency");
    expect((await use({ request: { ward: "ward 2" } })).denial).toBe("denied-emergency");
    expect((await use({ request: { ward: null } })).denial).toBe("denied-emergency");
    expect((await use({ request: { subject: "subject-2" } })).denial).toBe("denied-recording");
    expect((await use({ request: { purpose: "TREAT" } })).denial).toBe("denied-emergency-purpose");
    const full = jobFor(enclave.inside.identity.bytes, {
      ...nurse,
      request: { ward: "icu", purpose: "ETREAT", emergency: { step: "use", id: idOf(opened), reason: null, approval: null } },
    }); // for everything there is
    expect((await told(enclave, full)).denial).toBe("denied-emergency-level");
    expect((await told(enclave, full)).claims).toMatchObject({ emergencyUses: 0, flags: { breakGlass: false } });
    expect((await use({ request: { detectors: ["none-such"] } })).denial).toBe("denied-detector");
    expect((await use()).denial).toBeNull();
  });

  it("is opened for the bundle's purposes and level alone, and only where the bundle has it", async () => {
    expect((await open({ request: { purpose: "TREAT" } })).denial).toBe("denied-emergency-purpose");
    const full = jobFor(enclave.inside.identity.bytes, {
      request: { ward: "icu", purpose: "ETREAT", emergency: { step: "open", id: null, reason, approval: null } },
    });
    expect((await told(enclave, full)).denial).toBe("denied-emergency-level");
    deployment = nightDeployment(null);
    enclave = await world.boot(deployment);
    const none = await open();
    expect(none).toMatchObject({ denial: "denied-emergency", emergencies: null });
    expect(none.reply.notices).toEqual([]);
  });

  it("ends an hour after its approval, by the clock's end that grants less", async () => {
    world.elapsedMs = 10_000;
    await both();
    await later(3_600_000 + 9_900);
    expect((await use()).denial).toBeNull();
    await later(3_600_000 + 10_000);
    expect((await use()).denial).toBe("denied-emergency");
    expect(await standing()).toEqual({ state: "expired", escalated: false });
  });

  it("that nobody decides on ends an hour after it was opened", async () => {
    await later(3_600_000 + 2_000);
    expect(await standing()).toMatchObject({ state: "expired" });
    expect((await grant("ben", "doctor")).denial).toBe("denied-emergency-answer");
  });

  it("leaves nothing behind in an enclave that was started again", async () => {
    await both();
    const before = opened;
    enclave = await world.boot(deployment);
    expect((await ask(enclave, { step: "list" }, nurse)).emergencies).toEqual([]);
    expect((await use({}, before)).denial).toBe("denied-emergency");
    const again = await open();
    const old = approvalOf(before, "ben", "doctor", deployment.constitutionDigest);
    expect((await ask(enclave, { step: "answer", id: idOf(again), approval: old }, nurse)).denial).toBe("denied-emergency-answer");
  });
});

describe("those who decide", () => {
  it("are not asked twice, and nobody is two persons by two roles", async () => {
    expect((await grant("ben", "doctor")).denial).toBeNull();
    expect((await grant("ben", "doctor")).denial).toBe("denied-emergency-answer");
    expect((await refuse("ben")).denial).toBe("denied-emergency-answer");
    deployment = nightDeployment({
      first: [
        { role: "doctor", threshold: 1 },
        { role: "head", threshold: 1 },
      ],
    });
    enclave = await world.boot(deployment);
    opened = await open();
    expect((await grant("ada", "doctor")).emergencies).toMatchObject([{ state: "waiting" }]);
    expect((await grant("ada", "head")).emergencies).toMatchObject([{ state: "waiting" }]);
    expect((await grant("ben", "doctor")).emergencies).toMatchObject([{ state: "granted" }]);
  });

  it("may grant by a passkey, whoever carries what it signed", async () => {
    const other = await open({ signer: NIGHT.cleo });
    const carry = (of: Told): Promise<Told> =>
      ask(enclave, { step: "answer", id: idOf(opened), approval: passkeyApprovalOf(of, deployment.constitutionDigest) }, nurse);
    expect((await carry(other)).denial).toBe("denied-emergency-answer");
    expect((await carry(opened)).emergencies).toMatchObject([{ answers: [{ person: "eve", role: "doctor", granted: true }] }]);
    expect((await carry(opened)).denial).toBe("denied-emergency-answer");
    expect((await grant("ben", "doctor")).emergencies).toMatchObject([{ state: "granted" }]);
  });

  it("do not decide on what they asked for themselves", async () => {
    opened = await open({ signer: NIGHT.ada });
    expect((await grant("ada", "doctor")).denial).toBe("denied-emergency-answer");
    expect((await refuse("ada")).denial).toBe("denied-emergency-answer");
    expect((await grant("ben", "doctor")).denial).toBeNull();
    expect((await grant("dan", "doctor")).emergencies).toMatchObject([{ state: "granted" }]);
  });

  it("approve one emergency of one boot of one constitution", async () => {
    const digest = deployment.constitutionDigest;
    const other = await open({ signer: NIGHT.cleo });
    const byNight = nightDeployment({}, { name: "another hospital" });
    const carry = (approval: Uint8Array): Promise<Told> => ask(enclave, { step: "answer", id: idOf(opened), approval }, nurse);
    for (const approval of [
      approvalOf(other, "ben", "doctor", digest),
      approvalOf(opened, "ben", "doctor", byNight.constitutionDigest),
      approvalOf(opened, "ben", "head", digest), // not ben's role
      approvalOf(opened, "nurse", "doctor", digest),
      Uint8Array.of(1, 2, 3),
    ])
      expect((await carry(approval)).denial).toBe("denied-emergency-answer");
    expect(await standing()).toMatchObject({ state: "waiting" });
    expect((await ask(enclave, { step: "answer", id: new Uint8Array(16) }, { signer: NIGHT.ben })).denial).toBe("denied-emergency");
  });

  it("end it by refusing as soon as no quorum is left", async () => {
    expect((await refuse("nurse")).denial).toBe("denied-emergency-answer");
    expect((await refuse("ben")).emergencies).toMatchObject([{ state: "waiting", answers: [{ person: "ben", granted: false }] }]);
    expect((await grant("ben", "doctor")).denial).toBe("denied-emergency-answer");
    expect((await refuse("dan")).emergencies).toMatchObject([{ state: "waiting" }]);
    const last = await refuse("ada");
    expect(await standing()).toMatchObject({ state: "refused" });
    expect(noticeFor(1, last.reply, deployment.constitutionDigest)).toMatchObject({ number: 2, event: { what: "refused" } });
    expect((await grant("dan", "doctor")).denial).toBe("denied-emergency-answer");
    expect((await use()).denial).toBe("denied-emergency");
  });

  it("of the second roles are asked after 30 s of silence, not a moment before", async () => {
    const list = async (): Promise<number> => (await ask(enclave, { step: "list" }, { signer: NIGHT.cleo })).emergencies?.length ?? -1;
    world.elapsedMs = 29_900;
    expect((await grant("cleo", "head")).denial).toBe("denied-emergency-answer");
    expect(await list()).toBe(0);
    world.elapsedMs = 30_100;
    expect(await list()).toBe(1);
    expect(await standing()).toEqual({ state: "waiting", escalated: true });
    expect((await grant("cleo", "head")).emergencies).toMatchObject([{ state: "granted", escalated: true }]);
    expect((await use()).denial).toBeNull();
  });

  it("of the second roles are not asked once one of the first has answered, and stay asked when one answers later", async () => {
    await grant("ben", "doctor");
    world.elapsedMs = 60_000;
    expect(await standing()).toEqual({ state: "waiting", escalated: false });
    expect((await grant("cleo", "head")).denial).toBe("denied-emergency-answer");
    opened = await open({ signer: NIGHT.cleo });
    world.elapsedMs = 100_000;
    await grant("ben", "doctor");
    expect((await grant("ada", "head")).emergencies).toMatchObject([{ state: "granted", escalated: true }]);
  });

  it("do not count once their keys are revoked, also when they had granted", async () => {
    const revoke = (person: keyof typeof NIGHT, number: number): Promise<unknown> =>
      enclave.send(
        MESSAGE.statusList,
        statusListOf(deployment, { number, revocations: [{ what: "key", id: thumbprint(person), since: 0, reason: "stolen" }] }),
      );
    await both();
    expect((await use()).denial).toBeNull();
    await revoke("dan", 2);
    expect((await use()).denial).toBe("denied-emergency");
    expect(await standing()).toMatchObject({ state: "waiting" });
    opened = await open({ signer: NIGHT.cleo });
    expect((await grant("dan", "doctor")).denial).toBe("denied-emergency-answer");
    expect((await refuse("dan")).denial).toBe("denied-revoked");
  });
});

describe("what a host sees", () => {
  it("is the same whatever is asked: shape, sizes, and a notice for each auditor", async () => {
    const answers = [opened, await ask(enclave, null, nurse), await ask(enclave, { step: "list" }, nurse), await grant("ben", "doctor")];
    answers.push(await refuse("nurse"), await grant("dan", "doctor"), await use());
    const shapes = answers.map(({ reply: { status, replies, notices } }) => [
      status.length,
      replies.map((one) => one.length),
      notices.map((one) => one.length),
    ]);
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
    expect(opened.reply.notices).toHaveLength(2);
    expect(opened.reply.notices[0]?.length).toBeGreaterThan(NOTICE_PADDED_BYTES);
    const unopenable = jobFor(enclave.inside.identity.bytes);
    const broken = Uint8Array.from(unopenable.sealed, (byte, i) => (i === unopenable.sealed.length - 1 ? byte ^ 1 : byte));
    expect((await enclave.answer(broken)).notices.map((one) => one.length)).toEqual(opened.reply.notices.map((one) => one.length));
  });

  it("repeats what happened before, so that a notice that it drops comes again, or shows as a gap", async () => {
    await both();
    const numbers = new Set<number>();
    for (let i = 0; i < 3; i++) {
      const { number, event } = noticeFor(0, (await ask(enclave, null, nurse)).reply, deployment.constitutionDigest);
      expect(event).not.toBeNull();
      numbers.add(number);
    }
    expect([...numbers].toSorted((a, b) => a - b)).toEqual([1, 2]);
    enclave = await world.boot(deployment);
    expect(noticeFor(0, (await ask(enclave, null, nurse)).reply, deployment.constitutionDigest)).toMatchObject({ number: 0, event: null });
  });

  it("can repeat a job, and changes nothing", async () => {
    const emergency = { step: "open", id: null, reason, approval: null } as const;
    const request = { ward: "icu", purpose: "ETREAT", emergency };
    const narrow = jobFor(enclave.inside.identity.bytes, { ...nurse, request: { ...request, recipients: FINDINGS } });
    const [first, second] = [await told(enclave, narrow), await told(enclave, narrow)];
    expect(idOf(second)).toEqual(idOf(first));
    await grant("ben", "doctor", first);
    await grant("dan", "doctor", first);
    const used = jobFor(enclave.inside.identity.bytes, {
      ...nurse,
      request: { ...request, emergency: { ...emergency, step: "use", id: idOf(first), reason: null }, recipients: FINDINGS },
    });
    for (let i = 0; i < 3; i++) expect((await told(enclave, used)).claims).toMatchObject({ emergencyUses: 1, flags: { breakGlass: true } });
    expect(noticeFor(0, (await use({}, first)).reply, deployment.constitutionDigest)).toMatchObject({ event: { what: "used", uses: 2 } });
  });

  it("can repeat the job that opened one that is forgotten by now, and opens nothing", async () => {
    const emergency = { step: "open", id: null, reason, approval: null } as const;
    const request = { ward: "icu", purpose: "ETREAT", emergency, recipients: FINDINGS };
    const first = jobFor(enclave.inside.identity.bytes, { ...nurse, request });
    expect((await told(enclave, first)).denial).toBeNull();
    for (let i = 0; i < 2; i++) expect((await open()).denial).toBeNull();
    await later(3_600_000 + 2_000);
    expect((await open()).denial).toBeNull();
    expect(enclave.inside.emergencies.all).toHaveLength(1);
    expect((await told(enclave, first)).denial).toBe("denied-emergency");
    expect(enclave.inside.emergencies.all).toHaveLength(1);
  });

  it("has approvers shown what others ask for, however much one requester asks for", async () => {
    const long = { step: "open", reason: "é".repeat(800) } as const;
    const [genuine] = (await ask(enclave, long, nurse)).emergencies ?? [];
    for (let i = 0; i < 4; i++) expect((await ask(enclave, long, { signer: NIGHT.cleo })).denial).toBeNull();
    const { emergencies } = await ask(enclave, { step: "list" }, { signer: NIGHT.ben });
    expect(emergencies?.length).toBeLessThan(6); // they do not all fit
    expect(emergencies?.map(({ emergency }) => emergency)).toContainEqual(genuine?.emergency);
  });

  it("cannot have more opened than are kept", async () => {
    for (let i = 0; i < 3; i++) expect((await open()).denial).toBeNull();
    expect((await open()).denial).toBe("denied-emergency-memory");
    expect((await open({ signer: NIGHT.cleo })).denial).toBeNull();
    await later(3_600_000 + 2_000);
    expect((await open()).denial).toBeNull();
  });

  it("gets nothing by a request that does not verify", async () => {
    const broken = await ask(enclave, { step: "open", reason }, { ...nurse, signedHeader: (header) => ({ ...header, notAfter: 1 }) });
    expect(broken).toMatchObject({ denial: "denied", emergencies: null });
    expect((await ask(enclave, { step: "list" }, nurse)).emergencies).toHaveLength(1);
  });
});

describe("policies", () => {
  it("may forbid what an emergency would open", async () => {
    const cedar = {
      schema: enclave.inside.bundle.cedar.schema,
      policies: `permit (principal, action, resource); forbid (principal, action, resource) when { context.breakGlass };`,
    };
    deployment = withBundle(deployment, { cedar });
    enclave = await world.boot(deployment);
    opened = await open();
    await both();
    expect((await use()).denial).toBe("denied-cedar");
  });
});
