import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { parseTrustFile, verifyResultFile, type TrustFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import {
  createSubmitterKey,
  HostClient,
  openReply,
  sealJob,
  submit,
  verifyAnswer,
  verifySealingTarget,
  type SealedSubmission,
  type SealingTarget,
  type SubmitterKey,
} from "@caladrius/client";
import { makeSampleRecordings } from "@caladrius/client/samples";
import { DETECTORS } from "@caladrius/enclave/analyse";
import { credentialFile, startHost, type RunningHost } from "@caladrius/host";
import {
  launchEnclave,
  openDevelopmentDeployment,
  openDevelopmentKms,
  openSimulatedPki,
  type DevelopmentKms,
  type RunningEnclave,
} from "@caladrius/nitro-sim";
import { decodeIdentity, fromHex, toHex, type Recording } from "@caladrius/wire";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ready, testImage, trustFile } from "../support/index.ts";

const CLOCK = { nowMs: (): number => Date.now() };
const CLI = new URL("../../cli/caladrius.mjs", import.meta.url).pathname;
const KMS_PORT = 8000;

/** An enclave and its host, both replaceable. */
interface Site {
  name: string;
  socket: string;
  enclave: RunningEnclave;
  host: RunningHost;
  log: string[];
}

let dir: string;
let kms: DevelopmentKms;
let kmsPort: number;
let trust: TrustFile;
let bootTrust: TrustFile;
let key: SubmitterKey;
let sites: [Site, Site];
let launch: (socket: string) => Promise<RunningEnclave>;
let serve: (name: string, socket: string, log: string[]) => Promise<RunningHost>;
let openKms: () => Promise<DevelopmentKms>;
const recording = (): Recording => makeSampleRecordings()[0]!;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "cal-kms-"));
  key = await createSubmitterKey();
  const image = await testImage();
  const pki = await openSimulatedPki(join(dir, "pki"), CLOCK);
  openKms = () => openDevelopmentKms({ dataDir: join(dir, "kms"), pki, clock: CLOCK, port: kmsPort });
  kmsPort = 0;
  kms = await openKms();
  kmsPort = kms.kms.port;
  const detectors = DETECTORS.map(({ id }) => id);
  const deployment = openDevelopmentDeployment(join(dir, "deployment"), CLOCK, detectors, { kms: kms.named, dataKeys: [kms.dataKey] });
  const statusList = deployment.newStatusList();
  const fleet = join(dir, "epochs");
  mkdirSync(fleet);

  launch = (socketPath) => launchEnclave({ image, dataDir: dir, pki, clock: CLOCK, socketPath });
  serve = async (name, socket, log) => {
    const host = await startHost({
      enclaveSocket: socket,
      constitution: deployment.constitution,
      bundle: deployment.bundle.statement,
      bundleApprovals: deployment.bundle.approvals,
      statusList,
      dataDir: join(dir, `host-${name}`),
      port: 0,
      listenHost: "127.0.0.1",
      kmsListen: `${socket}_${KMS_PORT}`,
      kmsEndpoint: { host: "127.0.0.1", port: kmsPort },
      kmsCredentials: credentialFile(kms.credentialsPath),
      fleet: [fleet],
      logger: { level: "info", write: (line) => void log.push(line) },
      clock: CLOCK,
    });
    await ready(host.url);
    return host;
  };
  const site = async (name: string): Promise<Site> => {
    const socket = join(dir, `${name}.sock`);
    const log: string[] = [];
    return { name, socket, log, enclave: await launch(socket), host: await serve(name, socket, log) };
  };
  sites = [await site("a"), await site("b")];
  const text = trustFile(sites[0].enclave, deployment);
  const own = JSON.parse(text) as { pcrs: Record<string, string>[] };
  bootTrust = parseTrustFile(text);
  trust = parseTrustFile(JSON.stringify({ ...own, fleet: true }));
  writeFileSync(join(dir, "trust.json"), text);
  await kms.admit(own.pcrs, deployment.constitutionDigest, "ward");
}, 120_000);

afterAll(async () => {
  for (const { host, enclave } of sites) {
    await host.close();
    await enclave.stop();
  }
  await kms.close();
  rmSync(dir, { recursive: true, force: true });
});

const caladrius = async (...words: string[]): Promise<string> => (await promisify(execFile)(process.execPath, [CLI, ...words])).stdout;
const client = ({ host }: Site): HostClient => new HostClient(host.url, { signal: AbortSignal.timeout(60_000) });
const attested = async (site: Site): Promise<Response> => fetch(`${site.host.url}/v1/attestation?keys=fleet`);
const readyz = async (site: Site): Promise<{ status: string; fleet: { state: string; code: string | null }[]; jobsWaiting: number }> =>
  (await fetch(`${site.host.url}/readyz`)).json() as Promise<never>;

async function until(holds: () => boolean | Promise<boolean>, mostMs = 40_000): Promise<void> {
  const end = performance.now() + mostMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${mostMs} ms in vain: ${holds.toString()}`);
    await sleep(50);
  }
}

/** A key of the fleet, from whichever enclave of it was verified. */
async function fleetTarget(site: Site): Promise<SealingTarget> {
  const nonce = new Uint8Array(32).fill(9);
  return verifySealingTarget(await client(site).attestation(nonce, "fleet"), { trust, nonce, nowMs: Date.now(), signatures });
}

const sealed = (target: SealingTarget, more: Parameters<typeof sealJob>[4] = null): Promise<SealedSubmission> =>
  sealJob(
    target,
    recording(),
    { level: "full", purpose: "TREAT", detectors: [], nonce: new Uint8Array(32).fill(1), notAfter: Math.floor(Date.now() / 1000) + 600 },
    key,
    more,
  );

async function verdictOf(site: Site, job: SealedSubmission): Promise<string> {
  await until(async () => (await client(site).state(job.jobId)) === "answered");
  const reply = await client(site).reply(job.jobId);
  if (!(reply instanceof Uint8Array)) throw new Error(reply);
  return (await verifyAnswer(await openReply(reply, job, key), job, { trust, nowMs: Date.now(), signatures })).status;
}

describe("a fleet of two enclaves, KMS behind both", () => {
  it("is made, approved and served with the commands that people use", async () => {
    const [a, b] = sites;
    expect((await attested(a)).status).toBe(404);
    const candidate = join(dir, "candidate.cbor");
    await caladrius("fleet", "new", "--enclave", a.socket, "--fleet", "ward", "--epoch", "1", "--out", candidate);
    const shown = await caladrius("fleet", "candidates", candidate, "--trust", join(dir, "trust.json"));
    expect(shown).toContain("verified");
    expect(shown).not.toContain("CAN READ"); // two keys in two accounts
    const deployment = join(dir, "deployment");
    const words = ["--constitution", join(deployment, "constitution.cose"), "--trust", join(dir, "trust.json")];
    const by = ["--key", join(deployment, "approver.key.pem"), "--person", "developer", "--role", "development"];
    expect(await caladrius("fleet", "approve", candidate, ...words, ...by, "--out", join(dir, "epochs", "1.fleet"))).toContain("complete");
    await until(async () => (await attested(a)).ok && (await attested(b)).ok);
    const identities = await Promise.all(
      sites.map(async (site) =>
        decodeIdentity(Buffer.from(((await (await attested(site)).json()) as { identity: string }).identity, "base64")),
      ),
    );
    expect(identities[0]?.keySet).toEqual(identities[1]?.keySet);
    expect(identities[0]?.bootId).not.toEqual(identities[1]?.bootId);
    expect((await readyz(a)).fleet).toMatchObject([{ state: "served", code: null }]);
  });

  it("takes what `submit` seals to it, and keeps its keys from a trust file that does not say so", async () => {
    const [a] = sites;
    const [outcome] = await submit([{ recording: recording() }], { hostUrl: a.host.url, trust });
    expect(outcome).toMatchObject({ status: "verified", resealed: 0 });
    const verdict = await verifyResultFile(outcome!.file!, bootTrust, {}, signatures); // whoever reads the result need not know of fleets
    expect(verdict.status).toBe("warning");
    const nonce = new Uint8Array(32).fill(2);
    const attestation = await client(a).attestation(nonce, "fleet");
    await expect(verifySealingTarget(attestation, { trust: bootTrust, nonce, nowMs: Date.now(), signatures })).rejects.toMatchObject({
      code: "fleet-not-trusted",
    });
    const boot = await client(a).attestation(nonce);
    await expect(verifySealingTarget(boot, { trust, nonce, nowMs: Date.now(), signatures })).rejects.toMatchObject({
      code: "fleet-missing",
    });
  });

  it("has a job that was sealed to one enclave opened by the other", async () => {
    const [a, b] = sites;
    const job = await sealed(await fleetTarget(a));
    await client(b).submit(job.sealed);
    expect(await verdictOf(b, job)).toBe("warning");
  });

  it("keeps jobs while KMS is down, across a restart of the enclave and of its host, and opens them when it is back", async () => {
    const [a, b] = sites;
    await kms.close();
    await a.enclave.stop();
    a.enclave = await launch(a.socket);
    await ready(a.host.url);
    const [first, second] = [await sealed(await fleetTarget(b)), await sealed(await fleetTarget(b))];
    await client(a).submit(first.sealed);
    await until(async () => (await readyz(a)).fleet.some(({ code }) => code === "kms-unreachable"));
    await until(async () => (await readyz(a)).jobsWaiting === 1);
    expect(await readyz(a)).toMatchObject({ status: "degraded" });
    expect((await attested(a)).status).toBe(503);
    expect(await client(a).state(first.jobId)).toMatch(/accepted|running/);
    await client(b).submit(second.sealed); // the other one has its keys and needs no KMS
    expect(await verdictOf(b, second)).toBe("warning");
    await a.host.close();
    a.host = await serve(a.name, a.socket, a.log);
    await until(async () => (await readyz(a)).fleet.some(({ code }) => code === "kms-unreachable")); // the new host tried as well
    expect(a.log.join()).toContain("kms-unreachable: KMS cannot be reached under the constitution's TLS roots; the operator looks after");
    kms = await openKms();
    expect(await verdictOf(a, first)).toBe("warning");
    expect(await readyz(a)).toMatchObject({ status: "ready", jobsWaiting: 0 });
  });

  it("logs no credential, and no host metric tells more than numbers", async () => {
    const [a] = sites;
    const metrics = await (await fetch(`${a.host.url}/metrics`)).text();
    expect(metrics).toMatch(/caladrius_fleet_epochs\{state="served"\} 1/);
    expect(metrics).toMatch(/caladrius_kms_connections_ended_total\{end="unreachable"\} [1-9]/);
    const { AccessKeyId, SecretAccessKey } = JSON.parse(
      await import("node:fs").then(({ readFileSync }) => readFileSync(kms.credentialsPath, "utf8")),
    ) as Record<string, string>;
    for (const secret of [AccessKeyId!, SecretAccessKey!]) expect(a.log.join() + metrics).not.toContain(secret);
  });
});

describe("jobs under data keys of KMS", () => {
  const asSubmitter = (): void => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", kms.submitter.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", kms.submitter.secretAccessKey);
    vi.stubEnv("AWS_SESSION_TOKEN", undefined);
  };
  const kmsKey = (arn: string): { arn: string; endpoint: string; caPem: string } => ({ arn, endpoint: kms.kms.url, caPem: kms.kms.caPem });

  it("are sealed with the submitter's own credentials, and opened by any enclave that the key's policy admits", async () => {
    asSubmitter();
    const [a, b] = sites;
    for (const { host } of [a, b]) {
      const [outcome] = await submit([{ recording: recording() }], { hostUrl: host.url, trust: bootTrust, kmsKey: kmsKey(kms.dataKey) });
      expect(outcome?.problem ?? null).toBeNull();
      expect(outcome?.status).toBe("verified");
    }
  });

  it("wait while KMS is down", async () => {
    asSubmitter();
    const [a] = sites;
    const target = await fleetTarget(a);
    const { openDataKeys } = await import("@caladrius/client");
    const job = await sealed(target, openDataKeys(kmsKey(kms.dataKey)));
    await kms.close();
    await client(a).submit(job.sealed);
    await until(async () => (await readyz(a)).jobsWaiting === 1);
    kms = await openKms();
    expect(await verdictOf(a, job)).toBe("warning");
  });

  it("are refused by name: a key that the submitter may not use, one that the bundle does not list, an alias", async () => {
    asSubmitter();
    const [a] = sites;
    const send = async (arn: string): Promise<unknown> =>
      (await submit([{ recording: recording() }], { hostUrl: a.host.url, trust: bootTrust, kmsKey: kmsKey(arn) }))[0]?.problem;
    expect(await send(kms.named.keys[0]!)).toMatchObject({
      code: "kms-data-key",
      message: expect.stringContaining("AccessDeniedException") as string,
    });
    await expect(send("alias/ward")).rejects.toMatchObject({ code: "kms-key-arn" });
    const other = { arn: kms.named.keys[0]!, generate: async () => ({ plaintext: new Uint8Array(32), blob: fromHex("00".repeat(100)) }) };
    const job = await sealed(await fleetTarget(a), other);
    await client(a).submit(job.sealed);
    await until(async () => (await client(a).state(job.jobId)) === "reseal");
    const forged = await sealed(await fleetTarget(a), { ...other, arn: kms.dataKey }); // a blob that KMS does not know
    await client(a).submit(forged.sealed);
    await until(async () => (await client(a).state(forged.jobId)) === "cannot-open");
    expect(toHex(job.jobId)).not.toBe(toHex(forged.jobId));
  });
});
