import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateKeyCommand, KMSClient, type CreateKeyCommandInput } from "@aws-sdk/client-kms";
import { ADMINISTRATOR_POLICY, newPrincipal, type Principal } from "../principals.ts";
import { startKms, type SimulatedKms, type SimulatedKmsOptions } from "../start.ts";

export const ACCOUNT = "111122223333";
export const OTHER_ACCOUNT = "444455556666";

/** A service in a folder of its own, its administrator, and a time that tests may move. */
export interface TestKms {
  readonly kms: SimulatedKms;
  readonly dir: string;
  readonly administrator: Principal;
  readonly time: { nowMs: number };
  /** tells that time */
  readonly clock: { nowMs(): number };
  /** An SDK client of a principal; it tries each call once. */
  client(principal?: Principal): KMSClient;
  close(): Promise<void>;
}

/** Starts one; the time is the system's at the start, so that the SDK's own clock fits. */
export async function startTestKms(
  options: Partial<SimulatedKmsOptions> = {},
  administrator: Principal = newPrincipal({ arn: `arn:aws:iam::${ACCOUNT}:user/admin`, policies: [ADMINISTRATOR_POLICY] }),
): Promise<TestKms> {
  const dir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "cal-kms-")));
  const time = { nowMs: Date.now() };
  const clock = { nowMs: (): number => time.nowMs };
  const kms = await startKms({
    principals: [administrator],
    clock,
    attestationRoots: [],
    onFailure: (error) => console.error(error),
    ...options,
    dataDir: dir,
  });
  const clients: KMSClient[] = [];
  return {
    kms,
    dir,
    administrator,
    time,
    clock,
    client(principal = administrator) {
      const client = sdkClient(kms, principal);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await kms.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** The unmodified SDK with an endpoint override. */
export function sdkClient({ url, caPem, region }: Pick<SimulatedKms, "url" | "caPem" | "region">, { credentials }: Principal): KMSClient {
  const { accessKeyId, secretAccessKey, session } = credentials;
  return new KMSClient({
    endpoint: url,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(session === null ? {} : { sessionToken: session.token }) },
    maxAttempts: 1,
    requestHandler: { httpsAgent: new Agent({ ca: caPem, keepAlive: true }) },
  });
}

/** The error's name and message of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
    throw error;
  }
  throw new Error("the call succeeded");
}

/** The error's name of a call that must fail. */
export async function failureName(call: Promise<unknown>): Promise<string> {
  return (await failure(call)).split(":")[0] ?? "";
}

/** Makes a key and gives its ARN. */
export async function newKey(client: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand(input));
  return KeyMetadata?.Arn ?? "";
}

/** A key policy that leaves the key to its account, with further statements. */
export function keyPolicy(...statements: readonly object[]): string {
  const root = { Sid: "Account", Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "kms:*", Resource: "*" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [root, ...statements] });
}
