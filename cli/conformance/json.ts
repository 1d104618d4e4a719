import { UsageError } from "../exit.ts";

/** The fields of one JSON object, each to be taken once; what nobody took is an error, so that nothing is passed over. */
export class Fields {
  readonly #left: Map<string, unknown>;

  constructor(value: unknown, where: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new UsageError(`${where} is not an object`);
    this.#left = new Map(Object.entries(value));
  }

  /** Takes a field that must be there and that `accepts` a reader gives a value for. @throws UsageError */
  take<T>(name: string, read: (value: unknown) => T | undefined, expected: string): T {
    if (!this.#left.has(name)) throw new UsageError(`${name} is missing`);
    const value = read(this.#left.get(name));
    if (value === undefined) throw new UsageError(`${name} must be ${expected}`);
    this.#left.delete(name);
    return value;
  }

  /** Takes a field if it is there. @throws UsageError */
  optional<T>(name: string, read: (value: unknown) => T | undefined, expected: string): T | null {
    return this.#left.has(name) ? this.take(name, read, expected) : null;
  }

  /** @throws UsageError when a field was not taken */
  end(): void {
    const [unknown] = this.#left.keys();
    if (unknown !== undefined) throw new UsageError(`${JSON.stringify(unknown.slice(0, 40))} is not a known key`);
  }
}

/** JSON.parse that refuses one key twice in an object, of which it would keep the last. @throws UsageError */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError("not JSON");
  }
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined).length;
  if (written !== countKeys(value)) throw new UsageError("one key stands twice");
  return value;
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, inner) => sum + countKeys(inner), own);
}

/** A text of 1 to `most` characters. */
export function textUpTo(most: number): (value: unknown) => string | undefined {
  return (value) => (typeof value === "string" && value.length >= 1 && value.length <= most ? value : undefined);
}

/** Exactly one of some words or numbers. */
export function oneOf<const T extends string | number>(...words: readonly T[]): (value: unknown) => T | undefined {
  return (value) => words.find((word) => word === value);
}

/** What `read` takes, or null. */
export function orNull<T>(read: (value: unknown) => T | undefined): (value: unknown) => T | null | undefined {
  return (value) => (value === null ? null : read(value));
}

/** Bytes as lower-case hex, at most `mostBytes`. */
export function hexUpTo(mostBytes: number): (value: unknown) => string | undefined {
  return (value) => (typeof value === "string" && /^(?:[0-9a-f]{2})*$/.test(value) && value.length <= 2 * mostBytes ? value : undefined);
}

/** A whole number from 0 to `most`. */
export function wholeUpTo(most: number): (value: unknown) => number | undefined {
  return (value) => (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most ? value : undefined);
}

/** A list of up to 32 of what `read` takes. */
export function listOf<T>(read: (value: unknown) => T | undefined): (value: unknown) => readonly T[] | undefined {
  return (value) => {
    if (!Array.isArray(value) || value.length > 32) return undefined;
    const items = value.map(read).filter((item) => item !== undefined);
    return items.length === value.length ? items : undefined;
  };
}
