import type { Call } from "../call.ts";

/** What a member of an answer may be: bytes go out in base64, undefined members are left out. Times are Unix seconds. */
export type Value = string | number | boolean | Uint8Array | undefined | readonly Value[] | { readonly [name: string]: Value };

/** The members of an answer; null where AWS answers with an empty body. */
export type Output = { readonly [name: string]: Value } | null;

/** One operation of the service. */
export interface Operation {
  /** whether a Recipient counts here; elsewhere AWS ignores it */
  readonly recipient?: true;
  readonly run: (call: Call) => Output | Promise<Output>;
}

/** One page of a list: the items and, where there are more, the marker to go on from. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextMarker: string | undefined;
}
