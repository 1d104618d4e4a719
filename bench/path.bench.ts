import { readFileSync } from "node:fs";
import { createSubmitterKey, sealJob, submit, verifySealingTarget, type SealingTarget } from "@caladrius/client";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { answerJob } from "@caladrius/enclave/attest";
import { attestWithNonce, type Enclave } from "@caladrius/enclave/boot";
import { bootInProcess, makeSurroundings, startStack, trustOf, type Stack } from "@caladrius/test/support";
import { encodeRecording, replyPaddedBytes, type Recording } from "@caladrius/wire";
import { primitives } from "./floor.ts";
import { percentiles, type Report } from "./report.ts";
import { ecgHalfHour, numericHour } from "./recordings.ts";

const NUMERIC_JOBS = 400;
const ECG_JOBS = 6;
const ROUNDS = 16;
const WARM_UP = 4;

/** What one job costs inside the enclave against the bare primitives it needs, and from end to end. */
export async function run(report: Report): Promise<void> {
  report.progress("inside the enclave");
  const { enclave, target } = await inProcess();
  await inside(report, "1 h x 6 channels at 1 Hz", numericHour(), enclave, target, NUMERIC_JOBS);
  await inside(report, "30 min x 2 leads ECG", ecgHalfHour(), enclave, target, ECG_JOBS);

  report.progress("end to end");
  const stack = await startStack({ unlimited: true });
  try {
    // past the carrier that keeps a copy of all it sees, and without a log
    await stack.restartHost({ enclaveSocket: stack.enclave.socketPath, logger: null });
    await endToEnd(report, "1 h x 6 channels at 1 Hz", numericHour(), stack, 200, 8);
    await endToEnd(report, "30 min x 2 leads ECG", ecgHalfHour(), stack, 12, 2);
    report.add("enclave process, peak memory", peakMiB(stack.enclave.pid), "MiB");
  } finally {
    await stack.close();
  }
}

/** An enclave in this process and a verified key to seal to: what is measured is the program, not a socket. */
async function inProcess(): Promise<{ enclave: Enclave; target: SealingTarget }> {
  const surroundings = await makeSurroundings();
  const enclave = await bootInProcess(surroundings);
  const nonce = new Uint8Array(32);
  const evidence = await attestWithNonce(enclave, nonce);
  const target = await verifySealingTarget(
    { evidence, identity: enclave.identity.bytes },
    { trust: parseTrustFile(trustOf(surroundings)), nonce, nowMs: Date.now(), signatures },
  );
  return { enclave, target };
}

/** Floor and enclave in turns, so that a busy machine slows both. */
async function inside(
  report: Report,
  name: string,
  recording: Recording,
  enclave: Enclave,
  target: SealingTarget,
  jobs: number,
): Promise<void> {
  const key = await createSubmitterKey();
  const request = {
    level: "findings",
    purpose: "TREAT",
    detectors: [],
    nonce: new Uint8Array(32),
    notAfter: Math.ceil(Date.now() / 1000) + 3600,
  } as const;
  const sealed: { sealed: Uint8Array; paddedBytes: number }[] = [];
  const denied: Uint8Array[] = [];
  for (let i = 0; i < jobs; i++) {
    sealed.push(await sealJob(target, recording, request, key));
    denied.push((await sealJob(target, recording, { ...request, purpose: "HMARKT" }, key)).sealed);
  }
  const [first] = sealed;
  if (first === undefined) throw new Error("no jobs");
  const floor = primitives({
    jobs,
    sealedBytes: first.sealed.length,
    plaintextBytes: first.paddedBytes,
    recordingBytes: encodeRecording(recording).length,
    replyBytes: replyPaddedBytes("findings", first.paddedBytes),
  });
  // an enclave runs for days: what counts is what a job costs once the compiler has seen a few
  for (let i = 0; i < WARM_UP; i++) {
    for (const { sealed: bytes } of sealed) answerJob(enclave, bytes);
    for (const bytes of denied) answerJob(enclave, bytes);
    for (let j = 0; j < jobs; j++) floor();
  }

  const floors = new Samples();
  const answers = new Samples();
  const denials = new Samples();
  const share = Math.max(1, Math.floor(jobs / ROUNDS));
  for (let round = 0; round < ROUNDS; round++) {
    floors.batch(share, floor);
    const answer = (): void => answers.batch(share, (i) => answerJob(enclave, sealed[(round * share + i) % jobs]?.sealed ?? first.sealed));
    const deny = (): void => denials.batch(share, (i) => answerJob(enclave, denied[(round * share + i) % jobs] as Uint8Array));
    // whoever follows the floor pays for its garbage: they take turns
    for (const measure of round % 2 === 0 ? [answer, deny] : [deny, answer]) measure();
  }
  const cpu = { name: "bare primitives", value: floors.cpuUs() };
  report.add(`${name}: bare primitives, CPU`, cpu.value, "us/job");
  report.add(`${name}: enclave, CPU`, answers.cpuUs(), "us/job", cpu);
  report.add(`${name}: denied job, CPU`, denials.cpuUs(), "us/job", { name: "an answered one", value: answers.cpuUs() });
  report.add(`${name}: enclave, p50`, answers.wallUs().p50, "us/job", { name: "bare primitives p50", value: floors.wallUs().p50 });
  report.add(`${name}: enclave, p99`, answers.wallUs().p99, "us/job", { name: "bare primitives p99", value: floors.wallUs().p99 });
}

/** Times of single runs, and processor time of batches: the latter does not count what a busy machine does meanwhile. */
class Samples {
  readonly #wallUs: number[] = [];
  readonly #cpuUs: number[] = [];

  batch(runs: number, run: (i: number) => void): void {
    const before = process.cpuUsage();
    for (let i = 0; i < runs; i++) {
      const began = process.hrtime.bigint();
      run(i);
      this.#wallUs.push(Number(process.hrtime.bigint() - began) / 1000);
    }
    const { user, system } = process.cpuUsage(before);
    this.#cpuUs.push((user + system) / runs);
  }

  cpuUs(): number {
    return percentiles(this.#cpuUs).p50;
  }

  wallUs(): { p50: number; p99: number } {
    return percentiles(this.#wallUs);
  }
}

async function endToEnd(
  report: Report,
  name: string,
  recording: Recording,
  stack: Stack,
  jobs: number,
  concurrency: number,
): Promise<void> {
  const trust = parseTrustFile(stack.trust);
  const key = await createSubmitterKey();
  const options = { hostUrl: stack.url, trust, key, level: "findings", concurrency } as const;
  const one = async (): Promise<void> => {
    const [outcome] = await submit([{ recording }], options);
    if (outcome?.status !== "verified") throw new Error(`a job ended ${outcome?.status ?? "nowhere"}: ${outcome?.problem?.message ?? ""}`);
  };
  await one();
  const latencies: number[] = [];
  for (let i = 0; i < Math.min(jobs, 40); i++) {
    const began = performance.now();
    await one();
    latencies.push(performance.now() - began);
  }
  report.add(`${name}: one submit call, p50`, percentiles(latencies).p50, "ms");
  report.add(`${name}: one submit call, p99`, percentiles(latencies).p99, "ms");
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  const outcomes = await submit(
    Array.from({ length: jobs }, () => ({ recording })),
    options,
  );
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  if (outcomes.some((outcome) => outcome.status !== "verified")) throw new Error("a job was not verified");
  report.add(`${name}: verified jobs, client and host on the same cores`, jobs / seconds, "jobs/s");
  report.add(`${name}: client and host, CPU`, (user + system) / 1000 / jobs, "ms/job");
}

/** Peak resident set of the enclave program: the innermost process below the launcher's. */
function peakMiB(pid: number): number {
  let innermost = pid;
  for (;;) {
    const child = readFileSync(`/proc/${innermost}/task/${innermost}/children`, "utf8").trim().split(" ")[0];
    if (child === undefined || child === "") break;
    innermost = Number(child);
  }
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${innermost}/status`, "utf8"))?.[1]) / 1024;
}
