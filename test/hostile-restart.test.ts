import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import type { SubmitOptions, SubmitOutcome, SubmitterKey } from "@caladrius/client";
import { DETECTORS } from "@caladrius/enclave/analyse";
import { measureApplication, readCpio, writeCpio, type Image } from "@caladrius/image";
import { openDevelopmentDeployment } from "@caladrius/nitro-sim/development";
import { decodeApproved, decodeBundle, decodeSealedJobHeader, decodeStatement, decodeStatusList, MESSAGE, toHex } from "@caladrius/wire";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { smallRecording } from "./submit/recording.ts";
import { CLOCK, failure, messageOf, ready, startHostile, trustFile, type Hostile, type HostileProxy, type Stack } from "./support/index.ts";

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

/** Holds jobs back at the carrier until told to let them go. */
function holdJobs(): { arrived: Promise<void> } {
  let arrive: () => void = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  stack.tap.meddleFrames = (direction, frame) => {
    if (direction !== "to-enclave" || messageOf(frame).kind !== MESSAGE.job) return [frame];
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
    const outcomes = hostile.send([smallRecording("one"), smallRecording("two"), smallRecording("three")]);
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

  it("an older status list: a request that names the newer one is denied", async () => {
    const older = stack.deployment.newStatusList();
    const newer = stack.deployment.newStatusList();
    const { number } = decodeStatusList(decodeStatement(decodeApproved(newer).statement, "status-list").payload);
    const floors = { policyVersion: 0, statusVersion: number };
    await stack.host.setStatusList(older);
    expect(await denial(floors)).toBe("denied-status-floor");
    await stack.host.setStatusList(newer);
    expect(await denial(floors)).toBeNull();
    await expect(stack.host.setStatusList(older)).rejects.toMatchObject({ code: "status-list-older" });
    await stack.replaceEnclave(); // an honest host boots with the newest that an enclave took
    await settled();
    expect(await denial(floors)).toBeNull();
    await stack.replaceEnclave();
    await stack.restartHost(); // also after its own end
    proxy.target = stack.url;
    expect(await denial(floors)).toBeNull();
    await stack.replaceEnclave(); // behind a host that kept nothing the enclave knows no better: the floor does
    await stack.restartHost({ statusList: older, dataDir: join(stack.dir, "forgetful") });
    proxy.target = stack.url;
    expect(await denial(floors)).toBe("denied-status-floor");
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
