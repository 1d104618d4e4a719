import { spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseTrustFile, verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import {
  createSubmitterKey,
  openReply,
  sealJob,
  submit,
  verifyAnswer,
  type SubmitOptions,
  type SubmitOutcome,
  type SubmitterKey,
} from "@caladrius/client";
import { DETECTORS } from "@caladrius/enclave/analyse";
import { measureApplication, readCpio, writeCpio, type Image } from "@caladrius/image";
import { openDevelopmentDeployment } from "@caladrius/nitro-sim/development";
import {
  decodeAttestReply,
  decodeBundle,
  decodeCbor,
  decodeResultFile,
  decodeSealedJobHeader,
  decodeStatement,
  decodeStatusList,
  encodeAttestReply,
  encodeResultFile,
  MESSAGE,
  toHex,
  type AttestReply,
  type Recording,
} from "@caladrius/wire";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startEnclave } from "./submit/enclave.ts";
import { smallRecording } from "./submit/recording.ts";
import {
  CLOCK,
  flipped,
  makeSurroundings,
  ready,
  sealingTarget,
  startProxy,
  startStack,
  trustFile,
  type Answer,
  type HostileProxy,
  type Stack,
} from "./support/index.ts";

const QUICK = { firstPauseMs: 2, longestPauseMs: 50, patienceMs: 20_000, firstContactMs: 2000 };
const BASE64 = "application/vnd.caladrius.attestation+cbor";

let stack: Stack;
let proxy: HostileProxy;
let key: SubmitterKey;
beforeAll(async () => {
  stack = await startStack({ unlimited: true });
  proxy = await startProxy(stack.url);
  key = await createSubmitterKey();
});
afterAll(async () => {
  await proxy.close();
  await stack.close();
});
afterEach(() => {
  proxy.reset();
  stack.tap.meddleFrames = (_, frame) => [frame];
});

const send = (recordings: readonly Recording[], options: Partial<SubmitOptions> = {}): Promise<SubmitOutcome[]> =>
  submit(
    recordings.map((recording) => ({ recording })),
    { hostUrl: proxy.url, trust: parseTrustFile(stack.trust), key, level: "alarm", retry: QUICK, ...options },
  );
const one = async (options: Partial<SubmitOptions> = {}): Promise<SubmitOutcome> => {
  const [outcome] = await send([smallRecording("subject")], options);
  if (outcome === undefined) throw new Error("no outcome");
  return outcome;
};
/** Every result that is given out, replaced. */
const results = (change: (reply: Buffer, id: string) => Uint8Array | Promise<Uint8Array>): void => {
  proxy.answer = async ({ route, id }, answer) =>
    route === "GET /v1/jobs/:id/result" && answer.status === 200
      ? { ...answer, body: Buffer.from(await change(answer.body, id ?? "")) }
      : answer;
};
const attestations = (change: (genuine: AttestReply, body: Buffer) => Uint8Array | Promise<Uint8Array>): void => {
  proxy.answer = async ({ route }, answer) =>
    route === "GET /v1/attestation" && answer.type === BASE64
      ? { ...answer, body: Buffer.from(await change(decodeAttestReply(answer.body), answer.body)) }
      : answer;
};
const states = (state: string): void => {
  proxy.events = false;
  proxy.answer = ({ route, id }, answer) => (route === "GET /v1/jobs/:id" ? json({ id, state }) : answer);
};
const json = (value: unknown): Answer => ({ status: 200, type: "application/json", body: Buffer.from(JSON.stringify(value)) });
const problem = (status: number): Answer => ({ status, type: "application/problem+json", body: Buffer.from("{}") });
const failure = async (outcome: Promise<unknown>): Promise<{ name?: string; code?: string; message?: string }> =>
  outcome.then(
    () => ({}),
    (error: unknown) => error as { name: string; code: string; message: string },
  );

describe("a host that mixes up results", () => {
  it("cannot swap those of two jobs of one submitter", async () => {
    const replies = new Map<string, Buffer>();
    let both: () => void = () => {};
    const whole = new Promise<void>((resolve) => (both = resolve));
    results(async (reply, id) => {
      replies.set(id, reply);
      if (replies.size === 2) both();
      await whole;
      return [...replies].find(([other]) => other !== id)?.[1] ?? reply;
    });
    const outcomes = await send([smallRecording("one"), smallRecording("two")]);
    expect(outcomes).toMatchObject([1, 2].map(() => ({ status: "failed", file: null, problem: { code: "reply-open" } })));
  });

  it("cannot give an earlier result of the same recording again", async () => {
    let earlier: Buffer | null = null;
    results((reply) => {
      earlier ??= reply;
      return earlier;
    });
    expect(await one()).toMatchObject({ status: "verified" });
    expect(await one()).toMatchObject({ status: "failed", file: null, problem: { code: "reply-open" } });
  });

  it("is found out by the verifier too where a result is for another job or nonce", async () => {
    const trust = parseTrustFile(stack.trust);
    const target = await sealingTarget(stack.url, stack.trust);
    const request = { level: "alarm" as const, purpose: "TREAT", detectors: [], notAfter: Math.ceil(Date.now() / 1000) + 600 };
    const job = await sealJob(target, smallRecording("one"), { ...request, nonce: new Uint8Array(16).fill(1) }, key);
    await fetch(`${stack.url}/v1/jobs`, {
      method: "POST",
      headers: { "content-type": "application/vnd.caladrius.sealed-job+cbor" },
      body: Uint8Array.from(job.sealed),
    });
    const reply = await fetch(`${stack.url}/v1/jobs/${toHex(job.jobId)}/result?wait=20`);
    const file = await openReply(new Uint8Array(await reply.arrayBuffer()), job, key);
    const options = { trust, nowMs: Date.now(), signatures };
    expect(await verifyAnswer(file, job, options)).toMatchObject({ status: "warning" });
    expect(await verifyAnswer(file, { ...job, digest: new Uint8Array(32) }, options)).toMatchObject({
      status: "contraindicated",
      code: "result-job",
    });
    expect(await verifyAnswer(file, { ...job, nonce: new Uint8Array(16) }, options)).toMatchObject({
      status: "contraindicated",
      code: "result-nonce",
    });
  });

  it("cannot change, cut or lengthen one", async () => {
    for (const [change, code] of [
      [(reply: Buffer) => flipped(reply, 3), /^reply-(form|open)$/],
      [(reply: Buffer) => flipped(reply, 700), /^reply-open$/],
      [(reply: Buffer) => flipped(reply, reply.length - 1), /^reply-open$/],
      [(reply: Buffer) => reply.subarray(0, -1), /^reply-form$/],
      [(reply: Buffer) => Buffer.concat([reply, Buffer.alloc(1)]), /^reply-form$/],
    ] as const) {
      results(change);
      const outcome = await one();
      expect(outcome).toMatchObject({ status: "failed", file: null });
      expect((outcome.problem as { code?: string } | null)?.code).toMatch(code);
    }
  });

  it("cannot join parts of two genuine files", async () => {
    const [a, b] = await send([smallRecording("one"), smallRecording("two")], { level: "full" });
    const [fileA, fileB] = [decodeResultFile(a?.file ?? new Uint8Array()), decodeResultFile(b?.file ?? new Uint8Array())];
    const trust = parseTrustFile(stack.trust);
    const mixed = await verifyResultFile(encodeResultFile({ ...fileA, disclosures: fileB.disclosures }), trust, {}, signatures);
    expect(mixed).toMatchObject({ status: "contraindicated", code: "disclosure-unknown", claims: null });
  });
});

describe("a host that lies about states", () => {
  it("ends a job by saying that it cannot be opened, and no more than that", async () => {
    states("cannot-open");
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "job-cannot-open" } });
  });

  it("gains nothing by saying answered too early", async () => {
    proxy.events = false;
    proxy.answer = ({ route, id, before }, answer) => {
      if (route === "GET /v1/jobs/:id") return json({ id, state: "answered" });
      return route === "GET /v1/jobs/:id/result" && before < 3 ? { ...json({ id, state: "running" }), status: 202 } : answer;
    };
    expect(await one()).toMatchObject({ status: "verified", resealed: 0 });
  });

  it("is left with a clear error when it asks to seal again for ever, whichever way it asks", async () => {
    for (const forge of [
      () => states("reseal"),
      () => states("expired"),
      () => void (proxy.answer = ({ route }, answer) => (route === "GET /v1/jobs/:id/result" ? problem(409) : answer)),
      () => void (proxy.answer = ({ route }, answer) => (route === "POST /v1/jobs" ? problem(409) : answer)),
    ]) {
      proxy.reset();
      forge();
      expect(await one()).toMatchObject({ status: "failed", file: null, problem: { code: "reseal-limit" } });
      const ids = proxy.posted.map((sealed) => toHex(decodeSealedJobHeader(sealed).jobId));
      expect(new Set(ids).size).toBe(ids.length); // never two ciphertexts under one id
      expect(proxy.asked.filter((route) => route === "GET /v1/attestation")).toHaveLength(ids.length + 1); // each under evidence of its own
    }
  });

  it("is left with a clear error when it forgets every job, and gets the same bytes each time", async () => {
    proxy.events = false;
    proxy.answer = ({ route }, answer) => (route === "GET /v1/jobs/:id" ? problem(404) : answer);
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "job-lost" } });
    expect(new Set(proxy.posted.map((sealed) => sealed.toString("hex"))).size).toBe(1);
  });

  it("is left with a clear error when it answers nonsense", async () => {
    states("finished");
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "host-answer" } });
    proxy.answer = ({ route }, answer) => (route === "POST /v1/jobs" ? { ...json(null), body: Buffer.from("no") } : answer);
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "host-answer" } });
  });
});

describe("a host that shows evidence of something else", () => {
  const impostor = async (change: { ownRoot?: boolean; otherImage?: boolean; otherConstitution?: boolean }): Promise<void> => {
    const ones = new Uint8Array(48).fill(1);
    const measurements = change.otherImage === true ? { ...stack.image.measurements, pcr2: ones } : stack.image.measurements;
    const around = await makeSurroundings(CLOCK, {
      measurements,
      ...(change.ownRoot === true ? {} : { pkiDir: join(stack.dir, "simulator") }),
    });
    const { constitution, bundle } = stack.deployment;
    const ours = { protocol: 1, constitution, bundle: bundle.statement, bundleApprovals: bundle.approvals, statusList: null };
    const enclave = await startEnclave(change.otherConstitution === true ? around : { ...around, boot: ours });
    rmSync(around.dir, { recursive: true, force: true });
    proxy.answer = async ({ route }, answer) => {
      if (route !== "GET /v1/attestation") return answer;
      const asked = lastNonce;
      return { ...answer, body: Buffer.from(await enclave.attest(asked)) };
    };
  };
  let lastNonce: Uint8Array | null = null;
  /** Remembers the nonce that the client sends, as a host would. */
  const withNonce = async (): Promise<{ name?: string; code?: string; message?: string }> => {
    const { answer } = proxy;
    proxy.answer = async (asked, given) => {
      if (given.type === BASE64) lastNonce = nonceOf(decodeAttestReply(given.body).evidence);
      return answer(asked, given);
    };
    return failure(one());
  };
  const nothingSealed = (): void => expect(proxy.posted).toEqual([]);

  it("is refused: another simulator with a root of its own", async () => {
    await impostor({ ownRoot: true });
    expect(await withNonce()).toMatchObject({ name: "Refusal", code: "bundle-root" });
    nothingSealed();
  });

  it("is refused: the same root and another image", async () => {
    await impostor({ otherImage: true });
    expect(await withNonce()).toMatchObject({ name: "Refusal", code: "measurement-mismatch" });
    nothingSealed();
  });

  it("is refused: the same image under another constitution", async () => {
    await impostor({ otherConstitution: true });
    expect(await withNonce()).toMatchObject({ name: "Refusal", code: "measurement-mismatch" });
    nothingSealed();
  });

  it("is not refused, as the control, when only the process is another one; but its keys are not the other's", async () => {
    await impostor({});
    expect(await withNonce()).toEqual({});
    expect(proxy.posted.length).toBeGreaterThan(1);
    const outcome = await one();
    expect(outcome).toMatchObject({ status: "failed", problem: { code: "reseal-limit" } });
  });

  it("is refused: genuine evidence of an earlier question", async () => {
    let earlier: Buffer | null = null;
    attestations((_genuine, body) => (earlier ??= body));
    expect(await one()).toMatchObject({ status: "verified" });
    proxy.posted.length = 0;
    expect(await failure(one())).toMatchObject({ name: "Refusal", code: "nonce-mismatch" });
    nothingSealed();
  });

  it("is refused: genuine evidence without a nonce", async () => {
    const answer = await fetch(`${stack.url}/v1/attestation`, { headers: { accept: BASE64 } });
    const body = new Uint8Array(await answer.arrayBuffer());
    attestations(() => body);
    expect(await failure(one())).toMatchObject({ name: "Refusal", code: "nonce-missing" });
    nothingSealed();
  });

  it("is refused: another identity under genuine evidence", async () => {
    const around = await makeSurroundings();
    const { identity } = decodeAttestReply(await (await startEnclave(around)).attest(null));
    rmSync(around.dir, { recursive: true, force: true });
    attestations((genuine) => encodeAttestReply({ ...genuine, identity }));
    expect(await failure(one())).toMatchObject({ name: "Refusal", code: "identity-commitment" });
    nothingSealed();
  });

  it("is refused with any byte of it changed, naming the check", async () => {
    const codes = new Set<string>();
    for (let step = 0; step < 40; step++) {
      attestations((_genuine, body) => flipped(body, Math.floor((step * body.length) / 40)));
      const { code = "none" } = await failure(one());
      codes.add(code);
      expect(code, `byte ${step}/40`).not.toBe("none");
    }
    nothingSealed();
    for (const code of codes) expect(code).toMatch(/^(host-answer|[a-z]+(-[a-z0-9]+)+)$/);
    expect(codes.size).toBeGreaterThan(4);
  });
});

describe("a host that changes a sealed job", () => {
  it("gets no result for it: the client is told which check ended it", async () => {
    const seen = new Map<string, string>();
    const positions: [string, (sealed: Buffer) => number][] = [
      ["version", (sealed) => sealed.indexOf(Buffer.from([0x61, 0x76])) + 2],
      ["suite", (sealed) => sealed.indexOf("MLKEM768")],
      ["key id", (sealed) => sealed.indexOf(Buffer.from("kid")) + 10],
      ["job id", (sealed) => sealed.indexOf(Buffer.from("job")) + 8],
      ["size", (sealed) => sealed.indexOf(Buffer.from("size")) + 5],
      ["encapsulated key, ML-KEM part", (sealed) => sealed.length - 4112 - 3 - 1000],
      ["encapsulated key, X25519 part", (sealed) => sealed.length - 4112 - 3 - 10],
      ["ciphertext", (sealed) => sealed.length - 3000],
      ["tag", (sealed) => sealed.length - 1],
    ];
    for (const [name, at] of positions) {
      proxy.request = (sealed) => flipped(sealed, at(sealed));
      const outcome = await one();
      expect(outcome, name).toMatchObject({ status: "failed", file: null });
      seen.set(name, (outcome.problem as { code?: string } | null)?.code ?? "none");
    }
    expect(Object.fromEntries(seen)).toEqual({
      version: "host-refused",
      suite: "host-refused",
      "key id": "reseal-limit",
      "job id": "job-lost",
      size: "host-refused",
      "encapsulated key, ML-KEM part": "job-cannot-open",
      "encapsulated key, X25519 part": "job-cannot-open",
      ciphertext: "job-cannot-open",
      tag: "job-cannot-open",
    });
  });

  it("cannot give one job's bytes out as another's", async () => {
    let earlier: Buffer | null = null;
    proxy.request = (sealed) => (earlier ??= sealed);
    expect(await one()).toMatchObject({ status: "verified" });
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "job-lost" } });
  });
});

/** Holds jobs back at the carrier until told to let them go. */
function holdJobs(): { arrived: Promise<void> } {
  let arrive: () => void = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  stack.tap.meddleFrames = (direction, frame) => {
    if (direction !== "to-enclave" || kindOf(frame) !== MESSAGE.job) return [frame];
    arrive();
    return [];
  };
  return { arrived };
}

const release = (): void => {
  stack.tap.meddleFrames = (_, frame) => [frame];
};

/** A key that remembers what it signed. */
function recording(from: SubmitterKey): { key: SubmitterKey; signed: Buffer[] } {
  const signed: Buffer[] = [];
  return { key: { ...from, sign: (bytes) => (signed.push(Buffer.from(bytes)), from.sign(bytes)) }, signed };
}

describe("an enclave that ends in the middle of a job", () => {
  it("takes its keys with it: the job is sealed again to a verified one, under the same nonce", async () => {
    const { arrived } = holdJobs();
    const { key: watched, signed } = recording(key);
    const outcome = one({ key: watched });
    await arrived;
    process.kill(stack.enclave.pid, "SIGKILL");
    await stack.enclave.exited;
    release();
    await stack.replaceEnclave();
    const { status, resealed, verdict } = await outcome;
    expect({ status, resealed }).toEqual({ status: "verified", resealed: 1 });
    const [first, second] = proxy.posted.map((sealed) => decodeSealedJobHeader(sealed));
    expect(second?.keyId).not.toEqual(first?.keyId);
    const { nonce } = verdict?.claims?.result ?? { nonce: new Uint8Array(64) };
    expect(signed.length).toBe(2);
    for (const statement of signed) expect(statement.includes(Buffer.from(nonce))).toBe(true);
  });

  it("is not replaced by another image: nothing is sealed to that, and the error says why", async () => {
    const { arrived } = holdJobs();
    const outcome = one();
    await arrived;
    release();
    await stack.replaceEnclave({ image: otherImage(stack.image) });
    expect(await outcome).toMatchObject({ status: "failed", file: null, problem: { name: "Refusal", code: "measurement-mismatch" } });
    expect(proxy.posted).toHaveLength(1);
    await stack.replaceEnclave();
    await settled();
  });
});

describe("a host that is killed in the middle of a job", () => {
  it("has kept it: started again on the same data it ends, and nothing is sealed anew", async () => {
    const { constitution, bundle, statusList } = stack.deployment.paths;
    const argv = [
      "--enclave",
      stack.tap.path,
      "--constitution",
      constitution,
      "--bundle",
      bundle,
      "--status-list",
      statusList,
      "--data",
      join(stack.dir, "child"),
      "--json",
    ];
    const first = await startHostProcess(argv, 0);
    proxy.target = first.url;
    await ready(first.url);
    const { arrived } = holdJobs();
    const outcomes = send([smallRecording("one"), smallRecording("two"), smallRecording("three")]);
    await arrived;
    await Promise.race([sleep(200), outcomes]); // the others are accepted by now
    first.process.kill("SIGKILL");
    await first.exited;
    release();
    const second = await startHostProcess(argv, 0);
    proxy.target = second.url;
    expect(await outcomes).toMatchObject([1, 2, 3].map(() => ({ status: "verified", resealed: 0 })));
    const ids = new Set(proxy.posted.map((sealed) => toHex(decodeSealedJobHeader(sealed).jobId)));
    expect(ids.size).toBe(3);
    second.process.kill("SIGTERM");
    await second.exited;
    proxy.target = stack.url;
  });
});

describe("a host that hands over what is old at boot", () => {
  const denial = async (
    floors: { policyVersion: number; statusVersion: number },
    trust = stack.trust,
  ): Promise<string | null | undefined> => {
    const outcome = await one({ floors, trust: parseTrustFile(trust) });
    expect(outcome).toMatchObject({ status: "verified" });
    return outcome.verdict?.claims?.disclosed.denial;
  };
  const logged = (text: string): number => stack.log.filter((line) => line.includes(text)).length;

  it("an older status list: a request that names the newer one is denied", async () => {
    const older = stack.deployment.newStatusList();
    const newer = stack.deployment.newStatusList();
    const { number } = decodeStatusList(decodeStatement(newer, "status-list").payload);
    await stack.host.setStatusList(older);
    expect(await denial({ policyVersion: 0, statusVersion: number })).toBe("denied-status-floor");
    await stack.host.setStatusList(newer);
    expect(await denial({ policyVersion: 0, statusVersion: number })).toBeNull();
    const refusals = logged("did not take the status list");
    await stack.host.setStatusList(older); // an enclave that has the newer one does not go back
    expect(logged("did not take the status list")).toBe(refusals + 1);
    expect(await denial({ policyVersion: 0, statusVersion: number })).toBeNull();
    await stack.replaceEnclave(); // but one that is booted anew knows no better: the floor does
    await settled();
    expect(await denial({ policyVersion: 0, statusVersion: number })).toBe("denied-status-floor");
  });

  it("an older bundle: a request that names the newer one is denied, and the old constitution's trust file does not serve the new", async () => {
    const dir = join(stack.dir, "another");
    const before = openDevelopmentDeployment(dir, CLOCK, ["news2"]).bundle;
    const deployment = openDevelopmentDeployment(
      dir,
      CLOCK,
      DETECTORS.map(({ id }) => id),
    );
    const versionOf = (statement: Uint8Array): number => decodeBundle(decodeStatement(statement, "bundle").payload).policyVersion;
    expect([before.statement, deployment.bundle.statement].map(versionOf)).toEqual([1, 2]);
    const trust = trustFile(stack.enclave, deployment);
    for (const [handed, expected] of [
      [before, "denied-policy-floor"],
      [deployment.bundle, null],
    ] as const) {
      await stack.replaceEnclave();
      await stack.restartHost({
        constitution: deployment.constitution,
        bundle: handed.statement,
        bundleApprovals: handed.approvals,
        statusList: deployment.newStatusList(),
      });
      proxy.target = stack.url;
      expect(await failure(one())).toMatchObject({ name: "Refusal", code: "measurement-mismatch" });
      expect(await denial({ policyVersion: 2, statusVersion: 0 }, trust)).toBe(expected);
    }
  });
});

/** Waits until the host has taken notice of an enclave's end and has another one. */
async function settled(): Promise<void> {
  await sleep(50);
  await ready(stack.url);
}

function kindOf(frame: Uint8Array): unknown {
  const message = decodeCbor(frame.subarray(4));
  return Array.isArray(message) ? message[0] : null;
}

/** The nonce within evidence, as a hostile host would read it: 32 bytes behind the field's name. */
function nonceOf(evidence: Uint8Array): Uint8Array {
  const at = Buffer.from(evidence).indexOf("enonce");
  return Uint8Array.from(evidence.subarray(at + 8, at + 40));
}

/** An image with one more file, measured as what it is. */
function otherImage({ applicationRamdisk, measurements }: Image): Pick<Image, "applicationRamdisk" | "measurements"> {
  const entries = [...readCpio(applicationRamdisk), { kind: "file" as const, path: "rootfs/extra", mode: 0o644, data: new Uint8Array(8) }];
  const changed = writeCpio(entries);
  return { applicationRamdisk: changed, measurements: { ...measurements, pcr2: measureApplication([changed]) } };
}

interface HostProcess {
  url: string;
  process: ChildProcess;
  exited: Promise<void>;
}

/** `caladrius host` as a process of its own, once it says where it listens. */
async function startHostProcess(argv: readonly string[], port: number): Promise<HostProcess> {
  const bin = new URL("../cli/caladrius.mjs", import.meta.url).pathname;
  const child = spawn(process.execPath, [bin, "host", ...argv, "--port", `${port}`], { stdio: ["ignore", "pipe", "pipe"] });
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stderr.resume();
  const url = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      const found = /"url":\s*"(http:[^"]+)"/.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    void exited.then(() => reject(new Error("the host ended")));
  });
  return { url, process: child, exited };
}
