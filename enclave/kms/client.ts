import { MAX_KMS_BLOB_BYTES, type Credentials } from "@caladrius/wire";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { Clock } from "../boot/clock.ts";
import type { Nsm } from "../nsm/client.ts";
import { KmsAgent } from "./agent.ts";
import { HostCredentials } from "./credentials.ts";
import { parseEndpoint, regionOfKey } from "./endpoint.ts";
import { KmsError, type Kms, type KmsErrorCode } from "./port.ts";
import { startRecipient } from "./recipient-key.ts";
import { refusalOf } from "./refusal.ts";

/** What a client of KMS is made from: the constitution's words and the enclave's own hardware. */
export interface KmsOptions {
  /** the `kms` socket: the host's forwarder */
  socketPath: string;
  /** `https://host[:port]` or `host[:port]` */
  endpoint: string;
  /** DER; what TLS must lead up to */
  tlsRoots: readonly Uint8Array[];
  nsm: Nsm;
  clock: Clock;
  /** 16 bytes */
  bootId: Uint8Array;
  randomBytes: (bytes: number) => Uint8Array;
  limits?: KmsLimits;
}

/** A KMS under the credentials that the host last handed in. */
export interface KmsClient extends Kms {
  /** @param credentials hostile @throws KmsError kms-credentials for what cannot stand in a request; the ones before stay */
  setCredentials(credentials: Credentials): void;
  /** Closes idle connections. */
  close(): void;
}

/** How long to wait, ms, and how often to try. */
export interface KmsLimits {
  /** for the socket and the TLS handshake */
  connectMs: number;
  /** for one request from the wait for a connection to the last byte of the answer */
  requestMs: number;
  /** how often a request is made in all */
  attempts: number;
  /** before the second attempt; doubled before each next, and multiplied by 0.5 to 1.5 */
  pauseMs: number;
}

/**
 * A key management service over the `kms` socket: the AWS SDK, with TLS that ends in the enclave, answers that only this
 * boot's RSA key opens, and nothing taken from environment, files or metadata. Starts the RSA key; loads the SDK at the
 * first call. Every call names the full key ARN, and the answer must name the same.
 *
 * Calls throw KmsError, and DependencyError nsm-* or time-unknown when the enclave's own hardware fails.
 *
 * @throws ConfigurationError kms-endpoint, kms-tls-roots
 */
export function createKms(options: KmsOptions): KmsClient {
  const { socketPath, tlsRoots, nsm, clock, bootId, randomBytes, limits = LIMITS } = options;
  const endpoint = parseEndpoint(options.endpoint);
  const agent = new KmsAgent({ socketPath, endpoint, tlsRoots, clock, connectMs: limits.connectMs });
  const recipient = startRecipient({ nsm, clock, bootId, randomBytes });
  const credentials = new HostCredentials();
  const clients = new Map<string, KMSClient>();

  const clientFor = async (keyArn: string): Promise<{ sdk: Sdk; client: KMSClient }> => {
    const region = regionOfKey(keyArn);
    if (region === null) throw new KmsError("kms-denied"); // the constitution or the bundle names no key that could be asked
    const sdk = await import("./sdk.ts");
    const client =
      clients.get(region) ?? sdk.createClient({ region, url: endpoint.url, agent, clock, credentials, requestMs: limits.requestMs });
    clients.set(region, client);
    return { sdk, client };
  };
  const common = async (keyArn: string, context: Readonly<Record<string, string>>): Promise<Common> => {
    credentials.current(clock.now().toMs); // nobody asks NSM for a document that nobody could send
    const AttestationDocument = await recipient.document();
    const Recipient = { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256", AttestationDocument } as const;
    return { KeyId: keyArn, EncryptionContext: { ...context }, Recipient };
  };
  const persist = async <T>(sentBlob: boolean, attempt: () => Promise<T>): Promise<T> => {
    for (let made = 1; ; made++) {
      try {
        return await attempt();
      } catch (error) {
        const refusal = refusalOf(error, sentBlob);
        if (made >= limits.attempts || !(refusal instanceof KmsError) || !PASSING.includes(refusal.code)) throw refusal;
        await pause(limits.pauseMs * 2 ** (made - 1), randomBytes);
      }
    }
  };

  return {
    generateDataKey: (keyArn, context) =>
      persist(false, async () => {
        const { sdk, client } = await clientFor(keyArn);
        const answer = await client.send(new sdk.GenerateDataKeyCommand({ ...(await common(keyArn, context)), KeySpec: "AES_256" }));
        const blob = answer.CiphertextBlob;
        if (blob === undefined || blob.length < 1 || blob.length > MAX_KMS_BLOB_BYTES) throw new KmsError("kms-answer-refused");
        return { plaintext: await recipient.open(sealedIn(answer, keyArn)), blob: new Uint8Array(blob) };
      }),
    decrypt: (keyArn, blob, context) =>
      persist(true, async () => {
        const { sdk, client } = await clientFor(keyArn);
        const asked = { ...(await common(keyArn, context)), CiphertextBlob: blob, EncryptionAlgorithm: SYMMETRIC } as const;
        const answer = await client.send(new sdk.DecryptCommand(asked));
        if (answer.EncryptionAlgorithm !== SYMMETRIC) throw new KmsError("kms-answer-refused");
        return await recipient.open(sealedIn(answer, keyArn));
      }),
    setCredentials: (next) => credentials.replace(next),
    close: () => agent.destroy(),
  };
}

type Sdk = typeof import("./sdk.ts");

/** What every request carries. */
interface Common {
  KeyId: string;
  EncryptionContext: Record<string, string>;
  Recipient: { KeyEncryptionAlgorithm: "RSAES_OAEP_SHA_256"; AttestationDocument: Uint8Array };
}

/** What every answer must hold: the very key that was asked for, the sealed answer, and nothing in the clear beside it. */
interface Answer {
  KeyId?: string | undefined;
  Plaintext?: Uint8Array | undefined;
  CiphertextForRecipient?: Uint8Array | undefined;
}

function sealedIn({ KeyId, Plaintext, CiphertextForRecipient }: Answer, keyArn: string): Uint8Array {
  // The API Reference has Plaintext null or empty beside CiphertextForRecipient.
  if (KeyId !== keyArn || (Plaintext !== undefined && Plaintext.length > 0) || CiphertextForRecipient === undefined)
    throw new KmsError("kms-answer-refused");
  return CiphertextForRecipient;
}

async function pause(ms: number, randomBytes: (bytes: number) => Uint8Array): Promise<void> {
  const share = (randomBytes(1)[0] ?? 0) / 256;
  await new Promise((resolve) => setTimeout(resolve, ms * (0.5 + share)));
}

/** What may have passed a moment later. */
const PASSING: readonly KmsErrorCode[] = ["kms-unreachable", "kms-throttled"];
const LIMITS: KmsLimits = { connectMs: 5_000, requestMs: 10_000, attempts: 3, pauseMs: 200 };
const SYMMETRIC = "SYMMETRIC_DEFAULT";
