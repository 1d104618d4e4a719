import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseTrustFile, verifyResultFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { openReply, sealJob, verifyAnswer, type SubmitOptions, type SubmitOutcome, type SubmitterKey } from "@caladrius/client";
import {
  decodeAttestReply,
  decodeResultFile,
  decodeSealedJobHeader,
  encodeAttestReply,
  encodeResultFile,
  toHex,
  type AttestReply,
} from "@caladrius/wire";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startEnclave } from "./submit/enclave.ts";
import { smallRecording } from "./submit/recording.ts";
import {
  CLOCK,
  failure,
  flipped,
  makeSurroundings,
  sealingTarget,
  startHostile,
  type Answer,
  type Hostile,
  type HostileProxy,
  type Stack,
} from "./support/index.ts";

const ATTESTATION = "application/vnd.caladrius.attestation+cbor";

let hostile: Hostile;
let stack: Stack;
let proxy: HostileProxy;
let key: SubmitterKey;
beforeAll(async () => {
  hostile = await startHostile("alarm");
  ({ stack, proxy, key } = hostile);
});
afterAll(() => hostile.close());
afterEach(() => hostile.reset());

const one = (options: Partial<SubmitOptions> = {}): Promise<SubmitOutcome> => hostile.one(smallRecording("subject"), options);
/** Every result that is given out, replaced. */
const results = (change: (reply: Buffer, id: string) => Uint8Array | Promise<Uint8Array>): void => {
  proxy.answer = async ({ route, id }, answer) =>
    route === "GET /v1/jobs/:id/result" && answer.status === 200
      ? { ...answer, body: Buffer.from(await change(answer.body, id ?? "")) }
      : answer;
};
const attestations = (change: (genuine: AttestReply, body: Buffer) => Uint8Array | Promise<Uint8Array>): void => {
  proxy.answer = async ({ route }, answer) =>
    route === "GET /v1/attestation" && answer.type === ATTESTATION
      ? { ...answer, body: Buffer.from(await change(decodeAttestReply(answer.body), answer.body)) }
      : answer;
};
const states = (state: string): void => {
  proxy.events = false;
  proxy.answer = ({ route, id }, answer) => (route === "GET /v1/jobs/:id" ? json({ id, state }) : answer);
};
const json = (value: unknown): Answer => ({ status: 200, type: "application/json", body: Buffer.from(JSON.stringify(value)) });
const problem = (status: number): Answer => ({ status, type: "application/problem+json", body: Buffer.from("{}") });
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
    const outcomes = await hostile.send([smallRecording("one"), smallRecording("two")]);
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
    const [a, b] = await hostile.send([smallRecording("one"), smallRecording("two")], { level: "full" });
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
    const ours = {
      protocol: 1,
      constitution,
      bundle: bundle.statement,
      bundleApprovals: bundle.approvals,
      statusList: stack.deployment.newStatusList(),
    };
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
  const withNonce = async (): ReturnType<typeof failure> => {
    const { answer } = proxy;
    proxy.answer = async (asked, given) => {
      if (given.type === ATTESTATION) lastNonce = nonceOf(decodeAttestReply(given.body).evidence);
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
    const answer = await fetch(`${stack.url}/v1/attestation`, { headers: { accept: ATTESTATION } });
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

/** The nonce within evidence, as a hostile host would read it: 32 bytes behind the field's name. */
function nonceOf(evidence: Uint8Array): Uint8Array {
  const at = Buffer.from(evidence).indexOf("enonce");
  return Uint8Array.from(evidence.subarray(at + 8, at + 40));
}
