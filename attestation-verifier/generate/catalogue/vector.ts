import type { Code } from "../../verdict/code.ts";
import { NOW_MS } from "../test-pki.ts";
import { trustFile } from "./base.ts";

/** "reject-1" to "reject-45" and "accept-1" to "accept-13" are the rules of the kit; "code" = the vector is there for its reason code. */
export type Rule = `reject-${number}` | `accept-${number}` | "code";

/** Everything a verdict depends on. */
export interface Input {
  readonly bytes: Uint8Array;
  /** whether the bytes are an attestation document or a result file */
  readonly kind: "cose" | "attested";
  /** text of the trust file */
  readonly trust: string;
  readonly mode: "live" | "archived";
  /** Unix ms; null in archived mode = the document's own time */
  readonly timeMs: number | null;
  readonly nonce: Uint8Array | null;
  readonly maxAgeSeconds: number | null;
  /** what the caller of a result file knows from elsewhere */
  readonly expect: { readonly jobDigest?: Uint8Array; readonly nonce?: Uint8Array; readonly policyVersion?: number } | null;
  readonly consistency: "report" | null;
  readonly crls: readonly Uint8Array[];
}

/** One vector before it is written down. */
export interface Vector extends Wanted {
  /** the part of the id behind the number */
  readonly name: string;
  readonly title: string;
  readonly rule: Rule;
  readonly make: () => Input;
}

interface Wanted {
  /** why it must be so */
  readonly reason: string;
  /** a public source for the reason */
  readonly source: string;
  /** the code of a refusal, or every reason of an acceptance, the gravest first */
  readonly expect: Code | readonly Code[];
}

/** Name, title, input (bytes alone = an attestation document under the usual trust and time), and what differs from the group. */
export type Row = readonly [name: string, title: string, make: () => Uint8Array | Partial<Input>, differs?: Partial<Wanted>];

/** Vectors of one rule that share a reason, a source and what comes out. */
export function group(rule: Rule, wanted: Wanted, rows: readonly Row[]): Vector[] {
  return rows.map(([name, title, make, differs]) => ({ name, title, rule, ...wanted, ...differs, make: () => complete(make()) }));
}

function complete(made: Uint8Array | Partial<Input>): Input {
  const given = made instanceof Uint8Array ? { bytes: made } : made;
  return {
    bytes: new Uint8Array(0),
    kind: "cose",
    trust: trustFile(),
    mode: "archived",
    timeMs: given.mode === "live" ? NOW_MS + 1000 : NOW_MS,
    nonce: null,
    maxAgeSeconds: null,
    expect: null,
    consistency: null,
    crls: [],
    ...given,
  };
}

/** What an accepted document ends with in archived mode: nothing proves the time. */
export const ARCHIVED: readonly Code[] = ["time-not-proved"];
