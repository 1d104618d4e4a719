import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTrustAnchor } from "@caladrius/attestation-verifier";
import { writeKeyPolicy } from "@caladrius/policies/kms";
import { ConfigurationError, toHex, type Constitution } from "@caladrius/wire";
import { startKms, type SimulatedKms, type SimulatedKmsOptions } from "../kms/index.ts";
import { ADMINISTRATOR_POLICY, newPrincipal, parsePrincipals, type Principal } from "../kms/principals.ts";
import type { Clock, SimulatedPki } from "../pki/index.ts";
import { callKms } from "./call-kms.ts";

/** A simulated KMS with what a fleet needs: two keys in accounts of their own, and one under whose data keys jobs may come. */
export interface DevelopmentKms {
  kms: SimulatedKms;
  /** for the constitution; the endpoint is AWS's own name, which the simulator's certificate has too */
  named: NonNullable<Constitution["kms"]>;
  /** for the bundle */
  dataKey: string;
  /** what the host hands to the enclave, in the form of credential_process (0600) */
  credentialsPath: string;
  /** who may ask for data keys to seal jobs with */
  submitter: Principal["credentials"];
  /** the same as an AWS shared credentials file (0600) */
  submitterCredentialsPath: string;
  /** Lets exactly these PCR sets use the keys from now on, under this constitution and fleet. Sets as hex by index. */
  admit(sets: readonly Readonly<Record<number, string>>[], constitutionDigest: Uint8Array, fleet: string): Promise<void>;
  close(): Promise<void>;
}

/** AWS's example accounts. */
const ACCOUNTS = ["111122223333", "444455556666"] as const;
const REGION = "eu-central-1";
const ROLE = `arn:aws:iam::${ACCOUNTS[0]}:role/caladrius-host`;
const HOST = `arn:aws:sts::${ACCOUNTS[0]}:assumed-role/caladrius-host/local`;
const SUBMITTER = `arn:aws:iam::${ACCOUNTS[0]}:user/submitter`;
const ENCLAVE_CALLS = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: "*" }],
});

/**
 * Opens the simulated KMS of a data directory, making what is missing: administrators of two accounts, the host's role, a
 * submitter, three keys. One machine plays all of them, so nothing here keeps anything from anybody.
 * @throws ConfigurationError as startKms; deployment-unreadable; DependencyError kms-call
 */
export async function openDevelopmentKms(
  options: { dataDir: string; pki: SimulatedPki; clock: Clock } & Pick<SimulatedKmsOptions, "intercept" | "port" | "onFailure">,
): Promise<DevelopmentKms> {
  const { dataDir, pki, clock, ...rest } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const callers = await openCallers(join(dataDir, "callers.json"));
  const [first, second, host, submitter] = callers;
  const kms = await startKms({
    ...rest,
    dataDir: join(dataDir, "service"),
    principals: callers,
    clock,
    attestationRoots: [parseTrustAnchor(pki.rootCertificate)],
  });
  try {
    const administrators = [first, second, first];
    const arns = await openKeys(join(dataDir, "keys.json"), () =>
      Promise.all(administrators.map(async (administrator) => keyArn(await callKms(kms, administrator, "CreateKey", {}, clock.nowMs())))),
    );
    const [a = "", b = "", dataKey = ""] = arns;
    const credentialsPath = join(dataDir, "host-credentials.json");
    const { accessKeyId, secretAccessKey } = host.credentials;
    await write(credentialsPath, JSON.stringify({ Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey }));
    const submitterCredentialsPath = join(dataDir, "submitter-credentials");
    await write(submitterCredentialsPath, sharedCredentials(submitter));
    return {
      kms,
      named: { keys: [a, b], endpoint: `https://kms.${REGION}.amazonaws.com`, tlsRoots: [new Uint8Array(kms.caCertificate)] },
      dataKey,
      credentialsPath,
      submitter: submitter.credentials,
      submitterCredentialsPath,
      async admit(sets, constitutionDigest, fleet) {
        const constitution = { "caladrius-constitution": toHex(constitutionDigest) };
        for (const [i, arn] of arns.entries()) {
          const administrator = administrators[i] ?? first;
          const context = arn === dataKey ? constitution : { ...constitution, "caladrius-fleet": fleet };
          // Its writer may change it again: another build is another set.
          const policy = writeKeyPolicy({ sets, roles: [ROLE], context, policyAdmins: [administrator.arn] });
          const Policy = arn === dataKey ? withSubmitter(policy) : policy;
          await callKms(kms, administrator, "PutKeyPolicy", { KeyId: arn, PolicyName: "default", Policy }, clock.nowMs());
        }
      },
      close: () => kms.close(),
    };
  } catch (error) {
    await kms.close();
    throw error;
  }
}

/** A submitter gets plaintext data keys, which is what they seal with; they cannot have one decrypted. */
function withSubmitter(policy: string): string {
  const document = JSON.parse(policy) as { Statement: { Effect: string; Action: string[] }[] };
  const statements = document.Statement.map((statement) =>
    statement.Effect === "Deny"
      ? { ...statement, Action: statement.Action.filter((action) => action !== "kms:GenerateDataKey") }
      : statement,
  );
  const seal = { Sid: "Seal jobs", Effect: "Allow", Principal: { AWS: [SUBMITTER] }, Action: ["kms:GenerateDataKey"], Resource: "*" };
  return JSON.stringify({ ...document, Statement: [...statements, seal] });
}

type Callers = readonly [first: Principal, second: Principal, host: Principal, submitter: Principal];

async function openCallers(path: string): Promise<Callers> {
  if (!existsSync(path)) {
    const principals = [
      ...ACCOUNTS.map((account) => newPrincipal({ arn: `arn:aws:iam::${account}:user/administrator`, policies: [ADMINISTRATOR_POLICY] })),
      newPrincipal({ arn: HOST, policies: [ENCLAVE_CALLS] }),
      newPrincipal({ arn: SUBMITTER }),
    ].map(({ arn, credentials: { accessKeyId, secretAccessKey }, policies }) => ({
      arn,
      accessKeyId,
      secretAccessKey,
      policies: policies.map((policy): unknown => JSON.parse(policy)),
    }));
    await write(path, JSON.stringify({ principals }, null, 2));
  }
  const [first, second, host, submitter] = parsePrincipals(readFileSync(path, "utf8"));
  if (first === undefined || second === undefined || host === undefined || submitter === undefined) throw unreadable(path);
  return [first, second, host, submitter];
}

async function openKeys(path: string, make: () => Promise<string[]>): Promise<readonly string[]> {
  if (!existsSync(path)) await write(path, JSON.stringify(await make()));
  const arns: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!Array.isArray(arns) || arns.length !== 3 || !arns.every((arn) => typeof arn === "string")) throw unreadable(path);
  return arns;
}

/** As the AWS CLI and SDKs read it at AWS_SHARED_CREDENTIALS_FILE. */
function sharedCredentials({ credentials: { accessKeyId, secretAccessKey } }: Principal): string {
  return `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
}

function keyArn(answer: Readonly<Record<string, unknown>>): string {
  return String((answer["KeyMetadata"] as { Arn?: unknown } | undefined)?.Arn);
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}

function unreadable(path: string): ConfigurationError {
  return new ConfigurationError(
    "deployment-unreadable",
    `${path} is not readable as what it should be; move the folder away to start a new one`,
  );
}
