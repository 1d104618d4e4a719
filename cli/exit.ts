import { CODE } from "@caladrius/attestation-verifier";
import { RELEASE_CODE } from "@caladrius/attestation-verifier/governance";
import { ConfigurationError, DependencyError, InvariantError, LimitError, WireError } from "@caladrius/wire";

/** Exit codes of every command. */
export const EXIT = {
  /** affirming or warning, or simply done */
  ok: 0,
  /** a bug of ours */
  internal: 1,
  /** wrong use of the command line, or a trust file that cannot be used */
  usage: 2,
  /** host or file not reachable */
  unreachable: 3,
  /** contraindicated */
  contraindicated: 10,
  /** a version or format that this build does not know */
  unsupported: 20,
  /** bytes outside the grammar */
  malformed: 30,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Over several inputs the first of these that occurred is the exit code. */
const SEVERITY: readonly ExitCode[] = [
  EXIT.internal,
  EXIT.unreachable,
  EXIT.malformed,
  EXIT.unsupported,
  EXIT.contraindicated,
  EXIT.usage,
  EXIT.ok,
];

/** The exit code of several inputs together. */
export function worst(codes: readonly ExitCode[]): ExitCode {
  return SEVERITY.find((code) => codes.includes(code)) ?? EXIT.ok;
}

/** Wrong use of the command line: says what was wrong and, in the hint, what to do. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly hint: string | null;
  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}

/** A host, file or socket that cannot be reached; the message names it and says what to do. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

/** What went wrong with one file that the command was given, such as a trust file; the cause keeps its own code. */
export class FileProblem extends Error {
  override name = "FileProblem";
  readonly file: string;
  /** what the file should be, null where its grammar tells nothing about that */
  readonly kind: string | null;
  constructor(file: string, cause: unknown, kind: string | null = null) {
    super(`${file} cannot be used`, { cause });
    this.file = file;
    this.kind = kind;
  }
}

/** Does something with a file; whatever goes wrong names it, and bytes of another grammar what `kind` of file it should be. @throws FileProblem */
export async function about<T>(file: string, work: () => T | Promise<T>, kind: string | null = null): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof FileProblem ? error : new FileProblem(file, error, kind);
  }
}

/** What may go wrong while reading one input, as the table of outputs shows it. */
export interface Failure {
  exit: ExitCode;
  code: string;
  sentence: string;
  /** which check refused, and where it is written down, if a check did */
  stage?: string;
  spec?: string;
  /** the file that is to blame, if one is */
  file?: string;
}

/** Codes of errors whose bytes are well-formed but of a version or format that this build does not know. */
const UNSUPPORTED = /(^|-)(version|unsupported|unknown-format)($|-)/;

/** Sentences for the errors of the operating system that a user meets. */
const SYSTEM: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read or written by this user",
  EPERM: "the system does not permit it",
  EROFS: "it is on a file system that is read-only",
  ELOOP: "its symbolic links go round in a circle",
  ENAMETOOLONG: "the name is too long",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  EEXIST: "it exists already; --force overwrites it",
  EADDRINUSE: "the port or socket is in use; choose another with --port",
  ECONNREFUSED: "nothing listens there; is the host up?",
  ECONNRESET: "the connection was cut",
  ENOTFOUND: "the host's name is unknown",
  EAI_AGAIN: "the host's name could not be looked up",
  EHOSTUNREACH: "there is no way to the host",
  ETIMEDOUT: "there was no answer in time",
  ENOSPC: "the disk is full",
};

/** Sorts any thrown value into an exit code, a code and one sentence. Never throws. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { exit: EXIT.internal, code: "internal", sentence: String(error) };
  if (error instanceof FileProblem) return inFile(error);
  if (error instanceof UsageError) return { exit: EXIT.usage, code: "usage", sentence: error.message };
  if (error instanceof UnreachableError) return { exit: EXIT.unreachable, code: "unreachable", sentence: error.message };
  const code = codeOf(error);
  const reason = Object.hasOwn(CODE, code)
    ? CODE[code as keyof typeof CODE]
    : Object.hasOwn(RELEASE_CODE, code)
      ? RELEASE_CODE[code as keyof typeof RELEASE_CODE]
      : undefined;
  // What a trust file lacks or has wrong is told with the code, and the exit code, that the verifier's table has for it.
  if (reason !== undefined && (["Refusal", "ReleaseError"].includes(error.name) || error instanceof ConfigurationError))
    return { exit: REASON_EXIT[reason.status], code, sentence: advised(code, error.message), stage: reason.stage, spec: reason.spec };
  if (error instanceof WireError || error instanceof LimitError || error.name === "ImageError") {
    return { exit: UNSUPPORTED.test(code) ? EXIT.unsupported : EXIT.malformed, code, sentence: advised(code, error.message) };
  }
  if (error.name === "KeyPolicyError")
    return { exit: code === "policy-input" ? EXIT.usage : EXIT.malformed, code, sentence: error.message };
  if (error.name === "AuthoringError")
    return {
      ...placeOf(error),
      exit: "status" in error && error.status === "refused" ? EXIT.contraindicated : EXIT.malformed,
      code,
      sentence: error.message,
    };
  if (error.name === "GrantError")
    return { ...placeOf(error), exit: code.endsWith("-form") ? EXIT.malformed : EXIT.contraindicated, code, sentence: error.message };
  if (error.name === "StatusError") return { ...placeOf(error), exit: EXIT.contraindicated, code, sentence: error.message };
  if (error.name === "FleetError") return { ...placeOf(error), exit: EXIT.contraindicated, code, sentence: error.message };
  if (error.name === "SubmitError") return { ...placeOf(error), exit: submitExit(error), code, sentence: advised(code, error.message) };
  if (error instanceof ConfigurationError) return { exit: EXIT.usage, code, sentence: error.message };
  if (error instanceof DependencyError) return { exit: EXIT.unreachable, code, sentence: advised(code, error.message) };
  if (error instanceof InvariantError) return { exit: EXIT.internal, code, sentence: error.message };
  const cause = rootCause(error);
  const system = SYSTEM[codeOf(cause)] ?? ("syscall" in cause ? cause.message : undefined);
  if (system !== undefined) return { exit: EXIT.unreachable, code: codeOf(cause), sentence: `${subjectOf(cause)}${system}` };
  if (error.name === "TimeoutError") return { exit: EXIT.unreachable, code: "timeout", sentence: "there was no answer in time" };
  if (error instanceof TypeError && error.message === "fetch failed")
    return { exit: EXIT.unreachable, code: "unreachable", sentence: `the host cannot be reached: ${cause.message}` };
  return { exit: EXIT.internal, code: "internal", sentence: error.message };
}

/** The client's own refusals, by stage: an enclave or a reply that must not be trusted, wrong use, else the host did not deliver. */
function submitExit(error: Error): ExitCode {
  if (["host-url", "kms-key-arn", "kms-endpoint"].includes(codeOf(error))) return EXIT.usage;
  const stage = "stage" in error ? error.stage : "";
  if (codeOf(error) === "grant-form" || codeOf(error) === "receipt-form") return EXIT.malformed;
  return stage === "seal" || stage === "reply" || stage === "grant" ? EXIT.contraindicated : EXIT.unreachable;
}

/** What to do about refusals of the client, which does not know how the command line spells it. */
const ADVICE: Readonly<Record<string, string>> = {
  "bundle-root": "or is --trust the file of another deployment?",
  "output-exists": "--force overwrites it",
  "sign-signed": "--replace drops it",
  "host-unreachable": "is the host up, and is --host its address?",
  "host-url": "write --host as http://127.0.0.1:8470",
  "kms-endpoint": "write --kms-endpoint as https://kms.eu-central-1.amazonaws.com",
};

function advised(code: string, sentence: string): string {
  const advice = ADVICE[code];
  return advice === undefined ? sentence : `${sentence}; ${advice}`;
}

function placeOf(error: Error): { stage?: string; spec?: string } {
  return {
    ...("stage" in error && typeof error.stage === "string" ? { stage: error.stage } : {}),
    ...("spec" in error && typeof error.spec === "string" ? { spec: error.spec } : {}),
  };
}

function inFile({ file, kind, cause }: FileProblem): Failure {
  const failure = failureOf(cause);
  const isOther = kind !== null && cause instanceof WireError && failure.exit === EXIT.malformed;
  const sentence = isOther ? `this is no ${kind}: ${failure.sentence}` : failure.sentence;
  return { ...failure, file, sentence: sentence.startsWith(file) ? sentence : `${file}: ${sentence}` };
}

/** What lies beneath: fetch wraps the system's error, and a name with several addresses gives one error for each. */
function rootCause(error: Error): Error {
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner instanceof Error ? rootCause(inner) : error;
}

/** A failure as the object that --json prints: the shape of a verdict, with `status` null where nothing was judged. */
export function failureJson(named: string | null, { exit, code, sentence, stage, spec, file }: Failure): Readonly<Record<string, unknown>> {
  const judged = exit === EXIT.contraindicated || exit === EXIT.unsupported || exit === EXIT.malformed;
  return {
    file: named ?? file ?? null,
    status: judged ? "contraindicated" : null,
    mode: null,
    at: null,
    code,
    stage: stage ?? null,
    spec: spec ?? null,
    sentence,
    claims: null,
    notChecked: [],
  };
}

const REASON_EXIT = { accepted: EXIT.ok, refused: EXIT.contraindicated, unsupported: EXIT.unsupported, malformed: EXIT.malformed } as const;

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "internal";
}

function subjectOf(error: Error): string {
  if ("path" in error && typeof error.path === "string") return `${error.path}: `;
  if ("hostname" in error && typeof error.hostname === "string") return `${error.hostname}: `;
  if ("address" in error && typeof error.address === "string")
    return `${error.address}${"port" in error ? `:${String(error.port)}` : ""}: `;
  return "";
}
