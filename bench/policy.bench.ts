import { createHash, createSecretKey, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { parseTrustFile } from "@caladrius/attestation-verifier";
import { signatures } from "@caladrius/attestation-verifier/signatures";
import { createSubmitterKey, verifySealingTarget, type SubmitterKey } from "@caladrius/client";
import { answerJob } from "@caladrius/enclave/attest";
import { authorize, makeAuthority } from "@caladrius/enclave/authorize";
import { attestWithNonce, type Enclave } from "@caladrius/enclave/boot";
import { importPublicKey } from "@caladrius/enclave/open/hpke";
import { testCedar } from "@caladrius/enclave/test-support/cedar.ts";
import { bootInProcess, craftJob, makeSurroundings, trustOf } from "@caladrius/test/support";
import { encodeGrant, encodeRecording, encodeStatement, type Request, type SigningPublicKey } from "@caladrius/wire";
import { numericHour } from "./recordings.ts";
import type { Report } from "./report.ts";
import { inProcess, timeInTurns, type Timing } from "./rounds.ts";

const ROUNDS = 12;
const GRANTS = 200;
/** The most that a decision may cost, microseconds, and that policy may make of a batch of jobs. */
const COLD_US = 600;
const SEEN_US = 30;
const BATCH = 1.1;
const PADDED_BYTES = 65_536;

/** Policies as a hospital may have them, with the schema of the deployment. */
const POLICIES = `
permit (principal, action == Action::"analyse", resource) when { context.care };
permit (principal, action == Action::"analyse", resource) when { context has grant && context.grant.issuer == "clinic" };
permit (principal, action == Action::"analyse", resource in Ward::"icu") when { context has device && context.device.registered };
forbid (principal, action, resource) when { context.statusStale && !context.care };
forbid (principal, action, resource) when { context.purpose == "HPAYMT" && context.levels.contains("full") };
`;

/** What a decision costs under a grant that is new and under one that is known, and what policy adds to a batch of jobs. */
export async function run(report: Report): Promise<void> {
  report.progress("Cedar");
  const before = process.memoryUsage.rss();
  const began = performance.now();
  const cedar = testCedar();
  const surroundings = await makeSurroundings();
  const booted = await bootInProcess(surroundings);
  report.add("Cedar and a boot", performance.now() - began, "ms");

  const issuer = makeIssuer();
  const bundle = { ...booted.bundle, grantIssuers: [{ name: "clinic", key: issuer.key }] };
  const engine = cedar.open({ schema: bundle.cedar.schema, policies: POLICIES });
  // Of many grants in turn, what remembers one never knows the next.
  const under = (remembered: number): Enclave => ({ ...booted, bundle, authority: makeAuthority(bundle, engine, remembered) });
  const [remembering, forgetful] = [under(512), under(1)];
  const key = await createSubmitterKey();

  report.progress("decisions");
  await decisions(report, key, issuer, remembering, forgetful);
  report.add("memory that all this took", (process.memoryUsage.rss() - before) / 2 ** 20, "MiB");

  report.progress("numeric batch");
  const nonce = new Uint8Array(32);
  const target = await verifySealingTarget(
    { evidence: await attestWithNonce(booted, nonce), identity: booted.identity.bytes },
    { trust: parseTrustFile(trustOf(surroundings)), nonce, nowMs: Date.now(), signatures },
  );
  const recording = numericHour();
  const bytes = encodeRecording(recording);
  const recipients: Request["recipients"] = [{ key: key.sealing, level: "findings" }];
  const series = (name: string, enclave: Enclave, grantsOf: (i: number) => Request["grants"]): ReturnType<typeof inProcess> => {
    const jobs = Array.from({ length: GRANTS }, (_, i) => {
      const change = { subject: recording.subject, grants: grantsOf(i), recipients };
      return craftJob(target, { recording: bytes, key, change, paddedBytes: PADDED_BYTES }).sealed;
    });
    let turn = 0;
    return inProcess(name, () => answerJob(enclave, jobs[turn++ % GRANTS] ?? new Uint8Array(0)));
  };
  const free: Enclave = { ...remembering, authority: { ...remembering.authority, cedar: { permits: () => true, size: 0 } } };
  const known = issuer.grant(key.signing, recording.subject, GRANTS);
  const [, seen, cold] = await timeInTurns(
    [
      series("no policy", free, () => []),
      series("one grant", remembering, (i) => [{ grant: known, use: i + 1 }]),
      series("new grants", forgetful, (i) => [{ grant: issuer.grant(key.signing, recording.subject, i), use: 1 }]),
    ],
    ROUNDS,
  );
  add(report, "1 h x 6 channels, all under one grant", seen, "us/job", BATCH);
  add(report, "1 h x 6 channels, each under a new grant", cold, "us/job", null);
}

async function decisions(report: Report, key: SubmitterKey, issuer: Issuer, remembering: Enclave, forgetful: Enclave): Promise<void> {
  const recording = numericHour();
  const jobUnder = (i: number): Parameters<typeof authorize>[1] => ({
    header: { version: 1, suite: "X25519", keyId: new Uint8Array(32), jobId: new Uint8Array(16), notAfter: 0, paddedBytes: PADDED_BYTES },
    jobDigest: new Uint8Array(32),
    disclosureSeed: createSecretKey(randomBytes(32)),
    identity: remembering.identity,
    request: {
      submitter: key.signing,
      recipients: [{ key: key.sealing, level: "findings" }],
      subject: recording.subject,
      ward: "icu",
      purpose: "TREAT",
      detectors: [],
      nonce: new Uint8Array(32),
      floors: { policyVersion: 0, statusVersion: 0 },
      grants: [{ grant: issuer.grant(key.signing, recording.subject, i), use: 1 }],
    },
    recipients: [{ key: importPublicKey(key.sealing.suite, key.sealing.publicKey), level: "findings" }],
    submitterThumbprint: sha256(key.signing.key),
    verified: true,
    deviceBatch: null,
    recordingDigest: new Uint8Array(32),
    recordingBytes: new Uint8Array(0),
  });
  const jobs = Array.from({ length: GRANTS }, (_, i) => jobUnder(i));
  const [first = jobUnder(0)] = jobs;
  const now = remembering.clock.now();
  const outcome = authorize(remembering, first, recording, now);
  if (!outcome.allowed) throw new Error(outcome.code);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const statement = randomBytes(400);
  const signature = sign(null, statement, privateKey);
  let turn = 0;
  const [, cold, seen] = await timeInTurns(
    [
      inProcess("Ed25519", () => verify(null, statement, publicKey, signature)),
      inProcess("cold", () => authorize(forgetful, jobs[turn++ % GRANTS] ?? first, recording, now)),
      inProcess("seen", () => authorize(remembering, first, recording, now)),
    ],
    ROUNDS,
  );
  add(report, "decision under a new grant", cold, "us", null);
  add(report, "decision under a known grant", seen, "us", null);
  report.add("decision under a new grant, p50 of what it may cost", cold?.costs.p50 ?? Number.NaN, "us", limit(cold, COLD_US));
  report.add("decision under a known grant, p50 of what it may cost", seen?.costs.p50 ?? Number.NaN, "us", limit(seen, SEEN_US));
}

function limit(timing: Timing | undefined, mostUs: number): { name: string; ratio: number; target: number } {
  return { name: `${mostUs} us`, ratio: (timing?.costs.p50 ?? Number.NaN) / mostUs, target: 1 };
}

/** The middle of a candidate's times against the first candidate of its turns. */
function add(report: Report, name: string, timing: Timing | undefined, unit: string, target: number | null): void {
  if (timing === undefined) throw new Error("not timed");
  const against = unit === "us" ? "an Ed25519 verification" : "no policy";
  report.add(`${name}, CPU`, timing.costs.CPU, unit, { name: against, ratio: timing.ratios.CPU, target });
  report.add(`${name}, p50`, timing.costs.p50, unit, { name: against, ratio: timing.ratios.p50, target: null });
}

/** Who gives the grants of this benchmark. */
interface Issuer {
  key: SigningPublicKey;
  grant(holder: SigningPublicKey, subject: string, number: number): Uint8Array;
}

function makeIssuer(): Issuer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  const nowSeconds = Math.floor(Date.now() / 1000);
  return {
    key: { alg: "Ed25519", key: raw },
    grant(holder, subject, number) {
      const id = new Uint8Array(16);
      new DataView(id.buffer).setUint32(0, number);
      const payload = encodeGrant({
        version: 1,
        id,
        issuer: sha256(raw),
        holder,
        subject,
        purposes: ["TREAT"],
        channels: numericHour().channels.map(({ code }) => code),
        detectors: null,
        level: "full",
        notBefore: nowSeconds - 3600,
        notAfter: nowSeconds + 3600,
        samples: null,
        uses: 2 ** 20,
        ward: null,
        source: { kind: "direct", digest: null },
      });
      return encodeStatement("grant", "Ed25519", payload, (bytes) => new Uint8Array(sign(null, bytes, privateKey)));
    },
  };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
