import { X509Certificate } from "node:crypto";
import { join, resolve } from "node:path";
import { AWS_NITRO_ROOT_G1, parseTrustAnchor, type TrustAnchor } from "@caladrius/attestation-verifier";
import { openKmsPrincipals, openSimulatedPki, startKms, type KmsPrincipal } from "@caladrius/nitro-sim";
import type { Arguments } from "../arguments.ts";
import { DEFAULT_KMS_PORT, defaultDataFolder } from "../defaults.ts";
import { about, EXIT, UsageError, type ExitCode } from "../exit.ts";
import { makeFolder, readText, writeWhole } from "../files.ts";
import { untilAsked } from "../local.ts";
import { styled, type Terminal } from "../print.ts";

/** The simulated KMS until a signal. */
export async function run(args: Arguments, terminal: Terminal): Promise<ExitCode> {
  const data = resolve(args.optional("data") ?? defaultDataFolder());
  const dataDir = join(data, "kms");
  const port = args.integer("port", 0, 65_535, DEFAULT_KMS_PORT);
  const region = args.optional("region") ?? DEFAULT_REGION;
  const account = args.optional("account") ?? DEFAULT_ACCOUNT;
  if (!/^\d{12}$/.test(account)) throw new UsageError(`--account ${account}: expected 12 digits`);
  await makeFolder(dataDir, 0o700);
  const clock = { nowMs: (): number => Date.now() };
  const attestationRoots = await readRoots(args.many("root"), data, clock);
  const principalsPath = join(dataDir, "principals.json");
  const principals = await about(principalsPath, () => openKmsPrincipals(principalsPath, account));
  const asked = untilAsked();

  const kms = await startKms({
    dataDir,
    port,
    region,
    clock,
    principals,
    attestationRoots,
    onFailure: (error) =>
      terminal.note([styled("red", `failure inside: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)]),
  });
  try {
    const credentials = join(dataDir, "aws-credentials");
    await writeWhole(credentials, credentialsFile(principals), { force: true, mode: 0o600 });
    const environment = `AWS_SHARED_CREDENTIALS_FILE=${quoted(credentials)} AWS_CA_BUNDLE=${quoted(kms.caPath)}`;
    terminal.object({
      url: kms.url,
      region,
      ca: kms.caPath,
      credentials,
      principals: principalsPath,
      audit: kms.auditPath,
    });
    terminal.line([styled("yellow", "simulator  its master key lies beside its keys: nothing here is safe from who may read the folder")]);
    terminal.line(`endpoint   ${kms.url}  (region ${region})`);
    terminal.line(`CA         ${kms.caPath}`);
    terminal.line(`audit      ${kms.auditPath}`);
    terminal.line(`callers    ${principalsPath}  (read at the start; the first one is the administrator)`);
    terminal.line(`AWS CLI    ${environment} aws --region ${region} --endpoint-url ${kms.url} kms list-keys`);
    const script = `import boto3; print(boto3.client("kms", region_name="${region}", endpoint_url="${kms.url}").list_keys()["Keys"])`;
    terminal.line(`boto3      ${environment} python3 -c '${script}'`);
    terminal.line("Ctrl-C ends it");
    await asked;
  } finally {
    await kms.close();
  }
  terminal.line("stopped");
  return EXIT.ok;
}

/** The roots that were named, without any the simulator's of the data folder. */
async function readRoots(paths: readonly string[], data: string, clock: { nowMs: () => number }): Promise<readonly TrustAnchor[]> {
  if (paths.length === 0) return [parseTrustAnchor((await openSimulatedPki(join(data, "pki"), clock)).rootCertificate)];
  return Promise.all(
    paths.map(async (path) => {
      if (path === "aws") return AWS_NITRO_ROOT_G1;
      const pem = await readText(path, MAX_ROOT_BYTES);
      return about(path, () => parseTrustAnchor(certificate(pem)));
    }),
  );
}

function certificate(pem: string): Uint8Array {
  try {
    return new X509Certificate(pem).raw;
  } catch {
    throw new UsageError("expected one certificate in PEM, as DIR/pki/simulated-root.pem of a simulator is");
  }
}

/** AWS's shared credentials file: the first principal is the default profile. */
function credentialsFile([administrator]: readonly KmsPrincipal[]): string {
  if (administrator === undefined) throw new UsageError("principals.json names nobody: remove it to get an administrator");
  const { accessKeyId, secretAccessKey, session } = administrator.credentials;
  const token = session === null ? "" : `aws_session_token = ${session.token}\n`;
  return `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n${token}`;
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

const DEFAULT_REGION = "eu-central-1";
/** AWS's example account: no real one. */
const DEFAULT_ACCOUNT = "111122223333";
const MAX_ROOT_BYTES = 64 * 1024;
