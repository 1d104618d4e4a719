import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseTrustAnchor, type TrustAnchor } from "@caladrius/attestation-verifier";
import { createKms, type KmsClient } from "@caladrius/enclave/kms";
import { makeAuthority, type Issued } from "@caladrius/enclave/kms/test-support/authority.ts";
import { makeDeployment, signEpoch, type Signing, type TestDeployment } from "@caladrius/enclave/test-support/deployment.ts";
import {
  ADMINISTRATOR_POLICY,
  newKmsPrincipal,
  openSimulatedPki,
  startKms,
  type KmsIntercept,
  type KmsInterceptedCall,
  type KmsPrincipal,
  type SimulatedKms,
} from "@caladrius/nitro-sim";
import { callKms, type KmsAnswer } from "@caladrius/nitro-sim/test-support/kms-call.ts";
import { writeKeyPolicy } from "@caladrius/policies/kms";
import { toHex, type FleetRecord } from "@caladrius/wire";
import { createdArn } from "./answers.ts";
import { bootAt, IMAGE, type AttackedEnclave, type BootChange } from "./enclave.ts";
import { honestly, startParent, type Parent } from "./parent.ts";

/** A simulated KMS, keys of a fleet and of jobs under the policies that we write, and a parent between it and every enclave. */
export interface World {
  kms: SimulatedKms;
  parent: Parent;
  deployment: TestDeployment;
  /** two keys of the fleet, one for jobs */
  fleetKeys: readonly [string, string];
  jobKey: string;
  admin: KmsPrincipal;
  /** the parent's own role, which the key policies name */
  role: KmsPrincipal;
  /** somebody else's account, with every right in it */
  stranger: KmsPrincipal;
  /** what KMS takes attestation documents under */
  roots: readonly TrustAnchor[];
  /** stands in the constitution beside the authority of KMS, with its key: for certificates that are wrong otherwise */
  authority: Issued;
  /** milliseconds by which everybody's time runs ahead */
  time: { aheadMs: number; nowMs(): number };
  /** what KMS answers; honest where it is null */
  intercept: KmsIntercept | null;
  /** calls that reached KMS */
  calls: Pick<KmsInterceptedCall, "operation" | "request">[];
  as(who: KmsPrincipal, operation: string, body: object): Promise<KmsAnswer>;
  /** the policies that `writeKeyPolicy` writes */
  setPolicies(deployment?: TestDeployment): Promise<void>;
  setPolicy(keyArn: string, policy: string): Promise<void>;
  boot(change?: BootChange): Promise<AttackedEnclave>;
  /** an epoch that is in force now */
  sign(candidate: Uint8Array, change?: Partial<FleetRecord>, signing?: Signing): Uint8Array;
  stopKms(): Promise<void>;
  startKms(): Promise<void>;
  /** everything honest again */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const ACCOUNT = "111122223333";
export const ROLE_ARN: string = `arn:aws:iam::${ACCOUNT}:role/caladrius-host`;

/** Starts one in a folder of its own. @param attempts how often an enclave asks KMS before it says that it cannot */
export async function startWorld({ attempts = 2 }: { attempts?: number } = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), "caladrius-keys-"));
  const time = { aheadMs: 0, nowMs: (): number => Date.now() + time.aheadMs };
  const pki = await openSimulatedPki(join(dir, "pki"), time);
  const roots = [parseTrustAnchor(pki.rootCertificate)];
  const admin = newKmsPrincipal({ arn: `arn:aws:iam::${ACCOUNT}:user/admin`, policies: [ADMINISTRATOR_POLICY] });
  const role = newKmsPrincipal({ arn: `arn:aws:sts::${ACCOUNT}:assumed-role/caladrius-host/i-1`, expiresMs: time.nowMs() + 3_600_000 });
  const stranger = newKmsPrincipal({ arn: "arn:aws:iam::444455556666:user/stranger", policies: [ADMINISTRATOR_POLICY] });
  const authority = makeAuthority({ commonName: "another authority", nowMs: Date.now() });
  const start = (port: number): Promise<SimulatedKms> =>
    startKms({
      dataDir: join(dir, "kms"),
      principals: [admin, role, stranger],
      clock: time,
      attestationRoots: roots,
      port,
      intercept: (call, response) => {
        world.calls.push({ operation: call.operation, request: call.request });
        return world.intercept === null ? response : world.intercept(call, response);
      },
    });
  const kms = await start(0);
  const as: World["as"] = (who, operation, body) =>
    callKms(world.kms, { operation, body: JSON.stringify(body), credentials: who.credentials, signedAtMs: time.nowMs() });
  const parent = await startParent(join(dir, "kms.sock"), kms.port);
  const clients: KmsClient[] = [];
  let running = true;

  const world: World = {
    kms,
    parent,
    admin,
    role,
    stranger,
    roots,
    authority,
    time,
    intercept: null,
    calls: [],
    deployment: makeDeployment(),
    fleetKeys: ["", ""],
    jobKey: "",
    as,
    async setPolicies(deployment = world.deployment) {
      const fleet = policyOf(deployment, { "caladrius-fleet": "ward" }, []);
      for (const keyArn of world.fleetKeys) await world.setPolicy(keyArn, fleet);
      await world.setPolicy(world.jobKey, jobKeyPolicy(deployment));
    },
    async setPolicy(keyArn, Policy) {
      const body = { KeyId: keyArn, PolicyName: "default", Policy, BypassPolicyLockoutSafetyCheck: true };
      const { status, json } = await as(admin, "PutKeyPolicy", body);
      if (status !== 200) throw new Error(JSON.stringify(json));
    },
    async boot(change = {}) {
      const enclave = await bootAt(
        { pki, time, deployment: world.deployment },
        ({ kms: { endpoint, tlsRoots }, nsm, clock, bootId }) => {
          const client = createKms({
            socketPath: parent.path,
            endpoint,
            tlsRoots,
            nsm,
            clock,
            bootId,
            randomBytes,
            limits: { ...LIMITS, attempts },
          });
          clients.push(client);
          return client;
        },
        change,
      );
      await enclave.credentials(role);
      return enclave;
    },
    sign(candidate, change = {}, signing) {
      const seconds = Math.floor(time.nowMs() / 1000);
      return signEpoch(candidate, { notBefore: seconds - 60, notAfter: seconds + 7200, ...change }, signing);
    },
    async stopKms() {
      running = false;
      await world.kms.close();
    },
    async startKms() {
      world.kms = await start(world.kms.port);
      running = true;
    },
    async reset() {
      Object.assign(parent, { meddle: honestly, target: world.kms.port, seen: [] });
      world.intercept = null;
      world.calls = [];
      parent.cut();
      await sleep(30); // until the enclave's agents have noticed
    },
    async close() {
      for (const client of clients) client.close();
      await parent.close();
      if (running) await world.kms.close();
      await rm(dir, { recursive: true, force: true });
    },
  };

  const keys = await Promise.all([0, 1, 2].map(async () => createdArn((await as(admin, "CreateKey", {})).json)));
  const [first = "", second = "", third = ""] = keys;
  Object.assign(world, { fleetKeys: [first, second], jobKey: third });
  world.deployment = deploymentUnder(world, [first, second]);
  await world.setPolicies();
  world.calls = [];
  return world;
}

/** A deployment whose constitution names these keys at this KMS. */
export function deploymentUnder(world: World, keys: readonly string[], name = "test"): TestDeployment {
  return makeDeployment({
    name,
    kms: { keys: [...keys], endpoint: "kms.eu-central-1.amazonaws.com", tlsRoots: [world.kms.caCertificate, world.authority.certificate] },
    dataKeys: [world.jobKey],
    nowSeconds: Math.floor(Date.now() / 1000),
  });
}

/** The PCRs by which a key policy tells an enclave of this deployment. */
export function pcrsOf({ constitutionDigest }: TestDeployment): Record<number, string> {
  const [pcr0, pcr1, pcr2] = [IMAGE.pcr0, IMAGE.pcr1, IMAGE.pcr2].map(toHex);
  const pcr16 = createHash("sha384").update(new Uint8Array(48)).update(constitutionDigest).digest("hex");
  return { 0: pcr0 ?? "", 1: pcr1 ?? "", 2: pcr2 ?? "", 16: pcr16 };
}

/** The constitution is left to PCR16 alone, so that the tests see it at work. */
function policyOf(deployment: TestDeployment, context: Record<string, string>, more: readonly object[]): string {
  const written = writeKeyPolicy({
    sets: [pcrsOf(deployment)],
    roles: [ROLE_ARN],
    context,
    policyAdmins: [`arn:aws:iam::${ACCOUNT}:user/admin`],
    admins: [`arn:aws:iam::${ACCOUNT}:user/admin`],
  });
  const policy = JSON.parse(written) as { Statement: object[] };
  return JSON.stringify({ ...policy, Statement: [...policy.Statement, ...more] });
}

/** Enclaves decrypt; the administrator stands for a submitter, who has data keys made and never decrypts. */
function jobKeyPolicy(deployment: TestDeployment): string {
  const set = Object.entries(pcrsOf(deployment)).map(([index, value]) => [`kms:RecipientAttestation:PCR${index}`, value]);
  const allow = (AWS: string, Action: readonly string[], Condition: object = {}): object => ({
    Effect: "Allow",
    Principal: { AWS },
    Action,
    Resource: "*",
    Condition,
  });
  const admin = `arn:aws:iam::${ACCOUNT}:user/admin`;
  const Statement = [
    allow(ROLE_ARN, ["kms:Decrypt"], { StringEqualsIgnoreCase: Object.fromEntries(set) }),
    allow(admin, ["kms:GenerateDataKey", "kms:Encrypt", "kms:GetKeyPolicy", "kms:PutKeyPolicy"]),
  ];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

/** Patient with a busy machine, not with an attacker. */
const LIMITS = { connectMs: 5_000, requestMs: 20_000, pauseMs: 5 };
