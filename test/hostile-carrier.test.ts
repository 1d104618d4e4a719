import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { HostClient, type SubmitOptions, type SubmitOutcome, type SubmitterKey } from "@caladrius/client";
import {
  decodeErrorReply,
  decodeJobReply,
  decodeOuterStatus,
  decodeSealedJobHeader,
  decodeStatement,
  ENCLAVE_ERROR,
  enclaveErrorName,
  encodeErrorReply,
  encodeFrames,
  encodeHello,
  encodeRecording,
  FrameDecoder,
  MAX_MESSAGE_BYTES,
  MESSAGE,
  PROTOCOL_VERSION,
  type EnclaveErrorName,
  type Message,
  type Recording,
} from "@caladrius/wire";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { smallRecording } from "./submit/recording.ts";
import {
  craftJob,
  flipped,
  messageOf,
  QUICK,
  sealingTarget,
  startHostile,
  type Direction,
  type Hostile,
  type HostileProxy,
  type Stack,
} from "./support/index.ts";

let hostile: Hostile;
let stack: Stack;
let proxy: HostileProxy;
let key: SubmitterKey;
beforeAll(async () => {
  hostile = await startHostile("full");
  ({ stack, proxy, key } = hostile);
});
afterAll(() => hostile.close());
afterEach(() => hostile.reset());

const one = (recording: Recording = large(), options: Partial<SubmitOptions> = {}): Promise<SubmitOutcome> =>
  hostile.one(recording, options);
/** Sealed into several frames, and answered in several. */
const large = (): Recording => {
  const small = smallRecording("subject");
  return {
    ...small,
    channels: small.channels.map((channel) => ({ ...channel, samples: new Int16Array(20_000).fill(channel.unit === "%" ? 97 : 72) })),
  };
};

type Change = (frames: readonly Buffer[]) => readonly Uint8Array[];

/** Collects the frames of the first job in one direction, and passes on what `change` makes of them; honest from then on. */
function once(way: Direction, change: Change, { thenCut = false } = {}): { meddled: () => boolean } {
  const held: Buffer[] = [];
  let done = false;
  stack.tap.meddleFrames = (direction, frame) => {
    if (done || direction !== way || messageOf(frame).kind !== MESSAGE.job) return [frame];
    held.push(frame);
    if (!isLast(held)) return [];
    done = true;
    if (thenCut) setTimeout(() => stack.tap.cut(), 5);
    return change(held);
  };
  return { meddled: () => done };
}

const at = (frames: readonly Buffer[], index: number): Buffer => frames.at(index) ?? Buffer.alloc(0);

describe("frames that do not arrive as they were sent", () => {
  const changes: Record<string, { change: Change; thenCut?: boolean }> = {
    "the last one cut short": { change: (frames) => [...frames.slice(0, -1), at(frames, -1).subarray(0, -9)], thenCut: true },
    "only the first byte": { change: (frames) => [at(frames, 0).subarray(0, 1)], thenCut: true },
    "the first one cut short": { change: (frames) => [at(frames, 0).subarray(0, -9), ...frames.slice(1)], thenCut: true },
    "the first one twice": { change: (frames) => [at(frames, 0), ...frames] },
    "the last one twice": { change: (frames) => [...frames, at(frames, -1)] },
    "the whole message twice": { change: (frames) => [...frames, ...frames] },
    "the first two swapped": { change: (frames) => [at(frames, 1), at(frames, 0), ...frames.slice(2)] },
    "in reverse order": { change: (frames) => frames.toReversed() },
    "the first one lost": { change: (frames) => frames.slice(1) },
    "a length that is too large": { change: (frames) => [flipped(at(frames, 0), 0, 0x80), ...frames.slice(1)] },
    "a length of nothing": { change: (frames) => [Buffer.alloc(4), ...frames] },
    "a changed kind": { change: (frames) => [flipped(at(frames, 0), 5), ...frames.slice(1)] },
    "a changed id": { change: (frames) => [flipped(at(frames, 0), 6), ...frames.slice(1)], thenCut: true },
    "a changed bit early in the content": { change: (frames) => [flipped(at(frames, 0), 60), ...frames.slice(1)] },
    "a changed bit in the content": { change: (frames) => [flipped(at(frames, 0), 9000, 0x10), ...frames.slice(1)] },
    "a changed last bit": { change: (frames) => [...frames.slice(0, -1), flipped(at(frames, -1), at(frames, -1).length - 1)] },
    "something else amid them": { change: (frames) => [at(frames, 0), randomBytes(64), ...frames.slice(1)] },
  };
  for (const way of ["to-enclave", "from-enclave"] as const) {
    for (const [name, { change, thenCut = false }] of Object.entries(changes)) {
      it(`${way}: ${name}: the job is not lost and its result is the right one`, async () => {
        const { meddled } = once(way, change, { thenCut });
        const outcome = await one();
        expect(meddled()).toBe(true);
        expect(outcome).toMatchObject({ status: "verified", verdict: { claims: { disclosed: { denial: null, subject: "subject" } } } });
      });
    }
  }

  it("from-enclave: a bit changed anywhere in a small answer: the result is the right one all the same", async () => {
    for (let step = 0; step < 12; step++) {
      const offset = step < 6 ? 4 + 2 * step : 100 * step;
      const { meddled } = once("from-enclave", (frames) => [flipped(at(frames, 0), offset, 1 << (step % 8)), ...frames.slice(1)], {
        thenCut: step < 6,
      });
      expect((await one(smallRecording("subject"), { level: "alarm" })).status, `offset ${offset}`).toBe("verified");
      expect(meddled()).toBe(true);
    }
  });
});

describe("a carrier that answers itself", () => {
  const error = (id: number, name: EnclaveErrorName): Uint8Array[] => [
    ...encodeFrames({ kind: MESSAGE.error, id, body: encodeErrorReply({ code: ENCLAVE_ERROR[name], correlation: randomBytes(8) }) }),
  ];
  /** What a forged error makes of a job, at worst: never a result that is not the enclave's. */
  const ends: Record<EnclaveErrorName, object> = {
    "not-booted": { status: "verified", resealed: 0 },
    "already-booted": { status: "verified", resealed: 0 },
    "boot-refused": { status: "verified", resealed: 0 },
    "unknown-message": { status: "verified", resealed: 0 },
    "malformed-message": { status: "failed", file: null, problem: { code: "job-cannot-open" } },
    "unknown-key": { status: "verified", resealed: 1 },
    "job-expired": { status: "verified", resealed: 1 },
    "dependency-failed": { status: "verified", resealed: 0 },
    "time-unknown": { status: "verified", resealed: 0 },
    "no-kms": { status: "verified", resealed: 0 },
    "status-list-refused": { status: "verified", resealed: 0 },
    overloaded: { status: "verified", resealed: 0 },
    internal: { status: "verified", resealed: 0 },
    "no-fleet": { status: "verified", resealed: 0 },
    "kms-credentials": { status: "verified", resealed: 0 },
    "kms-unreachable": { status: "verified", resealed: 0 },
    "kms-denied": { status: "verified", resealed: 0 },
    "kms-throttled": { status: "verified", resealed: 0 },
    "kms-answer-refused": { status: "verified", resealed: 0 },
    "fleet-record-refused": { status: "verified", resealed: 0 },
    "fleet-keys-differ": { status: "verified", resealed: 0 },
    "fleet-epoch-ended": { status: "verified", resealed: 1 },
  };
  for (const name of Object.keys(ends) as EnclaveErrorName[]) {
    it(`forged ${name}`, async () => {
      once("from-enclave", (frames) => error(messageOf(at(frames, 0)).id, name));
      expect(await one(smallRecording("subject"))).toMatchObject(ends[name]);
    });
  }

  it("swaps the answers to two jobs: both come back and are right", async () => {
    const held: Message[] = [];
    let swapped = false;
    const decoder = new FrameDecoder();
    stack.tap.meddleFrames = (direction, frame) => {
      if (swapped || direction !== "from-enclave" || messageOf(frame).kind !== MESSAGE.job) return [frame];
      held.push(...decoder.push(frame));
      const [a, b] = held;
      if (a === undefined || b === undefined) return [];
      swapped = true;
      return [...encodeFrames({ ...a, body: b.body }), ...encodeFrames({ ...b, body: a.body })];
    };
    const outcomes = await hostile.send([smallRecording("one"), smallRecording("two")]);
    expect(swapped).toBe(true);
    expect(outcomes).toMatchObject(
      ["one", "two"].map((subject) => ({ status: "verified", resealed: 0, verdict: { claims: { disclosed: { subject } } } })),
    );
  });

  it("answers with what it heard before: the job is asked again", async () => {
    let earlier: Message[] = [];
    once("from-enclave", (frames) => {
      const decoder = new FrameDecoder();
      earlier = frames.flatMap((frame) => decoder.push(frame));
      return frames;
    });
    expect((await one(smallRecording("subject"))).status).toBe("verified");
    once("from-enclave", (frames) => earlier.flatMap((message) => [...encodeFrames({ ...message, id: messageOf(at(frames, 0)).id })]));
    expect(await one(smallRecording("subject"))).toMatchObject({ status: "verified", resealed: 0 });
    expect(stack.log.join("")).toContain("the status of another job");
  });

  it("gives an earlier attestation: the client refuses and seals nothing", async () => {
    let earlier: Message | null = null;
    stack.tap.meddleFrames = (direction, frame) => {
      const { kind, id } = messageOf(frame);
      if (direction !== "from-enclave" || kind !== MESSAGE.attest) return [frame];
      const [message] = new FrameDecoder().push(frame);
      earlier ??= message ?? null;
      return earlier === null ? [frame] : [...encodeFrames({ ...earlier, id })];
    };
    expect((await one(smallRecording("subject"))).status).toBe("verified");
    proxy.reset();
    await expect(one(smallRecording("subject"))).rejects.toMatchObject({ name: "Refusal", code: "nonce-mismatch" });
    expect(proxy.posted).toEqual([]);
  });

  it("lets no job through at all: the client ends when its caller says so, and the host still has the job", async () => {
    let tries = 0;
    stack.tap.meddleFrames = (direction, frame) => {
      if (direction === "to-enclave" && messageOf(frame).kind === MESSAGE.job) throw new Error(`cut ${tries++}`);
      return [frame];
    };
    await expect(one(smallRecording("subject"), { signal: AbortSignal.timeout(4000) })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThan(20); // it does not storm either
    const { jobId } = decodeSealedJobHeader(proxy.posted[0] ?? Buffer.alloc(0));
    const host = new HostClient(stack.url, { signal: AbortSignal.timeout(20_000), retry: QUICK });
    expect(["accepted", "running"]).toContain(await host.state(jobId));
    hostile.reset();
    while ((await host.state(jobId)) !== "answered") await sleep(50);
  });
});

describe("a sealed job with any one byte changed", () => {
  it("is refused by the enclave, with a code that says what did not hold", async () => {
    const line = await speak(stack.enclave.socketPath);
    const target = await sealingTarget(stack.url, stack.trust);
    const { sealed } = craftJob(target, {
      recording: encodeRecording(smallRecording("subject")),
      key,
      change: { subject: "subject" },
      paddedBytes: 4096,
    });
    expect(await line.job(sealed)).toBe("answered");
    const ciphertextFrom = sealed.length - 4096 - 16 - 3;
    const encFrom = ciphertextFrom - 1120;
    const codes: Record<string, Record<string, number>> = {};
    const positions = Array.from({ length: sealed.length }, (_, position) => position).filter(
      (position) =>
        position < encFrom || (position < ciphertextFrom && position % 7 === 0) || position % 41 === 0 || position >= sealed.length - 16,
    );
    for (const position of positions) {
      const region =
        position < encFrom - 4
          ? "header"
          : position < encFrom
            ? "key's head"
            : position < ciphertextFrom
              ? "key"
              : position < ciphertextFrom + 3
                ? "ciphertext's head"
                : "ciphertext";
      for (const bit of region === "header" ? [0, 1, 2, 3, 4, 5, 6, 7] : [position % 8]) {
        const code = await line.job(flipped(sealed, position, 1 << bit));
        codes[region] = { ...codes[region], [code]: (codes[region]?.[code] ?? 0) + 1 };
      }
    }
    expect(positions.length).toBeGreaterThan(350);
    expect(Object.keys(codes["header"] ?? {}).toSorted()).toEqual(["cannot-open", "job-expired", "malformed-message", "unknown-key"]);
    expect(Object.keys(codes["key"] ?? {})).toEqual(["cannot-open"]);
    expect(Object.keys(codes["ciphertext"] ?? {})).toEqual(["cannot-open"]);
    for (const seen of Object.values(codes)) expect(seen).not.toHaveProperty("answered");
    line.close();
  });

  it("is not opened either when it is cut, lengthened, or joined from two", async () => {
    const line = await speak(stack.enclave.socketPath);
    const target = await sealingTarget(stack.url, stack.trust);
    const craft = (paddedBytes: number): Uint8Array =>
      craftJob(target, { recording: encodeRecording(smallRecording("subject")), key, paddedBytes }).sealed;
    const [a, b] = [craft(4096), craft(4096)];
    for (const bytes of [a.subarray(0, -1), a.subarray(1), Buffer.concat([a, Buffer.alloc(1)]), Buffer.alloc(1)])
      expect(await line.job(bytes)).toBe("malformed-message");
    for (const join of [200, 1000, a.length - 4112, a.length - 16]) {
      expect(await line.job(Buffer.concat([a.subarray(0, join), b.subarray(join)])), `joined at ${join}`).toBe("cannot-open");
    }
    line.close();
  });
});

/** Whether these frames make a whole message. */
function isLast(frames: readonly Buffer[]): boolean {
  const decoder = new FrameDecoder();
  return frames.flatMap((frame) => decoder.push(frame)).length > 0;
}

/** Speaks to an enclave as a host does, without the host's own checks. */
async function speak(path: string): Promise<{ job(sealed: Uint8Array): Promise<string>; close(): void }> {
  const socket: Socket = connect(path);
  const decoder = new FrameDecoder();
  let greeted = false;
  let next: (message: Message) => void = () => {};
  socket.on("data", (bytes) => {
    const from = greeted ? 0 : bytes.indexOf("\n") + 1;
    greeted = true;
    for (const message of decoder.push(bytes.subarray(from))) next(message);
  });
  let id = 0;
  const ask = (kind: number, body: Uint8Array): Promise<Message> =>
    new Promise((resolve, reject) => {
      next = resolve;
      socket.once("close", () => reject(new Error("the enclave hung up")));
      for (const frame of encodeFrames({ kind, id: id++, body })) socket.write(frame);
    });
  socket.setMaxListeners(0);
  socket.write("CONNECT 5000\n");
  await ask(MESSAGE.hello, encodeHello({ version: PROTOCOL_VERSION, maxMessageBytes: MAX_MESSAGE_BYTES }));
  return {
    close: () => socket.destroy(),
    async job(sealed) {
      const { kind, body } = await ask(MESSAGE.job, sealed);
      if (kind === MESSAGE.error) return enclaveErrorName(decodeErrorReply(body).code);
      const { status, replies } = decodeJobReply(body);
      const { state } = decodeOuterStatus(decodeStatement(status, "status").payload);
      return replies.length === 0 ? state : "answered";
    },
  };
}
