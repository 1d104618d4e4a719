/** One entry per code this package can raise: where it arises, the rule behind it, what it means. */
export const WIRE_CODE = {
  "cbor-truncated": { stage: "cbor", spec: "RFC 8949 §5.1", meaning: "the bytes end before the item does" },
  "cbor-trailing-bytes": { stage: "cbor", spec: "RFC 8949 §5.1", meaning: "bytes follow the one item that should be there" },
  "cbor-not-shortest": { stage: "cbor", spec: "RFC 8949 §4.2.1", meaning: "an integer or a length is not in its shortest form" },
  "cbor-indefinite": { stage: "cbor", spec: "RFC 8949 §4.2.1", meaning: "an indefinite length stands where none may" },
  "cbor-reserved": { stage: "cbor", spec: "RFC 8949 §3", meaning: "a reserved additional information value or a lone break" },
  "cbor-tag": { stage: "cbor", spec: "RFC 8949 §3.4", meaning: "a tag stands where none may" },
  "cbor-float": { stage: "cbor", spec: "RFC 8949 §3.3", meaning: "a float or a simple value other than false, true and null" },
  "cbor-key": { stage: "cbor", spec: "RFC 8949 §3.1", meaning: "a map key is neither an integer nor a text" },
  "cbor-key-duplicate": { stage: "cbor", spec: "RFC 8949 §5.6", meaning: "a map holds one key twice" },
  "cbor-key-order": { stage: "cbor", spec: "RFC 8949 §4.2.1", meaning: "map keys are not in bytewise order" },
  "cbor-integer-range": { stage: "cbor", spec: "RFC 8949 §3.1", meaning: "an integer outside -2^32 .. 2^53-1" },
  "cbor-utf8": { stage: "cbor", spec: "RFC 8949 §3.1", meaning: "a text is not valid UTF-8" },
  "cbor-value": { stage: "cbor", spec: "RFC 8949 §3", meaning: "a value that cannot be written in these formats" },
  "limit-bytes": { stage: "limit", spec: "limits", meaning: "more bytes than this format allows" },
  "limit-depth": { stage: "limit", spec: "limits", meaning: "nested deeper than this format allows" },
  "limit-items": { stage: "limit", spec: "limits", meaning: "more items than this format allows" },
  "schema-type": { stage: "schema", spec: "CDDL", meaning: "a value has another type than the format says" },
  "schema-range": { stage: "schema", spec: "CDDL", meaning: "a value or a length outside what the format allows" },
  "schema-missing": { stage: "schema", spec: "CDDL", meaning: "a field that must be there is missing" },
  "schema-unknown": { stage: "schema", spec: "CDDL", meaning: "a field that the format does not know" },
  "schema-version": { stage: "schema", spec: "CDDL", meaning: "a version that this build does not know" },
  "statement-shape": {
    stage: "statement",
    spec: "RFC 9052 §4.2",
    meaning: "not an untagged COSE_Sign1 with exactly alg and typ protected",
  },
  "statement-algorithm": { stage: "statement", spec: "RFC 9864", meaning: "a signature algorithm that statements do not use" },
  "statement-kind": { stage: "statement", spec: "RFC 9596", meaning: "a statement of another kind than the one expected" },
  "frame-shape": { stage: "frame", spec: "frame.cddl", meaning: "a frame that is not [kind, id, body]" },
  "frame-order": { stage: "frame", spec: "frame.cddl", meaning: "a chunk that is not the next one of its message" },
  "frame-hello": { stage: "frame", spec: "frame.cddl", meaning: "a connection that does not begin with one hello of a known version" },
  "nsm-shape": { stage: "nsm", spec: "aws-nitro-enclaves-nsm-api", meaning: "not a request or response of the NSM interface" },
  "sealed-job-padding": { stage: "job", spec: "job.cddl", meaning: "the padding is not what the clear header says" },
  "recording-consistency": { stage: "recording", spec: "recording.cddl", meaning: "parts of a recording contradict each other" },
  "encoding-text": { stage: "text", spec: "RFC 4648", meaning: "not lower-case hex or canonical base64 of a whole number of bytes" },
} as const;

/** Why bytes were refused; stable across versions. */
export type WireCode = keyof typeof WIRE_CODE;

/** The bytes lie outside the grammar; whoever sent them must act. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly code: WireCode;
  constructor(code: WireCode, detail: string) {
    super(`${WIRE_CODE[code].meaning}: ${detail}`);
    this.code = code;
  }
}

/** A size, depth, count, rate or time limit was exceeded; whoever sent it must act. */
export class LimitError extends Error {
  override readonly name = "LimitError";
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Something given at start is wrong; the operator must act. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Something this program depends on did not answer; the caller may try again after `retryAfterMs`. */
export class DependencyError extends Error {
  override readonly name = "DependencyError";
  readonly code: string;
  readonly retryAfterMs: number;
  constructor(code: string, detail: string, retryAfterMs: number) {
    super(detail);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A bug in this program: serving stops. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.code = code;
  }
}
