import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import {
  createSubmitterKey,
  HostClient,
  openReply,
  submit,
  type SealingTarget,
  type SubmitOptions,
  type SubmitOutcome,
  type SubmitterKey,
} from "@caladrius/client";
import { SEALED_JOB_TYPE } from "@caladrius/host";
import {
  decodeCbor,
  decodeResultFile,
  decodeStatement,
  encodeCbor,
  encodeRecording,
  encodeSignedRequest,
  FrameDecoder,
  toHex,
  type Recording,
  type Request,
} from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  channel,
  craftJob,
  DETECTOR,
  DEVICE,
  flipped,
  footprint,
  GRANT,
  plantedCanaries,
  PURPOSE,
  RECORDING,
  secret,
  SUBJECT,
  UNIT,
  WARD,
  forms,
  FrameSplitter,
  needles,
  sealingTarget,
  search,
  startStack,
  tapHttp,
  type Canary,
  type CraftedJob,
  type Footprint,
  type Haystack,
  type Stack,
  type WireTap,
} from "./support/index.ts";

let key: SubmitterKey;
let colleague: SubmitterKey;
let planted: Canary[];
let stack: Stack;
let wire: WireTap;
/** jobs whose ids and sealed bytes the host is bound to see */
const visible: { jobId: Uint8Array; sealed: Uint8Array }[] = [];
const answers: SubmitOutcome[] = [];

beforeAll(async () => {
  stack = await startStack();
  wire = await tapHttp(stack.url);
  key = await createSubmitterKey();
  colleague = await createSubmitterKey("X25519");
  planted = plantedCanaries(key, colleague);
});
afterAll(async () => {
  await wire.close();
  await stack.close();
});

const send = async (options: Partial<SubmitOptions>): Promise<SubmitOutcome> => {
  const [outcome] = await submit([{ recording: RECORDING }], {
    hostUrl: wire.url,
    trust: parseTrustFile(stack.trust),
    key,
    ward: WARD,
    recipients: [{ key: colleague.sealing, level: "alarm" }],
    ...options,
  });
  if (outcome === undefined) throw new Error("no outcome");
  answers.push(outcome);
  return outcome;
};

const get = async (path: string, init: RequestInit = {}): Promise<Response> => {
  const response = await fetch(`${wire.url}${path}`, init);
  await response.clone().arrayBuffer();
  return response;
};
const post = (body: Uint8Array, type: string = SEALED_JOB_TYPE): Promise<Response> =>
  get("/v1/jobs", { method: "POST", headers: { "content-type": type }, body: Uint8Array.from(body) });

/** Submits a crafted job and waits for its end: the HTTP status of its result. */
const deliver = async (job: CraftedJob): Promise<number> => {
  visible.push(job);
  await post(job.sealed);
  return (await get(`/v1/jobs/${toHex(job.jobId)}/result?wait=20`)).status;
};
const denial = async (job: CraftedJob): Promise<string | undefined> => {
  const reply = await new HostClient(wire.url, { signal: new AbortController().signal }).reply(job.jobId);
  if (!(reply instanceof Uint8Array)) throw new Error(`no reply: ${reply}`);
  const file = decodeResultFile(await openReply(reply, job, key));
  return file.disclosures
    .map((disclosure) => Buffer.from(disclosure).toString("latin1"))
    .join()
    .match(/(?:denied|failed)[a-z-]*/)?.[0];
};

describe("the search", () => {
  const { recordingBytes, requestBytes } = ((): { recordingBytes: Buffer; requestBytes: () => Buffer } => ({
    recordingBytes: Buffer.from(encodeRecording(RECORDING)),
    requestBytes: () =>
      Buffer.from(
        encodeSignedRequest({
          headerBytes: Buffer.alloc(8),
          keySetDigest: Buffer.alloc(32),
          constitutionDigest: Buffer.alloc(48),
          recordingDigest: createHash("sha256").update(encodeRecording(RECORDING)).digest(),
          request: {
            submitter: key.signing,
            recipients: [
              { key: key.sealing, level: "full" },
              { key: colleague.sealing, level: "alarm" },
            ],
            subject: SUBJECT,
            ward: WARD,
            purpose: PURPOSE,
            detectors: [DETECTOR],
            nonce: Buffer.alloc(16),
            floors: { policyVersion: 0, statusVersion: 0 },
            grants: [{ grant: GRANT, use: 1 }],
          },
        }),
      ),
  }))();

  const encodings: Record<string, (bytes: Buffer) => Buffer> = {
    plain: (bytes) => bytes,
    hex: (bytes) => Buffer.from(bytes.toString("hex")),
    HEX: (bytes) => Buffer.from(bytes.toString("hex").toUpperCase()),
    base64: (bytes) => Buffer.from(bytes.toString("base64")),
    base64url: (bytes) => Buffer.from(bytes.toString("base64url")),
  };
  const INSIDE = [
    "subject utf-8",
    "device utf-8",
    "unit utf-8",
    "heart rates int16 little-endian",
    "saturations int32 little-endian",
    "ecg int16 little-endian",
    "charted int16 little-endian",
    "offsets int32 little-endian",
    "first event cbor",
  ];
  const ASKED = [
    "subject utf-8",
    "purpose utf-8",
    "ward utf-8",
    "detector utf-8",
    "grant",
    "submitter key",
    "submitter sealing key",
    "colleague's sealing key",
    "recording digest",
  ];

  for (const [encoding, encode] of Object.entries(encodings)) {
    it(`finds every canary in the unsealed recording and request as ${encoding}, wherever they begin`, () => {
      for (const [names, bytes] of [
        [INSIDE, recordingBytes],
        [ASKED, requestBytes()],
      ] as const) {
        for (const shift of [0, 1, 2]) {
          const haystack = { name: "unsealed", bytes: encode(Buffer.concat([Buffer.alloc(shift, 0xa5), bytes])) };
          const found = search([haystack], needles(planted.filter(({ name }) => names.includes(name))));
          for (const name of names) {
            for (const end of ["head", "tail"]) {
              expect(
                found.filter((one) => one.startsWith(`${name}, ${end}, `)),
                `${name}, ${end}, ${encoding}, ${shift}`,
              ).not.toEqual([]);
            }
          }
        }
      }
    });
  }

  it("finds every needle of every canary amid noise", () => {
    const noise = secret("noise", 512);
    const searched = needles(planted);
    const found = new Set(
      search(
        searched.map(({ name, bytes }) => ({ name, bytes: Buffer.concat([noise, bytes, noise]) })),
        searched,
      ),
    );
    expect(searched.filter(({ name }) => !found.has(`${name} in ${name}`))).toEqual([]);
    expect(search([{ name: "noise", bytes: noise }], searched)).toEqual([]);
  });

  it("finds one end wherever a frame or a page cuts a canary", () => {
    const bytes = secret("cut", 32);
    for (let at = 0; at <= 32; at++) {
      const cut = Buffer.concat([bytes.subarray(0, at), Buffer.from("| page head |"), bytes.subarray(at)]);
      expect(search([{ name: "cut", bytes: cut }], needles([{ name: "cut", bytes }]))).not.toEqual([]);
    }
  });
});

describe("canaries in a recording and its metadata", () => {
  it("go through at every level", async () => {
    for (const level of ["alarm", "findings", "full"] as const) {
      expect(await send({ level })).toMatchObject({ status: "verified", verdict: { claims: { disclosed: { denial: null } } } });
    }
    expect(await send({ level: "full", suites: ["X25519"] })).toMatchObject({ status: "verified" });
    const found = answers.at(-1)?.verdict?.claims?.disclosed;
    expect(found).toMatchObject({ subject: SUBJECT, purpose: "TREAT" });
    expect(found?.finding.length).toBeGreaterThan(0);
  });

  const denials: Record<string, Partial<SubmitOptions>> = {
    "denied-purpose": { purpose: PURPOSE },
    "denied-level": { purpose: "HPAYMT" },
    "denied-detector": { detectors: [DETECTOR] },
    "denied-policy-floor": { floors: { policyVersion: 99, statusVersion: 0 } },
    "denied-status-floor": { floors: { policyVersion: 0, statusVersion: 99 } },
    "denied-grant": { grants: [{ grant: GRANT, use: 1 }] },
  };
  it("are denied in six ways that the client can ask for", async () => {
    for (const [code, options] of Object.entries(denials)) {
      expect((await send({ level: "full", ...options })).verdict?.claims?.disclosed.denial).toBe(code);
    }
  });

  let target: SealingTarget;
  const subject = { subject: SUBJECT, ward: WARD };
  const bytes = (): Uint8Array => encodeRecording(RECORDING);
  it("are denied when request and recording do not fit", async () => {
    target = await sealingTarget(wire.url, stack.trust);
    const notARecording = Buffer.concat([Buffer.from(SUBJECT), bytes()]);
    const unknownEvent = encodeCbor(
      new Map<string, string>([
        ["v", UNIT],
        ["subject", SUBJECT],
        [DEVICE, DEVICE],
      ]),
    );
    const jobs: [string, CraftedJob][] = [
      ["denied-recording", craftJob(target, { recording: bytes(), key, change: { subject: PURPOSE }, paddedBytes: 16_384 })],
      ["denied-recording", craftJob(target, { recording: notARecording, key, change: subject, paddedBytes: 16_384 })],
      ["denied-recording", craftJob(target, { recording: unknownEvent, key, change: subject, paddedBytes: 16_384 })],
      ["denied", craftJob(target, { recording: bytes(), key, change: subject, sign: () => new Uint8Array(64), paddedBytes: 16_384 })],
      ["denied", craftJob(target, { recording: bytes(), key, change: { ...subject, submitter: colleague.signing }, paddedBytes: 16_384 })],
    ];
    for (const [code, job] of jobs) {
      expect(await deliver(job)).toBe(200);
      expect(await denial(job)).toBe(code);
    }
  });

  it("stay unopened when a job opens to something else, is damaged, too late, or for another key", async () => {
    const garbage = craftJob(target, { recording: bytes(), key, content: bytes(), paddedBytes: 16_384 });
    expect(await deliver(garbage)).toBe(422);
    const damaged = craftJob(target, { recording: bytes(), key, change: subject, paddedBytes: 16_384 });
    damaged.sealed = flipped(damaged.sealed, damaged.sealed.length - 1);
    expect(await deliver(damaged)).toBe(422);
    const forAnother = craftJob(
      { ...target, keyId: secret("key id", 32) },
      { recording: bytes(), key, change: subject, paddedBytes: 16_384 },
    );
    expect(await deliver(forAnother)).toBe(409);
    const tooLate = craftJob(target, { recording: bytes(), key, change: subject, paddedBytes: 16_384, notAfter: 1_600_000_000 });
    expect((await post(tooLate.sealed)).status).toBe(422);
  });

  it("travel past every other route and error of the host", async () => {
    const id = toHex(visible[0]?.jobId ?? new Uint8Array(16));
    const sealed = visible[0]?.sealed ?? new Uint8Array();
    const paths = ["", "/result", "/result?recipient=1", "/result?recipient=7", "/result?recipient=9", "/status"].map(
      (rest) => `/v1/jobs/${id}${rest}`,
    );
    const others = [
      "/v1/jobs/nothing",
      `/v1/jobs/${"0".repeat(32)}`,
      "/v1/attestation",
      `/v1/attestation?nonce=${"ab".repeat(16)}`,
      "/v1/attestation?nonce=1",
      "/v1/nowhere",
      "/healthz",
      "/readyz",
      "/metrics",
      "/openapi.json",
      "/docs",
      "/v1/events?job=x",
    ];
    for (const path of [...paths, ...others]) expect((await get(path)).status).toBeLessThan(500);
    for (const path of [...paths, ...others]) expect((await get(path, { method: "DELETE" })).status).toBeGreaterThanOrEqual(400);
    const stop = new AbortController();
    for (const path of ["/v1/events", `/v1/events?job=${id}`]) {
      const events = await fetch(`${wire.url}${path}`, { signal: stop.signal });
      await events.body?.getReader().read();
    }
    stop.abort();
    expect((await post(sealed)).status).toBe(200);
    expect((await post(flipped(sealed, sealed.length - 9))).status).toBe(409);
    expect((await post(sealed.subarray(0, -1))).status).toBe(400);
    expect((await post(sealed, "application/json")).status).toBe(415);
    expect((await post(new Uint8Array(0))).status).toBeGreaterThanOrEqual(400);
    expect((await get(`/v1/jobs/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${"0".repeat(64)}` } })).status).toBe(403);
    const { deleteToken } = (await (await post(sealed)).json()) as { deleteToken: string };
    expect((await get(`/v1/jobs/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${deleteToken}` } })).status).toBe(204);
  });

  it("appear nowhere: not at the carrier, on HTTP, in the store, logs, metrics, nor on the enclave's console", async () => {
    // What an honest result says is as secret as what it was made from.
    const results = answers.flatMap(({ file }, i): Canary[] => {
      if (file === null) return [];
      const { result, disclosures } = decodeResultFile(file);
      const { signature } = decodeStatement(result, "result");
      return [
        { name: `signature of result ${i}`, bytes: signature },
        ...disclosures.flatMap((one, j) => (isJobId(one) ? [] : [{ name: `disclosure ${j} of result ${i}`, bytes: one }])),
      ];
    });
    expect(results.length).toBeGreaterThan(50);
    const searched = needles([...planted, ...results]);
    const running = [...overTheWires(), ...filesOf(stack.dir)];
    await stack.restartHost(); // and what it wrote when it stopped and began again
    const all = [
      ...running,
      ...filesOf(stack.dir),
      { name: "log", bytes: Buffer.from(stack.log.join("\n")) },
      { name: "console", bytes: Buffer.from(stack.console.join("\n")) },
    ];

    // What the host is bound to see is found wherever it should be: the collection is whole.
    const job = visible.at(1);
    const known = forms(job?.jobId ?? new Uint8Array(16));
    const ciphertext = forms((job?.sealed ?? new Uint8Array(64)).subarray(-64, -16));
    const places = (found: string[]): string => found.map((one) => one.replace(/^.* in /, "")).join();
    expect(places(search(all, known))).toMatch(/carrier to-enclave.*HTTP request.*HTTP answer.*host\/jobs/s);
    expect(places(search(all, ciphertext))).toMatch(/carrier to-enclave.*HTTP request.*host\//s);
    expect(all.map(({ bytes: { length } }) => length).reduce((sum, length) => sum + length, 0)).toBeGreaterThan(1_000_000);
    expect(stack.log.length).toBeGreaterThan(50);

    expect(search(all, searched)).toEqual([]);
  });
});

describe("two jobs that differ in findings or denial alone", () => {
  const calm = (heartRate: number): Recording => ({
    ...RECORDING,
    channels: [
      channel("loinc:8867-4", "/min", new Int16Array(120).fill(heartRate)),
      channel("loinc:59408-5", "%", new Int16Array(120).fill(97)),
    ],
    events: [],
  });

  it("look the same to carrier, host, callers and metrics", async () => {
    const target = await sealingTarget(stack.url, stack.trust);
    const craft = (recording: Recording, change: Partial<Request> = {}, sign?: (bytes: Uint8Array) => Uint8Array): CraftedJob =>
      craftJob(target, {
        recording: encodeRecording(recording),
        key,
        change: { subject: SUBJECT, ...change },
        paddedBytes: 16_384,
        ...(sign === undefined ? {} : { sign }),
      });
    const jobs: [string, () => CraftedJob][] = [
      ["nothing found", () => craft(calm(70))],
      ["alarms", () => craft(calm(190))],
      ["much of everything", () => craft(RECORDING)],
      ["denied-purpose", () => craft(calm(70), { purpose: "HMARKT" })],
      ["denied-detector", () => craft(calm(70), { detectors: [DETECTOR] })],
      ["denied-status-floor", () => craft(calm(70), { floors: { policyVersion: 0, statusVersion: 99 } })],
      ["denied-recording", () => craft(calm(70), { subject: DEVICE })],
      ["denied", () => craft(calm(70), {}, () => new Uint8Array(64))],
    ];
    await footprint(stack, craft(calm(70))); // the first one opens connections
    const seen: [string, Footprint][] = [];
    for (const [name, make] of jobs) seen.push([name, await footprint(stack, make())]);
    const [first] = seen;
    expect(first?.[1].frames.length).toBeGreaterThan(2);
    expect(first?.[1].metrics).not.toEqual([]);
    for (const [name, one] of seen) expect(one, name).toEqual(first?.[1]);
  });
});

/** The job id stands in the clear header: it is what the host routes by. */
function isJobId(disclosure: Uint8Array): boolean {
  const value = decodeCbor(disclosure);
  return Array.isArray(value) && value[1] === "job-id";
}

/** Everything that crossed the two wires: each direction of each connection whole, and each message without its frames. */
function overTheWires(): Haystack[] {
  const haystacks: Haystack[] = [];
  const connections = new Set(stack.tap.carried.map(({ connection }) => connection));
  for (const connection of connections) {
    for (const direction of ["to-enclave", "from-enclave"] as const) {
      const name = `carrier ${direction} ${connection}`;
      const whole = Buffer.concat(
        stack.tap.carried.filter((one) => one.connection === connection && one.direction === direction).map(({ bytes }) => bytes),
      );
      haystacks.push({ name, bytes: whole });
      const decoder = new FrameDecoder();
      for (const frame of new FrameSplitter().push(whole).frames) {
        for (const { kind, id, body } of decoder.push(frame)) haystacks.push({ name: `${name} message ${kind} ${id}`, bytes: body });
      }
    }
  }
  for (const { connection, direction, bytes } of wire.streams)
    haystacks.push({ name: `HTTP ${direction} ${connection}`, bytes: Buffer.concat(bytes) });
  return haystacks;
}

/** Every file below a folder: job store, write-ahead log, payloads, deployment, simulator. */
function filesOf(dir: string): Haystack[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: path.slice(dir.length + 1), bytes: readFileSync(path) }));
}
