import { createHash, createHmac, type Hash } from "node:crypto";
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Clock } from "../boot/clock.ts";
import type { KmsAgent } from "./agent.ts";
import type { HostCredentials } from "./credentials.ts";
import { BoundedHandler } from "./handler.ts";

export { DecryptCommand, GenerateDataKeyCommand };
export type { KMSClient };

/** Everything that the SDK would otherwise look for in places which the host decides. */
export interface ClientOptions {
  region: string;
  /** `https://host:port` */
  url: string;
  agent: KmsAgent;
  clock: Clock;
  credentials: HostCredentials;
  /** for one request from the wait for a connection to the last byte of the answer, ms */
  requestMs: number;
}

/**
 * The AWS SDK's client with nothing left to its defaults: it reads no environment, no file and no metadata service. In
 * the image the modules that would are gone, so that a default forgotten here throws.
 */
export function createClient(options: ClientOptions): KMSClient {
  const { region, url, agent, clock, credentials, requestMs } = options;
  const current = (): Promise<SdkCredentials> => Promise.resolve().then(() => sdkCredentials(credentials, clock));
  const signer = new SignatureV4({ credentials: current, region, service: "kms", sha256: Sha256 });
  const client = new KMSClient({
    region,
    endpoint: url,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    credentials: { accessKeyId: "", secretAccessKey: "" }, // the signer has its own: the SDK would keep what it once got
    signer: { sign: (request, parameters) => signer.sign(request, { ...parameters, signingDate: new Date(clock.now().toMs) }) },
    disableClockSkewCorrection: true,
    authSchemePreference: ["sigv4"],
    maxAttempts: 1, // ./client.ts repeats, under a new signature and with credentials that may be new
    retryMode: "standard",
    defaultsMode: "standard",
    requestHandler: new BoundedHandler(agent, requestMs),
    defaultUserAgentProvider: () => Promise.resolve([["caladrius-enclave"]]),
    userAgentAppId: "",
  });
  // They ask the environment, and KMS needs nothing of what they add.
  for (const name of ["recursionDetectionMiddleware", "getUserAgentMiddleware", "loggerMiddleware"]) client.middlewareStack.remove(name);
  return client;
}

interface SdkCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

function sdkCredentials(credentials: HostCredentials, clock: Clock): SdkCredentials {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials.current(clock.now().toMs);
  return sessionToken === "" ? { accessKeyId, secretAccessKey } : { accessKeyId, secretAccessKey, sessionToken };
}

/** SHA-256, or HMAC with it, in the shape that the signer wants. */
class Sha256 {
  readonly #secret: string | Uint8Array | null;
  #hash: Hash | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? null : typeof secret === "string" ? secret : bytesOf(secret);
    this.#hash = this.#fresh();
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }

  reset(): void {
    this.#hash = this.#fresh();
  }

  #fresh(): Hash | ReturnType<typeof createHmac> {
    return this.#secret === null ? createHash("sha256") : createHmac("sha256", this.#secret);
  }
}

function bytesOf(source: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
}
