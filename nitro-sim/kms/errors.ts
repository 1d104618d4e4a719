/** Every error the service answers with and its HTTP status, named as AWS names it. */
export const KMS_ERROR = {
  AccessDeniedException: 400,
  AlreadyExistsException: 400,
  ConflictException: 400,
  DisabledException: 400,
  DryRunOperationException: 400,
  ExpiredTokenException: 400,
  IncompleteSignatureException: 400,
  IncorrectKeyException: 400,
  InvalidAliasNameException: 400,
  InvalidArnException: 400,
  InvalidCiphertextException: 400,
  InvalidGrantTokenException: 400,
  InvalidKeyUsageException: 400,
  InvalidMarkerException: 400,
  InvalidSignatureException: 400,
  KMSInternalException: 500,
  KMSInvalidMacException: 400,
  KMSInvalidSignatureException: 400,
  KMSInvalidStateException: 400,
  LimitExceededException: 400,
  MalformedPolicyDocumentException: 400,
  MissingAuthenticationTokenException: 400,
  NotFoundException: 400,
  RequestEntityTooLargeException: 413,
  SerializationException: 400,
  TagException: 400,
  ThrottlingException: 400,
  UnknownOperationException: 400,
  UnrecognizedClientException: 400,
  UnsupportedOperationException: 400,
  ValidationException: 400,
} as const;

/** The name of an error as it stands in `__type`. */
export type KmsErrorType = keyof typeof KMS_ERROR;

/** A refusal of the service: `type` goes into `__type`, the message into `message`; an empty message is left out, as AWS does. */
export class KmsServiceError extends Error {
  override readonly name = "KmsServiceError";
  readonly type: KmsErrorType;
  /** HTTP status */
  readonly status: number;
  constructor(type: KmsErrorType, message = "") {
    super(message);
    this.type = type;
    this.status = KMS_ERROR[type];
  }
}

/** ValidationException in the words AWS uses for a member that breaks its constraint. */
export function constraint(member: string, value: string | number | null, rule: string): KmsServiceError {
  const shown = value === null ? "null" : `'${String(value).slice(0, MAX_SHOWN)}'`;
  const path = member.slice(0, 1).toLowerCase() + member.slice(1);
  return invalid(`1 validation error detected: Value ${shown} at '${path}' failed to satisfy constraint: ${rule}`);
}

/** ValidationException with a sentence of its own. */
export function invalid(message: string): KmsServiceError {
  return new KmsServiceError("ValidationException", message);
}

const MAX_SHOWN = 256;
