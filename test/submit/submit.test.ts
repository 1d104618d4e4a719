import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseTrustFile, verifyResultFile, type TrustFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { createSubmitterKey, openReply, submit, type SubmitOptions, type SubmitOutcome, type SubmitProgress } from "@caladrius/client";
import {
  decodeAttestReply,
  decodeSealedJobHeader,
  decodeSealedReply,
  encodeAttestReply,
  encodeSealedReply,
  fromHex,
} from "@caladrius/wire";
import { makeSurroundings, type Surroundings } from "../support/index.ts";
import { startEnclave, trustFor } from "./enclave.ts";
import { FakeHost, problem, send } from "./fake-host.ts";
import { smallRecording } from "./recording.ts";

const QUICK = { firstPauseMs: 2, longestPauseMs: 30, patienceMs: 2000, firstContactMs: 300 };
const SUBJECT = "canary-subject-0123456789abcdef";

let surroundings: Surroundings;
let trust: TrustFile;
let host: FakeHost;
let url: string;
let outDir: string;

beforeAll(async () => {
  surroundings = await makeSurroundings();
  trust = parseTrustFile(trustFor(surroundings));
});
afterAll(() => rm(surroundings.dir, { recursive: true, force: true }));
beforeEach(async () => {
  host = new FakeHost(await startEnclave(surroundings));
  url = await host.listen();
  outDir = await mkdtemp(join(tmpdir(), "caladrius-out-"));
});
afterEach(async () => {
  await host.close();
  await rm(outDir, { recursive: true, force: true });
});

const one = async (change: Partial<SubmitOptions> = {}): Promise<SubmitOutcome> => {
  const [outcome] = await submit([{ recording: smallRecording(SUBJECT), sources: ["ward/night.csv"] }], {
    hostUrl: url,
    trust,
    retry: QUICK,
    ...change,
  });
  return outcome!;
};

describe("submit", () => {
  it("seals, waits, opens, verifies and writes one file per recording, in the input's order", async () => {
    const inputs = ["a", "b", "c", "d", "e", "f"].map((name) => ({
      recording: smallRecording(`${SUBJECT}-${name}`),
      sources: ["ward/night.csv"],
    }));
    const progress: SubmitProgress[] = [];
    const outcomes = await submit(inputs, {
      hostUrl: url,
      trust,
      outDir,
      level: "full",
      concurrency: 3,
      retry: QUICK,
      onProgress: (step) => progress.push(step),
    });
    expect(outcomes.map(({ name }) => name)).toEqual(["night", "night-2", "night-3", "night-4", "night-5", "night-6"]);
    for (const [index, outcome] of outcomes.entries()) {
      expect(outcome).toMatchObject({
        index,
        status: "verified",
        problem: null,
        resealed: 0,
        path: join(outDir, `${outcome.name}.attested`),
      });
      expect(outcome.verdict).toMatchObject({ status: "warning", code: "simulator", mode: "live" });
      expect(outcome.verdict?.claims?.disclosed.subject).toBe(inputs[index]!.recording.subject);
      const file = readFileSync(outcome.path!);
      expect(new Uint8Array(file)).toEqual(outcome.file);
      expect(statSync(outcome.path!).mode & 0o777).toBe(0o600);
      expect((await verifyResultFile(file, trust, {}, signatures)).status).toBe("warning");
    }
    expect(host.requests.filter((request) => request === "GET /v1/attestation")).toHaveLength(1);
    expect(progress.filter(({ stage }) => stage === "verified").map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const stage of ["verifying", "sealing", "sending", "waiting", "opening"])
      expect(progress.some((step) => step.stage === stage)).toBe(true);
  });

  it.each(["MLKEM768-X25519", "X25519"] as const)("seals under %s", async (suite) => {
    const outcome = await one({ suites: [suite], key: await createSubmitterKey(suite) });
    expect(outcome.status).toBe("verified");
    expect(decodeSealedJobHeader(host.received[0]!).suite).toBe(suite);
  });

  it("shows the host neither subject nor purpose nor samples", async () => {
    await one();
    const seen = Buffer.concat(host.received).toString("latin1");
    for (const secret of [SUBJECT, "TREAT", "loinc:8867-4", "monitor-1"]) expect(seen).not.toContain(secret);
  });

  it("discloses no more than was asked for", async () => {
    const outcome = await one({ level: "alarm" });
    expect(outcome.verdict?.claims?.disclosed).toMatchObject({
      subject: null,
      finding: [],
      coverage: null,
      "alarm-summary": { anyAlarm: expect.any(Boolean) as boolean },
    });
  });

  it("takes a denial for an answer", async () => {
    const outcome = await one({ purpose: "HMARKT" });
    expect(outcome).toMatchObject({
      status: "verified",
      verdict: { status: "warning", claims: { disclosed: { denial: expect.stringMatching(/^denied-/) as string } } },
    });
  });

  it("polls where there are no events", async () => {
    host.sse = false;
    expect((await one()).status).toBe("verified");
    expect(host.requests).toContain("GET /v1/jobs/:id");
  });

  it("does not overwrite a result, unless told to, and says so before it seals", async () => {
    await writeFile(join(outDir, "night.attested"), "kept");
    expect(await one({ outDir })).toMatchObject({ status: "failed", problem: { code: "output-exists" } });
    expect(host.received).toEqual([]);
    expect(readFileSync(join(outDir, "night.attested"), "utf8")).toBe("kept");
    expect(await one({ outDir, force: true })).toMatchObject({ status: "verified" });
    expect(readFileSync(join(outDir, "night.attested"), "utf8")).not.toBe("kept");
  });

  it("cuts a recording that does not fit a sealed job into windows, each a job with a result of its own", async () => {
    const long = smallRecording(SUBJECT);
    const [channel] = long.channels;
    channel!.samples = new Int32Array(9_000_000);
    const inputs = [{ recording: long, sources: ["night.dat"] }, { recording: smallRecording(SUBJECT) }];
    const outcomes = await submit(inputs, { hostUrl: url, trust, retry: QUICK });
    expect(outcomes.map(({ index, name, status, part }) => [index, name, status, part?.number, part?.of])).toEqual([
      [0, "night-part-01", "verified", 1, 2],
      [0, "night-part-02", "verified", 2, 2],
      [1, "recording-3", "verified", undefined, undefined],
    ]);
    expect(outcomes[0]?.part?.startMs).toBe(channel!.startMs);
    expect(outcomes[1]?.part?.startMs).toBe(outcomes[0]?.part?.endMs);
  });

  it("stops when told to", async () => {
    const stop = new AbortController();
    host.intercept = ({ path }) => {
      if (path !== "/v1/events") return false;
      stop.abort(new Error("the user went away"));
      return true;
    };
    await expect(one({ signal: stop.signal })).rejects.toThrow("the user went away");
  });
});

describe("submit before anything is sealed", () => {
  const refused = async (change: Partial<SubmitOptions>): Promise<unknown> => {
    const error: unknown = await one(change).catch((reason: unknown) => reason);
    expect(host.received).toEqual([]);
    return error;
  };

  it("refuses a trust file without PCR16", async () => {
    const { pcrs } = JSON.parse(trustFor(surroundings)) as { pcrs: Record<string, string>[] };
    delete pcrs[0]![16];
    expect(await refused({ trust: parseTrustFile(trustFor(surroundings, { pcrs })) })).toMatchObject({ code: "trust-pcr16-missing" });
    expect(await refused({ trust: parseTrustFile(trustFor(surroundings, { pcrs: [] })) })).toMatchObject({
      code: "reference-values-missing",
    });
    expect(host.requests).toEqual([]);
  });

  it("refuses an enclave with another image or constitution", async () => {
    const { pcrs } = JSON.parse(trustFor(surroundings)) as { pcrs: Record<string, string>[] };
    for (const index of [0, 2, 16]) {
      const other = { ...pcrs[0], [index]: "77".repeat(48) };
      expect(await refused({ trust: parseTrustFile(trustFor(surroundings, { pcrs: [other] })) })).toMatchObject({
        code: "measurement-mismatch",
      });
    }
  });

  it("refuses another root", async () => {
    const elsewhere = await makeSurroundings();
    expect(await refused({ trust: parseTrustFile(trustFor({ ...surroundings, pki: elsewhere.pki })) })).toMatchObject({ name: "Refusal" });
    await rm(elsewhere.dir, { recursive: true, force: true });
  });

  it("refuses evidence that was made for somebody else", async () => {
    const replayed = await host.enclave.attest(new Uint8Array(32).fill(9));
    host.intercept = ({ path }, response) => path === "/v1/attestation" && (send(response, 200, "application/cbor", replayed), true);
    expect(await refused({})).toMatchObject({ code: "nonce-mismatch" });
  });

  it("refuses another enclave's identity under this evidence", async () => {
    const other = decodeAttestReply(await (await startEnclave(surroundings)).attest(null));
    host.intercept = async ({ path }, response) => {
      if (path !== "/v1/attestation") return false;
      const asked = new URL(response.req.url ?? "/", "http://host").searchParams.get("nonce") ?? "";
      const fresh = decodeAttestReply(await host.enclave.attest(fromHex(asked)));
      send(response, 200, "application/cbor", encodeAttestReply({ ...fresh, identity: other.identity }));
      return true;
    };
    expect(await refused({})).toMatchObject({ code: "identity-commitment" });
  });

  it.each([
    ["nonsense", Buffer.from("<html>")],
    ["too much", Buffer.alloc(70_000)],
  ])("refuses %s instead of an attestation", async (_, body) => {
    host.intercept = ({ path }, response) => path === "/v1/attestation" && (send(response, 200, "text/html", body), true);
    expect(await refused({})).toMatchObject({ code: "host-answer" });
  });

  it("does not follow the host elsewhere", async () => {
    host.intercept = (_, response) => (response.writeHead(307, { location: "http://127.0.0.1:9/" }).end(), true);
    expect(await refused({})).toMatchObject({ code: "host-refused" });
  });

  it("says soon when nobody is there", async () => {
    expect(await refused({ hostUrl: "http://127.0.0.1:9", retry: { ...QUICK, firstContactMs: 20 } })).toMatchObject({
      code: "host-unreachable",
      name: "DependencyError",
    });
    for (const hostUrl of ["caladrius", "ftp://host", "http://user:secret@host/", "http://host/?a=1"])
      expect(await refused({ hostUrl })).toMatchObject({ code: "host-url" });
  });
});

describe("submit against a host that fails", () => {
  it("tries again on 429, 503, 502 and lost connections, and waits as long as it is told", async () => {
    const sent: number[] = [];
    host.intercept = ({ method, path, count }, response) => {
      if (method !== "POST" || path !== "/v1/jobs") return false;
      sent.push(performance.now());
      if (count === 1) problem(response, 429, "rate-limit", { "retry-after": "1" });
      else if (count === 2) problem(response, 503, "busy");
      else if (count === 3) problem(response, 502, "enclave-refused");
      else if (count === 4) response.destroy();
      else return false;
      return true;
    };
    expect(await one({ retry: { ...QUICK, longestPauseMs: 1000 } })).toMatchObject({ status: "verified", resealed: 0 });
    expect(sent).toHaveLength(5);
    expect(sent[1]! - sent[0]!).toBeGreaterThan(900);
    expect(new Set(host.received.map((body) => Buffer.from(body).toString("hex"))).size).toBe(1);
  });

  it("gives up when patience ends, with the host's code and none of its text", async () => {
    host.intercept = ({ method }, response) => method === "POST" && (problem(response, 503, "busy"), true);
    const { status, problem: cause } = await one({ retry: { ...QUICK, patienceMs: 60 } });
    expect(status).toBe("failed");
    expect(cause).toMatchObject({ name: "DependencyError", code: "host-busy" });
    expect(cause?.message).toContain("503 busy");
    expect(cause?.message).not.toContain("text of the host");
  });

  it("does not insist when it is refused", async () => {
    host.intercept = ({ method }, response) => method === "POST" && (problem(response, 400, "job-malformed"), true);
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "host-refused" } });
    expect(host.requests.filter((request) => request === "POST /v1/jobs")).toHaveLength(1);
  });

  it("hands the same bytes over again to a host that lost them", async () => {
    host.intercept = ({ path, count }, response) => {
      if (path === "/v1/events" && count === 1) {
        host.jobs.clear();
        problem(response, 404, "job-unknown");
        return true;
      }
      return false;
    };
    expect(await one()).toMatchObject({ status: "verified", resealed: 0 });
    const posted = host.received.map((body) => Buffer.from(body).toString("hex"));
    expect(posted).toHaveLength(2);
    expect(new Set(posted).size).toBe(1);
  });

  it("asks when the events break off or go silent", async () => {
    host.intercept = ({ path }, response) => {
      if (path !== "/v1/events") return false;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('event: state\ndata: {nonsense\n\nevent: state\ndata: {"id":"0","state":"answered"}\n\n');
      setTimeout(() => response.destroy(), 5);
      return true;
    };
    expect((await one()).status).toBe("verified");
    expect(host.requests).toContain("GET /v1/jobs/:id");
  });

  it("ends when a host says running for ever", async () => {
    host.intercept = ({ path }, response) => {
      if (path !== "/v1/events" && path !== "/v1/jobs/:id") return false;
      if (path === "/v1/events") problem(response, 503, "busy");
      else send(response, 200, "application/json", Buffer.from('{"state":"running"}'));
      return true;
    };
    const hourMs = 3_600_000;
    let nowMs = Date.now();
    const later = (): number => (nowMs += 1);
    const outcome = one({ now: later, validForMs: -hourMs });
    expect(await outcome).toMatchObject({ status: "failed", problem: { code: "job-late" } });
  });
});

describe("submit when the enclave is gone", () => {
  it("verifies the new one under the same trust file and seals again under the same nonce", async () => {
    host.intercept = async ({ method, path, count }) => {
      if (method === "POST" && path === "/v1/jobs" && count === 1) host.enclave = await startEnclave(surroundings);
      return false;
    };
    const outcome = await one();
    expect(outcome).toMatchObject({ status: "verified", resealed: 1 });
    const [first, second] = host.received.map((body) => decodeSealedJobHeader(body));
    expect(second!.keyId).not.toEqual(first!.keyId);
    expect(second!.jobId).not.toEqual(first!.jobId);
    expect(host.requests.filter((request) => request === "GET /v1/attestation")).toHaveLength(2);
  });

  it("verifies once for many jobs that learn of it together", async () => {
    let replaced = false;
    host.intercept = async ({ method, path }) => {
      if (method === "POST" && path === "/v1/jobs" && !replaced) {
        replaced = true;
        host.enclave = await startEnclave(surroundings);
      }
      return false;
    };
    const inputs = Array.from({ length: 8 }, () => ({ recording: smallRecording(SUBJECT) }));
    const outcomes = await submit(inputs, { hostUrl: url, trust, retry: QUICK, concurrency: 8 });
    expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => "verified"));
    expect(host.requests.filter((request) => request === "GET /v1/attestation").length).toBe(2);
  });

  it("does not seal to a new one that the trust file does not accept", async () => {
    const elsewhere = await makeSurroundings();
    host.intercept = async ({ method, count }) => {
      if (method === "POST" && count === 1) host.enclave = await startEnclave(elsewhere);
      return false;
    };
    expect(await one()).toMatchObject({ status: "failed", problem: { name: "Refusal" } });
    expect(host.received).toHaveLength(1);
    await rm(elsewhere.dir, { recursive: true, force: true });
  });

  it("seals again when a job ran out of time, and stops when the host never stops asking", async () => {
    host.intercept = ({ path, count }, response) => {
      if (path !== "/v1/jobs/:id/result" || count > 1) return false;
      problem(response, 410, "job-expired");
      return true;
    };
    expect(await one()).toMatchObject({ status: "verified", resealed: 1 });
    host.intercept = ({ path }, response) => path === "/v1/jobs/:id/result" && (problem(response, 409, "job-reseal"), true);
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "reseal-limit" } });
  });
});

describe("submit against a host that cheats", () => {
  /** Replaces the reply to a job. */
  const reply = (change: (genuine: Uint8Array) => Uint8Array | Promise<Uint8Array>): void => {
    host.intercept = async ({ path }, response, job) => {
      if (path !== "/v1/jobs/:id/result" || job?.reply === null || job?.reply === undefined) return false;
      send(response, 200, "application/octet-stream", await change(job.reply));
      return true;
    };
  };

  it("finds any changed byte of a sealed job", async () => {
    for (const at of [-1, -5000]) {
      host.meddle = (sealed) => sealed.with(at, sealed.at(at)! ^ 1);
      expect(await one()).toMatchObject({ status: "failed", problem: { code: "job-cannot-open" } });
    }
  });

  it("finds any changed, cut or lengthened reply", async () => {
    reply((genuine) => genuine.with(genuine.length - 5, genuine.at(-5)! ^ 1));
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "reply-open" } });
    reply((genuine) => genuine.with(40, genuine[40]! ^ 1));
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "reply-open" } });
    for (const change of [
      (bytes: Uint8Array) => bytes.subarray(1),
      (bytes: Uint8Array) => bytes.subarray(0, -1),
      () => Buffer.from("no"),
      () => Buffer.alloc(0),
    ]) {
      reply(change);
      expect(await one()).toMatchObject({ status: "failed", problem: { code: "reply-form" } });
    }
    reply((genuine) => {
      const { enc, ciphertext } = decodeSealedReply(genuine);
      return encodeSealedReply({ enc, ciphertext: Buffer.concat([ciphertext, Buffer.alloc(16)]) });
    });
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "reply-form" } });
  });

  it("finds a reply to another job of the same submitter, and one to another submitter", async () => {
    const key = await createSubmitterKey();
    expect((await one({ key })).status).toBe("verified");
    const [earlier] = [...host.jobs.values()].map((job) => job.reply);
    reply(() => earlier!);
    expect(await one({ key })).toMatchObject({ status: "failed", problem: { code: "reply-open" } });
    expect(await one()).toMatchObject({ status: "failed", problem: { code: "reply-open" } });
  });

  it("writes nothing that was not verified", async () => {
    reply((genuine) => genuine.with(genuine.length - 5, genuine.at(-5)! ^ 1));
    expect(await one({ outDir })).toMatchObject({ status: "failed", file: null, path: null });
    expect(readdirSync(outDir)).toEqual([]);
  });

  it("refuses an answer when its own clock says that the evidence is old", async () => {
    const dayMs = 86_400_000;
    let offsetMs = 0;
    host.intercept = ({ path }) => {
      if (path === "/v1/jobs/:id/result") offsetMs = dayMs;
      return false;
    };
    expect(await one({ now: () => Date.now() + offsetMs })).toMatchObject({
      status: "refused",
      verdict: { status: "contraindicated", code: "timestamp-age", claims: null },
      file: null,
    });
  });

  it("opens a reply with the key it is for alone", async () => {
    const key = await createSubmitterKey();
    const outcome = await one({ key });
    const [job] = [...host.jobs.values()];
    const digest = outcome.verdict!.claims!.result.jobDigest;
    const { paddedBytes } = decodeSealedJobHeader(job!.sealed);
    const answered = { digest, nonce: outcome.verdict!.claims!.result.nonce, paddedBytes, level: "findings" } as const;
    expect(await openReply(job!.reply!, answered, key)).toEqual(outcome.file);
    await expect(openReply(job!.reply!, answered, await createSubmitterKey())).rejects.toMatchObject({ code: "reply-open" });
    await expect(openReply(job!.reply!, { ...answered, level: "alarm" }, key)).rejects.toMatchObject({ code: "reply-form" });
  });
});
