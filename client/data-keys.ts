import { Agent } from "node:https";
import type { KMSClient } from "@aws-sdk/client-kms";
import { SubmitError } from "./errors.ts";

/** A KMS key under whose data keys jobs are sealed: its policy decides which enclaves open them. */
export interface KmsKey {
  /** the full ARN, as the policy bundle lists it; aliases and bare ids could come to mean another key */
  readonly arn: string;
  /** default: AWS's own, in the ARN's region */
  readonly endpoint?: string;
  /** PEM of the authority to trust at that endpoint; default: Node's */
  readonly caPem?: string;
}

/** Gives data keys of one KMS key. */
export interface DataKeys {
  readonly arn: string;
  /** A fresh key of 32 bytes, and KMS's ciphertext of it under this encryption context. @throws SubmitError kms-data-key */
  generate(context: Readonly<Record<string, string>>): Promise<{ plaintext: Uint8Array; blob: Uint8Array }>;
}

/**
 * Data keys with the submitter's own AWS credentials, from the SDK's default chain. The SDK is loaded at the first key, so
 * that whoever seals to enclaves alone never loads it.
 * @throws SubmitError kms-key-arn
 */
export function openDataKeys({ arn, endpoint, caPem }: KmsKey): DataKeys {
  const region = KEY_ARN.exec(arn)?.[1];
  if (region === undefined || arn.length > MAX_ARN_CHARACTERS)
    throw new SubmitError("kms-key-arn", "expected arn:aws:kms:REGION:ACCOUNT:key/ID");
  if (endpoint !== undefined && !isHttps(endpoint)) throw new SubmitError("kms-endpoint");
  let client: Promise<KMSClient> | null = null;
  const connect = async (): Promise<KMSClient> => {
    const sdk = await import("@aws-sdk/client-kms");
    return new sdk.KMSClient({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(caPem === undefined ? {} : { requestHandler: { httpsAgent: new Agent({ ca: caPem, keepAlive: true }) } }),
    });
  };
  return {
    arn,
    async generate(context) {
      client ??= connect();
      try {
        const [kms, { GenerateDataKeyCommand }] = await Promise.all([client, import("@aws-sdk/client-kms")]);
        const command = new GenerateDataKeyCommand({ KeyId: arn, KeySpec: "AES_256", EncryptionContext: { ...context } });
        const { KeyId, Plaintext, CiphertextBlob } = await kms.send(command, { abortSignal: AbortSignal.timeout(ANSWER_MS) });
        if (KeyId !== arn || Plaintext?.length !== KEY_BYTES || CiphertextBlob === undefined)
          throw new SubmitError("kms-data-key", "the answer is not one of this key");
        return { plaintext: Plaintext, blob: CiphertextBlob };
      } catch (error) {
        throw error instanceof SubmitError ? error : new SubmitError("kms-data-key", nameOf(error));
      }
    },
  };
}

/** What the errors mean that submitters meet. */
const MEANING: ReadonlyMap<string, string> = new Map([
  ["CredentialsProviderError", "no AWS credentials in environment, profile or role"],
  ["UnrecognizedClientException", "KMS does not know the access key"],
  ["InvalidSignatureException", "the secret access key is another one"],
  ["ExpiredTokenException", "the credentials have ended"],
  ["AccessDeniedException", "the key's policy does not give these credentials kms:GenerateDataKey"],
  ["NotFoundException", "there is no such key"],
  ["DisabledException", "the key is disabled"],
  ["KMSInvalidStateException", "the key is to be deleted"],
  ["ECONNREFUSED", "nothing listens there"],
  ["ENOTFOUND", "the name is unknown"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "the certificate is of no authority that is trusted"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "the certificate is of no authority that is trusted"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "the certificate is of no authority that is trusted"],
]);

/** An error's name is AWS's; its text may be anybody's. */
function nameOf(error: unknown): string {
  const [name, code] = error instanceof Error ? [error.name, "code" in error ? String(error.code) : ""] : ["", ""];
  const told = code !== "" ? code : name;
  const meaning = MEANING.get(told);
  if (meaning !== undefined) return `${told}, ${meaning}`;
  return /^[A-Za-z_]{1,60}$/.test(told) ? told : "no answer";
}

function isHttps(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, search, hash } = new URL(url);
  return protocol === "https:" && username === "" && search === "" && hash === "";
}

const KEY_ARN = /^arn:aws(?:-[a-z]+)*:kms:([a-z]{2}(?:-[a-z]+)+-\d{1,2}):\d{12}:key\/[A-Za-z0-9-]{1,128}$/;
const MAX_ARN_CHARACTERS = 256;
const KEY_BYTES = 32;
const ANSWER_MS = 30_000;
