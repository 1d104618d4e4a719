import { constraint, invalid, KmsServiceError } from "../errors.ts";
import type { Json } from "./json.ts";

/** What a text member must satisfy; lengths in UTF-16 code units. */
export interface TextRule {
  readonly min?: number;
  readonly max: number;
  readonly pattern?: RegExp;
}

/**
 * The members of a request, read one by one against their constraints. Members that an operation does not read are
 * ignored, as AWS ignores them.
 * Every method throws KmsServiceError: SerializationException for another JSON type, ValidationException for a broken constraint.
 */
export class Input {
  readonly members: { readonly [name: string]: Json };

  constructor(members: { readonly [name: string]: Json }) {
    this.members = members;
  }

  /** A text, null where it is absent. */
  text(name: string, rule: TextRule): string | null {
    const value = this.#member(name);
    if (value === null) return null;
    if (typeof value !== "string") throw wrongType(name, "a string");
    if (value.length < (rule.min ?? 1)) throw constraint(name, value, atLeast(rule.min ?? 1));
    if (value.length > rule.max) throw constraint(name, value, atMost(rule.max));
    if (rule.pattern !== undefined && !rule.pattern.test(value))
      throw constraint(name, value, `Member must satisfy regular expression pattern: ${rule.pattern.source}`);
    return value;
  }

  /** A text that must be there. */
  requiredText(name: string, rule: TextRule): string {
    return present(name, this.text(name, rule));
  }

  /** One of a closed set, null where it is absent. */
  oneOf<T extends string>(name: string, values: readonly T[]): T | null {
    const value = this.#member(name);
    if (value === null) return null;
    if (typeof value !== "string") throw wrongType(name, "a string");
    const found = values.find((one) => one === value);
    if (found === undefined) throw constraint(name, value, `Member must satisfy enum value set: [${values.join(", ")}]`);
    return found;
  }

  /** One of a closed set that must be there. */
  requiredOneOf<T extends string>(name: string, values: readonly T[]): T {
    return present(name, this.oneOf(name, values));
  }

  /** Bytes in base64, null where they are absent; limits in bytes. */
  blob(name: string, min: number, max: number): Uint8Array | null {
    const value = this.#member(name);
    if (value === null) return null;
    if (typeof value !== "string" || !BASE64.test(value) || value.length % 4 !== 0) throw wrongType(name, "base64");
    const bytes = new Uint8Array(Buffer.from(value, "base64"));
    if (bytes.length < min) throw constraint(name, "", atLeast(min));
    if (bytes.length > max) throw constraint(name, `${bytes.length} bytes`, atMost(max));
    return bytes;
  }

  /** Bytes that must be there. */
  requiredBlob(name: string, min: number, max: number): Uint8Array {
    return present(name, this.blob(name, min, max));
  }

  /** A whole number, null where it is absent. */
  integer(name: string, min: number, max: number): number | null {
    const value = this.#member(name);
    if (value === null) return null;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrongType(name, "an integer");
    if (value < min) throw constraint(name, value, `Member must have value greater than or equal to ${min}`);
    if (value > max) throw constraint(name, value, `Member must have value less than or equal to ${max}`);
    return value;
  }

  /** A boolean; absent is false. */
  flag(name: string): boolean {
    const value = this.#member(name);
    if (value === null) return false;
    if (typeof value !== "boolean") throw wrongType(name, "a boolean");
    return value;
  }

  /** A map of texts such as an encryption context; absent is empty. */
  texts(name: string): Readonly<Record<string, string>> {
    const value = this.object(name) ?? {};
    const pairs = Object.entries(value).map(([key, text]): [string, string] => {
      if (typeof text !== "string") throw wrongType(name, "a map of strings");
      return [key, text];
    });
    return Object.fromEntries(pairs);
  }

  /** A structure, null where it is absent. */
  object(name: string): { readonly [name: string]: Json } | null {
    const value = this.#member(name);
    if (value === null) return null;
    if (typeof value !== "object" || Array.isArray(value)) throw wrongType(name, "an object");
    return value as { readonly [name: string]: Json };
  }

  /** A list; absent is empty. */
  list(name: string, max: number): readonly Json[] {
    const value = this.#member(name);
    if (value === null) return [];
    if (!Array.isArray(value)) throw wrongType(name, "a list");
    if (value.length > max) throw constraint(name, `${value.length} items`, atMost(max));
    return value as readonly Json[];
  }

  #member(name: string): Json {
    return Object.hasOwn(this.members, name) ? (this.members[name] ?? null) : null;
  }
}

/** Refuses grant tokens: the simulator issues none, so each that is sent is unknown. */
export function refuseGrantTokens(input: Input): void {
  if (input.list("GrantTokens", 10).length > 0)
    throw new KmsServiceError("InvalidGrantTokenException", "the simulator has issued no grants");
}

/** An encryption context. @throws KmsServiceError ValidationException above 8192 bytes or with half a surrogate pair */
export function encryptionContext(input: Input, name = "EncryptionContext"): Readonly<Record<string, string>> {
  const context = input.texts(name);
  // Half a pair has no UTF-8: two contexts would become the same bytes.
  if (/\p{Surrogate}/u.test(Object.entries(context).flat().join("\n"))) throw invalid("the encryption context is no Unicode text");
  const bytes = Object.entries(context).reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > MAX_CONTEXT_BYTES) throw invalid(`the encryption context has ${bytes} bytes, at most ${MAX_CONTEXT_BYTES} are allowed`);
  return context;
}

function present<T>(name: string, value: T | null): T {
  if (value === null) throw constraint(name, null, "Member must not be null");
  return value;
}

function wrongType(name: string, expected: string): KmsServiceError {
  return new KmsServiceError("SerializationException", `${name} is not ${expected}`);
}

const atLeast = (length: number): string => `Member must have length greater than or equal to ${length}`;
const atMost = (length: number): string => `Member must have length less than or equal to ${length}`;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const MAX_CONTEXT_BYTES = 8192;
