import { DependencyError, InvariantError } from "@caladrius/wire";
import { KmsError, type KmsErrorCode } from "./port.ts";

/**
 * What a failed call means, by the name and the status that KMS gave it: its text is read by nobody. Failures of the
 * enclave's own hardware and bugs pass as they are.
 * @param sentBlob whether there was a blob that KMS could find fault with
 */
export function refusalOf(error: unknown, sentBlob: boolean): Error {
  if (error instanceof KmsError || error instanceof DependencyError || error instanceof InvariantError) return error;
  const code = codeOf(error);
  return new KmsError(code === "kms-blob" && !sentBlob ? "kms-answer-refused" : code);
}

function codeOf(error: unknown): KmsErrorCode {
  if (typeof error !== "object" || error === null) return "kms-answer-refused";
  const { name, $metadata } = error as { name?: unknown; $metadata?: { httpStatusCode?: unknown } };
  const status = $metadata?.httpStatusCode;
  if (typeof status !== "number" || status < 400) return "kms-answer-refused"; // no error of a service, or a redirect
  const known = typeof name === "string" ? BY_NAME.get(name) : undefined;
  if (known !== undefined) return known;
  if (status === 429) return "kms-throttled";
  return status >= 500 ? "kms-unreachable" : "kms-denied";
}

/** The Decrypt and GenerateDataKey pages of the AWS KMS API Reference, and its common errors. */
const BY_NAME: ReadonlyMap<string, KmsErrorCode> = new Map([
  ["InvalidCiphertextException", "kms-blob"],
  ["IncorrectKeyException", "kms-blob"],
  ["ThrottlingException", "kms-throttled"],
  ["LimitExceededException", "kms-throttled"],
  ["RequestLimitExceeded", "kms-throttled"],
  ["ExpiredTokenException", "kms-credentials"],
  ["InvalidSignatureException", "kms-credentials"],
  ["IncompleteSignature", "kms-credentials"],
  ["IncompleteSignatureException", "kms-credentials"],
  ["InvalidClientTokenId", "kms-credentials"],
  ["MissingAuthenticationToken", "kms-credentials"],
  ["MissingAuthenticationTokenException", "kms-credentials"],
  ["OptInRequired", "kms-credentials"],
  ["RequestExpired", "kms-credentials"],
  ["UnrecognizedClientException", "kms-credentials"],
  ["KeyUnavailableException", "kms-unreachable"],
  ["DependencyTimeoutException", "kms-unreachable"],
  ["KMSInternalException", "kms-unreachable"],
  ["ServiceUnavailable", "kms-unreachable"],
]);
